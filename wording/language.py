"""One language's voice: sentences, plurals, moments, spans and sizes.

Guarantees: a `Words` is immutable and shared; a broken or missing translation never raises, the
English text is said instead.
"""

from __future__ import annotations

import gettext
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.numbers import format_decimal

from bot.domain.tower import Size

log = structlog.get_logger(__name__)

DOMAIN = "lockerbot"
CATALOGUES = Path(__file__).parent / "locales"
LANGUAGES = ("en", "es", "de", "fr", "pl", "uk")
"""The languages spoken; English is the source and has no catalogue."""
_LOCALES = {"en": "en_GB"}  # dates as 3 October, times by 24 hours
_DAYS_BY_NAME = 6
_FAR = 9.95  # kilometres; from there on, nobody asks for metres
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Words:
    """See the module; get one by `speak`."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.locale = Locale.parse(_LOCALES.get(language, language))
        self._catalogue = gettext.translation(
            DOMAIN, CATALOGUES, languages=[language], fallback=True
        )

    def _(self, message: str, **values: object) -> str:
        """The sentence in this language, its `{placeholders}` filled with `values` as they are."""
        return _fill(self._catalogue.gettext(message), message, values)

    def n(self, one: str, many: str, count: int, **values: object) -> str:
        """The sentence for `count` things; `{count}` is filled in beside `values`."""
        source = one if count == 1 else many
        return _fill(self._catalogue.ngettext(one, many, count), source, values | {"count": count})

    def size(self, size: Size) -> str:
        """A locker size, as it stands within a sentence."""
        return {
            Size.SMALL: self._("small"),
            Size.MEDIUM: self._("medium"),
            Size.LARGE: self._("large"),
            Size.X_LARGE: self._("extra large"),
        }[size]

    def clock(self, at: datetime, zone: str, *, named: bool = False) -> str:
        """The time of day at the tower, `18:00`; with the zone's name where `named`."""
        local = at.astimezone(ZoneInfo(zone))
        return f"{local:%H:%M} {_zone(local)}" if named else f"{local:%H:%M}"

    def moment(self, at: datetime, zone: str, *, now: datetime, named: bool = False) -> str:
        """When that is, at the tower: `18:00` today, `Friday 18:00` in the days to come, else
        `3 Oct 18:00`."""
        local, today = at.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone)).date()
        days = (local.date() - today).days
        time = self.clock(at, zone, named=named)
        if days == 0:
            return time
        if 0 < days <= _DAYS_BY_NAME:
            return f"{format_date(local, 'EEEE', locale=self.locale)} {time}"
        day = "MMMd" if local.year == today.year else "yMMMd"
        return f"{format_skeleton(day, local, locale=self.locale)} {time}"

    def distance(self, kilometres: float) -> str:
        """How far that is: `0.9 km`, `12 km`."""
        digits = "#,##0.0" if kilometres < _FAR else "#,##0"
        return self._("{distance} km", distance=format_decimal(kilometres, digits, self.locale))

    def span(self, span: timedelta) -> str:
        """How long that is, rounded down: `4 min`, `2 h 5 min`, `3 days`."""
        if span < _MINUTE:
            return self._("under a minute")
        if span < _HOUR:
            return self.n("{count} min", "{count} min", span // _MINUTE)
        if span < 2 * _DAY:
            minutes = (span % _HOUR) // _MINUTE
            hours = self.n("{count} h", "{count} h", span // _HOUR)
            return f"{hours} {self.span(minutes * _MINUTE)}" if minutes else hours
        return self.n("{count} day", "{count} days", span // _DAY)


def _zone(local: datetime) -> str:
    name = local.tzname() or ""
    return name if name[:1].isalpha() else f"UTC{name}"


@lru_cache(maxsize=64)
def speak(language: str | None, fallback: str = "en") -> Words:
    """The voice for a language code as Telegram tells it (`de`, `pt-br`), else for `fallback`."""
    for code in (language, fallback):
        primary = (code or "").replace("_", "-").partition("-")[0].lower()
        if primary in LANGUAGES:
            return Words(primary)
    return Words("en")


def _fill(text: str, source: str, values: dict[str, object]) -> str:
    if not values:
        return text
    try:
        return text.format_map(values)
    except (KeyError, IndexError, ValueError):
        log.exception("translation_broken", message=source)
        return source.format_map(values)
