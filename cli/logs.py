"""How the bot logs: structlog, one line an event, to standard error.

Guarantees: JSON when nobody is reading a terminal (or as LOG_FORMAT says); libraries log through
the same handler, and those that write requests out in full are kept above debug level, since a
request's path or body may hold a token. What a terminal would obey (escape sequences in somebody's
name, marks that turn the direction of reading) is written out instead, and an event is one line.
The address of a parcel page, whoever writes it, is `/p/*`: its secret is in no line. A line about
what goes back to an update names it (`update`).
"""

from __future__ import annotations

import io
import logging
import re
import sys
import unicodedata
from typing import Any, Protocol, TextIO

import stamina.instrumentation
import structlog

from bot.ports.signals import CAUSE

_TALKATIVE = (
    "httpx",
    "httpcore",
    "aiohttp",
    "telegram",
    "aiosqlite",
    "psycopg",
    "uvicorn",
    "asyncio",
)


# Both structlog's formatters would print local variables, and a token or a code may be among them.
_traceback_without_locals = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)


_OBEYED = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""The kinds of character that a terminal, or a reader of lines, takes for more than a sign."""


def written_out(text: str, *, but: str = "") -> str:
    """`text` with an escape for whatever a terminal would obey, but for what is in `but`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        each.encode("unicode_escape").decode()
        if unicodedata.category(each) in _OBEYED and each not in but
        else each
        for each in text
    )


_PAGE = re.compile(r"/p/[^\s\"'<>]+")


def without_pages(text: str) -> str:
    """`text` without the secrets in addresses of parcel pages."""
    return _PAGE.sub("/p/*", text)


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """The last to touch a line, whichever library wrote it."""

    def format(self, record: logging.LogRecord) -> str:
        return without_pages(super().format(record))


def _harmless(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return {
        written_out(str(name)): value if name in ("exc_info", "stack_info") else _plain(value)
        for name, value in event.items()
    }


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return written_out(value)
    shown = repr(value)
    harmless = written_out(shown)
    return value if harmless == shown else harmless


def _traceback(to: TextIO, exc_info: structlog.typing.ExcInfo) -> None:
    lines = io.StringIO()
    structlog.dev.plain_traceback(lines, exc_info)
    to.write(written_out(lines.getvalue(), but="\n\t"))


def _cause(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Which update it goes back to, where it does: from a tap to the card that answers it."""
    if (update := CAUSE.get()) is not None:
        event.setdefault("update", update)
    return event


class Reporting(Protocol):
    """Hears of every line that is logged, ours and libraries': see `cli.reporting`."""

    def of_our_own(
        self, logger: Any, method: str, event: structlog.typing.EventDict, /
    ) -> structlog.typing.EventDict:
        """A line of the bot's own."""
        ...

    def of_libraries(
        self, logger: Any, method: str, event: structlog.typing.EventDict, /
    ) -> structlog.typing.EventDict:
        """A line of anybody else's."""
        ...


def set_up_logging(level: str, form: str | None, reports: Reporting | None = None) -> None:
    """`level` debug|info|warning|error; `form` console|json, None: by whether it is a terminal."""
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        _cause,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    ours, theirs = ([reports.of_our_own], [reports.of_libraries]) if reports else ([], [])
    as_json = form == "json" or (form is None and not sys.stderr.isatty())
    renderer: list[structlog.typing.Processor] = (
        [_traceback_without_locals, structlog.processors.JSONRenderer()]
        if as_json
        else [
            _harmless,
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=_traceback
            ),
        ]
    )
    structlog.configure(
        processors=[*shared, *ours, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(number),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        _Formatter(
            foreign_pre_chain=[*shared, *theirs],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=number, force=True)
    # The watcher tells once when Harbor is away; a line for every repetition tells no more.
    stamina.instrumentation.set_on_retry_hooks([])
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))
