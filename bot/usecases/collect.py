"""Who collects: claiming, handing over, taking back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.actions import Action, permitted
from bot.domain.alerts import guessing, guessing_key
from bot.domain.card import delivery_subject
from bot.domain.claims import LINK_PREFIX, Claim, new_claim, read_claim_code
from bot.domain.delivery import Delivery, Role
from bot.domain.history import HistoryEvent
from bot.domain.ids import DeliveryId
from bot.domain.lifecycle import LIVE, State
from bot.domain.person import Person
from bot.usecases.actor import Actor, check
from bot.usecases.alerts import raise_alert
from bot.usecases.cards import tell_of_one_visit
from bot.usecases.codes import disown_code

FREE_TRIES = 5

_FIRST_DELAY = timedelta(seconds=30)

_LONGEST_DELAY = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Wrong:
    """No parcel goes by that code or link (any more); no more is said, so that nobody learns."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Too many wrong tries: no code is read before `until`."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Own:
    """The claim is theirs to forward: they are asked before it is used up. Nothing has changed."""

    delivery: DeliveryId


@dataclass(frozen=True, slots=True)
class NotYet:
    """The parcel has no locker, but its sender may still try again: the claim is good then."""


Claimed = Delivery | Own | NotYet | Wrong


async def claim_by_link(act: Actor, person: Person, payload: str) -> Claimed:
    """Claim with a deep link's payload (`c_…`)."""
    claim = await act.tx.claim_by_link(payload.removeprefix(LINK_PREFIX))
    return await _claimed(act, person, claim) or Wrong()


async def claim_by_code(act: Actor, person: Person, text: str) -> Claimed | Wait:
    """Claim with what somebody typed."""
    if (wait := await _waiting(act)) is not None:
        return wait
    code = read_claim_code(text)
    claim = await act.tx.claim_by_code(code) if code else None
    return await _claimed(act, person, claim) or await _wrong(act)


async def claim_own(act: Actor, person: Person, delivery: DeliveryId) -> Delivery | Wrong:
    """Claim what one was about to forward; the link and the code are used up then."""
    found, claim = await act.tx.delivery(delivery), await act.tx.claim(delivery)
    if found is None or claim is None or found.state not in LIVE or not _forwards(person, found):
        return Wrong()
    return await _bind(act, person, found)


async def _claimed(act: Actor, person: Person, claim: Claim | None) -> Claimed | None:
    delivery = await act.tx.delivery(claim.delivery) if claim else None
    if delivery is None:
        return None
    if delivery.state not in LIVE:
        again = permitted(Action.AGAIN, delivery, delivery.sender, act.policy)
        return NotYet() if again else None
    if _forwards(person, delivery):
        return Own(delivery.id)
    return await _bind(act, person, delivery)


def _forwards(person: Person, delivery: Delivery) -> bool:
    return person.id in (delivery.sender, delivery.handed_over_by)


async def _bind(act: Actor, person: Person, delivery: Delivery) -> Delivery:
    await act.tx.save_wrong_tries(person.id, 0, None)
    await act.tx.drop_claim(delivery.id)
    bound = replace(delivery, recipient=person.id, recipient_name=person.name, handed_over_by=None)
    if delivery.handed_over_by is not None:
        subject = delivery_subject(delivery.id)
        await act.tx.mark(delivery.handed_over_by, subject, now=act.now)
    return await act.note(bound, HistoryEvent.CLAIMED)


async def _waiting(act: Actor) -> Wait | None:
    _, until = await act.tx.wrong_tries(act.person)
    return Wait(until) if until is not None and until > act.now else None


async def _wrong(act: Actor) -> Wrong | Wait:
    tries = (await act.tx.wrong_tries(act.person))[0] + 1
    await _postpone_end(act)
    if tries < FREE_TRIES:
        await act.tx.save_wrong_tries(act.person, tries, None)
        return Wrong()
    delay = min(_FIRST_DELAY * 2 ** min(tries - FREE_TRIES, 16), _LONGEST_DELAY)
    await act.tx.save_wrong_tries(act.person, tries, act.now + delay)
    await raise_alert(act.tx, guessing(act.now, act.person), act.policy)
    return Wait(act.now + delay)


async def _postpone_end(act: Actor) -> None:
    """An alert that this person is guessing stands for a day after the last wrong try."""
    standing = await act.tx.alert(guessing_key(act.person))
    if standing is not None and standing.stands:
        later = guessing(act.now, act.person).ends_at
        await act.tx.save_alert(replace(standing, ends_at=later))


async def hand_over(act: Actor, delivery: Delivery) -> Delivery:
    """Somebody else shall collect: the old link, code and recipient no longer count."""
    check(act, Action.HAND_OVER, delivery)
    return await open_again(act, delivery, HistoryEvent.HANDED_OVER)


async def open_again(
    act: Actor,
    delivery: Delivery,
    event: HistoryEvent,
    detail: str | None = None,
    *,
    rouse: frozenset[Role] = frozenset(),
) -> Delivery:
    """A new claim; whoever could collect until now no longer can. Whoever does it, unless it is
    the sender, is shown the link to forward. The caller has checked that they may."""
    before = {delivery.recipient, delivery.handed_over_by} - {None, delivery.sender}
    if delivery.state is State.STORED:
        delivery = await disown_code(act, delivery)
        delivery = replace(delivery, taken_back=False, fetcher=None, request=None)
    await act.tx.save_claim(new_claim(delivery.id))
    forwards = None if act.person == delivery.sender else act.person
    opened = replace(delivery, recipient=None, recipient_name=None, handed_over_by=forwards)
    after = await act.note(opened, event, detail, rouse=rouse)
    for person in before:
        assert person is not None
        await act.tx.mark(person, delivery_subject(after.id), now=act.now)
        await tell_of_one_visit(act.tx, after, person, now=act.now)
    return after


async def take_back(act: Actor, delivery: Delivery) -> Delivery:
    """The sender fetches the parcel back: the claim is over, and they are the collector."""
    check(act, Action.TAKE_BACK, delivery)
    await act.tx.drop_claim(delivery.id)
    return await fetch_back(act, delivery)


async def fetch_back(act: Actor, delivery: Delivery) -> Delivery:
    """Make the sender the collector, whose code alone counts from now on; the claim stays."""
    disowned = await disown_code(act, delivery)
    taken = replace(disowned, taken_back=True, request=None)
    return await act.note(taken, HistoryEvent.TAKEN_BACK)
