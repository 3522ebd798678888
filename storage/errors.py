"""What the database can do to us: try again, or call the operator.

(`bot.ports.errors.Conflict` says that somebody else was first; `run` takes the step again.)
"""

from __future__ import annotations

from bot.ports.errors import Conflict, Refused, TryLater


class Crossed(Conflict):
    """The database found no order for two steps at once: this one is to be taken again."""


class StorageUnavailable(TryLater):
    """Not now: locked by somebody else, disk full, server gone. Nothing of the step was kept,
    unless it was lost in the very act of committing; an update taken again is recognised."""


class StorageClosed(StorageUnavailable):
    """It has been closed: the bot is ending, or the step is over that it was asked for."""


STEP_OVER = "the step is over"
"""What StorageClosed says to whatever a step has left running."""


class StorageBroken(Refused):
    """Not like this: newer schema, damaged file, wrong key, unusable URL. The operator's task."""
