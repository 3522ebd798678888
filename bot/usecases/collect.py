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
from bot.domain.lifecycle import LIVE, Event, Illegal, State
from bot.domain.person import Person
from bot.usecases.actor import Actor
from bot.usecases.alerts import raise_alert
from bot.usecases.cards import take_code_away, tell_of_one_visit

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


async def claim_by_link(act: Actor, person: Person, payload: str) -> Delivery | Wrong:
    """Claim with a deep link's payload (`c_…`)."""
    claim = await act.tx.claim_by_link(payload.removeprefix(LINK_PREFIX))
    return await _bound(act, person, claim) or Wrong()


async def claim_by_code(act: Actor, person: Person, text: str) -> Delivery | Wrong | Wait:
    """Claim with what somebody typed."""
    if (wait := await _waiting(act)) is not None:
        return wait
    code = read_claim_code(text)
    claim = await act.tx.claim_by_code(code) if code else None
    return await _bound(act, person, claim) or await _wrong(act)


async def _bound(act: Actor, person: Person, claim: Claim | None) -> Delivery | None:
    delivery = await act.tx.delivery(claim.delivery) if claim else None
    if delivery is None or delivery.state not in LIVE:
        return None
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
    if not permitted(Action.HAND_OVER_OK, delivery, act.person, act.policy):
        raise Illegal(delivery.state, Event.EXTENDED)
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
    the sender, is shown the link to forward."""
    before = {delivery.recipient, delivery.handed_over_by} - {None, delivery.sender}
    if delivery.state is State.STORED:
        await take_code_away(act.tx, delivery, now=act.now)
        delivery = replace(delivery, code_until=None, taken_back=False, fetcher=None, want=None)
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
    if not permitted(Action.TAKE_BACK_OK, delivery, act.person, act.policy):
        raise Illegal(delivery.state, Event.COLLECTED)
    await take_code_away(act.tx, delivery, now=act.now)
    await act.tx.drop_claim(delivery.id)
    taken = replace(delivery, taken_back=True, code_until=None, want=None)
    return await act.note(taken, HistoryEvent.TAKEN_BACK)
