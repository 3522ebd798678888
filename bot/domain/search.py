"""By which words somebody or something is found.

Guarantees: pure functions; what is written with accents, in capitals or with signs in it is found
without them, and the reverse.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from bot.domain.ids import CROCKFORD, DeliveryId, PersonId, TowerId
from bot.domain.tower import Tower

MOST_WORDS = 8
"""Of a name, or of what is looked for; what follows is left out."""
LONGEST_WORD = 32
MOST_FOUND = 1000
"""Deliveries that one search tells of; of more it says so."""
MOST_PEOPLE = 50
"""People of one name whose past deliveries are looked through."""
LONGEST_QUERY = 100

_BETWEEN = re.compile(r"[\s\-‐‑–—_.,;:/·]+")
_DELIVERY = re.compile(f"[{CROCKFORD.lower()}]{{10}}")
_WITHOUT_STROKE = str.maketrans("łøđħı", "lodhi")
"""Letters that Unicode does not take apart."""
_READ_ALIKE = str.maketrans("oil", "011")
_USERNAME = re.compile(r"@?([A-Za-z0-9_]{3,32})")


@lru_cache(8192)  # of live deliveries the same few thousand names are looked through each time
def words_of(text: str) -> tuple[str, ...]:
    """The words of `text` in lower case, without accents and signs, each once."""
    apart = unicodedata.normalize("NFKD", text[:1024]).casefold().translate(_WITHOUT_STROKE)
    plain = "".join(sign for sign in apart if not unicodedata.combining(sign))
    words = ("".join(filter(str.isalnum, word)) for word in _BETWEEN.split(plain))
    return tuple(dict.fromkeys(word[:LONGEST_WORD] for word in words if word))[:MOST_WORDS]


def delivery_id(text: str) -> DeliveryId | None:
    """The id of a delivery that `text` is; None where it can't be one. O is read as 0, I and L as
    1, and the case does not matter."""
    written = text.strip().lower().translate(_READ_ALIKE)
    return DeliveryId(written) if _DELIVERY.fullmatch(written) else None


def username(text: str) -> str | None:
    """What `text` is as a username, in lower case and without @; None where it can't be one."""
    found = _USERNAME.fullmatch(text.strip())
    return found[1].lower() if found else None


def telegram_id(text: str) -> PersonId | None:
    """Somebody's id at Telegram that `text` is; None where it can't be one."""
    written = text.strip()
    return PersonId(int(written)) if re.fullmatch(r"[1-9][0-9]{0,15}", written) else None


@dataclass(frozen=True, slots=True)
class Glimpse:
    """By what a delivery that is under way is found. `names` are its people's and how the sender
    calls whoever collects; `called` their usernames."""

    delivery: DeliveryId
    tower: TowerId
    door: str | None
    changed_at: datetime | None
    people: tuple[PersonId, ...]
    names: tuple[str, ...]
    called: tuple[str, ...]


def tower_words(tower: Tower) -> frozenset[str]:
    """By what a tower is found: its name, where it stands, its id. Numbers of an address are no
    words of it, as they would be taken for a door's."""
    names = words_of(f"{tower.name} {tower.location_name or ''}")
    where = (word for word in words_of(f"{tower.city} {tower.address}") if not word.isdecimal())
    return frozenset((*names, *where, tower.id))


def begin_with(known: Collection[str], word: str) -> bool:
    """Whether one of the `known` words begins with `word`."""
    return any(each.startswith(word) for each in known)


def is_meant(glimpse: Glimpse, query: str, at: Collection[str]) -> bool:
    """Whether each part of `query` is said of the delivery, whose tower is found by `at`."""
    names = words_of(" ".join(glimpse.names))
    return all(_said(glimpse, part, names, at) for part in query.split())


def _said(glimpse: Glimpse, part: str, names: Sequence[str], at: Collection[str]) -> bool:
    if glimpse.door is not None and part.casefold() == glimpse.door.casefold():
        return True
    if username(part) in glimpse.called or telegram_id(part) in glimpse.people:
        return True
    known, words = (*names, *at), () if part.startswith("@") else words_of(part)
    return bool(words) and all(begin_with(known, word) for word in words)
