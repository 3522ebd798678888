"""How somebody becomes a delivery's recipient: by link or by typed code, once.

Guarantees: a claim binds the first person who uses it; guessing codes gets slower with each wrong
try after the fifth, and the operators are told. A link is too long to be guessed: opening one that
was used, as people do to come back, costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.alerts import raise_alert
from bot.codes import LINK_PREFIX, read_claim_code
from bot.deliveries import Act
from bot.lifecycle import LIVE
from bot.model import Claim, Delivery, Person, PersonId, delivery_subject

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


async def claim_by_link(act: Act, person: Person, payload: str) -> Delivery | Wrong:
    """Claim with a deep link's payload (`c_…`)."""
    claim = await act.tx.claim_by_link(payload.removeprefix(LINK_PREFIX))
    return await _bound(act, person, claim) or Wrong()


async def claim_by_code(act: Act, person: Person, text: str) -> Delivery | Wrong | Wait:
    """Claim with what somebody typed."""
    if (wait := await _waiting(act)) is not None:
        return wait
    code = read_claim_code(text)
    claim = await act.tx.claim_by_code(code) if code else None
    return await _bound(act, person, claim) or await _wrong(act)


async def _bound(act: Act, person: Person, claim: Claim | None) -> Delivery | None:
    delivery = await act.tx.delivery(claim.delivery) if claim else None
    if delivery is None or delivery.state not in LIVE:
        return None
    await act.tx.save_wrong_tries(person.id, 0, None)
    await act.tx.clear_alert(_guessing(person.id), act.now)
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
    await raise_alert(act.tx, _guessing(act.person), act.terms, now=act.now, person=act.person)
    return Wait(act.now + delay)


def _guessing(person: PersonId) -> str:
    return f"guessing:{person}"
