"""What must be true when all is quiet again, whatever instants the plug was pulled at.

Guarantees: reads only (what it tries in the database it rolls back); every fault is one line.
"""

from __future__ import annotations

import contextlib
import re
from collections import Counter, defaultdict
from collections.abc import Collection
from functools import partial
from typing import Any

import httpx

from bot.domain.alerts import AlertKind
from bot.domain.card import Card, delivery_of
from bot.domain.ids import LockerId, PersonId, TowerId
from bot.domain.languages import LANGUAGES
from bot.domain.lifecycle import ENDS, State
from bot.domain.situation import Situation
from bot.domain.tower import LockerStatus
from bot.ports.clock import Clock
from bot.ports.database import Database, Transaction
from bot.workers.open_requests import OpenRequests
from bot.workers.towers import Towers
from cli.system_clock import SystemClock
from crash.databases import Claim
from crash.ledger import Place, steady
from crash.people import again
from crash.plug import POLICY
from handlers.app import questions
from handlers.conversation.presenter import ChatPresenter
from handlers.conversation.questions import Health, Sight
from handlers.conversation.screens import Screens
from harbor.lockers import HarborLockers
from sandbox.telegram.text.html import parse_html
from wording.cards.scene import Scene
from wording.language import speak

_HELD_AS = {
    State.RESERVED: {LockerStatus.RESERVED},
    State.RENTED: {LockerStatus.RENTED},
    State.STORED: {LockerStatus.OCCUPIED},
    State.RELEASING: {LockerStatus.RESERVED, LockerStatus.RENTED, LockerStatus.DECLINED},
}
_LOOKS = 5
_COUNTS = re.compile(r"\d+ (?:free|full)|full", re.IGNORECASE)
_HOURS = re.compile(r"^🕘.*\n?", re.MULTILINE)
"""`Closed until 9:00 AM`: true when it was said, and no card is shown anew when a tower opens."""


class _Undo(Exception):
    """Rolls back what was only tried."""


async def every_update_took_effect(database: Database, confirmed: Collection[int]) -> list[str]:
    """Promise 2: whatever Telegram was told of is remembered as handled."""
    lost: list[int] = []

    async def step(tx: Transaction) -> None:
        for update in confirmed:
            opening = await tx.open_update(update, PersonId(-1), SystemClock().now())
            if opening.fresh:
                lost.append(update)
        raise _Undo

    with contextlib.suppress(_Undo):
        await database.run(step)
    return [f"update {update} was confirmed and never took effect" for update in lost]


async def every_locker_has_its_delivery(database: Database, lockers: HarborLockers) -> list[str]:
    """Promises 2 and 3: no orphan at Harbor that is not on its way back, no delivery whose locker
    is not held. One that is rented and that no record here shows to be ours is left alone, and
    operators have been told of it."""
    assigned = {(x.tower, x.id): x.status for x in await lockers.assigned()}
    live = await database.look(lambda tx: tx.deliveries_at_harbor())
    owners = Counter((x.tower, x.locker or x.candidate) for x in live)
    alone = await left_alone(database)
    # Nobody waits for the tower of one that is given back to hear of it.
    found = [
        f"locker {door} is held at Harbor by nobody here ({status})"
        for door, status in assigned.items()
        if not owners[door]
        and status is not LockerStatus.DECLINED
        and not (status is LockerStatus.RENTED and door in alone)
    ]
    found += [
        f"locker {door} has {n} deliveries" for door, n in owners.items() if n > 1 and door[1]
    ]
    for delivery in live:
        status = assigned.get((delivery.tower, delivery.locker)) if delivery.locker else None
        if delivery.state in _HELD_AS and status not in _HELD_AS[delivery.state]:
            found.append(f"delivery {delivery.id} is {delivery.state}, its locker {status}")
    return found


async def left_alone(database: Database) -> set[tuple[TowerId | None, LockerId | None]]:
    """The lockers of which operators have been told that no record here shows them to be ours."""
    alerts = await database.look(lambda tx: tx.alerts())
    orphans = [alert for alert in alerts if alert.kind is AlertKind.ORPHAN]
    return {(alert.tower, alert.locker) for alert in orphans if not alert.asked}


async def nothing_is_owed(database: Database) -> list[str]:
    """Everything that was wanted has been done, everything that was to be said has been said."""
    counts = await database.look(lambda tx: tx.counts())
    found = [f"{counts.cards_owed} cards are still owed"] if counts.cards_owed else []
    return found + (
        [f"{counts.requests_owed} requests are still owed"] if counts.requests_owed else []
    )


def no_message_is_shared(claims: Collection[Claim]) -> list[str]:
    """Each card has a message of its own: an edit of one would else overwrite the other."""
    claimants: defaultdict[Place, list[str]] = defaultdict(list)
    for chat, subject, message in claims:
        claimants[chat, message].append(subject.partition(":")[0])
    return [
        f"message {message} of chat {chat} is claimed by {len(kinds)} cards: {', '.join(kinds)}"
        for (chat, message), kinds in claimants.items()
        if len(kinds) > 1
    ]


class _InALanguage(ChatPresenter):
    """Cards of deliveries in `language`; None: in their reader's."""

    language: str | None = None

    def _scene(self, situation: Situation) -> Scene:
        if self.language is None:
            return super()._scene(situation)
        return Scene(situation, speak(self.language))


class Chats:
    """What people see, held against what is true. `page` is where parcel pages are, if anywhere."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        database: Database,
        lockers: HarborLockers,
        page: str,
        clock: Clock | None = None,
    ) -> None:
        self._http, self._database = http, database
        clock, policy = clock or SystemClock(), POLICY
        links = OpenRequests(database, clock, policy)
        sight = Sight(database, Towers(database, lockers, clock), clock, policy, links, _healthy)
        self._presenter = _InALanguage(
            database,
            clock,
            policy,
            Screens(sight, questions()),
            bot=lambda: "harbor_lockers_bot",
            page=page,
        )
        self.ghosts: list[Place] = []
        """Messages that no card knows of."""

    async def tell_the_truth(self, people: Collection[int], claims: Collection[Claim]) -> list[str]:
        """Every card's message shows what would be shown now; other messages are ghosts."""
        found: list[str] = []
        for person in people:
            chat = f"/telegram/sandbox/people/{person}/chat"
            answer = await again(partial(self._http.get, chat))
            shown = {m["message_id"]: m for m in answer.json()["messages"] if not m["outgoing"]}
            mine = [claim for claim in claims if claim[0] == person]
            for _, subject, message in mine:
                card = await self._card(PersonId(person), subject)
                if card is None or card.message != message:
                    found.append(f"a {subject.partition(':')[0]} card changed after all was quiet")
                else:
                    found += await self._differs(card, shown)
            known = {message for *_, message in mine}
            self.ghosts += [(person, message) for message in shown if message not in known]
        return found

    async def _card(self, person: PersonId, subject: str) -> Card | None:
        return await self._database.look(lambda tx: tx.card(person, subject))

    async def _differs(self, card: Card, shown: dict[int, dict[str, Any]]) -> list[str]:
        """`_compare`, and again: what it reads of Harbor may come too late for the first look."""
        found: list[str] = []
        for _ in range(_LOOKS):
            if not (found := await self._compare(card, shown)):
                break
        return found

    async def _compare(self, card: Card, shown: dict[int, dict[str, Any]]) -> list[str]:
        kind = card.subject.partition(":")[0]
        message = shown.get(card.message or 0)
        view, _ = await self._presenter.present(card)
        if view is None:
            return [f"a {kind} card is shown that should be gone"] if message else []
        if message is None:
            return [f"a {kind} card's message is not there"]
        text, _ = parse_html(view.html)
        seen = message.get("text") or message.get("caption") or ""
        shows = lasting(seen)
        if shows == lasting(text) or shows in await self._in_any_language(card):
            return []
        return [f"a {kind} card shows\n{seen}\nwhere the truth is\n{text}"]

    async def _in_any_language(self, card: Card) -> set[str]:
        """A card of what is over, in any language: whoever chooses another has only those of live
        deliveries told anew."""
        about = delivery_of(card.subject)
        delivery = await self._database.look(lambda tx: tx.delivery(about)) if about else None
        if delivery is None or delivery.state not in ENDS:
            return set()
        told = set()
        for self._presenter.language in LANGUAGES:
            view, _ = await self._presenter.present(card)
            told |= {lasting(parse_html(view.html)[0])} if view else set()
        self._presenter.language = None
        return told


def lasting(text: str) -> str:
    """Without what time or other people's bookings change meanwhile."""
    return _COUNTS.sub("…", _HOURS.sub("", steady(text))).strip()


async def _healthy() -> Health:
    return Health(harbor=True, database=True, looked_at=None, cards_owed=0)
