"""What a button carries when it is pressed, written and read in one place.

Guarantees: what is written fits Telegram's 64 bytes and reads back as it was; whatever else arrives
(forged, garbled, of an older version) reads as None. Nothing in it is trusted: a button only names
a delivery and the revision its reader saw, and every step checks both.

    verb[:arg]                       size:medium
    verb:delivery:revision[:arg]     extend:7k2m9xq4tz:12
"""

from __future__ import annotations

import re
from functools import lru_cache

from bot.domain.ids import DeliveryId
from bot.domain.message import Press

MOST_BYTES = 64
"""InlineKeyboardButton.callback_data: 1-64 bytes."""

_VERB = r"[a-z][a-z_]*"
_DELIVERY = r":(?P<delivery>[0-9a-hjkmnp-tv-z]{10}):(?P<revision>[1-9][0-9]{0,8})"
_ARG = r"(?::(?P<arg>[0-9A-Za-z_.~-]+))?"
_PRESS = re.compile(rf"(?P<verb>{_VERB})(?:{_DELIVERY})?{_ARG}")


@lru_cache(1024)  # a message is encoded for its digest, and again to be sent
def encode(press: Press) -> str:
    """Callback data for a button. Raises ValueError where it would not read back as `press`."""
    parts = [press.verb]
    if press.delivery is not None:
        parts += [press.delivery, str(press.revision)]
    if press.arg is not None:
        parts.append(press.arg)
    data = ":".join(parts)
    if parse(data) != press:
        raise ValueError(f"a button can't carry {data!r}")
    return data


@lru_cache(1024)  # a press is read by the step and by each handler that might be for it
def parse(data: str | None) -> Press | None:
    """What callback data says; None for anything we would not have made."""
    found = _PRESS.fullmatch(data) if data else None
    if found is None or len(found[0]) > MOST_BYTES:  # what matches is ASCII
        return None
    delivery, revision = found["delivery"], found["revision"]
    return Press(
        found["verb"],
        found["arg"],
        DeliveryId(delivery) if delivery else None,
        int(revision) if revision else None,
    )
