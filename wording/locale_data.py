"""What Babel knows of a locale, without what nobody reads here.

Guarantees: what is kept is Babel's own, where Babel keeps it. Names of currencies, scripts and time
zones, and units other than those of lengths are let go, in the whole process: most of the megabyte
or more that a language takes. Whoever asks Babel for one of them gets KeyError, and who asks for a
locale that is not there is offered none in its place.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from functools import cache
from typing import Any, cast

from babel import Locale
from babel.core import get_global
from babel.localedata import load

_LET_GO = (
    "compact_currency_formats",
    "compact_decimal_formats",
    "compound_unit_patterns",
    "currency_formats",
    "currency_names",
    "currency_names_plural",
    "currency_symbols",
    "currency_unit_patterns",
    "date_fields",
    "meta_zones",
    "scientific_formats",
    "scripts",
    "time_zones",
    "variants",
)
_OF_UNITS, _UNITS_READ = ("unit_patterns", "unit_display_names"), "length-"


@cache
def locale_named(name: str) -> Locale:
    """A locale by its name, `de` or `en_GB`. Raises UnknownLocaleError."""
    for of_all in (get_global("likely_subtags"), get_global("territory_languages")):
        cast(MutableMapping[str, Any], of_all).clear()
    language, _, country = name.partition("_")
    found = Locale(language, country or None)
    for each in _line(name):
        kept = load(each)  # the first with all that it inherits from, before that is made smaller
        for key in _LET_GO:
            kept.pop(key, None)
        for key in _OF_UNITS:
            for unit in [unit for unit in kept[key] if not unit.startswith(_UNITS_READ)]:
                del kept[key][unit]
    return found


def _line(name: str) -> Iterator[str]:
    """A locale and all that it inherits from: `en_GB`, `en_001`, `en`, `root`."""
    parents = get_global("parent_exceptions")
    while name != "root":
        yield name
        name = parents.get(name) or name.rpartition("_")[0] or "root"
    yield name
