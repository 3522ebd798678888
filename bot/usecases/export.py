"""Everything that is held about a person, for the person.

Guarantees: nothing about them is left out but what opens a door; of others they get no more than
their cards show: no names, no words but those that were said to them, no secrets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from bot.domain.alerts import Alert
from bot.domain.claims import Claim, claim_payload, show_claim_code
from bot.domain.closures import Closure
from bot.domain.codes import Code
from bot.domain.delivery import Delivery
from bot.domain.history import WITHOUT_WORDS, HistoryEntry, HistoryEvent
from bot.domain.ids import DeliveryId, PersonId
from bot.domain.lifecycle import LIVE
from bot.domain.limits import WRONG_TRIES_COUNT_FOR
from bot.domain.person import Person
from bot.ports.database import Transaction

Held = Mapping[str, Any]

LEFT_OUT = (
    "codes and links that open a door",
    "the secrets of claims that are not yours to forward",
    "names, ids and words of other people, except what your messages show you",
)
"""What the export says that it leaves out."""

_PEOPLE = frozenset({"sender", "recipient", "picked_by", "handed_over_by", "fetcher"})
_APART = frozenset({"request"})
_SENDERS = frozenset({"photo", "no_photo"})
_COLLECTORS = frozenset({"turn", "visit_at"})


async def held_about(tx: Transaction, person: Person, now: datetime) -> Held:
    """All of it, as mappings and lists of plain values, moments and times of day."""
    me = person.id
    theirs = [
        *await tx.deliveries_of(me, live=True),
        *await tx.deliveries_of(me, live=False),
    ]
    done = await tx.history_by(me)
    tries = await tx.wrong_tries(me, now - WRONG_TRIES_COUNT_FOR)
    own = {delivery.id for delivery in theirs}
    others = [each for each in dict.fromkeys(entry.delivery for entry in done) if each not in own]
    return {
        "made_at": now,
        "left_out": LEFT_OUT,
        "person": asdict(person),
        "conversation": asdict(await tx.draft(me)),
        "messages": [
            {"about": card.subject, "message": card.message, "form": card.form}
            for card in await tx.cards_of(me)
        ],
        "deliveries": await asyncio.gather(*(_delivery(tx, each, me) for each in theirs)),
        "done_in_deliveries_of_others": [await _elsewhere(tx, each, done, me) for each in others],
        "waits_for_lockers": [asdict(each) for each in await tx.every_wait_of(me)],
        "closed_or_opened_for_booking": [_closure(each, me) for each in await tx.closures_of(me)],
        "refused_senders_since": [each.at for each in await tx.refusals_of(me)],
        "alerts": [_alert(alert, me) for alert in await tx.alerts_of(me)],
        "wrong_claim_codes_of_a_day": asdict(tries),
    }


async def _delivery(tx: Transaction, delivery: Delivery, me: PersonId) -> Held:
    history, code, claim = await asyncio.gather(
        tx.history(delivery.id), tx.code(delivery.id), tx.claim(delivery.id)
    )
    known = {
        name: getattr(delivery, name)
        for name in (field.name for field in fields(delivery))
        if name not in _APART
        and not (name in _PEOPLE and getattr(delivery, name) != me)
        and not (name in _SENDERS and delivery.sender != me)
        and not (name in _COLLECTORS and delivery.collector != me)
    }
    return {
        **{name: value for name, value in known.items() if value is not None},
        "you_are": sorted(role.value for role in delivery.roles_of(me)),
        "asked_of_harbor": delivery.asks,
        "history": [_line(entry, me) for entry in history],
        "code": _code(code, me),
        "claim": _claim(claim, delivery, me),
    }


async def _elsewhere(
    tx: Transaction, delivery: DeliveryId, done: Sequence[HistoryEntry], me: PersonId
) -> Held:
    """What they did in a delivery of others, and the claim that they were given to forward."""
    found = await tx.delivery(delivery)
    claim = await tx.claim(delivery)
    return {
        "id": delivery,
        "history": [_line(entry, me) for entry in done if entry.delivery == delivery],
        "claim": _claim(claim, found, me) if found is not None else None,
    }


def _line(entry: HistoryEntry, me: PersonId) -> Held:
    mine = entry.by == me
    told = mine or me == entry.told or entry.event in (HistoryEvent.MESSAGE, *WITHOUT_WORDS)
    line: dict[str, Any] = {"at": entry.at, "event": entry.event, "by_you": mine}
    return line | ({"detail": entry.detail} if told and entry.detail is not None else {})


def _code(code: Code | None, me: PersonId) -> Held | None:
    """That there is one; what it says is left out."""
    if code is None or code.holder != me:
        return None
    return {
        "kind": code.kind,
        "opener": code.form,
        "expires_at": code.expires_at,
        "was_shown": code.revealed,
    }


def _claim(claim: Claim | None, delivery: Delivery, me: PersonId) -> Held | None:
    """The open claim, for who may forward it."""
    open_ = delivery.unclaimed and delivery.state in LIVE
    if claim is None or not open_ or not delivery.forwarded_by(me):
        return None
    written = {"code": show_claim_code(claim.code), "link": claim_payload(claim)}
    return written | ({"page": claim.page} if claim.page else {})


def _closure(closure: Closure, me: PersonId) -> Held:
    mine = closure.by == me
    return {
        "tower": closure.tower,
        "locker": closure.locker,
        "at": closure.at,
        "closed_by_you": mine,
        "your_words": closure.words if mine else None,
        "ended_at": closure.ended_at,
        "ended_by_you": closure.ended_by == me,
    }


def _alert(alert: Alert, me: PersonId) -> Held:
    return {
        "kind": alert.kind,
        "raised_at": alert.raised_at,
        "over_at": alert.cleared_at,
        "delivery": alert.delivery,
        "about_you": alert.person == me,
        "your_words": alert.text if alert.person == me else "",
        "seen_by_you_at": alert.seen_at if alert.seen_by == me else None,
        "yours_to_put_right": alert.owner == me,
    }
