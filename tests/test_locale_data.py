"""What Babel knows of a locale, made smaller: all that is said is said as before."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time

import pytest
from babel import UnknownLocaleError
from babel.localedata import load

from bot.domain.languages import LANGUAGES
from tests.support.commands import ran
from wording.conventions import TWELVE_HOURS
from wording.language import own_name, speak
from wording.locale_data import locale_named

COUNTRIES = (*sorted(TWELVE_HOURS), "AT", "CH", "DE", "ES", "FR", "GB", "MX", "PL", "UA")
WITH_ALL_OF_BABELS = """
import json
from babel import Locale
from babel.localedata import load
from tests.test_locale_data import all_that_is_said
from wording import language
language.locale_named = lambda name: Locale(*name.split("_"))
print(json.dumps(all_that_is_said()))
assert "currency_names" in load("en"), "nothing has been let go"
"""


def all_that_is_said() -> list[str]:
    """Of moments, numbers and distances: in each language, in each country."""
    told: list[str] = []
    day, later = date(2026, 3, 2), date(2026, 5, 30)
    for language in LANGUAGES:
        words = speak(language)
        told += [own_name(language), words.weekday(day), words.weekday_name(day)]
        told += [words.decimal(1234.5), words.percent(0.25), words.days(day, later, None)]
        told += [words.date(datetime(2026, 3, 2, 18, 5, tzinfo=UTC), None)]
        for country in COUNTRIES:
            told += [words.time_of_day(time(18, 5), country)]
            told += [words.distance(far, country) for far in (0.01, 0.5, 5, 5000)]
    return told


async def test_with_all_that_babel_knows_the_same_is_said(tmp_path):
    assert json.loads(await ran(tmp_path, "-c", WITH_ALL_OF_BABELS)) == all_that_is_said()


def test_what_nobody_reads_is_let_go_of_a_locale_and_of_all_it_inherits_from():
    locale_named("en_GB")
    for name in ("en_GB", "en_001", "en", "root"):
        assert not load(name).keys() & {"currency_names", "meta_zones", "scripts"}
        assert set(load(name)["unit_patterns"]) >= {"length-kilometer", "length-mile"}
        assert all(unit.startswith("length-") for unit in load(name)["unit_patterns"])


def test_a_locale_that_babel_has_not_is_unknown():
    with pytest.raises(UnknownLocaleError):
        locale_named("de_BR")
