"""One language's voice: sentences, plurals, moments, spans, distances and sizes.

Guarantees: times are told in the tower's own zone, in UTC, and with that name, where it is unknown;
clock, dates and units are those of the tower's country; no line breaks between a number and its
unit. A `Words` is immutable and shared; a broken or missing translation never raises, the English
text is said instead, with curly apostrophes, which the code may leave straight.
"""

from __future__ import annotations

import gettext
from datetime import date as calendar_day
from datetime import datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_interval, format_skeleton
from babel.numbers import format_decimal, format_percent
from babel.units import format_unit

from bot.domain.languages import LANGUAGES as LANGUAGES
from bot.domain.tower import Size, Tower
from wording.conventions import has_twelve_hours, scale_in
from wording.locale_data import locale_named
from wording.sanitize import capital

log = structlog.get_logger(__name__)

DOMAIN = "lockerbot"
CATALOGUES = Path(__file__).parent / "locales"
_LOCALES = {"en": "en_GB"}  # dates as 3 October, unless the tower's country has others
_TWELVE_HOURS_LIKE = {"en": "en_US"}  # 6:30 PM
_DAYS_BY_NAME = 6
_FAR = 9.95  # from there on, nobody asks for tenths
_SPACES = str.maketrans(
    " \u202f", "\u00a0\u00a0"
)  # none breaks a line, none is too new for a phone
_CURLY = str.maketrans("'", "’")
PROMISED = frozenset({"I'm at the tower", "🚪 I'm at the tower", "It doesn't fit"})
"""What buttons say for which somebody outside may look letter by letter: never altered."""
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Words:
    """See the module; get one by `speak`."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.locale = locale_named(_LOCALES.get(language, language))
        self._catalogue = gettext.translation(
            DOMAIN, CATALOGUES, languages=[language], fallback=True
        )

    def _(self, message: str, **values: object) -> str:
        """The sentence in this language, its `{placeholders}` filled with `values` as they are."""
        return _fill(self._said(message, self._catalogue.gettext(message)), message, values)

    def n(self, one: str, many: str, count: int, **values: object) -> str:
        """The sentence for `count` things; `{count}` is filled in beside `values`."""
        source = one if count == 1 else many
        said = self._said(source, self._catalogue.ngettext(one, many, count))
        return _fill(said, source, values | {"count": count})

    def _said(self, source: str, said: str) -> str:
        """English as it is printed: its sentences are written in the code, as code is typed."""
        return _printed(said) if said == source and source not in PROMISED else said

    def size(self, size: Size) -> str:
        """A locker size, as it stands within a sentence."""
        return {
            Size.SMALL: self._("small"),
            Size.MEDIUM: self._("medium"),
            Size.LARGE: self._("large"),
            Size.X_LARGE: self._("extra large"),
        }[size]

    def time_of_day(self, at: time, country: str | None) -> str:
        """`18:00`, or `6:00 PM` where the country (an ISO 3166 code) counts by twelve hours."""
        if not has_twelve_hours(country):
            return f"{at:%H:%M}"
        other = _TWELVE_HOURS_LIKE.get(self.language)
        like = locale_named(other) if other else self.locale
        moment = datetime.combine(datetime.min, at.replace(tzinfo=None))
        return format_skeleton("hm", moment, locale=like).translate(_SPACES)

    def clock(self, at: datetime, tower: Tower | None, *, named: bool = False) -> str:
        """The time of day at the tower, `18:00`; with the zone's name where `named`.

        Without a tower, or where its zone is unknown, it is UTC, and named.
        """
        local = _local(at, tower)
        said = self.time_of_day(local.time(), tower.country if tower else None)
        unknown = tower is None or tower.zone is None
        return f"{said} {_zone(local)}" if named or unknown else said

    def day(self, at: datetime, tower: Tower | None, *, now: datetime) -> str:
        """The day of that moment at the tower: nothing for today, `Friday` for the days to come,
        else `3 Oct`, or `Oct 3` where the tower's country writes that."""
        if _local(at, tower).date() == _local(now, tower).date():
            return ""
        if self.day_by_name(at, tower, now=now):
            return _day_of_the_week(_local(at, tower).date(), self.locale)
        return self.day_and_month(at, tower, now=now)

    def day_by_name(self, at: datetime, tower: Tower | None, *, now: datetime) -> bool:
        """Whether `day` names the day of the week."""
        days = (_local(at, tower).date() - _local(now, tower).date()).days
        return 0 < days <= _DAYS_BY_NAME

    def day_and_month(self, at: datetime, tower: Tower | None, *, now: datetime) -> str:
        """The date of that moment at the tower, `3 Oct`; with the year where that is another."""
        local = _local(at, tower)
        day = "MMMd" if local.year == _local(now, tower).year else "yMMMd"
        return _dated(day, local.date(), self._dated_at(tower))

    def moment(
        self, at: datetime, tower: Tower | None, *, now: datetime, named: bool = False
    ) -> str:
        """When that is, at the tower: `18:00` today, `Friday 18:00` in the days to come, else
        `3 Oct 18:00`."""
        time = self.clock(at, tower, named=named)
        return f"{self.day(at, tower, now=now)} {time}".lstrip()

    def date(self, at: datetime, tower: Tower | None, *, named: bool = False) -> str:
        """When that is, at the tower, for whoever reads it some day: `Fri, 2 Oct 2026, 18:00`."""
        like = self._dated_at(tower)
        day = format_skeleton("yMMMEd", _local(at, tower), locale=like).replace("\u202f", "\u00a0")
        return f"{day}, {self.clock(at, tower, named=named)}"

    def days(self, first: calendar_day, last: calendar_day, tower: Tower | None) -> str:
        """From day to day, as dates are written there: `24 Feb – 2 Mar`."""
        said = format_interval(first, last, "MMMd", locale=self._dated_at(tower))
        return said.replace("\u2009", " ").translate(_SPACES)

    def weekday(self, day: calendar_day) -> str:
        """A day of the last or the next few: `Fri 2`."""
        return _dated("Ed", day, self.locale)

    def weekday_name(self, day: calendar_day) -> str:
        """`Fri`, as the head of a column."""
        return format_date(day, "ccc", locale=self.locale)

    def decimal(self, value: float) -> str:
        """`7.3`: with one digit behind the point, or the comma."""
        return format_decimal(value, "#,##0.0", locale=self.locale).translate(_SPACES)

    def percent(self, part: float) -> str:
        """`50 %`, as the language writes it."""
        return format_percent(part, locale=self.locale).translate(_SPACES)

    def _dated_at(self, tower: Tower | None) -> Locale:
        """How dates are written there in this language; where nobody knows, as it usually is."""
        country = tower.country if tower else None
        return (_spoken_in(self.language, country) if country else None) or self.locale

    def distance(self, kilometres: float, country: str | None) -> str:
        """How far that is, as a country (an ISO 3166 code) tells it: `850 m`, `12 km`, `0.9 mi`."""
        scale = scale_in(country)
        far = kilometres / scale.far.kilometres
        if far < scale.turn:
            near, step = scale.near, scale.near.step
            rounded = max(round(kilometres / near.kilometres / step), 1) * step
            said = format_unit(rounded, near.name, "short", locale=self.locale)
        else:
            digits = "#,##0.0" if far < _FAR else "#,##0"
            said = format_unit(far, scale.far.name, "short", digits, locale=self.locale)
        return said.translate(_SPACES)

    def span(self, span: timedelta) -> str:
        """How long that is, rounded down: `4 min`, `2 h 5 min`, `3 days`."""
        if span < _MINUTE:
            return self._("under a minute")
        return self._counted(span).translate(_SPACES)

    def _counted(self, span: timedelta) -> str:
        if span < _HOUR:
            return self.n("{count} min", "{count} min", span // _MINUTE)
        if span < 2 * _DAY:
            minutes = (span % _HOUR) // _MINUTE
            hours = self.n("{count} h", "{count} h", span // _HOUR)
            return f"{hours} {self._counted(minutes * _MINUTE)}" if minutes else hours
        return self.n("{count} day", "{count} days", span // _DAY)


def _local(at: datetime, tower: Tower | None) -> datetime:
    return at.astimezone(ZoneInfo(tower.told_zone if tower else "UTC"))


# Of cards that change at once most name the same few days.


@lru_cache(maxsize=256)
def _day_of_the_week(day: calendar_day, locale: Locale) -> str:
    return format_date(day, "EEEE", locale=locale)


@lru_cache(maxsize=256)
def _dated(skeleton: str, day: calendar_day, locale: Locale) -> str:
    return format_skeleton(skeleton, day, locale=locale).translate(_SPACES)


@lru_cache(maxsize=2048)
def _printed(said: str) -> str:
    return said.translate(_CURLY)


def _zone(local: datetime) -> str:
    name = local.tzname() or ""
    return name if name[:1].isalpha() else f"UTC{name}"


@lru_cache(maxsize=256)
def _spoken_in(language: str, country: str) -> Locale | None:
    """The language as that country has it; None where Babel knows of no difference."""
    try:
        return locale_named(f"{language}_{country}")
    except UnknownLocaleError:
        return None


def own_name(language: str) -> str:
    """`Español`: a language as its speakers call it, as the beginning of a line."""
    return capital(locale_named(language).get_display_name(language) or language)


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
