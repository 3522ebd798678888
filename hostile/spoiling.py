"""How a JSON document is spoilt: any field missing, null, of another type, out of any range.

Guarantees: the same draws make the same document; every text that is put in holds `WORD`, so that
whoever finds `WORD` in a log has found what somebody wrote.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

WORD = "zQ7kSecretWord"
"""In every text of every update."""

_ODD_TEXTS = (
    "",
    "\ud83d",
    "\udc00\ud800",
    "\0",
    "\u202e\u2066\u200f",
    "\x1b[2J\x1b]0;",
    "\u0301" * 80,
    "\u200d\ufe0f\U0001f468\u200d\U0001f469",
    "\U000e0067\U0010ffff\ufffe",
    "مرحبا‏",
    "<b>&lt;a href='",
    "{name} %s %(x)d {0}",
    "'; drop table people; --",
    "../../etc/passwd",
    "@channel https://example.org/ #tag $USD /start",
    "K7QF-2M9X",
    "\r\n\t\u2028\u2029",
    "\U0001f4e6" * 70,
)
_LONG, _RARELY = 500, 0.01
"""So often `WORD`, in so many of the texts."""
_NUMBERS = (
    *(0, 1, -1, 2**31, -(2**31) - 1, 2**53, 2**63 - 1, 2**63, -(2**63) - 1, 2**64, 10**18),
    *(10**30, -(10**30), 0.0, -0.5, 1e308, 5e-324, float("nan"), float("inf"), float("-inf")),
)
_DEPTHS = (3, 30, 200)


def odd_text(chance: Random) -> str:
    """Something that nobody writes, around `WORD`; longer than Telegram allows now and then."""
    if chance.random() < _RARELY:
        return WORD * _LONG
    return f"{chance.choice(_ODD_TEXTS)}{WORD}{chance.choice(_ODD_TEXTS)}"


def odd_value(chance: Random) -> Any:
    """A value of any type, out of any range."""
    match chance.randrange(9):
        case 0:
            return None
        case 1:
            return chance.choice((True, False))
        case 2 | 3:
            return chance.choice(_NUMBERS)
        case 4 | 5:
            return odd_text(chance)
        case 6:
            return [odd_value(chance) for _ in range(chance.randrange(3))]
        case 7:
            return {odd_text(chance): odd_value(chance) for _ in range(chance.randrange(3))}
    return _deep(chance)


def spoil(document: dict[str, Any], chance: Random) -> None:
    """Spoil one field of it, however deep."""
    places = list(_places(document))
    if not places:
        return
    within, key = chance.choice(places)
    match chance.randrange(6):
        case 0:
            del within[key]
        case 1:
            within[key] = None
        case 2 if isinstance(within, list):
            within.extend([within[key]] * chance.choice((1, 50)))
        case 3 if isinstance(within, dict):
            within[odd_text(chance)] = odd_value(chance)
        case _:
            within[key] = odd_value(chance)


def _deep(chance: Random) -> Any:
    """Itself within itself, many times."""
    name = chance.choice(("reply_to_message", "message", "chat", "from", "forward_origin", WORD))
    made: Any = WORD
    for _ in range(chance.choice(_DEPTHS)):
        made = [made] if name == WORD else {"message_id": 1, "date": 1, "id": 1, name: made}
    return made


def _places(within: Any) -> Iterator[tuple[Any, Any]]:
    """Every container with each of its keys."""
    keys = within if isinstance(within, dict) else range(len(within))
    for key in keys:
        yield within, key
        if isinstance(within[key], dict | list):
            yield from _places(within[key])
