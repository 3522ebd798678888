"""SQLite as the bot's database: one writer, and a few readers who never wait for it.

What an index finds is read on the event loop's own thread: that takes some 10 µs, where the way to
a reader's thread and back costs 40 and, when the loop is busy, waits for its turn besides. So is
what a brief step reads first and writes last; its commit, which waits for the disk, never is.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import TypeVar

from bot.ports.database import Step
from bot.ports.replicas import Alone, Replicas
from bot.ports.signals import Saving, Signals
from storage.errors import StorageUnavailable
from storage.group_commit import Writer
from storage.retrying import noted
from storage.sealing import Sealer
from storage.sqlite_connection import InlineConnection, SqliteConnection
from storage.sqlite_thread import Thread, connect
from storage.tables.transaction import SqlTransaction

T = TypeVar("T")

READERS = 4


class SqliteDatabase:
    """`bot.ports.database.Database` over one file; made by `open_sqlite`."""

    shared = False

    def __init__(
        self,
        writer: Writer,
        readers: list[Thread],
        inline: InlineConnection,
        sealer: Sealer,
        saving: Saving | None = None,
    ) -> None:
        self.replicas: Replicas = Alone()
        self._saving = saving
        self._writer = writer
        self._inline = inline
        self._sealer = sealer
        # The one used last first: its cache is warm.
        self._readers: asyncio.LifoQueue[Thread] = asyncio.LifoQueue()
        for reader in readers:
            self._readers.put_nowait(reader)

    async def run(
        self,
        step: Step[T],
        *,
        one_statement: bool = False,
        patient: bool = False,
        brief: bool = False,
        urgent: bool = False,
    ) -> T:
        """`Database.run`."""
        run = partial(
            self._writer.run,
            step,
            one_statement=one_statement,
            patient=patient,
            brief=brief,
            urgent=urgent,
        )
        return await noted(run, self._saving)

    async def look(self, step: Step[T], *, one_statement: bool = False) -> T:
        """`Database.look`."""
        reader = await self._readers.get()
        try:
            with contextlib.closing(SqliteConnection(reader)) as connection:
                if not one_statement:  # a single statement sees one snapshot as it is
                    await connection.execute("begin")
                seen = await step(SqlTransaction(connection, self._sealer))
                await connection.flush()  # nothing, unless somebody tried to write: they hear of it
            return seen
        finally:
            # Behind whatever a cancelled look left running, so the next one starts clean.
            back = partial(self._readers.put_nowait, reader)
            if one_statement:
                back()
            else:
                reader.rollback_soon(back)

    async def glance(self, step: Step[T]) -> T:
        """`Database.glance`; where it would have to wait, a reader waits on its own thread."""
        try:
            return await step(SqlTransaction(self._inline, self._sealer))
        except StorageUnavailable:
            return await self.look(step, one_statement=True)


@contextlib.asynccontextmanager
async def open_sqlite(
    path: Path, sealer: Sealer, signals: Signals | None = None, saving: Saving | None = None
) -> AsyncIterator[SqliteDatabase]:
    """The database in the file `path`, whose tables are there already."""
    async with contextlib.AsyncExitStack() as stack:
        readers = []
        for _ in range(READERS):
            reader = await connect(path)
            stack.push_async_callback(reader.close)
            await reader.fetch_last([("pragma query_only = on", ())])
            readers.append(reader)
        inline = stack.enter_context(contextlib.closing(InlineConnection(path)))
        writer = Writer(await connect(path), sealer, signals)
        stack.push_async_callback(writer.close)
        yield SqliteDatabase(writer, readers, inline, sealer, saving)
