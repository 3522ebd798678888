"""Cards: which message in which chat is out of date. A row that says so can't be forgotten.

`wanted` counts the marks and `shown` is the mark last shown, so a card marked while it was being
sent stays owed without anybody comparing anything.
"""

# ruff: noqa: S608 - what is put into SQL here is names of columns; values are parameters

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.domain.card import Card
from bot.domain.ids import MessageId, PersonId
from storage.connection import Subject
from storage.rows import Rows, moment, stamp

CARDS = Rows(Card)
_COLUMNS = CARDS.listed().replace("ring", "case when ring_at > shown then 1 else 0 end")
_SELECT = f"select {_COLUMNS} from cards"
OWED = "(wanted > shown or previous is not null)"
_ONE = "where chat = ? and subject = ?"


class Cards(Subject):
    """See `bot.ports.Transaction`, "cards"."""

    async def _cards(self, rest: str, values: Sequence[Any] = ()) -> list[Card]:
        return CARDS.read_all(await self._db.fetch_all(f"{_SELECT} {rest}", values))

    async def mark(
        self, chat: PersonId, subject: str, *, now: datetime, ring: bool = False
    ) -> None:
        # Due at once even if it was postponed (the truth is a new one), yet never later than it
        # was: a card marked again and again is not overtaken for ever.
        await self._db.execute(
            """insert into cards (chat, subject, form, digest, wanted, shown, ring_at, due_at,
                                  failures)
               values (?, ?, 'text', '', 1, 0, ?, ?, 0)
               on conflict (chat, subject) do update set
                   wanted = cards.wanted + 1,
                   ring_at = case when excluded.ring_at = 1 then cards.wanted + 1
                                  else cards.ring_at end,
                   due_at = case when cards.wanted > cards.shown
                                      and cards.due_at < excluded.due_at
                                 then cards.due_at else excluded.due_at end""",
            (chat, subject, int(ring), stamp(now)),
        )

    async def card(self, chat: PersonId, subject: str) -> Card | None:
        found = await self._cards(_ONE, (chat, subject))
        return found[0] if found else None

    async def cards_of(self, chat: PersonId) -> list[Card]:
        return await self._cards("where chat = ? order by subject", (chat,))

    async def cards_about(self, subject: str) -> list[Card]:
        return await self._cards("where subject = ? order by chat", (subject,))

    async def cards_due(self, now: datetime, limit: int) -> list[Card]:
        rows = await self._db.fetch_all(
            f"""select {_COLUMNS} from (
                    select cards.*, row_number() over (
                        partition by chat order by due_at, subject
                    ) as place
                    from cards where {OWED} and due_at <= ?
                ) as due where place = 1 order by due_at, chat limit ?""",
            (stamp(now), limit),
        )
        return CARDS.read_all(rows)

    async def next_card_due(self) -> datetime | None:
        row = await self._db.fetch_one(f"select min(due_at) from cards where {OWED}")
        return moment(row[0]) if row and row[0] is not None else None

    async def move_card(self, chat: PersonId, subject: str, to: str, *, now: datetime) -> None:
        await self.mark(chat, to, now=now)
        await self._db.execute(
            """update cards set message = old.message, form = old.form, digest = old.digest,
                   previous = coalesce(cards.message, old.previous, cards.previous)
               from cards as old
               where cards.chat = ? and cards.subject = ? and old.chat = cards.chat
                   and old.subject = ? and old.message is not null""",
            (chat, to, subject),
        )
        await self._db.execute(f"delete from cards {_ONE}", (chat, subject))

    async def card_sending(self, card: Card, at: datetime, claim: timedelta) -> bool:
        claimed = await self._db.fetch_one(
            f"""update cards set sending_since = ? {_ONE} and shown = ?
                    and (sending_since is null or sending_since <= ?) returning 1""",
            (stamp(at), card.chat, card.subject, card.shown, stamp(at - claim)),
        )
        if claimed is None:  # whoever is at it may die: look again when their claim is over
            await self._db.execute(
                f"update cards set due_at = sending_since + ? {_ONE} and sending_since is not null",
                (claim // timedelta(microseconds=1), card.chat, card.subject),
            )
        return claimed is not None

    async def card_shown(
        self, card: Card, *, message: MessageId | None, form: str, digest: str
    ) -> None:
        shown = await self._db.fetch_one(
            f"""update cards set shown = ?, message = ?, form = ?, digest = ?, failures = 0,
                    previous = case when message <> ? then message else previous end,
                    due_at = coalesce(sending_since, due_at), sending_since = null
                {_ONE} and shown = ? returning 1""",
            (
                *(card.wanted, message, form, digest, message),
                *(card.chat, card.subject, card.shown),
            ),
        )
        if shown is None:
            # Whose words came last nobody knows: once more, whatever the digest says.
            await self._db.execute(
                f"""update cards set wanted = wanted + 1, digest = '',
                        previous = case when message <> ? then ? else previous end {_ONE}""",
                (message, message, card.chat, card.subject),
            )

    async def card_tidied(self, card: Card) -> None:
        await self._db.execute(
            f"update cards set previous = null, failures = 0 {_ONE} and previous = ?",
            (card.chat, card.subject, card.previous),
        )

    async def card_postponed(self, card: Card, due_at: datetime) -> None:
        await self._db.execute(
            f"""update cards set due_at = ?, failures = failures + 1, sending_since = null
                {_ONE}""",
            (stamp(due_at), card.chat, card.subject),
        )

    async def drop_card(self, card: Card) -> None:
        await self._db.execute(
            f"delete from cards {_ONE} and wanted = ? and previous is null",
            (card.chat, card.subject, card.wanted),
        )
        # Marked again meanwhile, or not tidied yet: still owed, but its message is gone.
        await self._db.execute(
            f"""update cards set shown = ?, message = null, digest = '', failures = 0,
                    sending_since = null {_ONE}""",
            (card.wanted, card.chat, card.subject),
        )

    async def cards_interrupted(self) -> list[Card]:
        return await self._cards("where sending_since is not null order by sending_since, chat")
