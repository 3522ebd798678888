"""What the database can do to us, in two names: try again, or call the operator.

(A third, `bot.errors.Conflict`, says that somebody else was first; `run` takes the step again.)
"""

from __future__ import annotations

from bot.errors import Refused, TryLater


class StorageUnavailable(TryLater):
    """Not now: locked by somebody else, disk full, server gone. Nothing of the step was kept,
    unless it was lost in the very act of committing; an update taken again is recognised."""


class StorageBroken(Refused):
    """Not like this: newer schema, damaged file, wrong key, unusable URL. The operator's task."""
