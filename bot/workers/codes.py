"""A code for a door, by whichever opener the delivery was booked with.

Guarantees: the end of a token's life is never later than what Harbor was asked for, counted from
before the call, and Harbor's own word of it is believed only where it lies after that moment (a
time without a zone may be hours off); a pick-up link that Harbor refuses is replaced by a token,
for that delivery alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.domain.codes import Code, CodeKind
from bot.domain.delivery import Delivery, HarborRequest, RequestKind
from bot.domain.ids import LockerId, PersonId
from bot.domain.lifecycle import Event
from bot.domain.openers import Opener, OpenLink, Token, token_text
from bot.domain.policy import Policy
from bot.ports.errors import Misconfigured, Refused
from bot.ports.lockers import Lockers

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Issued:
    """What Harbor gave, and the event that it is; `fell_back`: a link was refused."""

    event: Event
    code: Code
    fell_back: bool = False


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
    by_link = delivery.opener(CodeKind.PICK_UP, policy) is Opener.LINK
    if by_link and (found := await _linked(lockers, delivery, locker, holder, now, policy)):
        return Issued(Event.PICK_UP_ISSUED, found)
    token = await lockers.pick_up_token(delivery.tower, locker, _seconds(policy.pick_up))
    code = _from_token(delivery, locker, CodeKind.PICK_UP, token, holder, now, policy.pick_up)
    return Issued(Event.PICK_UP_ISSUED, code, fell_back=by_link)


async def _linked(
    lockers: Lockers,
    delivery: Delivery,
    locker: LockerId,
    holder: PersonId,
    now: datetime,
    policy: Policy,
) -> Code | None:
    keypad = policy.openers_at(delivery.tower).keypad
    try:
        link = await lockers.pick_up_link(delivery.tower, locker, keypad=keypad)
    except Misconfigured:
        raise
    except Refused as error:
        log.info("link_refused", delivery=delivery.id, why=str(error))
        return None
    return link_code(delivery, CodeKind.PICK_UP, link, now + policy.link_lasts, holder)


def link_code(
    delivery: Delivery,
    kind: CodeKind,
    link: OpenLink,
    ends: datetime,
    holder: PersonId | None = None,
) -> Code:
    """A code that is a Locker Open link, held by the sender where nobody else is named."""
    return Code(
        delivery=delivery.id,
        kind=kind,
        form=Opener.LINK,
        holder=holder if holder is not None else delivery.sender,
        text=link.url,
        expires_at=ends,
        digits=link.digits,
        request=link.request,
    )


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
    if token.expires_at is not None and token.expires_at > now:
        ends = min(ends, token.expires_at)
    elif token.expires_at is not None:
        log.info("expiry_not_believed", delivery=delivery.id, told=token.expires_at.isoformat())
    text = token_text(delivery.tower, locker, token)
    return Code(delivery.id, kind, Opener.TOKEN, holder, text, ends)


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())
