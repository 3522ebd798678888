"""A tower: doors, a memory of its own, a log of its own, and no network.

Guarantees: a door opens only to a token whose tag, tower, locker, expiry and match all hold, or
to a keypad code in force; each opening and each update is in the log until a phone collects it.
Errors are the firmware's (Harbor's Android SDK); which error means what is INFERRED.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.harbor.sealing import Keypad, OpenOrder, Undecodable, Unsealable, new_token, unseal

ERRORS = {
    101: ("sdk.common", "packet not decoded"),
    107: ("firmware.blink", "message expired"),
    206: ("firmware.session", "tower id mismatch"),
    207: ("firmware.session", "payload signature invalid"),
    502: ("firmware.blink", "locker not found"),
    503: ("firmware.blink", "last-open data invalid"),
    508: ("firmware.blink", "bad sync push"),
    504: ("firmware.blink", "no last opened locker"),
}


class FirmwareError(Exception):
    """The tower refuses; `domain`, `code` and `message` are what the phone is told."""

    def __init__(self, code: int) -> None:
        self.domain, self.message = ERRORS[code]
        self.code = code
        super().__init__(f"{self.domain} {code}: {self.message}")


class DoorError(Exception):
    """Something is asked of a door that it does not allow as it stands."""


@dataclass(slots=True)
class Door:
    """A door and what the tower remembers of its locker: never what Harbor's server believes."""

    id: int
    token: bytes
    available: bool = True
    keypad: Keypad | None = None
    open: bool = False
    parcel: str | None = None
    last_order: int | None = None


@dataclass(frozen=True, slots=True)
class TowerEvent:
    """A locker access (`opened`) or a locker update, as it will reach the server.

    A tower numbers its events from 1. `reverted`: an access that took a drop-off back, which
    `token_id` had made.
    """

    number: int
    at: datetime
    locker: int
    opened: bool
    token: bytes
    available: bool
    token_id: int | None = None
    keypad_code: str | None = None
    reverted: bool = False


@dataclass(frozen=True, slots=True)
class SetLocker:
    """A server's command: write `token` and availability, if the locker's token is `match`.

    The server numbers the commands to a tower from 1.
    """

    number: int
    locker: int
    match: bytes | None
    token: bytes
    available: bool


class Tower:
    """One tower. `single_use` False lets the token last obeyed open its door again."""

    def __init__(
        self, id: str, key: bytes, now: Callable[[], datetime], *, single_use: bool = True
    ) -> None:
        self.id, self.single_use = id, single_use
        self.doors: dict[int, Door] = {}
        self.log: list[TowerEvent] = []
        self.logged = 0
        self.obeyed = 0
        self._key, self._now = key, now
        self._obeyed: set[int] = set()
        self._last_opened: Door | None = None

    def add_door(self, id: int, *, available: bool = True, parcel: str | None = None) -> Door:
        """A further door, closed."""
        door = self.doors[id] = Door(id, new_token(), available, parcel=parcel)
        return door

    def hold(self, payload: str, payload_auth: str) -> Door:
        """A phone passes a locker token on: the door it opened. Raises FirmwareError."""
        try:
            order = unseal(payload, payload_auth, self._key)
        except Undecodable as error:
            raise FirmwareError(101) from error
        except Unsealable as error:
            raise FirmwareError(207) from error
        if order.expires <= self._now():
            raise FirmwareError(107)
        if order.tower != self.id:
            raise FirmwareError(206)
        door = self.doors.get(order.locker)
        if door is None:
            raise FirmwareError(502)
        return self._obey(order, door)

    def learn_code(self, locker: int, code: Keypad) -> None:
        """A door takes a keypad code, in the place of any other. Raises KeyError."""
        self.doors[locker].keypad = code

    def type_code(self, digits: str) -> Door:
        """Somebody types a keypad code: the door it opened. Raises FirmwareError."""
        for door in self.doors.values():
            code = door.keypad
            if code is not None and code.code == digits:
                door.token, door.available = code.next_token, code.next_available
                door.last_order = None
                if not code.persists:
                    door.keypad = None
                return self._open(door, keypad_code=digits)
        raise FirmwareError(502)

    def reopen(self) -> Door:
        """The phone's second try at the door last opened. Raises FirmwareError."""
        if self._last_opened is None:
            raise FirmwareError(504)
        self._last_opened.open = True
        return self._last_opened

    def revert(self, token_id: int) -> tuple[Door, str | None]:
        """Undo the drop-off of a token: its door, open once more, and what was taken out.

        The locker is available; no older token or code opens it. Raises FirmwareError unless the
        token was the last to open a door and nothing has changed that locker since.
        """
        door = self._last_opened
        if door is None:
            raise FirmwareError(504)
        if door.last_order != token_id:
            raise FirmwareError(503)
        door.last_order, door.keypad = None, None
        door.token, door.available = new_token(), True
        taken, door.parcel = door.parcel, None
        self._open(door, token_id=token_id, reverted=True)
        return door, taken

    def close(self, locker: int) -> None:
        """Push a door shut. Raises DoorError, KeyError."""
        self._opened(locker).open = False

    def put_in(self, locker: int, parcel: str) -> None:
        """Lay a parcel into an open, empty locker. Raises DoorError, KeyError."""
        door = self._opened(locker)
        if door.parcel is not None:
            raise DoorError("there is a parcel inside already")
        door.parcel = parcel

    def take_out(self, locker: int) -> str:
        """Take the parcel out of an open locker. Raises DoorError, KeyError."""
        door = self._opened(locker)
        if door.parcel is None:
            raise DoorError("there is no parcel inside")
        parcel, door.parcel = door.parcel, None
        return parcel

    def collect_log(self) -> list[TowerEvent]:
        """A phone takes the log away, oldest first."""
        log, self.log = self.log, []
        return log

    def forget(self, number: int) -> None:
        """The server has every event up to this number."""
        self.log = [event for event in self.log if event.number > number]

    def obey(self, commands: Iterable[SetLocker]) -> None:
        """A phone brings the server's commands: each is obeyed once, if it still fits."""
        for command in commands:
            if command.number <= self.obeyed:
                continue
            self.obeyed = command.number
            door = self.doors[command.locker]
            if command.match in (None, door.token):
                door.token, door.available = command.token, command.available
                door.keypad, door.last_order = None, None
                self._note(door, opened=False)

    def _obey(self, order: OpenOrder, door: Door) -> Door:
        if order.token_id in self._obeyed:
            if self.single_use or door.last_order != order.token_id:
                raise FirmwareError(502)
            return self._open(door, token_id=order.token_id)
        if order.match != door.token:
            raise FirmwareError(502)
        self._obeyed.add(order.token_id)
        door.last_order = order.token_id
        door.token, door.available, door.keypad = order.next_token, order.available, order.keypad
        return self._open(door, token_id=order.token_id)

    def _open(self, door: Door, **how: Any) -> Door:
        door.open = True
        self._last_opened = door
        self._note(door, opened=True, **how)
        return door

    def _note(self, door: Door, *, opened: bool, **how: Any) -> None:
        self.logged += 1
        memory = door.token, door.available
        self.log.append(TowerEvent(self.logged, self._now(), door.id, opened, *memory, **how))

    def _opened(self, locker: int) -> Door:
        door = self.doors[locker]
        if not door.open:
            raise DoorError("the door is closed")
        return door
