"""What can go wrong at the edges, named for what the reader can do about it.

Edges translate foreign errors into these at their border and keep the cause; no message in here
carries a code, a token or anybody's text.
"""

from __future__ import annotations


class EdgeError(Exception):
    """Something beyond the bot's own walls failed."""


class TryLater(EdgeError):
    """Not now: the same call may succeed later; `after` is the other side's own delay, seconds.

    `undone`: nothing has come of the call, for certain.
    """

    def __init__(self, message: str, after: float | None = None, *, undone: bool = False) -> None:
        super().__init__(message)
        self.after, self.undone = after, undone


class Unreadable(TryLater):
    """The other side answered with something that can't be read: it said nothing, as yet."""


class OutcomeUnknown(EdgeError):
    """The call may or may not have taken effect: look before asking again."""


class Refused(EdgeError):
    """The other side understood and said no; asking the same again gets the same answer."""


class FileGone(Refused):
    """The messenger no longer has, or does not take, the file that was named to it."""


class NotOffered(Refused):
    """The other side has no such call (a route that Harbor does not document, say)."""


class NoLocker(Refused):
    """Harbor has no locker of that kind free."""


class Misconfigured(Refused):
    """The other side does not accept our credentials: only the operator can mend that."""


class Unreachable(EdgeError):
    """This person can't be written to: never opened the bot, blocked it, or is gone."""


class MessageGone(EdgeError):
    """The message is no longer there (or too old) to be edited or deleted."""


class Conflict(Exception):
    """Somebody else saved this row first: take the step again from the start."""
