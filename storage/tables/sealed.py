"""With which keys what is stored was sealed."""

from __future__ import annotations

from bot.ports.database import Database, Transaction
from storage.connection import Subject

_NAMES = """
    select distinct substr(text, 1, {0}) from codes
    union select distinct substr(code, 1, {0}) from claims
"""


class Sealed(Subject):
    """What can be told of sealed rows without opening them."""

    async def opens_nothing(self) -> bool:
        """Whether there are sealed codes or claims, and none of them by a key that is listed."""
        length = len(self._sealer.current)
        names = {name for (name,) in await self._db.fetch_all(_NAMES.format(length))}
        return bool(names) and names.isdisjoint(self._sealer.names)


async def opens_nothing(database: Database) -> bool:
    """Whether the keys that the database was opened with open nothing of what is sealed in it."""

    async def step(tx: Transaction) -> bool:
        assert isinstance(tx, Sealed)
        return await tx.opens_nothing()

    return await database.look(step)
