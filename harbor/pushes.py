"""A webhook's push in the core's words."""

from __future__ import annotations

from bot.domain.tower import LockerStatus
from bot.ports.lockers import Push as CorePush
from harbor.webhooks import Push


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
        digits=_digits(push),
    )


def _digits(push: Push) -> str | None:
    return push.keypad_code.get_secret_value() if push.keypad_code is not None else None
