"""By which words somebody or something is found.

Guarantees: pure functions; what is written with accents, in capitals or with signs in it is found
without them, and the reverse.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
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
    """By what a delivery that is under way is found. `names` are its people's, how the sender
    calls whoever collects, and the parcel's; `called` their usernames."""

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


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a query, between blanks, and what it may be: a door, a username, an id, words.

    `towers` are those that are found by it.
    """

    text: str
    door: str
    username: str | None
    person: PersonId | None
    words: tuple[str, ...]
    towers: frozenset[TowerId]


def parts_of(query: str, towers: Mapping[TowerId, Collection[str]]) -> list[Part]:
    """The parts of a query; `towers` by what each of them is found."""
    parts = []
    for text in query.split()[:MOST_WORDS]:
        words = () if text.startswith("@") else words_of(text)
        at = (
            tower
            for tower, known in towers.items()
            if words and all(begin_with(known, word) for word in words)
        )
        parts.append(
            Part(text, text.casefold(), username(text), telegram_id(text), words, frozenset(at))
        )
    return parts


def is_meant(glimpse: Glimpse, parts: Sequence[Part]) -> bool:
    """Whether each part of a query is said of the delivery."""
    door = glimpse.door.casefold() if glimpse.door is not None else None
    names: Sequence[str] | None = None
    for part in parts:
        if part.door == door or glimpse.tower in part.towers:
            continue
        if part.username in glimpse.called or part.person in glimpse.people:
            continue
        if names is None:
            names = words_of(" ".join(glimpse.names))
        if not part.words or not all(begin_with(names, word) for word in part.words):
            return False
    return True
