"""How much of memory a bot takes while something is asked of it."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(slots=True)
class Memory:
    """How much of memory a process takes, in MB: at first, and at the most."""

    process: int
    first: float = 0.0
    most: float = 0.0

    def look(self) -> None:
        """Look now."""
        resident = int(Path(f"/proc/{self.process}/statm").read_text().split()[1]) * _PAGE / 2**20
        self.first = self.first or resident
        self.most = max(self.most, resident)

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Looked at four times a second while the block lasts."""
        self.look()
        looking = asyncio.create_task(self._again())
        try:
            yield
        finally:
            looking.cancel()
            self.look()

    async def _again(self) -> None:
        while True:
            await asyncio.sleep(0.25)
            self.look()


@contextlib.contextmanager
def memory_of_the_bot() -> Iterator[Memory]:
    """Of the bot's process, which is the only one there."""
    [child] = multiprocessing.active_children()
    assert child.pid is not None
    yield Memory(child.pid)
