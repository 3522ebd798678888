"""Taking a step again when somebody else was first."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.errors import Conflict

T = TypeVar("T")

_PAUSE = 0.002


async def retried(once: Callable[[], Awaitable[T]], attempts: int) -> T:
    """What `once()` returns, asked up to `attempts` times while it raises Conflict.

    The pauses between grow and are random, so that two who met don't meet again.
    """
    for attempt in range(1, attempts):
        try:
            return await once()
        except Conflict:
            await asyncio.sleep(random.uniform(0, _PAUSE * 2**attempt))  # noqa: S311  # no secret
    return await once()
