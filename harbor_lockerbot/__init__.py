"""Where `lockerbot` begins when it is installed.

Guarantees: what is installed has one name of its own, below which all packages of the tree lie; in
this process, and in none that only imports this package, they are found first, by the names that
they have in the tree.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path

_HERE = Path(__file__).parent
_AT_FIRST = (100_000, 50, 100)
"""The garbage collector has nothing to find while libraries are loaded, which would take a fifth
longer with it. `lockerbot run` sets its own once it is up: see docs/performance.md."""


def main() -> None:
    """The console script."""
    gc.set_threshold(*_AT_FIRST)
    if (_HERE / "cli").is_dir():  # in the tree they lie beside this package
        sys.path.insert(0, str(_HERE))
    from cli import main as command

    command()
