"""How a process that runs for long uses memory; see docs/performance.md.

Guarantees: nothing but memory and time depends on it; where the C library is another than glibc,
arenas stay as they are.
"""

from __future__ import annotations

import ctypes
import gc
import platform

_M_ARENA_MAX = -8  # malloc.h
_ARENAS = 2


def few_arenas() -> None:
    """To be called before threads begin: they share what glibc has for them. Each would have an
    arena of its own, up to eight for each processor, whose free room is nobody else's."""
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)


def spare_the_collector() -> None:
    """What the start has brought in is there to stay: the garbage collector passes it over from now
    on, and comes less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
