"""What a button carries when it is pressed, made and read in one place.

Guarantees: what is made fits Telegram's 64 bytes and reads back as it was; whatever else arrives
(forged, garbled, of an older version) reads as None. Nothing in it is trusted: a button only names
a delivery and the revision its reader saw, and every step checks both.

    verb[:arg]                       size:medium
    verb:delivery:revision[:arg]     extend:7k2m9xq4tz:12
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.domain.delivery import Delivery
from bot.domain.ids import DeliveryId

MOST_BYTES = 64
"""InlineKeyboardButton.callback_data: 1-64 bytes."""

_VERB = r"[a-z][a-z_]*"
_DELIVERY = r":(?P<delivery>[0-9a-hjkmnp-tv-z]{10}):(?P<revision>[1-9][0-9]{0,8})"
_ARG = r"(?::(?P<arg>[0-9A-Za-z_.~-]+))?"
_PRESS = re.compile(rf"(?P<verb>{_VERB})(?:{_DELIVERY})?{_ARG}")


@dataclass(frozen=True, slots=True)
class Press:
    """A button pressed: `revision` is there exactly when `delivery` is."""

    verb: str
    arg: str | None = None
    delivery: DeliveryId | None = None
    revision: int | None = None


def press(verb: str, arg: object = None) -> str:
    """Callback data for a button that concerns no delivery. Raises ValueError."""
    return _checked(Press(verb, None if arg is None else str(arg)), verb, arg)


def press_on(verb: str, delivery: Delivery, arg: object = None) -> str:
    """Callback data for a button that concerns `delivery` as it is now. Raises ValueError."""
    seen = Press(verb, None if arg is None else str(arg), delivery.id, delivery.revision)
    return _checked(seen, verb, delivery.id, delivery.revision, arg)


def parse(data: str | None) -> Press | None:
    """What callback data says; None for anything we would not have made."""
    found = _PRESS.fullmatch(data) if data and len(data.encode()) <= MOST_BYTES else None
    if found is None:
        return None
    delivery, revision = found["delivery"], found["revision"]
    return Press(
        found["verb"],
        found["arg"],
        DeliveryId(delivery) if delivery else None,
        int(revision) if revision else None,
    )


def pattern(*verbs: str) -> re.Pattern[str]:
    """For a CallbackQueryHandler: buttons of these verbs that concern no delivery."""
    return _pattern(verbs, "")


def pattern_on(*verbs: str) -> re.Pattern[str]:
    """For a CallbackQueryHandler: buttons of these verbs that concern a delivery."""
    return _pattern(verbs, _DELIVERY)


def _pattern(verbs: tuple[str, ...], delivery: str) -> re.Pattern[str]:
    return re.compile(rf"(?P<verb>{'|'.join(map(re.escape, verbs))}){delivery}{_ARG}\Z")


def _checked(meant: Press, *parts: object) -> str:
    data = ":".join(str(part) for part in parts if part is not None)
    if parse(data) != meant:
        raise ValueError(f"a button can't carry {data!r}")
    return data
