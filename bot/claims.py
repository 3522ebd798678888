"""How somebody becomes a delivery's recipient: by link or by typed code, once.

Guarantees: a claim binds the first person who uses it; guessing gets slower with each wrong try
after the fifth, and the operators are told.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.codes import LINK_PREFIX, read_claim_code
from bot.deliveries import Act
from bot.happening import tell_operators
from bot.lifecycle import LIVE
from bot.model import Alert, Claim, Delivery, Person, delivery_subject

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


async def claim_by_link(act: Act, person: Person, payload: str) -> Delivery | Wrong | Wait:
    """Claim with a deep link's payload (`c_…`)."""
    if (wait := await _waiting(act)) is not None:
        return wait
    claim = await act.tx.claim_by_link(payload.removeprefix(LINK_PREFIX))
    return await _bind(act, person, claim)


async def claim_by_code(act: Act, person: Person, text: str) -> Delivery | Wrong | Wait:
    """Claim with what somebody typed."""
    if (wait := await _waiting(act)) is not None:
        return wait
    code = read_claim_code(text)
    return await _bind(act, person, await act.tx.claim_by_code(code) if code else None)


async def _bind(act: Act, person: Person, claim: Claim | None) -> Delivery | Wrong | Wait:
    delivery = await act.tx.delivery(claim.delivery) if claim else None
    if delivery is None or delivery.state not in LIVE:
        return await _wrong(act)
    await act.tx.save_wrong_tries(person.id, 0, None)
    await act.tx.drop_claim(delivery.id)
    bound = replace(delivery, recipient=person.id, recipient_name=person.name, handed_over_by=None)
    if delivery.handed_over_by is not None:
        subject = delivery_subject(delivery.id)
        await act.tx.mark(delivery.handed_over_by, subject, now=act.now)
    return await act.note(bound, "claimed")


async def _waiting(act: Act) -> Wait | None:
    _, until = await act.tx.wrong_tries(act.person)
    return Wait(until) if until is not None and until > act.now else None


async def _wrong(act: Act) -> Wrong | Wait:
    tries = (await act.tx.wrong_tries(act.person))[0] + 1
    if tries < FREE_TRIES:
        await act.tx.save_wrong_tries(act.person, tries, None)
        return Wrong()
    delay = min(_FIRST_DELAY * 2 ** min(tries - FREE_TRIES, 16), _LONGEST_DELAY)
    await act.tx.save_wrong_tries(act.person, tries, act.now + delay)
    key = f"guessing:{act.person}"
    if await act.tx.raise_alert(Alert(key, act.now, detail={"person": act.person})):
        await tell_operators(act.tx, key, act.terms, now=act.now)
    return Wait(act.now + delay)
