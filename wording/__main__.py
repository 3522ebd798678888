"""`python -m wording extract|update|compile|check`: looks after the catalogues.

After changing a sentence: `update`, translate what is new in the .po files, `compile`, `check`.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser

from wording import catalogues


def main(arguments: list[str] | None = None) -> int:
    """Do one of the four; 1 when `check` has found something, which is printed."""
    parser = ArgumentParser(prog="python -m wording", description=__doc__)
    parser.add_argument("do", choices=("extract", "update", "compile", "check"))
    chosen = parser.parse_args(arguments).do
    if chosen == "check":
        found = catalogues.faults()
        sys.stdout.writelines(f"{fault}\n" for fault in found)
        return 1 if found else 0
    catalogues.extract()
    if chosen == "update":
        catalogues.update()
    elif chosen == "compile":
        catalogues.compile_all()
    return 0


if __name__ == "__main__":
    sys.exit(main())
