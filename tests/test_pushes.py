"""Harbor's pushes as the assembled bot takes them: once, by their word only when signed."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import MISSING, Field, fields
from typing import Any

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from bot.domain.delivery import Delivery
from bot.domain.lifecycle import State
from bot.ports.errors import TryLater
from cli.assembly import Assembly
from harbor.webhooks import Signature
from tests.support.core import Core
from web.deliveries import Refusal

SECRET = b"shared"


def taking(core: Core, *, watcher: Any = None) -> Assembly:
    """What takes pushes; the other parts of the bot are not asked."""
    parts: dict[str, Any] = {each.name: None for each in fields(Assembly) if not optional(each)}
    asked = {
        "database": core.database,
        "clock": core.clock,
        "policy": core.policy,
        "watcher": watcher or core.watcher,
        "signature": Signature(SecretStr(SECRET.decode())),
    }
    return Assembly(**(parts | asked))


def optional(part: Field[Any]) -> bool:
    return part.default is not MISSING or part.default_factory is not MISSING


def occupied(core: Core, delivery: Delivery) -> bytes:
    said = {
        "timestamp": core.clock.now().isoformat(),
        "tower_id": delivery.tower,
        "locker_id": delivery.locker,
        "locker_status": "occupied",
    }
    return json.dumps({"event": "LOCKER_OPERATION", "data": said}).encode()


def signed(body: bytes) -> dict[str, str]:
    return {"x-harbor-signature": hmac.new(SECRET, body, hashlib.sha256).hexdigest()}


async def test_a_signed_push_counts_and_an_unsigned_one_is_refused_and_said_once(
    core: Core,
) -> None:
    delivery = await core.rented()
    bot, body = taking(core), occupied(core, delivery)
    with capture_logs() as logs:
        for _ in range(3):
            with pytest.raises(Refusal) as refused:
                await bot.push({}, body)
            assert refused.value.status == 401
    assert [entry["event"] for entry in logs] == ["push_refused"]
    assert (await core.now(delivery)).state is State.RENTED
    await bot.push(signed(body), body)
    assert (await core.now(delivery)).state is State.STORED


async def test_a_signed_push_that_is_sent_again_makes_nobody_look(core: Core) -> None:
    body = occupied(core, await core.rented())
    heard = []

    class Watching:
        async def heard(self, push: Any) -> None:
            heard.append(push)

    bot = taking(core, watcher=Watching())
    for _ in range(5):
        await bot.push(signed(body), body)
    assert len(heard) == 1


async def test_a_push_that_could_not_be_taken_counts_when_it_comes_again(core: Core) -> None:
    body = occupied(core, await core.rented())
    failures = [TryLater("storage is away")]
    heard = []

    class Watching:
        async def heard(self, push: Any) -> None:
            if failures:
                raise failures.pop()
            heard.append(push)

    bot = taking(core, watcher=Watching())
    with pytest.raises(TryLater):
        await bot.push(signed(body), body)
    await bot.push(signed(body), body)
    assert len(heard) == 1
