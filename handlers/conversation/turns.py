"""Whose turn it is in a chat.

Guarantees: one at a time in a chat, in the order of asking; chats never wait for one another; a
chat that nobody waits for takes no memory.
"""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary


class Turns:
    """A fair lock for each chat, there only as long as somebody holds or awaits it."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    def of(self, chat: int) -> asyncio.Lock:
        """The chat's lock, for `async with`; whoever uses it keeps it alive."""
        return self._locks.setdefault(chat, asyncio.Lock())

    def __len__(self) -> int:
        return len(self._locks)
