"""python-telegram-bot's Application, for a bot that keeps what it knows in a database of its own.

Guarantees: the library itself keeps nothing of people who have written.
"""

from __future__ import annotations

from typing import Any

from telegram.ext import Application, Job


class ApplicationWithoutPersistence(Application[Any, Any, Any, Any, Any, Any]):
    """See the module."""

    def _mark_for_persistence_update(
        self, *, update: object | None = None, job: Job[Any] | None = None
    ) -> None:
        """Nobody is noted for a persistence that there is not: only that would forget them again,
        and each takes some 150 bytes."""
