"""How the bot logs: structlog, one line an event, to standard error.

Guarantees: JSON when nobody is reading a terminal (or as LOG_FORMAT says); libraries log through
the same handler, and those that write requests out in full are kept above debug level, since a
request's path or body may hold a token.
"""

from __future__ import annotations

import logging
import sys

import stamina.instrumentation
import structlog

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


def set_up_logging(level: str, form: str | None) -> None:
    """`level` debug|info|warning|error; `form` console|json, None: by whether it is a terminal."""
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    as_json = form == "json" or (form is None and not sys.stderr.isatty())
    renderer: list[structlog.typing.Processor] = (
        [_traceback_without_locals, structlog.processors.JSONRenderer()]
        if as_json
        else [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(number),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=number, force=True)
    # The watcher tells once when Harbor is away; a line for every repetition tells no more.
    stamina.instrumentation.set_on_retry_hooks([])
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))
