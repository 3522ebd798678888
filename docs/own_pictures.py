"""`python -m docs.own_pictures`: draws the picture for the empty chat, which @BotFather takes."""

from __future__ import annotations

from pathlib import Path

from pictures import own

FILE = Path(__file__).parent / "images" / "before-start.png"

if __name__ == "__main__":
    FILE.write_bytes(own.description())
