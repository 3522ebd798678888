"""What the bot reads of an update, and of which type each of it must be.

Guarantees: `read` gives back the fields of the table below and no others, each as the Bot API
promises it, so that no step meets a number where words belong; whatever nobody reads may be as odd
as it likes. What ought to be otherwise is Misshapen.
Half characters are replaced: what a step gets can be written as UTF-8. python-telegram-bot itself
believes whatever it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


class Misshapen(ValueError):
    """Something is not as the Bot API promises it: names the field, and quotes nothing."""


Reader = Callable[[Any], Any]
"""Gives back what it is given, or raises Misshapen."""


def number_of(update: object) -> int | None:
    """The update's id; None where it is no update."""
    try:
        number: int = _count(update["update_id"] if isinstance(update, dict) else None)
    except (Misshapen, KeyError):
        return None
    return number


def read(update: Mapping[str, Any]) -> dict[str, Any]:
    """What the bot reads of it. Raises Misshapen."""
    made: dict[str, Any] = _UPDATE(update)
    return made


def _whole(least: int, most: int) -> Reader:
    def whole(value: Any) -> int:
        if type(value) is not int or not least <= value <= most:
            raise Misshapen("not such a number")
        return value

    return whole


def _degrees(most: float) -> Reader:
    def degrees(value: Any) -> float:
        if type(value) not in (int, float) or not -most <= value <= most:
            raise Misshapen("not an angle")
        return float(value)

    return degrees


def _truth(value: Any) -> bool:
    if type(value) is not bool:
        raise Misshapen("neither true nor false")
    return value


def _text(value: Any) -> str:
    if type(value) is not str:
        raise Misshapen("not a text")
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def _stands_for(made: Mapping[str, Any]) -> Reader:
    """Of this nothing is read but that it is there: as little as python-telegram-bot needs."""
    return lambda value: dict(made)


def _as_it_is(value: Any) -> Any:
    return value


def _each(reader: Reader) -> Reader:
    def each(value: Any) -> list[Any]:
        if type(value) is not list:
            raise Misshapen("not a list")
        return [reader(entry) for entry in value]

    return each


def _object(required: Mapping[str, Reader], optional: Mapping[str, Reader] | None = None) -> Reader:
    wanted = {**required, **(optional or {})}

    def read_object(value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise Misshapen("not an object")
        made = {}
        for name, reader in wanted.items():
            if (given := value.get(name)) is not None:
                made[name] = _read_field(name, reader, given)
            elif name in required:
                raise Misshapen(f"{name}: missing")
        return made

    return read_object


def _read_field(name: str, reader: Reader, given: Any) -> Any:
    try:
        return reader(given)
    except Misshapen as error:
        raise Misshapen(f"{name}: {error}") from None


_id = _whole(1 - 2**52, 2**52 - 1)  # "at most 52 significant bits"
_count = _whole(0, 2**53)
_time = _whole(0, 253_402_300_799)  # as far as calendars go

_USER = _object(
    {"id": _id, "is_bot": _truth, "first_name": _text},
    {"last_name": _text, "username": _text, "language_code": _text},
)
_CHAT = _object({"id": _id, "type": _text})
_ENTITIES = _each(
    _object({"type": _text, "offset": _count, "length": _count}, {"url": _text}),
)
_PICKED = _object({"user_id": _id}, {"first_name": _text, "last_name": _text, "username": _text})
_A_FILE = {"file_id": "-", "file_unique_id": "-"}
_A_SIZE = {**_A_FILE, "width": 0, "height": 0}
_A_STICKER = {"is_animated": False, "is_video": False, "type": "regular"}
_MESSAGE = _object(
    {"message_id": _count, "date": _time, "chat": _CHAT},
    {
        "from": _USER,
        "text": _text,
        "caption": _text,
        "entities": _ENTITIES,
        "caption_entities": _ENTITIES,
        "location": _object({"latitude": _degrees(90), "longitude": _degrees(180)}),
        "photo": _each(
            _object(
                {"file_id": _text, "file_unique_id": _text, "width": _count, "height": _count},
                {"file_size": _count},
            )
        ),
        "media_group_id": _text,
        "document": _stands_for(_A_FILE),
        "video": _stands_for({**_A_SIZE, "duration": 0}),
        "animation": _stands_for({**_A_SIZE, "duration": 0}),
        "sticker": _stands_for({**_A_SIZE, **_A_STICKER}),
        "contact": _object({"phone_number": _text, "first_name": _text}, {"user_id": _id}),
        "users_shared": _object(
            {"request_id": _whole(-(2**31), 2**31 - 1), "users": _each(_PICKED)}
        ),
    },
)
# Which message a button stood on is all that is read of it; see `handlers.telegram.updates`.
_ABOVE_A_BUTTON = _object({"message_id": _count, "chat": _CHAT})
_QUERY = _object(
    {"id": _text, "from": _USER, "chat_instance": _text},
    {"message": _ABOVE_A_BUTTON, "data": _text},
)
_MEMBERSHIP = _object(
    {
        "chat": _CHAT,
        "from": _USER,
        "date": _time,
        # What else is said of members depends on what they are: python-telegram-bot reads it.
        "old_chat_member": _as_it_is,
        "new_chat_member": _as_it_is,
    }
)
_KINDS = {
    "message": _MESSAGE,
    "edited_message": _MESSAGE,
    "callback_query": _QUERY,
    "my_chat_member": _MEMBERSHIP,
}
_UPDATE = _object({"update_id": _count}, _KINDS)

KINDS = tuple(_KINDS)
"""The kinds of update that are read; of any other, nothing is but its id."""
