"""Deliveries and their history."""

# ruff: noqa: S608 - what is put into SQL here is names of columns; values are parameters

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any

import structlog

from bot.domain.delivery import Delivery, HarborRequest, RequestKind
from bot.domain.history import CHANGES, HistoryEntry, HistoryEvent
from bot.domain.ids import DeliveryId, LockerId, PersonId, TowerId
from bot.domain.lifecycle import ENDS, LIVE, State
from bot.ports.deliveries import Leased
from bot.ports.signals import Change
from storage.connection import Row, Subject, chunks, marks, tuples, unless_written
from storage.tables.owed import Owed
from storage.tables.rows import Codec, Rows, moment, stamp
from storage.tables.words import write_end_of_parcel

log = structlog.get_logger()

_EVENTS = {event.value: event for event in HistoryEvent}


@lru_cache(64)  # so that each name is logged once, not at every look
def _unknown_event(name: str) -> HistoryEvent:
    log.warning("history_event_unknown", name=name)
    return HistoryEvent.UNKNOWN


def _read_event(name: str) -> HistoryEvent:
    return _EVENTS.get(name) or _unknown_event(name)


FIELDS = Rows(Delivery, without=("request",))
HISTORY = Rows(HistoryEntry, event=Codec(str, _read_event))
_WIDTH = len(FIELDS.columns)
REQUEST = ("request_id", "request", "run_at", "request_by", "failures", "asked_at")
COLUMNS = f"{FIELDS.listed()}, {', '.join(REQUEST)}"
_SELECT = f"select {COLUMNS} from deliveries"
_ADD = f"""insert into deliveries ({COLUMNS}) values ({marks(_WIDTH + len(REQUEST))})
           on conflict (id) do nothing returning version"""
_SAVE = f"""update deliveries set {FIELDS.assigned("id")}, request = ?, request_by = ?,
                run_at = case when request_id = ? then run_at else ? end,
                failures = case when request_id = ? then failures else ? end,
                request_id = ?,
                asked_at = ?
            where id = ? and version = ? returning version"""
TURNS = Owed("deliveries", "id", "request_id is not null")
_CHANGES = ", ".join(f"'{event.value}'" for event in CHANGES)
_SINCE = f"""returning (
    select max(earlier.at) from history as earlier
    where earlier.delivery = ? and earlier.number < history.number and earlier.event in ({_CHANGES})
)"""
"""When the delivery last went from one state to another, before the line that is written."""


@lru_cache(512)  # what changes is read several times while it is told
def read(row: tuple[Any, ...]) -> Delivery:
    """The delivery that a row of `COLUMNS` holds."""
    return _read(row)


def _read(row: tuple[Any, ...]) -> Delivery:
    fields, (id_, kind, run_at, by, failures, asked) = row[:_WIDTH], row[_WIDTH:]
    delivery = FIELDS.read(fields)
    if id_ is None:
        return delivery
    by = None if by is None else PersonId(by)
    since = None if asked is None else moment(asked)
    request = HarborRequest(id_, RequestKind(kind), moment(run_at), by, failures, since)
    return replace(delivery, request=request)


class _AllLive:
    """All live deliveries, which are read again and again, for metrics say: most are what they were
    the last time, and nothing is kept of those that are not among them any more."""

    def __init__(self) -> None:
        self._last: dict[tuple[Any, ...], Delivery] = {}

    async def read(self, rows: Sequence[Row]) -> list[Delivery]:
        """There may be thousands, and others have their turn."""
        last, found = self._last, dict[tuple[Any, ...], Delivery]()
        for some in chunks(rows):
            for row in map(tuple, some):
                found[row] = last.get(row) or _read(row)
            await asyncio.sleep(0)
        self._last = found
        return list(found.values())


_all_live = _AllLive()


def _written(request: HarborRequest | None) -> tuple[Any, ...]:
    if request is None:
        return None, None, None, None, 0, None
    asked = None if request.asked_at is None else stamp(request.asked_at)
    return (
        *(request.id, request.kind.value, stamp(request.run_at)),
        *(request.by, request.failures, asked),
    )


_ALL = 2**31 - 1
"""The limit of what has none, in both dialects."""


def states_listed(states: Iterable[State]) -> str:
    """`states` as SQL lists them, always in the same order: an index may name them, too."""
    return ", ".join(sorted(f"'{state.value}'" for state in states))


_AT_HARBOR = f"state in ({states_listed(LIVE - {State.PREPARED})})"
# As a second thought only: for the bare column SQLite would take the index on states, under which
# every delivery that ever ended is found, instead of the one on whatever else is asked for.
_ALSO_LIVE = f"coalesce(state, '') in ({states_listed(LIVE)})"
_ALSO_ENDED = f"coalesce(state, '') in ({states_listed(ENDS)})"


def prepared(table: str, tower: str) -> str:
    """SQL: whether a delivery of `table` is prepared for the place where `tower`, named twice,
    stands."""
    return f"""{table}.state = '{State.PREPARED.value}' and ({table}.tower = {tower}
               or {table}.tower in (
                   select other.id from towers as this
                   join towers as other on other.location = this.location where this.id = {tower}
               ))"""


class Deliveries(Subject):
    """See `bot.ports.deliveries.Deliveries`."""

    async def _deliveries(self, rest: str, values: Sequence[Any] = ()) -> list[Delivery]:
        return [read(tuple(row)) for row in await self._db.fetch_all(f"{_SELECT} {rest}", values)]

    async def delivery(self, delivery: DeliveryId) -> Delivery | None:
        row = await self._db.fetch_one(f"{_SELECT} where id = ?", (delivery,))
        return read(tuple(row)) if row else None

    async def add_delivery(self, delivery: Delivery) -> Delivery:
        saved = replace(delivery, version=delivery.version + 1)
        await self._db.execute(
            _ADD,
            (*FIELDS.write(saved), *_written(saved.request)),
            check=unless_written(f"there is a delivery {delivery.id} already"),
        )
        self._owe(saved)
        return saved

    async def save_delivery(self, delivery: Delivery) -> Delivery:
        saved = replace(delivery, version=delivery.version + 1)
        # When a request is due and how often it failed is the worker's to change, without saving
        # the delivery: a save overwrites them only by another request. The lease stays as it is, so
        # that a new request waits for the call that is under way, and for nothing else.
        id_, kind, run_at, by, failures, asked = _written(saved.request)
        await self._db.execute(
            _SAVE,
            (
                *FIELDS.write(saved, "id"),
                *(kind, by, id_, run_at, id_, failures, id_, asked),
                *(delivery.id, delivery.version),
            ),
            check=unless_written(f"delivery {delivery.id} is no longer at {delivery.version}"),
        )
        if saved.parcel_name and saved.state in ENDS:
            await write_end_of_parcel(self._db, saved)
        self._owe(saved)
        return saved

    def _owe(self, saved: Delivery) -> None:
        due = saved.request.run_at if saved.request is not None else None
        self.owed.due(due, saved.deadline_at)
        if saved.request is not None:
            self.owed.asked.add(saved.request.id)
        self.owed.live |= saved.state in LIVE

    async def deliveries_of(
        self, person: PersonId, *, live: bool, limit: int | None = None
    ) -> list[Delivery]:
        return await self._deliveries(
            f"""where (sender = ? or recipient = ?) and {_ALSO_LIVE if live else _ALSO_ENDED}
                order by changed_at desc nulls last, id limit ?""",
            (person, person, _ALL if limit is None else limit),
        )

    async def awaiting(self, person: PersonId) -> list[Delivery]:
        return await self._deliveries(
            "where recipient = ? and awaited = 1 order by created_at, id", (person,)
        )

    async def prepared_at(self, sender: PersonId, tower: TowerId) -> list[Delivery]:
        return await self._deliveries(
            f"where sender = ? and {prepared('deliveries', '?')} order by created_at, id",
            (sender, tower, tower),
        )

    async def deliveries_at_harbor(self) -> list[Delivery]:
        rows = await self._db.fetch_all(f"{_SELECT} where {_AT_HARBOR}")
        return await _all_live.read(rows)

    async def deliveries_at_harbor_in(self, tower: TowerId) -> list[Delivery]:
        return await self._deliveries(f"where {_AT_HARBOR} and tower = ? order by id", (tower,))

    async def versions_at_harbor(self) -> dict[DeliveryId, int]:
        rows = await self._db.fetch_all(f"select id, version from deliveries where {_AT_HARBOR}")
        return dict(rows)  # type: ignore[arg-type]  # rows of two

    async def deliveries_with(self, ids: Sequence[DeliveryId]) -> list[Delivery]:
        rows = await self._deliveries(f"where id in ({marks(len(ids))})", ids) if ids else []
        found = {delivery.id: delivery for delivery in rows}
        return [found[each] for each in ids if each in found]

    async def live_at(self, tower: TowerId, locker: LockerId) -> list[Delivery]:
        return await self._deliveries(
            f"where tower = ? and (locker = ? or candidate = ?) and {_ALSO_LIVE} order by id",
            (tower, locker, locker),
        )

    async def doors_reported(self, limit: int) -> list[Delivery]:
        return await self._deliveries(
            f"""where door_reports > 0 and {_ALSO_LIVE}
                order by changed_at desc nulls last, id limit ?""",
            (limit,),
        )

    async def deliveries_at(
        self, lockers: Sequence[tuple[TowerId, LockerId]], since: datetime
    ) -> list[Delivery]:
        found: dict[DeliveryId, Delivery] = {}
        for some in chunks(list(dict.fromkeys(lockers))):
            places = [part for place in some for part in place]
            for column in ("locker", "candidate"):
                rows = await self._deliveries(
                    f"""where (tower, {column}) in (values {tuples(len(some), 2)})
                        and {column} is not null and {_ALSO_ENDED} and changed_at > ?""",
                    (*places, stamp(since)),
                )
                found |= {delivery.id: delivery for delivery in rows}
        return sorted(found.values(), key=lambda each: each.changed_at or since, reverse=True)

    async def photos_over(self, now: datetime, limit: int) -> list[Delivery]:
        return await self._deliveries(
            f"""where photo is not null and {_ALSO_ENDED}
                and (collect_until is null or collect_until < ?) order by id limit ?""",
            (stamp(now), limit),
        )

    async def photos_of(self, person: PersonId) -> list[DeliveryId]:
        rows = await self._db.fetch_all(
            """select id from deliveries where photo is not null
               and (sender = ? or recipient = ?) order by id""",
            (person, person),
        )
        return [DeliveryId(delivery) for (delivery,) in rows]

    async def lease_requests(self, now: datetime, until: datetime, limit: int) -> list[Leased]:
        lease = self._new_lease()
        rows = await TURNS.lease(
            self._db, lease, now, until, limit, order="run_at, id", returning=COLUMNS
        )
        return [Leased(read(tuple(row)), lease) for row in rows]

    async def give_back(self, leased: Leased) -> None:
        def note(rows: Sequence[Row]) -> None:
            for (due,) in rows:
                self.owed.due(None if due is None else moment(due), None)

        await TURNS.give_back(self._db, leased.delivery.id, leased.lease, note)

    async def request_failed(self, leased: Leased, run_at: datetime) -> None:
        request = leased.delivery.request
        assert request is not None
        await self._db.execute(
            """update deliveries set run_at = ?, failures = failures + 1
               where id = ? and request_id = ? and lease = ?""",
            (stamp(run_at), leased.delivery.id, request.id, leased.lease),
        )

    async def free_requests(self) -> int:
        return len(await TURNS.free_all(self._db, "id"))

    async def deliveries_due(self, now: datetime, limit: int) -> list[Delivery]:
        return await self._deliveries(
            "where deadline_at is not null and deadline_at <= ? order by deadline_at, id limit ?",
            (stamp(now), limit),
        )

    async def next_request_due(self) -> datetime | None:
        return await TURNS.next_due(self._db)

    async def next_deadline(self) -> datetime | None:
        row = await self._db.fetch_one(
            "select min(deadline_at) from deliveries where deadline_at is not null"
        )
        return moment(row[0]) if row and row[0] is not None else None

    async def record(self, entry: HistoryEntry, change: Change | None = None) -> None:
        def note(rows: Sequence[Row]) -> None:
            [(last,)] = rows
            since = None if last is None else entry.at - moment(last)
            if change is not None:
                self.owed.changes.append(replace(change, since=since))

        await self._db.execute(
            f"""insert into history (number, {HISTORY.listed()})
                select coalesce(max(number), 0) + 1, {marks(len(HISTORY.columns))}
                from history where delivery = ?
                {_SINCE if change is not None else ""}""",
            (*HISTORY.write(entry), entry.delivery, *([entry.delivery] if change else ())),
            note=note if change is not None else None,
        )

    async def history(self, delivery: DeliveryId) -> list[HistoryEntry]:
        return HISTORY.read_all(
            await self._db.fetch_all(
                f"select {HISTORY.listed()} from history where delivery = ? order by number",
                (delivery,),
            )
        )

    async def history_by(self, person: PersonId) -> list[HistoryEntry]:
        return HISTORY.read_all(
            await self._db.fetch_all(
                f"""select {HISTORY.listed()} from history where by = ?
                    order by at, delivery, number""",
                (person,),
            )
        )

    async def recent_towers(self, person: PersonId, limit: int) -> list[TowerId]:
        rows = await self._db.fetch_all(
            """select tower from deliveries where sender = ?
               group by tower order by coalesce(max(created_at), 0) desc, tower limit ?""",
            (person, limit),
        )
        return [TowerId(tower) for (tower,) in rows]
