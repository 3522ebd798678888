"""The bodies of Harbor's SDK API: camelCase, but snake_case where a session or a login is given."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from sandbox.harbor.schemas import LONGEST_DURATION, Camel

Claim = Literal[
    "sync_packet", "locker_pickup", "locker_delivery", "owner", "technician", "developer"
]
Hex = Annotated[str, Field(pattern=r"^([0-9A-Fa-f]{2})+$")]


class ServiceBody(BaseModel):
    """A Bluetooth service by which towers are found."""

    name: str
    uuid: str


class SessionRequest(BaseModel):
    """What a phone wants to do at a tower, for how many seconds, and the tower's firmware."""

    duration: int = Field(ge=1, le=LONGEST_DURATION, examples=[3600])
    claims: list[Claim] = Field(min_length=1, examples=[["owner"]])
    version: str = Field(max_length=40, examples=["0.10.6"])


class SessionBody(BaseModel):
    """A session token for the tower; all but `tower_id` is opaque."""

    payload: str
    payload_auth: str
    session_seed: str
    tower_id: str


class ConfigurationBody(Camel):
    """What configures a tower: opaque hexadecimal strings."""

    tower_id: str
    commands: list[str]


class CommandsBody(Camel):
    """Commands for a tower: how many, from which number on, and the opaque two strings."""

    tower_id: str
    sync_command_count: int
    sync_command_start: int
    payload: str
    payload_auth: str


class EventsBody(Camel):
    """A tower's events as it hands them to a phone: from which number on, how many, opaque."""

    sync_event_start: int = Field(ge=0)
    sync_event_count: int = Field(ge=0)
    payload: Hex
    payload_auth: Hex


class Message(BaseModel):
    """An answer in words."""

    msg: str


class ResetRequest(BaseModel):
    """Why a tower's events are counted anew."""

    reason: str = Field(max_length=1000)


class TowerBody(Camel):
    """A tower, as the SDK knows it."""

    id: str
    name: str
    description: str
    system_id: int
    tower_model_id: int
    location_id: int
    pin_code: str
    access_mode_id: int
    is_for_test: bool
