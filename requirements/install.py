"""`python requirements/install.py WORDS…`: `pip install WORDS…` for the environment of this Python.

Guarantees: the pip is the one that Python brings with it, run out of its own archive, so that an
environment need not be given one first, which takes longer than much of what is installed. Where
none is found that is done after all.
"""

from __future__ import annotations

import ensurepip
import runpy
import sys
import sysconfig
from pathlib import Path


def archive() -> Path | None:
    """The pip beside `ensurepip`, or where the system keeps such archives; None: there is none."""
    kept = sysconfig.get_config_var("WHEEL_PKG_DIR")
    places = [Path(ensurepip.__file__).parent / "_bundled", *([Path(kept)] if kept else [])]
    found = [each for place in places for each in sorted(place.glob("pip-*.whl"))]
    return found[-1] if found else None


def main() -> None:
    """Become that pip."""
    if (pip := archive()) is None:
        ensurepip.bootstrap()
    else:
        sys.path.insert(0, str(pip))
    sys.argv = ["pip", "install", *sys.argv[1:]]
    runpy.run_module("pip", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
