"""Cards: which message in which chat is out of date. A row that says so can't be forgotten.

`wanted` counts the marks and `shown` is the mark last shown, so a card marked while it was being
sent stays owed without anybody comparing anything. A row has an identity of its own: a late answer
finds its card wherever that has moved, and no other. A message is one row's: an index says so.
"""

# ruff: noqa: S608 - what is put into SQL here is names of columns; values are parameters

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.domain.card import Card, Lane, alert_subject, delivery_subject, old_subject
from bot.domain.ids import DeliveryId, MessageId, PersonId, TowerId, in_browser, new_row_id
from storage.connection import Row, Subject, marks
from storage.tables.owed import Owed
from storage.tables.rows import Rows, stamp

CARDS = Rows(Card)
OWED = "wanted > shown"
UNHEARD = f"({OWED} and (message is null or ring_at > shown))"
"""Whoever holds its lease may be sending it, and nobody may hear how that ends."""
_COLUMNS = CARDS.listed("cards").replace(
    "cards.ring,", "case when cards.ring_at > cards.shown then 1 else 0 end,"
)
_SELECT = f"select {_COLUMNS} from cards"
_LAPSED = {"digest": "''"}
"""What a message shows is not known once somebody may have edited it and not said so."""
TURNS = Owed("cards", "id", OWED, _LAPSED)
_ORDER = "lane, (case when ring_at > shown then 0 else 1 end), run_at, id"
"""As an index has it: what rings goes before what changes in silence."""
_URGENT = f"(lane = {int(Lane.ANSWER)} or (lane = {int(Lane.NEWS)} and ring_at > shown))"


class Cards(Subject):
    """See `bot.ports.cards.Cards`."""

    def answers(self, person: PersonId) -> None:
        """`Cards.answers`."""
        self._answering = person

    async def _cards(self, rest: str, values: Sequence[Any] = ()) -> list[Card]:
        return CARDS.read_all(await self._db.fetch_all(f"{_SELECT} {rest}", values))

    def _note(self, rows: Sequence[Row]) -> None:
        """A card that somebody else is at is theirs to go on with."""
        for row in rows:
            card = CARDS.read(row)
            if card.lease is None or card.lease in self._leases:
                self.owed.cards[card.id] = card

    async def mark(
        self, chat: PersonId, subject: str, *, now: datetime, ring: bool = False
    ) -> None:
        if in_browser(chat):
            return  # there is no chat to write to: the page shows how things stand
        lane = Lane.ANSWER if chat == self._answering else Lane.NEWS
        # Due at once even if it was put off (the truth is a new one), yet never later than it was:
        # a card marked again and again is not overtaken for ever. Who holds a lease keeps it.
        lease, until = self._first_lease(now, lane)
        await self._db.execute(
            f"""insert into cards (id, chat, subject, form, digest, wanted, shown, ring_at,
                                   lane, run_at, lease, leased_until, failures, owed_since)
                values (?, ?, ?, 'text', '', 1, 0, ?, ?, ?, ?, ?, 0, ?)
                on conflict (chat, subject) do update set
                    owed_since = case when cards.wanted > cards.shown then cards.owed_since
                                      else excluded.owed_since end,
                    wanted = cards.wanted + 1,
                    ring_at = case when excluded.ring_at = 1 then cards.wanted + 1
                                   else cards.ring_at end,
                    lane = case when cards.wanted > cards.shown and cards.lane < excluded.lane
                                then cards.lane else excluded.lane end,
                    run_at = case when cards.wanted > cards.shown and cards.run_at < excluded.run_at
                                  then cards.run_at else excluded.run_at end,
                    digest = case when cards.leased_until <= ? then '' else cards.digest end,
                    lease = case when cards.leased_until > ? then cards.lease
                                 else excluded.lease end,
                    leased_until = case when cards.leased_until > ? then cards.leased_until
                                        else excluded.leased_until end
                returning {_COLUMNS}""",
            (
                *(new_row_id(), chat, subject, int(ring), int(lane), stamp(now)),
                *(lease, until, stamp(now), stamp(now), stamp(now), stamp(now)),
            ),
            note=self._note,
        )

    def _first_lease(self, now: datetime, lane: Lane = Lane.NEWS) -> tuple[int | None, int | None]:
        """The lease that comes with the mark, for a card that is to be shown at once."""
        if self._lease is None or (self._crowded and lane is not Lane.ANSWER):
            return None, None
        lease = self._new_lease()
        self._leases.add(lease)
        return lease, stamp(now + self._lease)

    async def card(self, chat: PersonId, subject: str) -> Card | None:
        found = await self._cards("where chat = ? and subject = ?", (chat, subject))
        return found[0] if found else None

    async def cards_of(self, chat: PersonId) -> list[Card]:
        return await self._cards("where chat = ? order by subject", (chat,))

    async def cards_about(self, *subjects: str) -> list[Card]:
        about = f"subject in ({marks(len(subjects))})"
        return await self._cards(f"where {about} order by chat", subjects)

    async def mark_about(
        self, *subjects: str, now: datetime, alerts_of: DeliveryId | None = None
    ) -> None:
        if alerts_of is None:
            await self._mark_where(f"subject in ({marks(len(subjects))})", subjects, now)
            return
        given = ", ".join("(?)" for _ in subjects)
        alerts = f"""select '{alert_subject("")}' || key from alerts
                     where delivery = ? and cleared_at is null"""
        which = f"subject in (values {given} union all {alerts})"
        await self._mark_where(which, (*subjects, alerts_of), now)

    async def mark_prepared(self, towers: Sequence[TowerId], *, now: datetime) -> None:
        prepared = f"""select '{delivery_subject(DeliveryId(""))}' || id from deliveries
                       where state = 'prepared' and tower in ({marks(len(towers))})"""
        await self._mark_where(f"subject in ({prepared})", towers, now)

    async def mark_sender(self, delivery: DeliveryId, *, now: datetime, unless: PersonId) -> None:
        await self._mark_where(
            "subject = ? and chat = (select sender from deliveries where id = ?) and chat <> ?",
            (delivery_subject(delivery), delivery, unless),
            now,
        )

    async def _mark_where(self, which: str, values: Sequence[Any], now: datetime) -> None:
        """As `mark`, for cards that are there."""
        lease, until = self._first_lease(now)
        at = stamp(now)
        await self._db.execute(
            f"""update cards set wanted = wanted + 1,
                    owed_since = case when wanted > shown then owed_since else ? end,
                    lane = case when wanted > shown then lane when chat = ? then {int(Lane.ANSWER)}
                                else {int(Lane.NEWS)} end,
                    run_at = case when wanted > shown and run_at < ? then run_at else ? end,
                    digest = case when leased_until <= ? then '' else digest end,
                    lease = case when leased_until > ? then lease else ? end,
                    leased_until = case when leased_until > ? then leased_until else ? end
                where {which} returning {_COLUMNS}""",
            (at, self._answering, at, at, at, at, lease, at, until, *values),
            note=self._note,
        )

    async def next_card_due(self) -> datetime | None:
        return await TURNS.next_due(self._db)

    async def lease_cards(
        self, now: datetime, until: datetime, limit: int, *, urgent: bool = False
    ) -> list[Card]:
        rows = await TURNS.lease(
            self._db,
            self._new_lease(),
            now,
            until,
            limit,
            order=_ORDER,
            returning=_COLUMNS,
            which=_URGENT if urgent else "true",
        )
        first = sorted(CARDS.read_all(rows), key=lambda card: (card.run_at, card.id))
        return sorted(first, key=lambda card: (card.lane, not card.ring))

    async def cards_lapsed(self, now: datetime) -> int:
        row = await self._db.fetch_one(
            f"select count(*) from cards where {UNHEARD} and leased_until <= ?",
            (stamp(now),),
        )
        return int(row[0]) if row else 0

    async def return_cards(self, cards: Sequence[Card]) -> None:
        for card in cards:
            await TURNS.give_back(self._db, card.id, card.lease)

    async def renew_card(self, card: Card, until: datetime) -> Card | None:
        assert card.lease is not None
        row = await TURNS.renew(self._db, card.id, card.lease, until, _COLUMNS)
        return CARDS.read(row) if row else None

    async def move_card(self, chat: PersonId, subject: str, to: str, *, now: datetime) -> None:
        # What stood there gives way to what comes: its message is taken away as any that was
        # replaced.
        comes = "exists (select 1 from cards as other where other.chat = ? and other.subject = ?)"
        await self._db.execute(
            f"delete from cards where chat = ? and subject = ? and message is null and {comes}",
            (chat, to, chat, subject),
        )
        await self._db.execute(
            f"""update cards set subject = 'old:' || message, wanted = wanted + 1,
                    lane = {int(Lane.TIDYING)}, run_at = ?, owed_since = ?
                where chat = ? and subject = ? and {comes}""",
            (stamp(now), stamp(now), chat, to, chat, subject),
        )
        await self._db.execute(
            "update cards set subject = ? where chat = ? and subject = ?", (to, chat, subject)
        )
        await self.mark(chat, to, now=now)

    async def card_shown(
        self,
        card: Card,
        *,
        message: MessageId,
        form: str,
        digest: str,
        at: datetime | None = None,
    ) -> Card | None:
        # When it was marked meanwhile is not known: it counts as owed from now on.
        now = None if at is None else stamp(at)
        rung = now if card.ring and card.wanted > card.shown else None
        row = await self._db.fetch_one(
            f"""update cards set shown = ?, message = ?, form = ?, digest = ?, failures = 0,
                    shown_at = coalesce(?, shown_at), rung_at = coalesce(?, rung_at),
                    owed_since = coalesce(?, owed_since),
                    lease = case when wanted > ? then lease end,
                    leased_until = case when wanted > ? then leased_until end
                where id = ? and lease = ? returning {_COLUMNS}""",
            (
                *(card.wanted, message, form, digest, now, rung, now),
                *(card.wanted, card.wanted),
                *(card.id, card.lease),
            ),
        )
        return CARDS.read(row) if row else None

    async def card_failed(self, card: Card, run_at: datetime, *, unsure: bool = False) -> None:
        await TURNS.put_off(self._db, card.id, card.lease, run_at, unsure=unsure)

    async def drop_card(self, card: Card) -> bool:
        row = await self._db.fetch_one(
            "delete from cards where id = ? and lease = ? and wanted <= ? returning 1",
            (card.id, card.lease, card.wanted),
        )
        return row is not None

    async def empty_card(self, card: Card) -> Card | None:
        row = await self._db.fetch_one(
            f"""update cards set shown = ?, message = null, digest = '', failures = 0
                where id = ? and lease = ? returning {_COLUMNS}""",
            (card.wanted, card.id, card.lease),
        )
        return CARDS.read(row) if row else None

    async def take_away(
        self, chat: PersonId, message: MessageId, form: str, *, now: datetime
    ) -> None:
        lease, until = self._first_lease(now)
        await self._db.execute(
            f"""insert into cards (id, chat, subject, message, form, digest, wanted, shown, ring_at,
                                   lane, run_at, lease, leased_until, failures, owed_since)
                values (?, ?, ?, ?, ?, '', 1, 0, 0, {int(Lane.TIDYING)}, ?, ?, ?, 0, ?)
                on conflict (chat, subject) do nothing returning {_COLUMNS}""",
            (
                *(new_row_id(), chat, old_subject(message), message, form),
                *(stamp(now), lease, until, stamp(now)),
            ),
            note=self._note,
        )

    async def free_cards(self) -> list[Card]:
        return CARDS.read_all(await TURNS.free_all(self._db, _COLUMNS))
