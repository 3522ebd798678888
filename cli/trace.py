"""`lockerbot trace DELIVERY`: the life of one parcel as a table, and what it waits for now.

Guarantees: reads only; prints kinds and times, whose card it is by role, the tower's id and the
door's name. No code, link, note, name or chat is read out, and no word that anybody has written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.domain.alerts import HARBOR_KEY, Alert
from bot.domain.card import Card, alert_subject, code_subject, delivery_subject
from bot.domain.delivery import Delivery
from bot.domain.history import HistoryEntry, HistoryEvent
from bot.domain.ids import DeliveryId, PersonId
from bot.domain.lifecycle import ENDS, State
from bot.ports.database import Transaction
from bot.ports.errors import Refused
from cli.database import as_it_is
from cli.settings import Settings

_DETAILED = frozenset(
    {
        HistoryEvent.REQUESTED,
        HistoryEvent.PREPARED,
        HistoryEvent.FITS_NOT,
        HistoryEvent.ANOTHER_DOOR,
        HistoryEvent.RESERVED,
    }
)
"""Events whose detail is a size or a door's name; any other may be somebody's words."""


@dataclass(frozen=True, slots=True)
class Life:
    """All that is told of one delivery."""

    delivery: Delivery
    history: Sequence[HistoryEntry]
    cards: Sequence[Card]
    alerts: Sequence[Alert]
    harbor: Alert | None = None
    """That Harbor does not answer, while it does not."""

    def role(self, person: PersonId | None) -> str:
        """What somebody is to the delivery, in place of who they are."""
        if person is None:
            return "Harbor or time"
        roles = {
            self.delivery.sender: "sender",
            self.delivery.recipient: "recipient",
            self.delivery.fetcher: "operator",
        }
        return roles.get(person, "somebody else")


@dataclass(frozen=True, slots=True)
class Line:
    """Something that happened: when, what, and what about it."""

    at: datetime
    what: str
    about: str = ""


async def trace(settings: Settings, delivery: str) -> None:
    """Print it. Raises BadSetting, and Refused where there is no such delivery."""
    id_ = DeliveryId(delivery.strip().lower())
    async with as_it_is(settings) as database:
        life = await database.look(lambda tx: read(tx, id_))
    if life is None:
        raise Refused(f"there is no delivery {id_}")
    show(life, datetime.now(UTC), Console(markup=False, highlight=False))


async def read(tx: Transaction, delivery: DeliveryId) -> Life | None:
    """What is known of it, None where there is none."""
    found = await tx.delivery(delivery)
    if found is None:
        return None
    alerts, harbor = await tx.alerts_about(delivery), await tx.alert(HARBOR_KEY)
    subjects = (
        delivery_subject(delivery),
        code_subject(delivery),
        *(alert_subject(alert.key) for alert in alerts),
    )
    cards = [card for subject in subjects for card in await tx.cards_about(subject)]
    standing = harbor if harbor is not None and harbor.stands else None
    return Life(found, await tx.history(delivery), cards, alerts, standing)


def show(life: Life, now: datetime, console: Console) -> None:
    """Print the table, and below it what the delivery waits for."""
    delivery = life.delivery
    door = f"door {delivery.locker_name}" if delivery.locker_name else "no door"
    console.print(f"{delivery.id}: {delivery.state.value}, tower {delivery.tower}, {door}")
    table = Table("when (UTC)", "after", "what", "about")
    before: datetime | None = None
    for line in story(life):
        after = "" if before is None else span((line.at - before).total_seconds())
        table.add_row(moment(line.at), after, Text(line.what), Text(line.about))
        before = line.at
    console.print(table)
    for waited in waits_for(life, now):
        console.print(f"waits for {waited}", soft_wrap=True)
    if not list(waits_for(life, now)):
        console.print("waits for nothing")


def story(life: Life) -> list[Line]:
    """All that has happened, the oldest first."""
    return sorted((*_happened(life), *_shown(life)), key=lambda line: line.at)


def _happened(life: Life) -> Iterator[Line]:
    delivery = life.delivery
    for entry in life.history:
        detail = f" ({entry.detail})" if entry.detail and entry.event in _DETAILED else ""
        yield Line(entry.at, entry.event.value, f"by {life.role(entry.by)}{detail}")
    if delivery.occupied_at is not None:
        yield Line(delivery.occupied_at, "seen", "the parcel went in, as Harbor has it")
    if (request := delivery.request) is not None and request.asked_at is not None:
        yield Line(request.asked_at, "asked", f"{request.kind.value}, of Harbor; not answered yet")
    for alert in life.alerts:
        yield Line(alert.raised_at, "alert", alert.kind.value)


def _shown(life: Life) -> Iterator[Line]:
    for card in life.cards:
        if card.shown_at is not None and card.shown_at != card.rung_at:
            yield Line(card.shown_at, "shown", f"last: {_named(life, card)}")
        if card.rung_at is not None:
            yield Line(card.rung_at, "rung", f"last: {_named(life, card)}")


def _named(life: Life, card: Card) -> str:
    kind = card.subject.partition(":")[0]
    if kind == "alert":
        return "an operator's alert"
    return f"the {life.role(card.chat)}'s {'card' if kind == 'delivery' else kind}"


def waits_for(life: Life, now: datetime) -> Iterator[str]:
    """What has to happen next, and since when it has not."""
    delivery = life.delivery
    if (request := delivery.request) is not None:
        tries = _tries(request.asked_at, request.failures, request.run_at, now)
        yield f"Harbor: {request.kind.value}, {tries}"
        if life.harbor is not None:
            yield f"Harbor to answer at all: it has not since {moment(life.harbor.raised_at)}"
    for card in life.cards:
        if card.owed and card.run_at is not None:
            tries = _tries(card.owed_since, card.failures, card.run_at, now, asked="owed")
            rings = ", to ring" if card.ring else ""
            yield f"Telegram: {_named(life, card)}{rings}, {tries}"
    if delivery.state not in ENDS:
        yield from _people(delivery)
    if delivery.deadline_at is not None:
        yield f"its next deadline, {moment(delivery.deadline_at)}"


def _tries(
    since: datetime | None, failures: int, due: datetime, now: datetime, asked: str = "asked"
) -> str:
    told = f"{asked} {moment(since)} ({span((now - since).total_seconds())} ago), " if since else ""
    when = f"next try {moment(due)}" if due > now else "due now"
    return f"{told}tried in vain {failures} times, {when}"


_FOR: Mapping[State, str] = {
    State.PREPARED: "its sender to stand at the tower",
    State.RESERVED: "its sender to take a code",
    State.RENTED: "the parcel to be put in",
    State.RELEASING: "Harbor to have the locker back",
}


def _people(delivery: Delivery) -> Iterator[str]:
    if delivery.state is State.REQUESTED and delivery.request is None:
        yield "the locker of the delivery before it to be given back"
    if delivery.state in _FOR:
        until = f", held until {moment(delivery.held_until)}" if delivery.held_until else ""
        yield _FOR[delivery.state] + until
    if delivery.state is State.STORED:
        until = f", until {moment(delivery.collect_until)}" if delivery.collect_until else ""
        yield _who_collects(delivery) + until
    if delivery.code_until is not None:
        yield f"the end of the code that is out, {moment(delivery.code_until)}"


def _who_collects(delivery: Delivery) -> str:
    if delivery.fetcher is not None:
        return "an operator to fetch it out"
    if delivery.taken_back:
        return "its sender to take it back"
    return "somebody to claim it" if delivery.recipient is None else "its recipient to collect it"


def moment(at: datetime) -> str:
    """To the second."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def span(seconds: float) -> str:
    """In the two largest units: `3 d 4 h`, `12 min 5 s`, `0.4 s`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    units = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    left, parts = round(seconds), []
    for name, size in units:
        if left >= size:
            parts.append(f"{left // size} {name}")
            left %= size
    return " ".join(parts[:2])
