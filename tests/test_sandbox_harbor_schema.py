"""Whatever fits, or all but fits, the OpenAPI document: the sandbox's Harbor never answers 500."""

from __future__ import annotations

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error

from sandbox.clock import Clock
from sandbox.harbor.accounts import SERVICE, Bearer
from sandbox.harbor.accounts import TOWER as TOWER_ACCESS
from sandbox.harbor.app import create_app
from tests.support.sandbox_harbor import START, TOWER, world

APP = create_app(clock=Clock(START, stopped=True))
SCHEMA = schemathesis.openapi.from_asgi("/openapi.json", APP)
BEARER = APP.state.harbor.accounts.issue(Bearer("sandbox", frozenset({SERVICE, TOWER_ACCESS})))


@SCHEMA.parametrize()
@settings(
    max_examples=25,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_call_answers_500(case: schemathesis.Case) -> None:
    headers = {"Authorization": f"Bearer {BEARER}"}
    case.call_and_validate(headers=headers, checks=[not_a_server_error])


ODD = {
    "half a surrogate pair": b'"\\ud800"',
    "not a number": b"NaN",
    "an infinite number": b"1e999",
    "a deep nest": b"[" * 900 + b"]" * 900,
    "a bottomless nest": b"[" * 100_000,
    "an endless number": b"9" * 5000,
    "an odd key": b'{"\\ud800": 1}',
}


@pytest.mark.parametrize("odd", ODD)
async def test_json_that_python_reads_but_cannot_write_is_refused(odd: str) -> None:
    calls = {
        "locker-open-requests/dropoff-locker-request": b'{"locationId": 11, "lockerTypeId": 1, '
        b'"payload": {"a": %s}}',
        f"towers/{TOWER}/lockers/102/dropoff-locker-tokens": b'{"duration": 60, "client_info": %s}',
    }
    headers = {"Content-Type": "application/json"}
    async with world() as at:
        headers["Authorization"] = f"Bearer {await at.bearer()}"
        for path, body in calls.items():
            content = body % ODD[odd]
            answer: httpx.Response = await at.http.post(
                f"/api/v1/{path}", content=content, headers=headers
            )
            assert answer.status_code in (400, 422)
        assert (await at.http.get("/sandbox/wire")).status_code == 200
