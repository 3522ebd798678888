"""Which country Harbor means: its locations name one in English, in no fixed spelling.

Guarantees: a name that is not known is no country, never a wrong one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from babel import Locale
from babel.core import get_global


def country_code(name: str | None) -> str | None:
    """The ISO 3166 code of two letters for `United States`, `USA` or `us`; None where unknown."""
    return _codes().get(_plain(name or ""))


def _plain(name: str) -> str:
    return " ".join(name.replace(".", "").replace("&", "and").casefold().split())


@cache
def _codes() -> Mapping[str, str]:
    """CLDR's English names, its codes, and older codes that stand for one country alone."""
    names = {str(code): str(name) for code, name in Locale("en").territories.items()}
    codes = {code for code in names if len(code) == 2 and code.isalpha() and code not in _NONE}
    older = {
        _plain(old): new[0] for old, new in get_global("territory_aliases").items() if len(new) == 1
    }
    return (
        {old: code for old, code in older.items() if code in codes}
        | {_plain(names[code]): code for code in codes}
        | {code.casefold(): code for code in codes}
        | {_plain(name): code for name, code in _ALSO.items()}
    )


_NONE = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})
"""Codes of two letters that name no country."""
_ALSO = {
    "Czech Republic": "CZ",
    "Great Britain": "GB",
    "Hong Kong": "HK",
    "Ivory Coast": "CI",
    "Macau": "MO",
    "Russian Federation": "RU",
    "The Netherlands": "NL",
    "Turkey": "TR",
    "United States of America": "US",
}
"""Usual names that CLDR does not give in English."""
