"""A code for a door, by whichever opener is configured: a locker token or a Locker Open link.

Guarantees: the end of a code's life is never later than what Harbor was asked for, counted from
before the call.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.codes import token_text
from bot.lifecycle import Event
from bot.model import Code, CodeForm, CodeKind, Delivery, LockerId, PersonId, Want
from bot.ports import Lockers, Token
from bot.terms import Terms


@dataclass(frozen=True, slots=True)
class Issued:
    """What Harbor gave, and the event that it is."""

    want: Want
    event: Event
    code: Code


async def issue(
    lockers: Lockers, delivery: Delivery, want: Want, now: datetime, terms: Terms
) -> Issued:
    """Ask Harbor for the code that `want` names. Raises what `Lockers` raises."""
    if delivery.locker is None:
        raise ValueError("a delivery without a locker has no door")
    locker, holder = delivery.locker, delivery.want_by or delivery.sender
    if want is Want.DROP_OFF_TOKEN:
        token = await lockers.drop_off_token(delivery.tower, locker, _seconds(terms.drop_off))
        code = _from_token(delivery, locker, CodeKind.DROP_OFF, token, holder, now, terms.drop_off)
        return Issued(want, Event.DROP_OFF_ISSUED, code)
    if terms.opener is CodeForm.LINK:
        link = await lockers.pick_up_link(delivery.tower, locker)
        code = link_code(delivery, CodeKind.PICK_UP, link.url, holder, now, terms.pick_up)
    else:
        token = await lockers.pick_up_token(delivery.tower, locker, _seconds(terms.pick_up))
        code = _from_token(delivery, locker, CodeKind.PICK_UP, token, holder, now, terms.pick_up)
    return Issued(want, Event.PICK_UP_ISSUED, code)


def link_code(
    delivery: Delivery,
    kind: CodeKind,
    url: str,
    holder: PersonId,
    now: datetime,
    lasts: timedelta,
) -> Code:
    """A code that is a Locker Open link."""
    return Code(delivery.id, kind, CodeForm.LINK, holder, url, now, now + lasts)


def _from_token(
    delivery: Delivery,
    locker: LockerId,
    kind: CodeKind,
    token: Token,
    holder: PersonId,
    now: datetime,
    lasts: timedelta,
) -> Code:
    ends = now + lasts
    if token.expires_at is not None:
        ends = min(ends, token.expires_at)
    text = token_text(delivery.tower, locker, token)
    return Code(delivery.id, kind, CodeForm.TOKEN, holder, text, now, ends)


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())
