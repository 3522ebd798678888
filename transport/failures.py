"""What it means that a request over aiohttp failed: the one table of it.

Guarantees: NEVER_SENT is said only of what can't have reached the other side, so that it may be
sent again; of anything else the other side may have seen all. `once` keeps aiohttp from sending a
request twice by itself.
"""

from __future__ import annotations

from enum import Enum

import aiohttp


class Failure(Enum):
    """How a request ended that brought no answer."""

    NEVER_SENT = "never sent"
    """No connection came about, or the address was unusable."""
    TIMED_OUT = "timed out"
    """It was sent, and the time for an answer is over."""
    LOST = "lost"
    """The connection broke under it, or within the answer."""
    MALFORMED = "malformed"
    """What came is no HTTP."""


_MEANINGS: tuple[tuple[type[Exception], Failure], ...] = (
    (aiohttp.InvalidURL, Failure.NEVER_SENT),
    (aiohttp.NonHttpUrlClientError, Failure.NEVER_SENT),
    (aiohttp.ConnectionTimeoutError, Failure.NEVER_SENT),
    (aiohttp.ClientConnectorError, Failure.NEVER_SENT),
    (TimeoutError, Failure.TIMED_OUT),
    (aiohttp.ClientPayloadError, Failure.LOST),
    (aiohttp.ClientConnectionError, Failure.LOST),
    (aiohttp.ClientError, Failure.MALFORMED),
)
"""The first that fits counts; aiohttp derives its errors from one another."""


def meaning(error: Exception) -> Failure:
    """What `error` says of the request it ended; LOST for what is no error of aiohttp's."""
    return next((failure for kind, failure in _MEANINGS if isinstance(error, kind)), Failure.LOST)


class ConnectionBroken(aiohttp.ClientConnectionError):
    """The connection broke under a request: what aiohttp says of it, in `__cause__`."""


async def once(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """A middleware for `aiohttp.ClientSession(middlewares=(once,))`: no request is sent twice.

    By itself aiohttp repeats a GET, PUT or DELETE whose connection broke, once, when it is told so
    by one of the two errors below; no option turns that off. Raises ConnectionBroken in their
    place: https://docs.aiohttp.org/en/stable/client_middleware_cookbook.html
    """
    try:
        return await send(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise ConnectionBroken(str(error)) from error
