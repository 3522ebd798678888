"""What phones carry between a tower and Harbor's server without being able to read it.

Guarantees: a packet is read only under the key that it was sealed with and as what it was sealed
as; else PacketError. Sealed, it is two hexadecimal strings, of varying length.
"""

from __future__ import annotations

import secrets
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from sandbox.harbor.sealing import Undecodable, Unsealable, seal_bytes, unseal_bytes
from sandbox.harbor.tower import SetLocker, TowerEvent

P = TypeVar("P", bound="Packet")
_MOST_PADDING = 16


class PacketError(ValueError):
    """The two strings are no such packet, or another tower's."""


class Packet(BaseModel):
    """What is sealed as JSON, with bytes in hexadecimal."""

    model_config = ConfigDict(ser_json_bytes="hex", val_json_bytes="hex")


class Events(Packet):
    """A tower's log from event `start` on, and the number of the last command that it obeyed."""

    kind: Literal["events"] = "events"
    tower: str
    start: int
    events: tuple[TowerEvent, ...]
    obeyed: int


class Commands(Packet):
    """The server's commands that a tower is not known to have obeyed."""

    kind: Literal["commands"] = "commands"
    tower: str
    commands: tuple[SetLocker, ...]


class Session(Packet):
    """What a phone may claim at a tower, and for how long: seconds."""

    kind: Literal["session"] = "session"
    tower: str
    claims: tuple[str, ...]
    duration: int


def pack(packet: Packet, key: bytes) -> tuple[str, str]:
    """`(payload, payload_auth)`, both hexadecimal."""
    padding = b" " * secrets.randbelow(_MOST_PADDING + 1)
    return seal_bytes(packet.model_dump_json().encode() + padding, key)


def unpack(kind: type[P], payload: str, payload_auth: str, key: bytes) -> P:
    """The packet of that kind. Raises PacketError."""
    try:
        return kind.model_validate_json(unseal_bytes(payload, payload_auth, key))
    except (Undecodable, Unsealable, ValidationError) as error:
        raise PacketError(f"no packet of {kind.__name__.lower()} from this tower") from error
