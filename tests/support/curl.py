"""What the documented walk asks of curl, for a machine that has none: `-d`, `-X`, a failing status.

Run as a program, with curl's own arguments: an answer's body goes to standard output.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import httpx

PROGRAM = (
    f"#!{sys.executable}\nfrom runpy import run_path\nrun_path({__file__!r}, {{}}, '__main__')\n"
)


def install(folder: Path) -> None:
    """Put it into `folder` under curl's name."""
    folder.mkdir()
    program = folder / "curl"
    program.write_text(PROGRAM)
    program.chmod(0o755)


def main() -> int:
    """The exit code: 22 for a status of 400 or more where `--fail-with-body` asks for it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fail-with-body", action="store_true")
    parser.add_argument("-d", dest="data")
    parser.add_argument("-X", dest="method")
    parser.add_argument("url")
    asked = parser.parse_args()
    data = asked.data
    if data is not None and data.startswith("@"):
        data = Path(data[1:]).read_text()
    method = asked.method or ("GET" if data is None else "POST")
    answer = httpx.request(method, asked.url, content=data)
    print(answer.text, end="")
    return 22 if asked.fail_with_body and answer.is_error else 0


if __name__ == "__main__":
    sys.exit(main())
