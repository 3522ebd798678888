"""One pooled HTTP/1.1 connection to Harbor: sends a call, returns its body or raises our error.

Guarantees: here alone is httpx awaited, and no exception of it leaves. Whatever fails before a
request is on its way is Unavailable; whatever fails after that leaves the outcome of a changing
call unknown. Reads alone are repeated: by name of error, with jitter, at most so often and so long.
Every call is counted; of one that changes something the log has a line, with nothing that opens a
door.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import httpx
import stamina
import structlog
from pydantic import TypeAdapter

from bot.ports.calls import UNANSWERED, Calls
from harbor.access import Access
from harbor.answers import API_WORDS, OAUTH_WORDS, read_as, settle
from harbor.auth import Bearer, Renewing
from harbor.errors import Broken, HarborError, NotAllowed, OutcomeUnknown, Refused, Unavailable
from harbor.routes import Route
from harbor.transport import ACCEPT_ENCODING, Transport, failure
from harbor.wire import AccessToken
from transport.failures import Failure

T = TypeVar("T")

TOKEN_PATH = "/realms/harbor/protocol/openid-connect/token"
SERVICE_SCOPE = "service_provider"
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=4.0)

_TOKEN = TypeAdapter(AccessToken)
_TOKEN_ROUTE = Route("POST", TOKEN_PATH)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a read is tried: at most `attempts` times, starting none after `seconds`.

    A Retry-After longer than `longest_wait` seconds is not waited for but passed on.
    """

    attempts: int = 3
    seconds: float = 20.0
    first_wait: float = 0.1
    longest_wait: float = 5.0

    def again(self, error: Exception) -> bool | float:
        """Whether to try once more after `error`, or after how many seconds."""
        if not isinstance(error, (Unavailable, Broken)):
            return False
        asked = getattr(error, "retry_after", None)
        if asked is None:
            return True
        spread = random.uniform(1.0, 1.25)  # noqa: S311 - spreads load, guards nothing
        return bool(asked <= self.longest_wait) and max(asked, self.first_wait) * spread


class Connection:
    """Sends calls to the API with a live token. Close it with `aclose()`."""

    def __init__(
        self,
        access: Access,
        *,
        transport: httpx.AsyncBaseTransport | None,
        timeout: float,
        patience: Patience,
        now: Callable[[], datetime],
    ) -> None:
        self._access = access
        self._api_url = access.api_url.rstrip("/")
        self._environment = access.environment
        self._patience = patience
        self._now = now
        self._longest = 3 * timeout  # a server that drips its answer ends here
        self._auth = Renewing(self._renew, now)
        self.calls = Calls()
        self._http = httpx.AsyncClient(
            transport=transport or Transport(LIMITS),
            timeout=timeout,
            headers={"accept-encoding": ACCEPT_ENCODING},
        )

    async def aclose(self) -> None:
        """Give back every connection."""
        await self._http.aclose()

    async def call(self, name: str, route: Route, path: str, **content: Any) -> bytes:
        """Carry out the call `name` at `path`; `content` (params, json) goes to httpx as it is.

        Returns the body of a 2xx answer; raises HarborError.
        """
        url = self._api_url + path
        return await self._send(name, route, url, self._auth, content)

    async def patiently(
        self,
        name: str,
        route: Route,
        path: str,
        read: Callable[[bytes], Awaitable[T]],
        **content: Any,
    ) -> T:
        """A read: `call` and what `read` makes of its body, repeated while there is hope."""
        patience = self._patience
        async for attempt in stamina.retry_context(
            on=patience.again,
            attempts=patience.attempts,
            timeout=patience.seconds,
            wait_initial=patience.first_wait,
            wait_max=patience.longest_wait,
            wait_jitter=patience.first_wait,
        ):
            with attempt:
                body = await self.call(name, route, path, **content)
                return await read(body)
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def token(self, scope: str) -> AccessToken:
        """A new access token from the accounts host, by client credentials.

        Raises NotAllowed, naming the environment, when these are not accepted; else Unavailable.
        """
        access = self._access
        form = {
            "grant_type": "client_credentials",
            "scope": scope,
            "client_id": access.client_id,
            "client_secret": access.client_secret.get_secret_value(),
        }
        url = access.accounts_url.rstrip("/") + TOKEN_PATH
        try:
            body = await self._send(
                "access token", _TOKEN_ROUTE, url, None, {"data": form}, OAUTH_WORDS
            )
            return read_as(_TOKEN, "access token", body, changes=False)
        except Broken as error:
            raise Unavailable(str(error)) from error
        except Refused as error:
            if error.status not in (400, 401, 403):
                raise
            raise NotAllowed(
                f"Harbor's {self._environment} environment does not accept the client id and "
                f"secret for the scope {scope!r} ({error.status} {error.detail})",
                httpx.codes.UNAUTHORIZED,
                error.detail,
            ) from error

    async def _renew(self) -> Bearer:
        asked_at = self._now()
        return Bearer.issued(await self.token(SERVICE_SCOPE), asked_at)

    async def _send(
        self,
        name: str,
        route: Route,
        url: str,
        auth: httpx.Auth | None,
        content: Mapping[str, Any],
        words: tuple[str, ...] = API_WORDS,
    ) -> bytes:
        changes, status, began = route.changes, None, time.perf_counter()
        # What is posted may be a secret, which is for that address alone.
        follows = not changes and route.method == "GET"
        try:
            request = self._http.build_request(route.method, url, **content)
            async with asyncio.timeout(self._longest):
                answer = await self._http.send(request, auth=auth, follow_redirects=follows)
            status = answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, TimeoutError) as error:
            raise _lost(error, name, self._environment, changes) from error
        finally:
            self._note(name, route, status, time.perf_counter() - began)
        return settle(
            name,
            self._environment,
            answer.status_code,
            answer.headers,
            answer.content,
            changes=changes,
            now=self._now(),
            words=words,
        )

    def _note(self, name: str, route: Route, status: int | None, seconds: float) -> None:
        """Count a call that has ended; where it was to change something the log says so, by the
        template of its path: ids in a path say which door."""
        self.calls.end(name, status, seconds)
        if route.changes:
            template = f"{route.method} {route.path}"
            answer = UNANSWERED if status is None else status
            log.info(
                "harbor_call", call=name, route=template, status=answer, ms=round(seconds * 1000)
            )


def _lost(error: Exception, call: str, environment: str, changes: bool) -> HarborError:
    """What it means that `call` ended in httpx's `error` instead of an answer."""
    why = type(error).__name__
    if failure(error) is Failure.NEVER_SENT:
        return Unavailable(f"Harbor ({environment}) can't be reached for {call} ({why})")
    if changes:
        return OutcomeUnknown(f"Harbor's ({environment}) answer to {call} was lost ({why})")
    if isinstance(error, httpx.DecodingError):
        return Broken(f"Harbor's answer to {call} can't be decoded")
    return Unavailable(f"Harbor ({environment}) did not answer {call} ({why})")
