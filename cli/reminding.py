"""The types of settings that say when people are reminded.

Guarantees: a reminder that would never come, or would come at once, is refused in a line that
names the setting it is at odds with. A default that nobody has set is never refused: where what it
is measured by was set to less, `Policy` does without that reminder, or brings it forward.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo

FIRST, LAST, AWAITED, HOLD, PREPARED = 24, 6, 12, 90, 24
"""Defaults: hours, but for HOLD, which are seconds."""


def _within_storage(hours: int, info: ValidationInfo) -> int:
    storage = info.data.get("storage_hours")
    if storage is not None and hours >= storage and hours != _default(info):
        raise ValueError(
            f"has to be less than LOCKERBOT_STORAGE_HOURS ({storage}), or nobody is reminded"
        )
    return hours


def _within_hold(seconds: int, info: ValidationInfo) -> int:
    for name in ("reservation_seconds", "drop_off_token_seconds", "link_seconds"):
        held = info.data.get(name)
        if held is not None and seconds >= held and seconds != HOLD:
            raise ValueError(
                f"has to be less than LOCKERBOT_{name.upper()} ({held}), or it comes at once"
            )
    return seconds


def _within_prepared(hours: int, info: ValidationInfo) -> int:
    days = info.data.get("prepared_days")
    if days is not None and hours >= 24 * days and hours != PREPARED:
        raise ValueError(
            f"has to be less than LOCKERBOT_PREPARED_DAYS ({days} days), or it comes at once"
        )
    return hours


def _default(info: ValidationInfo) -> int | None:
    return _DEFAULTS.get(info.field_name or "")


_DEFAULTS = {
    "first_reminder_hours": FIRST,
    "last_reminder_hours": LAST,
    "awaited_reminder_hours": AWAITED,
}
_LONGEST = 24 * 60
ReminderHours = Annotated[int, Field(ge=1, le=_LONGEST), AfterValidator(_within_storage)]
HoldWarning = Annotated[int, Field(ge=10, le=24 * 3600), AfterValidator(_within_hold)]
PreparedWarning = Annotated[int, Field(ge=1, le=_LONGEST), AfterValidator(_within_prepared)]
ExtensionHours = Annotated[int, Field(ge=1, le=_LONGEST)]
Extensions = Annotated[int, Field(ge=0, le=100)]
