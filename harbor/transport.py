"""aiohttp under httpx, with every failure named so that "never sent" can be told from "lost".

Guarantees: every failure is an error of httpx's by the table ERRORS, whose ConnectError and
ConnectTimeout mean that the request was not sent; no request is repeated beneath us; of a body no
more than `LARGEST_ANSWER` bytes are ever held, however small it was on the wire. Faster than
httpx's own pool, most of all under many calls: docs/harbor-transport.md.

httpx-aiohttp by itself reports a line that breaks under a request as a ConnectTimeout, lets
malformed answers through as aiohttp's errors, and has aiohttp repeat a DELETE whose line broke.
"""

from __future__ import annotations

import contextlib
import ssl
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping
from types import MappingProxyType

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from transport.bounds import LARGEST_ANSWER
from transport.failures import Failure, meaning, once

ENCODINGS: Mapping[str, int] = MappingProxyType({"gzip": 31, "x-gzip": 31, "deflate": 47})
"""What bodies may be packed in, and what zlib calls it."""
ACCEPT_ENCODING = "gzip, deflate"
TRUSTS_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For a client of httpx's that needs no certificates of its own: left to itself it reads them all,
which takes some 50 ms."""
_AT_ONCE = 64 * 1024

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
        super().__init__(verify=TRUSTS_NOBODY, limits=limits)  # `get_client` trusts somebody

    def get_client(self) -> aiohttp.ClientSession:
        """A session that neither keeps cookies nor repeats a request on its own; it trusts whom
        aiohttp does: the system's certificates, or those of SSL_CERT_FILE."""
        connector = aiohttp.TCPConnector(
            limit=self.limits.max_connections or 0,
            keepalive_timeout=self.limits.keepalive_expiry,
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
        # Unpacked here and not by httpx, which would unpack a chunk whole, however much it becomes.
        packed = answer.headers.pop("content-encoding", "identity")
        answer.stream = _Body(answer.stream, request, packed.strip().lower())
        return answer


class _Body(httpx.AsyncByteStream):
    """The answer's body, unpacked; its failures are named too."""

    def __init__(self, stream: httpx.AsyncByteStream, request: httpx.Request, packed: str) -> None:
        self._stream = stream
        self._request = request
        self._packed = packed

    async def __aiter__(self) -> AsyncIterator[bytes]:
        length = 0
        with _named(self._request):
            async for chunk in self._unpacked():
                length += len(chunk)
                if length > LARGEST_ANSWER:
                    raise self._undecodable(f"more than {LARGEST_ANSWER} bytes")
                yield chunk

    async def _unpacked(self) -> AsyncIterator[bytes]:
        if self._packed == "identity":
            async for chunk in self._stream:
                yield chunk
            return
        if self._packed not in ENCODINGS:
            raise self._undecodable("an encoding that was not asked for")
        unpack, begun = zlib.decompressobj(ENCODINGS[self._packed]), False
        async for chunk in self._stream:
            begun, rest = True, chunk
            while rest:
                try:
                    out = unpack.decompress(rest, _AT_ONCE)
                except zlib.error as error:
                    raise self._undecodable("not what its encoding says") from error
                yield out
                rest = unpack.unconsumed_tail
        if begun and not unpack.eof:
            raise self._undecodable("cut short")

    def _undecodable(self, why: str) -> httpx.DecodingError:
        return httpx.DecodingError(why, request=self._request)

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
