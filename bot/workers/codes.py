"""A code for a door, by whichever opener is configured: a locker token or a Locker Open link.

Guarantees: the end of a code's life is never later than what Harbor was asked for, counted from
before the call.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.codes import Code, CodeForm, CodeKind
from bot.domain.delivery import Delivery, HarborRequest, RequestKind
from bot.domain.ids import LockerId, PersonId
from bot.domain.lifecycle import Event
from bot.domain.openers import Token, token_text
from bot.domain.policy import Policy
from bot.ports.lockers import Lockers


@dataclass(frozen=True, slots=True)
class Issued:
    """What Harbor gave, and the event that it is."""

    event: Event
    code: Code


async def issue(
    lockers: Lockers, delivery: Delivery, request: HarborRequest, now: datetime, policy: Policy
) -> Issued:
    """Ask Harbor for the code that is requested. Raises what `Lockers` raises."""
    if delivery.locker is None:
        raise ValueError("a delivery without a locker has no door")
    locker, holder = delivery.locker, request.by or delivery.sender
    if request.kind is RequestKind.DROP_OFF_TOKEN:
        token = await lockers.drop_off_token(delivery.tower, locker, _seconds(policy.drop_off))
        code = _from_token(delivery, locker, CodeKind.DROP_OFF, token, holder, now, policy.drop_off)
        return Issued(Event.DROP_OFF_ISSUED, code)
    if policy.opener is CodeForm.LINK:
        link = await lockers.pick_up_link(delivery.tower, locker)
        code = link_code(delivery, CodeKind.PICK_UP, link.url, holder, now, policy.pick_up)
    else:
        token = await lockers.pick_up_token(delivery.tower, locker, _seconds(policy.pick_up))
        code = _from_token(delivery, locker, CodeKind.PICK_UP, token, holder, now, policy.pick_up)
    return Issued(Event.PICK_UP_ISSUED, code)


def link_code(
    delivery: Delivery,
    kind: CodeKind,
    url: str,
    holder: PersonId,
    now: datetime,
    lasts: timedelta,
) -> Code:
    """A code that is a Locker Open link."""
    return Code(delivery.id, kind, CodeForm.LINK, holder, url, now + lasts)


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
    return Code(delivery.id, kind, CodeForm.TOKEN, holder, text, ends)


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())
