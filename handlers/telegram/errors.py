"""Telegram's errors, in the core's words.

Guarantees: `translated` knows every TelegramError; what it returns says what the reader can do, and
quotes nothing of what was sent. Source: the descriptions of the Bot API server and of TDLib, which
are all there is to tell one 400 from another.
"""

from __future__ import annotations

from datetime import timedelta

from telegram.error import (
    BadRequest,
    ChatMigrated,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)

from bot.ports.errors import (
    EdgeError,
    FileGone,
    MessageGone,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    TryLater,
    Unreachable,
)
from handlers.telegram.transport import NotSent

_BAD_REQUESTS: tuple[tuple[str, type[EdgeError]], ...] = (
    ("message to edit not found", MessageGone),
    ("message to delete not found", MessageGone),
    ("message can't be edited", MessageGone),
    ("message can't be deleted", MessageGone),
    ("message_id_invalid", MessageGone),
    ("there is no text in the message to edit", MessageGone),
    ("wrong file identifier", FileGone),
    ("wrong remote file identifier", FileGone),
    ("can't use file of type", FileGone),
    ("chat not found", Unreachable),
    ("user not found", Unreachable),
    ("peer_id_invalid", Unreachable),
    ("not enough rights", Unreachable),
    ("have no rights", Unreachable),
)


UNREADABLE = (
    TypeError,
    ValueError,
    KeyError,
    AttributeError,
    OverflowError,
    OSError,
    RecursionError,
)
"""What python-telegram-bot raises over an answer that has not the shape it ought to have."""


def is_unchanged(error: TelegramError) -> bool:
    """Whether an edit failed because the message is so already."""
    return isinstance(error, BadRequest) and "not modified" in error.message.lower()


def translated(error: TelegramError, *, sending: bool) -> EdgeError:
    """What `error` means; `sending` when the call can't be repeated without risk of a double."""
    match error:
        case RetryAfter():
            return TryLater("Telegram asks for a pause", after=pause(error), undone=True)
        case Forbidden() | ChatMigrated():
            return Unreachable("the bot may not write there")
        case InvalidToken() | EndPointNotFound():
            return Misconfigured("Telegram does not accept TELEGRAM_BOT_TOKEN")
        case BadRequest():
            return _bad_request(error)
        case NotSent():
            return TryLater("Telegram can't be reached", undone=True)
        case NetworkError() if sending:
            return OutcomeUnknown("Telegram's answer was lost")
        case NetworkError():
            return TryLater("Telegram did not answer")
    return Refused(f"Telegram refused: {type(error).__name__}")


def unread(error: Exception, *, sending: bool) -> EdgeError:
    """What an answer that can't be read means: Telegram may well have done what was asked."""
    what = f"Telegram's answer can't be read ({type(error).__name__})"
    return OutcomeUnknown(what) if sending else TryLater(what)


def pause(error: RetryAfter) -> float:
    """Seconds that Telegram wants left alone."""
    wait = error.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)


def _bad_request(error: BadRequest) -> EdgeError:
    said = error.message.lower()
    for words, kind in _BAD_REQUESTS:
        if words in said:
            return kind(words)
    # Up to the colon Telegram speaks for itself; behind it may stand what we sent.
    return Refused(f"Telegram refused: {error.message.partition(':')[0]}")
