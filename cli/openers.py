"""What opens doors, as settings write it: `LOCKERBOT_OPENER`, the towers' file, the app's link.

Guarantees: whatever can't be used is refused in one line that says what to do; a template of the
app's link sends what opens a door to no server.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot.domain.ids import TowerId
from bot.domain.openers import LONGEST_LINK, Opener, Openers
from bot.domain.policy import Policy
from bot.domain.tower import Tower
from cli.fields import chat_id

GRAMMAR = "write token, link, or drop_off=token pick_up=link"
SAME_FOR_ALL = "write the same opener and keypad for all of them"
LONGEST_NAME = 40

_TOWER = re.compile(r"[0-9a-f]{16}")
_MOVEMENTS = ("drop_off", "pick_up")
_KEYS = ("id", "opener", "keypad", "operators")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_SECRET = ("payload", "payload_auth")
_NAMED = ("tower_id", "locker_id", *_SECRET)
_UNFIT = re.compile(r"[\s\\\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class TowerSetting:
    """One tower of `LOCKERBOT_TOWERS`; `openers` None: as everywhere else. `operators` are ids of
    chats, as they are written there: who looks after this tower and not after all."""

    id: TowerId
    openers: Openers | None = None
    keypad: bool = False
    operators: tuple[int, ...] = ()

    def given(self, everywhere: Openers) -> Openers:
        """What opens its doors, where `everywhere` counts for all that it leaves out."""
        return replace(self.openers or everywhere, keypad=self.keypad)


# -- reading


def read_openers(text: Any) -> Openers:
    """`token`, `link`, or both movements by name. Raises ValueError, in one line."""
    if isinstance(text, Openers):
        return text
    words = text.split() if isinstance(text, str) else []
    if len(words) == 1 and "=" not in words[0]:
        return Openers(_opener(words[0]), _opener(words[0]))
    given = [word.partition("=")[::2] for word in words]
    if sorted(name for name, _ in given) != list(_MOVEMENTS):
        raise ValueError(f"{text!r} does not name an opener for each movement; {GRAMMAR}")
    by_movement = {name: _opener(value) for name, value in given}
    return Openers(by_movement["drop_off"], by_movement["pick_up"])


def _opener(word: str) -> Opener:
    if word in list(Opener):
        return Opener(word)
    if word == "keypad":
        raise ValueError(
            "a keypad is no opener; write link, and keypad = true for its tower in LOCKERBOT_TOWERS"
        )
    raise ValueError(f"{word!r} is no opener; {GRAMMAR}")


def read_towers(value: Any) -> Any:
    """Ids separated by commas, or a TOML file of `[[towers]]` tables. Raises ValueError."""
    if not isinstance(value, str):
        return value
    if value.endswith(".toml"):
        return _of_file(Path(value))
    ids = [part for part in (piece.strip() for piece in value.split(",")) if part]
    return [TowerSetting(_tower_id(each)) for each in ids]


def _of_file(path: Path) -> list[TowerSetting]:
    try:
        read = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:  # what is no UTF-8 and what is no TOML are ValueErrors
        raise ValueError(
            f"can't be read as a TOML file of [[towers]] with an id: {_in_one_line(error)}"
        ) from None
    _refuse_unknown(read, ("towers",), "at the top of the file")
    tables = read.get("towers")
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ValueError("can't be read as a TOML file of [[towers]] with an id: there is none")
    towers = [_of_table(table) for table in tables]
    ids = [tower.id for tower in towers]
    if twice := next((each for each in ids if ids.count(each) > 1), None):
        raise ValueError(f"tower {twice} has two [[towers]] tables; leave one")
    return towers


def _of_table(table: Mapping[str, Any]) -> TowerSetting:
    if "id" not in table:
        raise ValueError("can't be read as a TOML file of [[towers]] with an id: one has no id")
    tower, keypad = _tower_id(table["id"]), table.get("keypad", False)
    _refuse_unknown(table, _KEYS, f"tower {tower}")
    if not isinstance(keypad, bool):
        raise ValueError(  # noqa: TRY004 - which is what pydantic looks for
            f"tower {tower}: keypad is true or false, not {keypad!r}"
        )
    try:
        openers = read_openers(table["opener"]) if "opener" in table else None
    except ValueError as error:
        raise ValueError(f"tower {tower}: {error}") from None
    return TowerSetting(tower, openers, keypad, _operators(table.get("operators", []), tower))


def _operators(value: Any, tower: TowerId) -> tuple[int, ...]:
    if isinstance(value, list) and all(type(each) is int for each in value):
        try:
            return tuple(dict.fromkeys(map(chat_id, value)))
        except ValueError as error:
            raise ValueError(f"tower {tower}: operators: {error}") from None
    raise ValueError(
        f"tower {tower}: operators is a list of Telegram ids, like [1000, 1001], not {value!r}"
    )


def _refuse_unknown(table: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for name in table:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0)
            raise ValueError(f"{where}: there is no key {name!r}; did you mean {near[0]}?")


def _tower_id(value: Any) -> TowerId:
    tower = value.lower() if isinstance(value, str) else ""
    if not _TOWER.fullmatch(tower):
        raise ValueError(f"{value!r} is no tower id; one has 16 hexadecimal digits")
    return TowerId(tower)


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split())


# -- the app that opens by token


def read_app_name(name: str) -> str:
    """A name that fits into a sentence. Raises ValueError."""
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise ValueError(f"may have 1 to {LONGEST_NAME} characters in one line; shorten it")
    return name.strip()


def read_app_link(template: str) -> str:
    """A template of an https link, with what opens the door after `#` only. Raises ValueError."""
    before, _, after = template.partition("#")
    if _UNFIT.search(template) or len(template) > LONGEST_LINK:
        raise ValueError(
            f"is no link of up to {LONGEST_LINK} characters without spaces; write "
            "https://host/path#…{payload}…{payload_auth}"
        )
    _refuse_unknown_placeholders(template)
    for name in _SECRET:
        if template.count(f"{{{name}}}") != 1 or after.count(f"{{{name}}}") != 1:
            raise ValueError(f"must hold {{{name}}} once, after #, so that no server is sent it")
    try:
        parts = urlsplit(before)
        named = bool(parts.hostname) and "{" not in parts.netloc and parts.port != 0
    except ValueError:  # no port, or no address in brackets
        named = False
    if not template.startswith("https://") or not named:
        raise ValueError("must begin with https:// and a host, without placeholders up to its path")
    return template


def _refuse_unknown_placeholders(template: str) -> None:
    allowed = " ".join(f"{{{name}}}" for name in _NAMED)
    for name in _PLACEHOLDER.findall(template):
        if name not in _NAMED:
            raise ValueError(f"there is no placeholder {{{name}}}; there are {allowed}")
    if set("{}") & set(_PLACEHOLDER.sub("", template)):
        raise ValueError(f"has a brace that belongs to no placeholder; there are {allowed}")


# -- what the towers that are known make of it


def differing(towers: Iterable[Tower], policy: Policy) -> str | None:
    """What is wrong where towers of one location are opened differently, in one line.

    Harbor picks the locker for a link among all of a location, so it is one place to people.
    """
    locations: defaultdict[int, list[Tower]] = defaultdict(list)
    for tower in towers:
        if tower.location is not None:
            locations[tower.location].append(tower)
    for found in locations.values():
        if len({policy.openers_at(tower.id) for tower in found}) > 1:
            ids = ", ".join(sorted(tower.id for tower in found))
            name = found[0].location_name or found[0].name
            return f"towers {ids} stand at one location ({name}); {SAME_FOR_ALL}"
    return None


# -- what it takes to open a door


def described(openers: Openers) -> str:
    """`drop_off=token pick_up=link`, or one word; `, keypad` after it."""
    same = openers.drop_off is openers.pick_up
    movements = f"drop_off={openers.drop_off} pick_up={openers.pick_up}"
    return (openers.drop_off.value if same else movements) + (", keypad" if openers.keypad else "")


def demands(policy: Policy) -> dict[str, str]:
    """What each opener that is configured somewhere demands of people, by its name."""
    configured = [policy.openers, *policy.tower_openers.values()]
    used = {opener for each in configured for opener in (each.drop_off, each.pick_up)}
    app = policy.app_name or "not named: set LOCKERBOT_APP_NAME"
    said = {
        Opener.LINK: "any phone: an iPhone opens an App Clip, Android needs the Locker Open app",
        Opener.TOKEN: f"a phone with the app that has Harbor's SDK ({app})",
    }
    told = {opener.value: said[opener] for opener in Opener if opener in used}
    if any(asks_for_digits(each) for each in configured):
        told["keypad"] = "nothing: digits typed at the tower, where Harbor tells them"
    return told


def asks_for_digits(openers: Openers) -> bool:
    """Whether Harbor is asked for digits: beside a link, where there is a keypad."""
    return openers.keypad and Opener.LINK in (openers.drop_off, openers.pick_up)
