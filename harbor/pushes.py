"""A webhook's push in the core's words."""

from __future__ import annotations

from bot import lifecycle, ports
from harbor.webhooks import Push


def as_push(push: Push) -> ports.Push:
    """What the core needs of a push; no codes, no texts."""
    return ports.Push(
        tower=push.tower_id,
        locker=push.locker_id,
        status=lifecycle.LockerStatus[push.status.name],
        at=push.timestamp,
        source=push.source,
        verified=push.verified,
    )
