"""Waiting for what has no event: a stand-in's counts, another process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(true: Callable[[], object], *, seconds: float = 60.0, every: float = 0.005) -> None:
    """Return once it is so, which is looked at `every` so many seconds. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(every)
