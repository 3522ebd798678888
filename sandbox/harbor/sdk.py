"""Harbor's SDK API: what a phone with Harbor's SDK asks for before and after it speaks to a tower.

Paths and bodies are CONFIRMED by Harbor's Android SDK; what they do here is said at each route.
Whatever goes between server and tower is opaque to the phone.
"""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import Depends, Form

from sandbox.harbor import packets, syncing
from sandbox.harbor import sdk_schemas as wire
from sandbox.harbor.accounts import TOWER, Bearer
from sandbox.harbor.dependencies import TowerId, World, bearer_with, router
from sandbox.harbor.lockers import Refusal
from sandbox.harbor.schemas import AccessToken

phones = router("/sdk/v1", tags=["sdk"])

Phone = Annotated[Bearer, Depends(bearer_with(TOWER))]
NORDIC_UART = wire.ServiceBody(
    name="Nordic UART Service", uuid="6E400001-B5A3-F393-E0A9-E50E24DCCA9E"
)
"""The Bluetooth service to which the SDK falls back by itself."""


@phones.get("/services/")
async def services(phone: Phone) -> list[wire.ServiceBody]:
    """List the Bluetooth services by which towers are found. CONFIRMED; its items are INFERRED."""
    return [NORDIC_UART]


@phones.post("/towers/{tower_id}/session-token")
async def session_token(
    harbor: World, phone: Phone, tower_id: TowerId, asked: wire.SessionRequest
) -> wire.SessionBody:
    """Let a phone open a session at a tower. CONFIRMED; who may claim what is UNKNOWN."""
    site = harbor.registry.site(tower_id)
    session = packets.Session(
        tower=site.seed.id, claims=tuple(asked.claims), duration=asked.duration
    )
    payload, payload_auth = packets.pack(session, site.key)
    return wire.SessionBody(
        payload=payload,
        payload_auth=payload_auth,
        session_seed=secrets.token_hex(16),
        tower_id=site.seed.id,
    )


@phones.get("/towers/{tower_id}/configuration")
async def configuration(harbor: World, phone: Phone, tower_id: TowerId) -> wire.ConfigurationBody:
    """Give what configures a tower. CONFIRMED; a tower of this sandbox has nothing to set."""
    site = harbor.registry.site(tower_id)
    payload, _ = packets.pack(packets.Commands(tower=site.seed.id, commands=()), site.key)
    return wire.ConfigurationBody(tower_id=site.seed.id, commands=[payload])


@phones.get("/towers/{tower_id}/commands")
async def commands(harbor: World, phone: Phone, tower_id: TowerId) -> list[wire.CommandsBody]:
    """Give the commands that a tower is not known to have obeyed, in one packet. CONFIRMED."""
    site = harbor.registry.site(tower_id)
    if not site.commands:
        return []
    packet = packets.Commands(tower=site.seed.id, commands=tuple(site.commands))
    payload, payload_auth = packets.pack(packet, site.key)
    return [
        wire.CommandsBody(
            tower_id=site.seed.id,
            sync_command_count=len(site.commands),
            sync_command_start=site.commands[0].number,
            payload=payload,
            payload_auth=payload_auth,
        )
    ]


@phones.post("/towers/{tower_id}/events")
async def events(
    harbor: World, phone: Phone, tower_id: TowerId, brought: list[wire.EventsBody]
) -> wire.Message:
    """Hear what a tower has logged: a sync, but for the commands. CONFIRMED; refusals INFERRED."""
    site = harbor.registry.site(tower_id)
    try:
        read = [_read(each, site.key) for each in brought]
    except packets.PacketError as error:
        raise Refusal(400, "Events could not be read") from error
    news = sum(syncing.hear(harbor.server, site, packet) for packet in read)
    return wire.Message(msg=f"events received: {news}")


@phones.post("/towers/{tower_id}/reset-events")
async def reset_events(
    harbor: World, phone: Phone, tower_id: TowerId, asked: wire.ResetRequest
) -> wire.TowerBody:
    """Count a tower's events anew. CONFIRMED; no tower here loses count, so nothing changes."""
    seed = harbor.registry.site(tower_id).seed
    return wire.TowerBody(
        id=seed.id,
        name=seed.name,
        description=seed.location.description or "",
        system_id=1,
        tower_model_id=2 if seed.keypad else 1,
        location_id=seed.location.id,
        pin_code="0000",
        access_mode_id=1,
        is_for_test=True,
    )


@phones.post("/login/access-token")
async def sdk_access_token(
    harbor: World, username: Annotated[str, Form()] = "", password: Annotated[str, Form()] = ""
) -> AccessToken:
    """Log in as the SDK once did. CONFIRMED then; support today is UNKNOWN."""
    if not harbor.accounts.knows(username, password):
        raise Refusal(401, "Incorrect username or password")
    bearer = Bearer(username, frozenset({TOWER}))
    return AccessToken(access_token=harbor.accounts.issue(bearer))


def _read(brought: wire.EventsBody, key: bytes) -> packets.Events:
    """The packet that a phone brought. Raises PacketError, also if it is not what it is called."""
    packet = packets.unpack(packets.Events, brought.payload, brought.payload_auth, key)
    called = brought.sync_event_start, brought.sync_event_count
    if called != (packet.start, len(packet.events)):
        raise packets.PacketError("other events than it says")
    return packet
