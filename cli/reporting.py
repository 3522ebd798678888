"""Faults of the bot's own, sent to Sentry where SENTRY_DSN is set.

Guarantees: a report is written here from the few things that it may hold: which line of the log it
was, the kinds of the exceptions, in which modules, functions and lines they passed, and ids of
deliveries and updates. No message of an exception, no local variable, no request, no breadcrumb and
no path of a file is in it, whatever was going on; nothing is sent but faults.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

import sentry_sdk
import structlog
from sentry_sdk.transport import Transport

if TYPE_CHECKING:
    from sentry_sdk.types import Event

_TAGS = ("loop", "request", "delivery", "update", "call", "subject")
"""What of a line of the log is repeated: ids and kinds."""
_FRAMES = 50
_LINKS = 10
_PATIENCE = 2.0
"""Seconds at the end, for what is still to be sent."""


class Reports:
    """See the module. `transport` is Sentry's own unless another is given."""

    def __init__(
        self, dsn: str, *, release: str, environment: str, transport: Transport | None = None
    ) -> None:
        self._client = sentry_sdk.Client(
            dsn=dsn,
            release=release,
            environment=environment,
            transport=transport,
            server_name="",
            default_integrations=False,
            auto_enabling_integrations=False,
            auto_session_tracking=False,
            include_local_variables=False,
            include_source_context=False,
            max_breadcrumbs=0,
            max_request_body_size="never",
            send_client_reports=False,
            shutdown_timeout=_PATIENCE,
        )

    def of_our_own(
        self, _: Any, __: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        """A processor of structlog: what the line is called is ours, too, and says which it was."""
        self._take(event, str(event.get("event", "")))
        return event

    def of_libraries(
        self, _: Any, __: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        """The same for what libraries log: their words may hold anything."""
        self._take(event, "a library's log")
        return event

    def close(self) -> None:
        """Send what there is, for a moment."""
        self._client.close(timeout=_PATIENCE)

    def _take(self, event: structlog.typing.EventDict, name: str) -> None:
        error = _exception_of(event.get("exc_info"))
        if error is not None:
            tags = {key: str(event[key]) for key in _TAGS if event.get(key) is not None}
            self._client.capture_event(report(error, name, tags))


def report(error: BaseException, name: str, tags: dict[str, str]) -> Event:
    """All that is sent of it."""
    chain = [*_chain(error)][:_LINKS]
    return {
        "level": "error",
        "transaction": name,
        "tags": {"line": name, **tags},
        "exception": {"values": [_described(each) for each in reversed(chain)]},
    }


def _described(error: BaseException) -> dict[str, Any]:
    return {
        "type": type(error).__name__,
        "module": type(error).__module__,
        "stacktrace": {"frames": [*_frames(error.__traceback__)][-_FRAMES:]},
    }


def _frames(at: TracebackType | None) -> Iterator[dict[str, Any]]:
    while at is not None:
        code = at.tb_frame.f_code
        module = at.tb_frame.f_globals.get("__name__", "?")
        yield {"module": module, "function": code.co_name, "lineno": at.tb_lineno}
        at = at.tb_next


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _exception_of(exc_info: Any) -> BaseException | None:
    """Of whatever may be said for `exc_info`."""
    if isinstance(exc_info, BaseException):
        return exc_info
    found = exc_info if isinstance(exc_info, tuple) else sys.exc_info() if exc_info else ()
    return found[1] if len(found) > 1 and isinstance(found[1], BaseException) else None
