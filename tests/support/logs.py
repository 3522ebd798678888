"""Logging as the bot sets it up, for the length of a test.

Guarantees: afterwards handlers, level and structlog are as they were, and no module's logger keeps
what it first logged with (`cache_logger_on_first_use`): another test would capture nothing.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator

import structlog
from structlog._config import BoundLoggerLazyProxy


@contextlib.contextmanager
def logging_put_back() -> Iterator[None]:
    """Whatever is set up within the block ends with it."""
    root = logging.getLogger()
    handlers, level, configured = root.handlers[:], root.level, structlog.get_config()
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.configure(**configured)
        for module in list(sys.modules.values()):
            for each in list(getattr(module, "__dict__", {}).values()):
                if isinstance(each, BoundLoggerLazyProxy):
                    vars(each).pop("bind", None)
