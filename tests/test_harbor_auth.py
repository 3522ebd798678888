"""Access tokens: renewed in time, once for everybody, and never the caller's worry."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from typing import Any

import httpx
import pytest

from bot.domain.ids import LockerId, TowerId
from harbor.errors import HarborError, NotAllowed, Unavailable
from harbor.transport import Transport
from sandbox.clock import Clock
from tests.support.harbor_stand_in import Answer, Heard, answer, stand_in

TOWER, LOCKER = TowerId("0100000000000175"), LockerId(959)


class Accounts:
    """Issues t1, t2, … each valid for 300 s of `clock`; any other token is refused with 401."""

    def __init__(self) -> None:
        self.clock = Clock(stopped=True)
        self.issued: list[tuple[str, Any]] = []

    def token(self, _: Heard) -> Answer:
        name = f"t{len(self.issued) + 1}"
        self.issued.append((name, self.clock.now() + timedelta(seconds=300)))
        return answer(200, {"access_token": name, "expires_in": 300, "token_type": "Bearer"})

    def say(self, heard: Heard) -> Answer:
        shown = heard.headers["authorization"].removeprefix("Bearer ")
        good = any(shown == name and self.clock.now() < end for name, end in self.issued)
        return answer(200, []) if good else answer(401, {"detail": "Token expired"})

    def revoke(self) -> None:
        self.issued = [(name, self.clock.now()) for name, _ in self.issued]


async def test_one_token_serves_many_calls() -> None:
    accounts = Accounts()
    async with stand_in(accounts.say, accounts.token) as server, server.harbor() as harbor:
        for _ in range(5):
            await harbor.assigned_lockers()
        assert len(server.renewals) == 1
        assert b"grant_type=client_credentials" in server.renewals[0].body
        assert b"scope=service_provider" in server.renewals[0].body


@pytest.mark.parametrize("status", [307, 308])
async def test_the_secret_is_sent_to_the_accounts_host_and_nowhere_else(status: int) -> None:
    async with (
        stand_in(lambda _: answer(200, [])) as elsewhere,
        stand_in(
            lambda _: answer(200, []), lambda _: answer(status, location=f"{elsewhere.url}/token")
        ) as server,
        server.harbor() as harbor,
    ):
        with pytest.raises(Unavailable):
            await harbor.assigned_lockers()
        assert elsewhere.calls == []


async def test_a_token_is_renewed_before_its_end() -> None:
    accounts = Accounts()
    async with (
        stand_in(accounts.say, accounts.token) as server,
        server.harbor(clock=accounts.clock.now) as harbor,
    ):
        await harbor.assigned_lockers()
        accounts.clock.turn(269)
        await harbor.assigned_lockers()
        assert len(server.renewals) == 1
        accounts.clock.turn(2)  # 29 s are left
        await harbor.assigned_lockers()
        assert len(server.renewals) == 2
        assert len(server.calls) == 3


@pytest.mark.parametrize("known", [True, False], ids=["by the clock", "by Harbor's 401"])
async def test_two_hundred_calls_on_an_expired_token_cause_exactly_one_renewal(known: bool) -> None:
    accounts = Accounts()
    async with (
        stand_in(accounts.say, accounts.token) as server,
        server.harbor(clock=accounts.clock.now) as harbor,
    ):
        await harbor.assigned_lockers()
        if known:
            accounts.clock.turn(301)
        else:
            accounts.revoke()
        answers = await asyncio.gather(*(harbor.assigned_lockers() for _ in range(200)))
        assert answers == [[]] * 200
        assert len(server.renewals) == 2


async def test_two_hundred_calls_share_one_failed_renewal() -> None:
    async with stand_in(answer(200, []), answer(503)) as server, server.harbor() as harbor:
        ends = await asyncio.gather(
            *(harbor.assigned_lockers() for _ in range(200)), return_exceptions=True
        )
        assert {type(end) for end in ends} == {Unavailable}
        assert len(server.renewals) == 1
        with pytest.raises(Unavailable):
            await harbor.assigned_lockers()
        assert len(server.renewals) == 2  # a later call tries anew


async def test_a_call_refused_with_401_is_repeated_once_with_a_new_token() -> None:
    accounts = Accounts()
    async with stand_in(accounts.say, accounts.token) as server, server.harbor() as harbor:
        await harbor.assigned_lockers()
        accounts.revoke()
        await harbor.release(TOWER, LOCKER)
        sent = [heard for heard in server.calls if heard.method == "POST"]
        assert [heard.headers["authorization"] for heard in sent] == ["Bearer t1", "Bearer t2"]
        assert sent[0].body == sent[1].body


async def test_whoever_gives_up_waiting_leaves_the_renewal_to_the_others() -> None:
    accounts = Accounts()
    async with stand_in(accounts.say, accounts.token) as server, server.harbor() as harbor:
        impatient = asyncio.create_task(harbor.assigned_lockers())
        others = [asyncio.create_task(harbor.assigned_lockers()) for _ in range(20)]
        await asyncio.sleep(0)
        impatient.cancel()
        assert await asyncio.gather(*others) == [[]] * 20
        assert len(server.calls) == 20


@pytest.mark.parametrize("status", [400, 401])
async def test_wrong_credentials_give_one_clear_error_that_names_the_environment(
    status: int,
) -> None:
    no = answer(status, {"error": "unauthorized_client", "error_description": "Invalid secret"})
    async with (
        stand_in(answer(200, []), no) as server,
        server.harbor(environment="production") as harbor,
    ):
        for call in (harbor.test_token(), harbor.release(TOWER, LOCKER)):
            with pytest.raises(NotAllowed, match=r"production.*unauthorized_client") as refused:
                await call
            assert "hush-hush" not in str(refused.value)
        assert not server.calls


@pytest.mark.parametrize("status", [401, 403])
async def test_a_token_that_harbor_does_not_accept_names_the_environment(status: int) -> None:
    async with stand_in(answer(status, {"detail": "Not enough permissions"})) as server:
        async with server.harbor(environment="production") as harbor:
            with pytest.raises(NotAllowed, match=r"Not enough permissions.*production") as refused:
                await harbor.assigned_lockers()
        assert refused.value.status == status


@pytest.mark.parametrize("token", ["", "tökén", "two words", "a\r\nX-Evil: 1", None, 7.5])
async def test_a_token_that_no_header_can_carry_is_no_token(token: Any) -> None:
    odd = answer(200, {"access_token": token, "expires_in": 300})
    async with stand_in(answer(200, []), odd) as server, server.harbor() as harbor:
        with contextlib.suppress(Unavailable):
            await harbor.assigned_lockers()
        assert all("x-evil" not in heard.headers for heard in server.calls)


@pytest.mark.parametrize("life", [None, "soon", 0, -5, 1e300, float("nan"), float("inf"), True])
async def test_an_odd_lifetime_breaks_nothing(life: Any) -> None:
    odd = answer(200, {"access_token": "t", "expires_in": life, "scope": "x", "extra": [1]})
    async with stand_in(answer(200, []), odd) as server, server.harbor() as harbor:
        assert await harbor.assigned_lockers() == []


async def test_a_phone_is_given_a_token_for_towers_and_nothing_more() -> None:
    async with stand_in(answer(200, [])) as server, server.harbor() as harbor:
        token = await harbor.phone_token()
        assert token.access_token.get_secret_value() == "a-token"
        assert "a-token" not in repr(token)
        assert b"scope=tower_access" in server.renewals[0].body


async def test_no_secret_shows_in_any_error_or_repr() -> None:
    """Whatever Harbor throws back at us, in whichever shape."""
    leak = "deadbeef" * 8
    bodies = [
        {"detail": f"bad payload {leak}"},
        {"detail": [{"loc": ["body", "payload"], "msg": leak, "type": "x", "input": leak}]},
        {"detail": {"payload": leak}},
        {"error": leak, "error_description": "hush"},
    ]
    for status in (400, 403, 409, 422, 500):
        for body in bodies:
            async with stand_in(answer(status, body)) as server, server.harbor() as harbor:
                with pytest.raises(HarborError) as wrong:
                    await harbor.release(TOWER, LOCKER)
                assert leak not in repr(wrong.value)
                assert leak not in str(getattr(wrong.value, "detail", ""))


@pytest.mark.parametrize(
    "transport",
    [Transport, lambda limits: httpx.AsyncHTTPTransport(limits=limits)],
    ids=["ours", "httpx"],
)
async def test_renewal_needs_no_connection_that_the_waiting_calls_hold(transport: Any) -> None:
    accounts = Accounts()
    narrow = transport(httpx.Limits(max_connections=2))
    async with (
        stand_in(accounts.say, accounts.token) as server,
        server.harbor(transport=narrow) as harbor,
    ):
        await harbor.assigned_lockers()
        accounts.revoke()
        answers = await asyncio.gather(*(harbor.assigned_lockers() for _ in range(10)))
        assert answers == [[]] * 10
