"""Who collects: claiming, handing over, taking back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.actions import Action, permitted
from bot.domain.alerts import (
    Alert,
    guessed_by_many,
    guessing,
)
from bot.domain.card import delivery_subject
from bot.domain.claims import Claim, Written, read_claim
from bot.domain.delivery import Delivery, Role
from bot.domain.history import HistoryEvent
from bot.domain.ids import DeliveryId, PersonId
from bot.domain.lifecycle import LIVE, State
from bot.domain.limits import (
    FREE_TRIES,
    MANY_TRIES,
    MANY_TRIES_WITHIN,
    UNASKED_TRIES,
    WRONG_TRIES_COUNT_FOR,
    paused_until,
)
from bot.domain.person import Person
from bot.domain.recipient import NOBODY, Recipient
from bot.domain.rings import Call, roused
from bot.usecases.actor import Actor, check
from bot.usecases.alerts import raise_alert
from bot.usecases.cards import concerned, tell_of_one_visit
from bot.usecases.claims import make_claim
from bot.usecases.codes import disown_code
from bot.usecases.recipients import bind, picked, refuse


@dataclass(frozen=True, slots=True)
class Wrong:
    """No parcel goes by that code or link (any more); no more is said, so that nobody learns.

    `left` is how many more wrong codes are free; None where nothing was counted: of a link, and of
    what can't be a code.
    """

    left: int | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Too many wrong tries: no code is read before `until`."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Own:
    """The claim is theirs to forward: they are asked before it is used up. Nothing has changed."""

    delivery: DeliveryId


@dataclass(frozen=True, slots=True)
class KeptForAnother:
    """The parcel is kept for somebody who was picked, and the link or code is for them alone. It is
    no wrong try, and nothing is said of who they are."""


@dataclass(frozen=True, slots=True)
class NotYet:
    """The parcel has no locker, but its sender may still try again: the claim is good then."""


Claimed = Delivery | Own | KeptForAnother | NotYet | Wrong


async def claim_by_link(act: Actor, person: Person, payload: str) -> Claimed:
    """Claim with a deep link's payload (`c_…`), or with the secret in it."""
    written = read_claim(payload)  # what else has been pasted along is left out
    link = (written and written.link) or payload
    claim = await act.tx.claim_by_link(link)
    return await _claimed(act, person, claim) or Wrong()


async def claim_by_page(act: Actor, person: Person, page: str) -> Delivery | NotYet | Wrong:
    """Claim in a browser, by a parcel page's secret. What is kept for somebody who has been picked
    is nobody else's to claim there."""
    claimed = await _claimed(act, person, await act.tx.claim_by_page(page))
    assert not isinstance(claimed, Own), "nobody in a browser has a claim to forward"
    return Wrong() if claimed is None or isinstance(claimed, KeptForAnother) else claimed


async def claim_by_code(act: Actor, person: Person, text: str) -> Claimed | Wait:
    """Claim with what somebody wrote where a claim code was asked for: only what can be a code
    counts as a try, and a link never does."""
    written = read_claim(text, asked=True)
    if written is None:
        return Wrong()
    if written.link is not None:
        return await claim_by_link(act, person, written.link)
    return await _by_code(act, person, written) or await _wrong(act)


async def claim_by_chance(act: Actor, person: Person, written: Written) -> Claimed | Wait | None:
    """Claim with what stands in words that may be about something else; None where they are.

    A wrong code is no try of somebody's, since it was not asked for; but of whoever writes too many
    of them no more are read here.
    """
    if written.link is not None:
        return await claim_by_link(act, person, written.link)
    tries = await act.tx.wrong_tries(act.person, act.now - WRONG_TRIES_COUNT_FOR)
    if tries.unasked >= UNASKED_TRIES:
        return None
    if (claimed := await _by_code(act, person, written)) is None:
        await act.tx.note_wrong_try(act.person, act.now, asked=False)
        await _watch_everybody(act)
    return claimed


async def _by_code(act: Actor, person: Person, written: Written) -> Claimed | Wait | None:
    """None where no parcel goes by that code."""
    if (wait := await _waiting(act)) is not None:
        return wait
    claim = await act.tx.claim_by_code(written.code) if written.code else None
    return await _claimed(act, person, claim)


async def claim_own(act: Actor, person: Person, delivery: DeliveryId) -> Delivery | Wrong:
    """Claim what one was about to forward; the link and the code are used up then."""
    found, claim = await act.tx.delivery(delivery), await act.tx.claim(delivery)
    if found is None or claim is None or found.state not in LIVE:
        return Wrong()
    return await bind(act, person, found) if found.forwarded_by(person.id) else Wrong()


async def _claimed(act: Actor, person: Person, claim: Claim | None) -> Claimed | None:
    delivery = await act.tx.delivery(claim.delivery) if claim else None
    if delivery is None:
        return None
    live, forwards = delivery.state in LIVE, delivery.forwarded_by(person.id)
    if not live and not permitted(Action.AGAIN, delivery, delivery.sender, act.policy):
        return None
    if delivery.awaited and not forwards and person.id != delivery.recipient:
        return KeptForAnother()
    if not live:
        return NotYet()
    return Own(delivery.id) if forwards else await bind(act, person, delivery)


async def _waiting(act: Actor) -> Wait | None:
    tries = await act.tx.wrong_tries(act.person, act.now - WRONG_TRIES_COUNT_FOR)
    until = paused_until(tries.asked, tries.last)
    return Wait(until) if until is not None and until > act.now else None


async def _wrong(act: Actor) -> Wrong | Wait:
    await act.tx.note_wrong_try(act.person, act.now, asked=True)
    alert = guessing(act.now, act.person, act.tx.known_as(act.person))
    await _postpone_end(act, alert)
    await _watch_everybody(act)
    tries = await act.tx.wrong_tries(act.person, act.now - WRONG_TRIES_COUNT_FOR)
    until = paused_until(tries.asked, tries.last)
    if until is None:
        return Wrong(FREE_TRIES - tries.asked)
    await raise_alert(act.tx, alert, act.policy)
    return Wait(until)


async def _watch_everybody(act: Actor) -> None:
    """Nobody is refused for what all do together; operators are told once."""
    if await act.tx.all_wrong_tries(act.now - MANY_TRIES_WITHIN) >= MANY_TRIES:
        await _postpone_end(act, guessed_by_many(act.now))
        await raise_alert(act.tx, guessed_by_many(act.now), act.policy)


async def _postpone_end(act: Actor, alert: Alert) -> None:
    """An alert of guessing stands for a day after the last wrong try."""
    standing = await act.tx.alert(alert.key)
    if standing is not None and standing.stands:
        await act.tx.save_alert(replace(standing, ends_at=alert.ends_at))


async def hand_over(
    act: Actor, delivery: Delivery, person: PersonId | None = None, name: str | None = None
) -> Delivery:
    """Somebody else shall collect: whoever claims it with a new link or code, or the `person` who
    has been picked. The old link, code and recipient no longer count."""
    check(act, Action.HAND_OVER, delivery)
    if person is not None and act.person == person == delivery.recipient:
        return delivery
    chosen = await picked(act, person, name)
    rings = roused(Call.GIVEN if chosen.id not in (None, act.person) else None)
    return await open_again(act, delivery, HistoryEvent.HANDED_OVER, chosen=chosen, rouse=rings)


async def open_again(
    act: Actor,
    delivery: Delivery,
    event: HistoryEvent,
    detail: str | None = None,
    *,
    chosen: Recipient = NOBODY,
    rouse: frozenset[Role] = frozenset(),
) -> Delivery:
    """The parcel is for `chosen`, with a new claim where they need one; whoever could collect until
    now no longer can. Whoever does it, unless it is the sender, hears who has it, and forwards the
    claim; whoever did so before has no part any more. The caller has checked that they may."""
    forwards = act.person if act.person != delivery.sender else None
    return await _passed_on(
        act,
        replace(delivery, handed_over_by=forwards),
        event,
        chosen,
        detail,
        before=concerned(delivery),
        rouse=rouse,
    )


async def _passed_on(
    act: Actor,
    delivery: Delivery,
    event: HistoryEvent,
    chosen: Recipient,
    detail: str | None = None,
    *,
    before: Collection[PersonId],
    rouse: frozenset[Role],
) -> Delivery:
    if delivery.state is State.STORED:
        delivery = await disown_code(act, delivery)
        delivery = replace(delivery, taken_back=False, fetcher=None, request=None)
    delivery = chosen.on(delivery)
    if delivery.unclaimed:
        await make_claim(act.tx, delivery.id)
    else:
        await act.tx.drop_claim(delivery.id)
    after = await act.note(delivery, event, detail, rouse=rouse)
    for person in before:
        if person != delivery.sender:
            await act.tx.mark(person, delivery_subject(after.id), now=act.now)
            await tell_of_one_visit(act.tx, after, person, now=act.now)
    return after


async def keep(act: Actor, delivery: Delivery) -> Delivery:
    """Whoever let somebody else collect takes that back, before anybody has the parcel."""
    check(act, Action.KEEP, delivery)
    await act.tx.drop_claim(delivery.id)
    person = await act.tx.person(act.person)
    mine = Recipient(act.person, person.name if person else None)
    return await act.note(mine.on(replace(delivery, handed_over_by=None)), HistoryEvent.KEPT)


async def decline(act: Actor, delivery: Delivery) -> Delivery:
    """Whoever was picked takes neither this parcel nor any other that the same person picks them
    for. The sender, and whoever picked them, are told, and have a link for somebody else."""
    check(act, Action.DECLINE, delivery)
    assert delivery.picked_by is not None, "the table asks for it"
    await refuse(act, delivery.picked_by)
    person = await act.tx.person(act.person)
    declined = Recipient(None, person.name if person else delivery.recipient_name, declined=True)
    return await _passed_on(
        act,
        delivery,
        HistoryEvent.DECLINED,
        declined,
        before=concerned(delivery),
        rouse=roused(Call.DECLINED),
    )


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
