"""Access tokens: asked for once, renewed before they end, by one caller at a time.

Guarantees: however many calls wait, one request renews the token for all of them, and its failure
is the failure of all who waited for it; a call that Harbor itself answers with 401 (so it was not
carried out) is repeated once with a new token. A 401 without Harbor's words may stand in the place
of another answer: a read is repeated after it, a call that changes something is not. Trouble with
the accounts host is told apart from trouble with the call: it is raised before the call is sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx

from harbor.answers import API_WORDS, detail_of
from harbor.errors import HarborError
from harbor.wire import AccessToken

MARGIN = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Bearer:
    """An access token and the moment from which it is no longer to be used."""

    value: str = field(repr=False)
    renew_at: datetime

    @classmethod
    def issued(cls, token: AccessToken, asked_at: datetime) -> Bearer:
        """From the accounts host's answer to a request made at `asked_at`."""
        life = timedelta(seconds=min(max(token.expires_in, 0.0), 86_400.0))
        return cls(token.access_token.get_secret_value(), asked_at + life - min(MARGIN, life / 2))


class Renewing(httpx.Auth):
    """Puts a live bearer token on every request.

    `ask` fetches a new one (raising HarborError); `now` tells the time that tokens age by.
    """

    def __init__(self, ask: Callable[[], Awaitable[Bearer]], now: Callable[[], datetime]) -> None:
        self._ask = ask
        self._now = now
        self._lock = asyncio.Lock()
        self._bearer: Bearer | None = None
        self._failure: HarborError | None = None
        self._answers = 0

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Send with a live token; after a 401 that allows it once more with another one."""
        bearer = self._bearer
        if bearer is None or bearer.renew_at <= self._now():
            bearer = await self._other_than(bearer)
        response = yield self._signed(request, bearer)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            said = await response.aread()  # gives its connection back before waiting for the lock
            if request.method != "GET" and not detail_of(said, API_WORDS):
                if self._bearer is bearer:
                    self._bearer = None  # it may be the token, for all we know
                return
            yield self._signed(request, await self._other_than(bearer))

    def _signed(self, request: httpx.Request, bearer: Bearer) -> httpx.Request:
        request.headers["Authorization"] = f"Bearer {bearer.value}"
        return request

    async def _other_than(self, stale: Bearer | None) -> Bearer:
        """A token that is not `stale`: one that somebody else fetched meanwhile, or a new one."""
        answers = self._answers
        async with self._lock:
            if self._bearer is not None and self._bearer is not stale:
                return self._bearer
            if self._answers != answers and self._failure is not None:
                raise self._failure
            self._failure = None
            try:
                self._bearer = await self._ask()
            except HarborError as error:
                self._failure = error
                raise
            finally:
                self._answers += 1
            return self._bearer
