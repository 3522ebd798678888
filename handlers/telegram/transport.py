"""python-telegram-bot's requests over aiohttp, because stock httpx is what limits a busy bot.

Guarantees: whatever fails comes out as an error of `telegram.error`, and as NotSent when Telegram
can't have seen the request; no error, cause or log line holds a URL, since that is where the token
stands. Only Telegram's own words (`ok`, `error_code`, `description`, `result`) say anything about a
chat or a token: whatever else answers, with whatever status, is a NetworkError that names it. Of
an answer no more than `LARGEST_ANSWER` bytes are held.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any
from urllib.request import getproxies

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

from bot.ports.calls import Calls
from transport.bounds import LARGEST_ANSWER
from transport.failures import Failure, meaning

ON_ITS_WAY: ContextVar[Callable[[], object] | None] = ContextVar("on_its_way", default=None)
"""Set in a task, it is called when a request of that task has been written to its connection: from
then on its arrival no longer depends on this process."""

_JSON = {"Content-Type": "application/json"}

_EDITS = ("/editMessageText", "/editMessageMedia")
_SENDS = ("/sendMessage", "/sendPhoto", "/sendDocument", "/sendVenue")
_OK = b'{"ok":true,"result":'


class NotSent(NetworkError):
    """The request never reached Telegram: it may be sent again without fear of a double."""


class AiohttpRequest(BaseRequest):
    """One pool of connections. All times in seconds.

    `read` is the longest silence; a whole request may take all four together and no longer, so
    that an answer that trickles in can't take for ever. `calls` counts them by method and status.
    """

    def __init__(
        self,
        *,
        connections: int = 256,
        connect: float = 5.0,
        pool: float = 5.0,
        read: float = 10.0,
        write: float = 20.0,
        calls: Calls | None = None,
    ) -> None:
        self._connections = connections
        self._connect, self._pool, self._read, self._write = connect, pool, read, write
        self._session: aiohttp.ClientSession | None = None
        self._calls = calls if calls is not None else Calls()

    @property
    def read_timeout(self) -> float:
        """What PTB adds to the time-out of a long poll."""
        return self._read

    async def initialize(self) -> None:
        """Open the pool in the running loop."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, ttl_dns_cache=60),
                # Unpacked: what is small on the wire may be anything once it is unpacked.
                headers={"User-Agent": self.USER_AGENT, "Accept-Encoding": "identity"},
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                # Asked once: aiohttp would look through the environment at every request.
                trust_env=bool(getproxies()),
            )

    async def shutdown(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """`BaseRequest.do_request`: the status and a body; of a refusal, Telegram's own."""
        read = self._read if read_timeout is BaseRequest.DEFAULT_NONE else read_timeout
        began, status = time.perf_counter(), None
        try:
            status, body = await self._exchanged(url, method, request_data, read)
            return status, body
        finally:
            self._calls.end(_method_of(url), status, time.perf_counter() - began)

    async def _exchanged(
        self, url: str, method: str, request_data: RequestData | None, read: float | None
    ) -> tuple[int, bytes]:
        if self._session is None:
            raise RuntimeError("this request object has not been initialized")
        failure: TelegramError
        try:
            async with self._session.request(
                method,
                url,
                timeout=self._timeout(read),
                allow_redirects=False,
                **_sent(request_data),
            ) as answer:
                body = await _whole(answer)
                if body.startswith(_OK):
                    body = _of_use(url, body)
                if answer.status < HTTPStatus.MULTIPLE_CHOICES:
                    if not body.startswith(_OK) and not self.parse_json_payload(body)["ok"]:
                        raise NetworkError("a refusal with the status of a success")
                    return answer.status, body
                return _refusal(answer.status, body, answer.headers)
        except (aiohttp.ClientError, OSError) as error:
            failure = _translated(error)
        # Raised out here, without its cause: aiohttp's errors carry the URL, and so the token.
        raise failure

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """As PTB's own, which logs what it can't read."""
        said = _read(payload)
        if not isinstance(said, dict):
            raise NetworkError("the answer is not JSON")
        if said.get("ok") is True and said.get("result") is None:
            raise NetworkError("the answer has no result")
        if not isinstance(said.get("ok"), bool):
            raise NetworkError("the answer is not Telegram's")
        return said

    def _timeout(self, read: float | None) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(
            total=None if read is None else self._pool + self._connect + self._write + read,
            connect=self._pool + self._connect,
            sock_connect=self._connect,
            sock_read=read,
        )


class UpdatesRequest(AiohttpRequest):
    """For getUpdates: an answer that is no list holds no updates."""

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """As of any request."""
        said = AiohttpRequest.parse_json_payload(payload)
        updates = said.get("result")
        if said["ok"] and not isinstance(updates, list):
            raise NetworkError("the answer holds no updates")
        return said


class _Watched(aiohttp.BytesPayload):
    """A body that tells when it has been written."""

    def __init__(self, body: bytes, told: Callable[[], object]) -> None:
        super().__init__(body)
        self._told = told

    async def write_with_length(
        self, writer: AbstractStreamWriter, content_length: int | None
    ) -> None:
        await super().write_with_length(writer, content_length)
        self._told()


def _method_of(url: str) -> str:
    """The method of the Bot API that is called; nothing else of a URL is repeated anywhere."""
    name = url.rpartition("/")[2]
    return name if name.isascii() and name.isalpha() else "other"


async def _whole(answer: aiohttp.ClientResponse) -> bytes:
    """Its body. Raises NetworkError where that is larger than `LARGEST_ANSWER`."""
    if (length := answer.content_length) is not None and length <= LARGEST_ANSWER:
        return await answer.read()
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise NetworkError("the answer is too large")
    return bytes(body)


def _read(body: bytes) -> Any:
    """What it says; None where that is no JSON, or is nested deeper than Python reads. An error
    would quote the body."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _of_use(url: str, body: bytes) -> bytes:
    """Of the message that Telegram answers with, what is read here: of one that was edited nothing,
    of one that was sent which one it is. python-telegram-bot makes objects of all that there is.

    Raises NetworkError where nothing says which message was sent.
    """
    if url.endswith(_EDITS):
        return _OK + b"true}"
    if not url.endswith(_SENDS):
        return body
    said = _read(body)
    match said and said["result"]:  # with which it begins
        case {"message_id": int(which), "date": int(date), "chat": {"id": int(chat), "type": kind}}:
            place = {"id": chat, "type": kind}
            kept = {"message_id": which, "date": date, "chat": place}
            return _OK + json.dumps(kept).encode() + b"}"
    raise NetworkError("the answer does not say which message was sent")


def _sent(request_data: RequestData | None) -> dict[str, Any]:
    if request_data is None:
        return {}
    if not request_data.contains_files:
        # JSON takes half as long to write as a form does.
        body, told = json.dumps(request_data.parameters).encode(), ON_ITS_WAY.get()
        return {"data": body if told is None else _Watched(body, told), "headers": _JSON}
    form = aiohttp.FormData(request_data.json_parameters)
    for name, (filename, content, mime) in request_data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=mime)
    return {"data": form}


_AS_TELEGRAM: dict[Failure, type[NetworkError]] = {
    Failure.NEVER_SENT: NotSent,
    Failure.TIMED_OUT: TimedOut,
}


def _translated(error: Exception) -> NetworkError:
    kind = _AS_TELEGRAM.get(meaning(error), NetworkError)
    return kind(type(error).__name__)


_LONGEST_PAUSE = 7 * 24 * 3600
"""Seconds; whoever asks for more is not believed."""


def _refusal(status: int, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
    """Telegram's refusal as PTB can read it. Raises NetworkError for anybody else's.

    PTB would believe a status alone, and quote in an error (and log) a body that it can't read.
    """
    said = _read(body)
    match said:
        case {"ok": False, "error_code": int(code), "description": str(words)} if code >= _REFUSED:
            asked = said.get("parameters")
            refusal = {"description": words, "parameters": _parameters(asked)}
        case _ if status == HTTPStatus.TOO_MANY_REQUESTS:
            asked = said.get("parameters") if isinstance(said, dict) else None
            code, refusal = status, {"parameters": _parameters(asked)}
        case _:
            raise NetworkError(f"not Telegram's own answer: {_phrase(status)}")
    if code == HTTPStatus.TOO_MANY_REQUESTS and "retry_after" not in refusal["parameters"]:
        refusal["parameters"] = {"retry_after": _seconds(headers.get("Retry-After", ""))}
    return code, json.dumps({"ok": False, **refusal}).encode()


_REFUSED = int(HTTPStatus.BAD_REQUEST)


def _parameters(asked: Any) -> dict[str, int]:
    """What PTB understands of them: anything else it would quote."""
    match asked:
        case {"retry_after": int(wait)} if wait > 0:
            return {"retry_after": min(wait, _LONGEST_PAUSE)}
        case {"migrate_to_chat_id": int(chat)}:
            return {"migrate_to_chat_id": chat}
    return {}


def _seconds(said: str) -> int:
    return max(1, min(int(said), _LONGEST_PAUSE)) if re.fullmatch("[0-9]{1,9}", said) else 1


def _phrase(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
