"""Logging in tests: whatever a test sets up ends with it.

Guarantees: afterwards handlers, level and structlog are as they were, and no module's logger keeps
what it first logged with (`cache_logger_on_first_use`): another test would capture nothing.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator

import pytest
import structlog
from structlog._config import BoundLoggerLazyProxy


@pytest.fixture(autouse=True)
def logging_put_back() -> Iterator[None]:
    """A command in this process, or whoever says `set_up_logging`, sets it up for a test alone."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    if not structlog.is_configured():
        return
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    for module in list(sys.modules.values()):
        for each in list(getattr(module, "__dict__", {}).values()):
            if isinstance(each, BoundLoggerLazyProxy):
                vars(each).pop("bind", None)
