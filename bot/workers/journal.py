"""What has happened to deliveries and whose phones have rung: a line in the log for each, and what
the metrics show of it.

Guarantees: nothing is said of what was not committed; a line holds ids of deliveries, towers' ids,
doors' names, kinds and times, and nothing of anybody's. Which update something goes back to is kept
in memory for the latest only, and lost with the process.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Mapping
from datetime import datetime
from typing import TypeVar

import structlog

from bot.domain.card import ALERT, Card, delivery_of
from bot.domain.ids import DeliveryId, PersonId
from bot.domain.lifecycle import Event
from bot.ports.calls import OF_A_RING, Durations
from bot.ports.signals import Change, Owed

log = structlog.get_logger()

K = TypeVar("K")
V = TypeVar("V")

_KEPT = 4096
"""Causes, and parcels whose ring is awaited: the latest so many."""
NOWHERE = "none"
"""The state before a delivery begins, in the metrics."""


class Journal:
    """See the module. `changes` counts by the states before and after, and the event."""

    def __init__(self) -> None:
        self.changes: Counter[tuple[str, str, str]] = Counter()
        self.rings = Durations(OF_A_RING)
        """How long after it became owed a ring was sent."""
        self.occupied_to_rung = Durations(OF_A_RING)
        """From when a parcel was known to be in, to the ring of whoever collects it."""
        self._causes: OrderedDict[tuple[int, int], int] = OrderedDict()
        self._awaited: OrderedDict[tuple[DeliveryId, PersonId], datetime] = OrderedDict()

    def committed(self, owed: Owed) -> None:
        """A transaction has been committed."""
        for change in owed.changes:
            self._changed(change, owed.cause)
        if owed.cause is None:
            return
        for card in owed.cards.values():
            _keep(self._causes, (card.id, card.wanted), owed.cause)
        for request in owed.asked:
            if (request, 0) not in self._causes:  # saved anew for another reason, as it stands
                _keep(self._causes, (request, 0), owed.cause)

    def cause_of_card(self, card: Card) -> int | None:
        """The update that its latest mark goes back to; None: to none, or not known here."""
        return self._causes.get((card.id, card.wanted))

    def cause_of_request(self, request: int) -> int | None:
        """The same of the request with this id."""
        return self._causes.get((request, 0))

    def rung(self, card: Card, now: datetime, *, silent: bool) -> None:
        """The card was shown by a new message that was to ring; `silent`: at the person's wish it
        made no sound."""
        about, kind = delivery_of(card.subject), card.subject.partition(":")[0]
        if about is None and kind != ALERT:
            return  # an answer to somebody's own tap: silent
        late = None if card.owed_since is None else (now - card.owed_since).total_seconds()
        if late is not None:
            self.rings.add(late)
        if about is not None and (since := self._awaited.pop((about, card.chat), None)):
            self.occupied_to_rung.add((now - since).total_seconds())
        said = {"delivery": about, "late": _rounded(late), "silent": silent or None}
        log.info("rung", card=kind, **_known(said))

    def _changed(self, change: Change, cause: int | None) -> None:
        before = change.before.value if change.before is not None else NOWHERE
        self.changes[before, change.after.value, change.event.value] += 1
        if change.event.value == Event.DROPPED_OFF.value and change.collector is not None:
            _keep(self._awaited, (change.delivery, change.collector), change.at)
        said = {
            "door": change.door,
            "since": None if change.since is None else _rounded(change.since.total_seconds()),
            "update": cause,
        }
        log.info(
            "transition",
            delivery=change.delivery,
            tower=change.tower,
            before=before,
            after=change.after.value,
            cause=change.event.value,
            **_known(said),
        )


def _keep(kept: OrderedDict[K, V], key: K, value: V) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > _KEPT:
        kept.popitem(last=False)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _known(said: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in said.items() if value is not None}
