"""The parcel page: what somebody without Telegram may see of a parcel, and do about it.

Guarantees: without the cookie nobody learns more than state, place and deadline, and nothing is
changed by looking; of two who claim at once one gets it; whoever has claimed in a browser is a
person like any other, whose acts the table of actions permits, for as long as the parcel is theirs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain.actions import Action, permitted
from bot.domain.browsers import Browser, Unclaimed, new_cookie, somebody_in_browser
from bot.domain.claims import Claim
from bot.domain.codes import Code
from bot.domain.delivery import Delivery, Trouble
from bot.domain.history import HistoryEvent
from bot.domain.ids import DeliveryId, PersonId
from bot.domain.lifecycle import LIVE
from bot.domain.policy import Policy
from bot.domain.situation import Situation
from bot.ports.database import Database, Transaction
from bot.usecases.actor import Actor, authorized
from bot.usecases.codes import ask_pick_up_code
from bot.usecases.collect import NotYet, claim_by_page
from bot.usecases.report import door_did_not_open
from bot.usecases.situation import Surroundings, read_card

_SUCCESSORS = 50
"""How many parcels in a row may have taken one another's place."""
_ONE_REPORT = timedelta(minutes=1)
"""A door reported again within this is one report: somebody has tapped twice."""


@dataclass(frozen=True, slots=True)
class Theirs:
    """A parcel that was claimed in this very browser, as its person may see it."""

    situation: Situation


@dataclass(frozen=True, slots=True)
class NoLonger:
    """It was claimed in this browser, and is no longer to be collected here."""


Look = Unclaimed | Theirs | NoLonger


@dataclass(frozen=True, slots=True)
class Bound:
    """Claimed: the cookie by which the browser is known again."""

    cookie: str = field(repr=False)


async def look(
    database: Database,
    page: str,
    cookie: str | None,
    known: Surroundings,
    *,
    stories: bool = True,
) -> Look | None:
    """What the page shows to whoever has this cookie, if any; None where there is no such page.

    `stories`: with history and companions.
    """
    if cookie is not None:
        browser = await database.glance(lambda tx: tx.browser(page, cookie))
        if browser is not None:
            return await _theirs(database, browser, known, stories=stories)
    claim = await database.glance(lambda tx: tx.claim_by_page(page))
    if claim is None:
        return None
    delivery = await database.glance(lambda tx: tx.delivery(claim.delivery))
    return _unclaimed(claim, delivery, known)


async def _theirs(
    database: Database, browser: Browser, known: Surroundings, *, stories: bool
) -> Look:
    delivery = await database.glance(lambda tx: tx.delivery(browser.delivery))
    if delivery is not None and delivery.successor is not None:
        delivery = await database.look(lambda tx: present(tx, browser))
    if delivery is None or not still_theirs(delivery, browser.person):
        return NoLonger()
    situation = await read_card(database, delivery.id, browser.person, known, stories=stories)
    return Theirs(situation) if situation is not None else NoLonger()


def _unclaimed(claim: Claim, delivery: Delivery | None, known: Surroundings) -> Unclaimed | None:
    if delivery is None or not _may_come(delivery, known.policy):
        return None
    return Unclaimed(
        state=delivery.state,
        tower=known.place_of(delivery),
        now=known.now,
        until=delivery.collect_until,
        overdue=delivery.overdue_at is not None,
        zones=known.zones,
        telegram=known.links.to_claim(claim) if known.links.chat else None,
        here=delivery.state in LIVE and delivery.recipient is None,
    )


def _may_come(delivery: Delivery, policy: Policy) -> bool:
    """Whether it is under way, or its sender may still try again."""
    again = permitted(Action.AGAIN, delivery, delivery.sender, policy)
    return delivery.state in LIVE or again is not None


async def present(tx: Transaction, browser: Browser) -> Delivery | None:
    """The delivery that was claimed in the browser, or whichever has taken its place there."""
    delivery = await tx.delivery(browser.delivery)
    for _ in range(_SUCCESSORS):
        if delivery is None or delivery.successor is None:
            break
        after = await tx.delivery(delivery.successor)
        if after is None or after.recipient != browser.person:
            break
        delivery = after
    return delivery


def still_theirs(delivery: Delivery, person: PersonId) -> bool:
    """Whether it is the person's to collect, or was until it was over."""
    return delivery.recipient == person and not delivery.recalled


async def claim(
    tx: Transaction, page: str, language: str, *, now: datetime, policy: Policy
) -> Bound | NotYet | None:
    """Claim the parcel for a browser; None where the page's secret is no longer, or never was, good
    for that."""
    person = somebody_in_browser(language)
    act = Actor(tx, person.id, now, policy)
    claimed = await claim_by_page(act, person, page)
    if isinstance(claimed, NotYet):
        return claimed
    if not isinstance(claimed, Delivery):
        return None
    cookie = new_cookie()
    await tx.save_person(person)
    await tx.add_browser(Browser(person.id, claimed.id, now), page=page, cookie=cookie)
    return Bound(cookie)


async def act_in_browser(
    tx: Transaction, page: str, cookie: str, *, now: datetime, policy: Policy
) -> tuple[Actor, DeliveryId] | None:
    """Who acts by this cookie, and on what; None where there is nothing (any more) to act on."""
    browser = await tx.browser(page, cookie)
    delivery = await present(tx, browser) if browser is not None else None
    if browser is None or delivery is None or not still_theirs(delivery, browser.person):
        return None
    return Actor(tx, browser.person, now, policy), delivery.id


async def open_door(act: Actor, delivery: DeliveryId, *, fresh: bool = False) -> None:
    """Ask for what opens the door; it is there when `opens` finds it. Raises as `authorized`."""
    action = Action.NEW_PICK_UP_CODE if fresh else Action.PICK_UP_CODE
    await ask_pick_up_code(act, await authorized(act, delivery, action), fresh=fresh)


def opens(situation: Situation) -> Code | None:
    """What opens the door for the reader, once Harbor has made it and nothing newer is asked."""
    asked = situation.delivery.request
    return situation.code if situation.code_out and asked is None else None


def in_vain(situation: Situation) -> bool:
    """Whether waiting for it longer is of no use: Harbor said no, or can't be reached."""
    delivery = situation.delivery
    return delivery.trouble in (Trouble.REFUSED, Trouble.HARBOR_AWAY) or delivery.request is None


async def door_stays_shut(act: Actor, delivery: DeliveryId) -> None:
    """Write down that it did not open; twice in a row is once. Raises as `authorized`."""
    found = await authorized(act, delivery, Action.DOOR)
    told = HistoryEvent.DOOR_DID_NOT_OPEN
    history = await act.tx.history(found.id)
    since = act.now - _ONE_REPORT
    if not any(x.event is told and x.by == act.person and x.at > since for x in history):
        await door_did_not_open(act, found)
