"""A webhook's push in the core's words."""

from __future__ import annotations

from bot.domain.tower import LockerStatus
from bot.ports.lockers import Push as CorePush
from harbor.webhooks import Push

REFERENCE = "delivery"
"""Where in the payload of a link its delivery stands: Harbor says it again in its pushes."""
_LONGEST = 40
"""Characters of a reference."""


def as_push(push: Push) -> CorePush:
    """What the core needs of a push; no texts, and no code but the digits of a keypad."""
    return CorePush(
        tower=push.tower_id,
        locker=push.locker_id,
        status=LockerStatus[push.status.name],
        at=push.timestamp,
        source=push.source,
        verified=push.verified,
        open_request=push.open_request_id,
        reservation=None if push.reservation_id is None else str(push.reservation_id),
        reference=_reference(push),
        digits=_digits(push),
    )


def _reference(push: Push) -> str | None:
    """What the bot has told Harbor with a link; anything else that stands there is not ours."""
    found = (push.open_request_payload or {}).get(REFERENCE)
    return found if isinstance(found, str) and len(found) <= _LONGEST else None


def _digits(push: Push) -> str | None:
    return push.keypad_code.get_secret_value() if push.keypad_code is not None else None
