"""Taking a step again when somebody else was first."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.ports.errors import Conflict
from bot.ports.signals import Saving
from storage.errors import Crossed, StorageClosed, StorageUnavailable

T = TypeVar("T")

CONFLICTS = 3
CROSSINGS = 20
_PAUSE, _LONGEST_PAUSE = 0.001, 0.05


async def retried(once: Callable[[], Awaitable[T]]) -> T:
    """What `once()` returns, asked again while it raises Conflict.

    After a few Conflicts the last is passed on; Crossed is borne longer, then StorageUnavailable.
    The pauses between grow and are random, so that two who met don't meet again.
    """
    failures = 0
    while True:
        try:
            return await once()
        except Crossed as e:
            failures += 1
            if failures >= CROSSINGS:
                raise StorageUnavailable("too many steps at once in each other's way") from e
        except Conflict:
            failures += 1
            if failures >= CONFLICTS:
                raise
        longest = min(_PAUSE * 2**failures, _LONGEST_PAUSE)
        await asyncio.sleep(random.uniform(0, longest))  # noqa: S311 - no secret


async def noted(once: Callable[[], Awaitable[T]], saving: Saving | None) -> T:
    """`retried`, and `saving` hears of how it ended."""
    try:
        done = await retried(once)
    except StorageUnavailable as error:
        if saving is not None and not isinstance(error, StorageClosed):
            saving.unsaved(str(error))
        raise
    if saving is not None:
        saving.saved()
    return done
