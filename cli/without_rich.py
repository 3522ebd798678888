"""Loads what would bring along more than the bot needs: imported before anything else of `cli`.

Guarantees: structlog and httpx are loaded as where rich, Pygments and greenlet are not installed.
They would load these for tracebacks and a command line that nobody is shown, and for threads that
are not here, which costs 3.5 MB of memory and a fifth of the time to load the program; whoever
prints a table here imports rich where it is printed.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def _hidden(*names: str) -> Iterator[None]:
    """Within the block an import of these fails, as Python does it for None in `sys.modules`."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


with _hidden("rich", "pygments", "greenlet"):
    import httpx
    import structlog

__all__ = ["httpx", "structlog"]
