"""A Harbor that gives everybody a token and always the same lockers: picklable, and instant."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from benchmarks.loopback import Exchange
from bot.domain.ids import TowerId
from harbor.access import Access

TOWER = TowerId("0100000000000175")
_TOKEN = b'{"access_token": "t", "expires_in": 300}'


def lockers(status: str, count: int, *, first: int = 900) -> bytes:
    """A list of `count` lockers of one tower, about 170 bytes each."""
    return listed({first + n: status for n in range(count)})


def listed(statuses: Mapping[int, str]) -> bytes:
    """A list of the lockers of these ids, by status."""
    one: dict[str, Any] = {
        "name": "14",
        "isLowLocker": False,
        "towerId": TOWER,
        "type": {"name": "small", "description": None, "id": 1},
        "accessMode": "public",
    }
    doors = [{"id": n, "status": {"name": s, "id": 1}, **one} for n, s in statuses.items()]
    return json.dumps(doors).encode()


def access(url: str) -> Access:
    """Whose credentials the stand-in at `url` takes: anybody's."""
    return Access(url, url, "bench", SecretStr("bench"))


@dataclass
class StandIn:
    """Answers every GET with what stands at the end of its path, else with an empty list."""

    answers: dict[str, bytes] = field(default_factory=dict)

    def __call__(self, exchange: Exchange) -> None:
        """See `benchmarks.loopback.Handler`."""
        ending = exchange.path.partition("?")[0].rpartition("/")[2]
        got = exchange.method == "GET"
        exchange.answer(self.answers.get(ending, b"[]") if got else _TOKEN)
