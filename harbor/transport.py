"""aiohttp under httpx, with every failure named so that "never sent" can be told from "lost".

Guarantees: every failure is an error of httpx's by the table ERRORS, whose ConnectError and
ConnectTimeout mean that the request was not sent; no request is repeated beneath us. Faster than
httpx's own pool, most of all under many calls: docs/harbor-transport.md.

httpx-aiohttp by itself reports a line that breaks under a request as a ConnectTimeout, lets
malformed answers through as aiohttp's errors, and has aiohttp repeat a DELETE whose line broke.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from types import MappingProxyType

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from transport.failures import Failure, meaning, once

ERRORS: Mapping[Failure, tuple[type[Exception], ...]] = MappingProxyType(
    {
        Failure.NEVER_SENT: (
            httpx.ConnectError,
            httpx.ConnectTimeout,
            httpx.PoolTimeout,
            httpx.ProxyError,
            httpx.UnsupportedProtocol,
            httpx.InvalidURL,
        ),
        Failure.TIMED_OUT: (httpx.ReadTimeout, httpx.TimeoutException, TimeoutError),
        Failure.LOST: (httpx.ReadError, httpx.NetworkError, httpx.StreamError),
        Failure.MALFORMED: (httpx.RemoteProtocolError, httpx.DecodingError, httpx.HTTPError),
    }
)
"""httpx's errors by what they mean, whatever transport they come from; ours raises the first."""


def failure(error: Exception) -> Failure:
    """What an error of httpx's says of the request it ended; LOST for any other."""
    return next((each for each, kinds in ERRORS.items() if isinstance(error, kinds)), Failure.LOST)


class Transport(AiohttpTransport):
    """One pool of HTTP/1.1 connections; takes no proxy from the environment."""

    def __init__(self, limits: httpx.Limits) -> None:
        super().__init__(limits=limits)

    def get_client(self) -> aiohttp.ClientSession:
        """A session that neither keeps cookies nor repeats a request on its own."""
        connector = aiohttp.TCPConnector(
            limit=self.limits.max_connections or 0,
            keepalive_timeout=self.limits.keepalive_expiry,
            ssl=self.ssl_context,
        )
        return aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), middlewares=(once,)
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, and return once the answer's head has arrived."""
        await request.aread()  # an unread body, even an empty one, would go out in chunks
        with _named(request):
            answer = await super().handle_async_request(request)
        assert isinstance(answer.stream, httpx.AsyncByteStream)
        answer.stream = _Body(answer.stream, request)
        return answer


class _Body(httpx.AsyncByteStream):
    """The answer's body, whose failures are named too."""

    def __init__(self, stream: httpx.AsyncByteStream, request: httpx.Request) -> None:
        self._stream = stream
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _named(self._request):
            async for chunk in self._stream:
                yield chunk

    async def aclose(self) -> None:
        with _named(self._request):
            await self._stream.aclose()


@contextlib.contextmanager
def _named(request: httpx.Request) -> Iterator[None]:
    try:
        yield
    except (httpx.TransportError, aiohttp.ClientError) as error:
        foreign = error.__cause__ if isinstance(error, httpx.TransportError) else error
        if not isinstance(foreign, (aiohttp.ClientError, TimeoutError)):
            raise
        raise _renamed(foreign)(str(foreign), request=request) from foreign


def _renamed(error: Exception) -> type[httpx.TransportError]:
    """The error of httpx's for one of aiohttp's."""
    kind = ERRORS[meaning(error)][0]
    if kind is httpx.ConnectError and isinstance(error, TimeoutError):
        return httpx.ConnectTimeout
    assert issubclass(kind, httpx.TransportError)
    return kind
