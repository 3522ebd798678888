"""What the documents print of the program is what the program says."""

from __future__ import annotations

from docs.check import ARCHITECTURE, drawn


def test_the_architecture_shows_the_lifecycle_and_the_actions_as_they_are() -> None:
    written = ARCHITECTURE.read_text("utf-8")
    assert drawn(written) == written
