"""Operators find deliveries: by people, parcels' names, codes, doors, towers and ids.

Guarantees: nobody finds what is at a tower that they don't look after, however they ask. A claim
code or link that an operator types is looked up and nothing more: it is counted as no try, and
whoever calls this keeps no text that opens something.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.domain.claims import read_claim
from bot.domain.delivery import Delivery
from bot.domain.ids import DeliveryId, PersonId, TowerId
from bot.domain.policy import Policy
from bot.domain.search import (
    MOST_FOUND,
    MOST_PEOPLE,
    Part,
    delivery_id,
    is_meant,
    parts_of,
    telegram_id,
    tower_words,
    username,
    words_of,
)
from bot.ports.database import Transaction
from bot.usecases.actor import Actor, NotYours

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Found:
    """Deliveries, the live ones first, then the latest change first.

    `more`: there are more than are told of. `crowd`: so many people go by that name that their past
    deliveries were not looked through. `latest`: so many parcels have these words in their names
    that of what is over only the latest were looked through.
    """

    deliveries: Sequence[DeliveryId] = ()
    more: bool = False
    crowd: bool = False
    latest: bool = False


@dataclass(frozen=True, slots=True)
class Secret:
    """What was typed is a claim's code or link; `delivery` where it is theirs to look after."""

    delivery: Delivery | None


async def named(act: Actor, text: str) -> Delivery | Secret | None:
    """The one delivery that `text` names, by its id or by its claim; None where it names none, and
    is to be looked for by its words. Raises NotYours."""
    if not act.policy.operates(act.person):
        raise NotYours
    written = read_claim(text, asked=True)
    if written is not None:
        by_link = written.link is not None
        claim = (
            await act.tx.claim_by_link(written.link or "")
            if by_link
            else await act.tx.claim_by_code(written.code or "")
        )
        if claim is not None or by_link:
            return Secret(await _theirs(act, claim.delivery if claim else None))
    return await _theirs(act, delivery_id(text))


async def _theirs(act: Actor, delivery: DeliveryId | None) -> Delivery | None:
    found = await act.tx.delivery(delivery) if delivery is not None else None
    if found is None or not act.policy.operates_at(act.person, found.tower):
        return None
    return found


async def search(tx: Transaction, operator: PersonId, policy: Policy, query: str) -> Found:
    """What the words of `query` are said of, at the towers that `operator` looks after."""
    if not policy.operates(operator) or not query.split():
        return Found()
    theirs = policy.towers_of(operator)
    towers = {
        tower.id: tower_words(tower)
        for tower in await tx.towers()
        if theirs is None or tower.id in theirs
    }
    parts = parts_of(query, towers)
    live = sorted(
        (
            glimpse
            for glimpse in await tx.glimpses()
            if (theirs is None or glimpse.tower in theirs) and is_meant(glimpse, parts)
        ),
        key=lambda glimpse: glimpse.changed_at or _LONG_AGO,
        reverse=True,
    )
    people = await _people(tx, query)
    crowd = len(people) > MOST_PEOPLE
    places = await _places(tx, parts, towers)
    words = () if query.startswith("@") else words_of(query)
    (called, whole), past = await asyncio.gather(
        tx.ended_called(words, theirs, MOST_FOUND + 1),
        asyncio.gather(
            tx.ended_of([] if crowd else people, theirs, MOST_FOUND + 1),
            *(tx.ended_at(at, door, MOST_FOUND + 1) for at, door in places),
        ),
    )
    over = {delivery: changed for part in (called, *past) for delivery, changed in part}
    latest = sorted(over, key=lambda each: over[each] or _LONG_AGO, reverse=True)
    found = list(dict.fromkeys((*(glimpse.delivery for glimpse in live), *latest)))
    return Found(tuple(found[:MOST_FOUND]), len(found) > MOST_FOUND, crowd, not whole)


async def _people(tx: Transaction, query: str) -> list[PersonId]:
    """Whoever goes by that name, username or id; one more than are looked through, at most."""
    called, known_by = username(query), telegram_id(query)
    named, by_username, by_id = await asyncio.gather(
        tx.people_named(() if query.startswith("@") else words_of(query), MOST_PEOPLE + 1),
        tx.people_called(called or ""),
        tx.person(known_by or PersonId(0)),
    )
    return [*dict.fromkeys((*by_username, *([by_id.id] if by_id else ()), *named))]


async def _places(
    tx: Transaction, parts: Sequence[Part], towers: Collection[TowerId]
) -> list[tuple[list[TowerId], str | None]]:
    """Which towers, and which door of them, the query may mean: all its parts are of a tower, or
    all but one, which is a door's name."""
    found: list[tuple[list[TowerId], str | None]] = []
    if at := _towers(parts, towers):
        found.append((at, None))
    meant: dict[str, list[TowerId]] = {}
    for place, part in enumerate(parts):
        if at := _towers([*parts[:place], *parts[place + 1 :]], towers):
            meant |= dict.fromkeys((part.text, part.text.upper(), part.text.lower()), at)
    return [*found, *((meant[door], door) for door in await tx.doors_called([*meant]))]


def _towers(parts: Sequence[Part], towers: Collection[TowerId]) -> list[TowerId]:
    """The towers of which every part is said."""
    return [tower for tower in towers if all(tower in part.towers for part in parts)]
