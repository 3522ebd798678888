"""aiohttp under httpx, with every failure named so that "never sent" can be told from "lost".

Guarantees: an httpx.ConnectError or ConnectTimeout means that the request was not sent; anything
that breaks later is a ReadError, ReadTimeout or RemoteProtocolError; no request is repeated
beneath us. Faster than httpx's own pool, most of all under many calls: docs/harbor-transport.md.

httpx-aiohttp by itself reports a line that breaks under a request as a ConnectTimeout, lets
malformed answers through as aiohttp's errors, and has aiohttp repeat a DELETE whose line broke.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

NAMES: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    (aiohttp.NonHttpUrlClientError, httpx.UnsupportedProtocol),
    (aiohttp.InvalidURL, httpx.UnsupportedProtocol),
    (aiohttp.ConnectionTimeoutError, httpx.ConnectTimeout),
    (aiohttp.ClientConnectorError, httpx.ConnectError),
    (aiohttp.ServerTimeoutError, httpx.ReadTimeout),
    (aiohttp.ClientConnectionError, httpx.ReadError),
    (aiohttp.ClientPayloadError, httpx.ReadError),
    (aiohttp.ClientError, httpx.RemoteProtocolError),
)
"""The first that fits names the error."""


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
        session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        session._retry_connection = False  # the one switch there is; aiohttp's own tests use it
        return session

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
        for kind, name in NAMES:
            if isinstance(foreign, kind):
                raise name(str(foreign), request=request) from foreign
        raise
