"""The photo of a message, by the name under which Telegram gives it out again.

Guarantees: a name looks like one of Telegram's (no address, no file of this machine), of a photo
that is no larger than a bot may send.
"""

from __future__ import annotations

import re

from telegram import Message
from telegram.constants import FileSizeLimit
from telegram.ext import filters

_NAME = re.compile(r"[A-Za-z0-9_-]{20,250}")
LARGEST = int(FileSizeLimit.PHOTOSIZE_UPLOAD)
"""Bytes."""


def photo_in(message: Message) -> str | None:
    """The largest that will do of the sizes in which Telegram has it; None where none will."""
    sizes = [
        size
        for size in message.photo
        if _NAME.fullmatch(size.file_id) and (size.file_size or 0) <= LARGEST
    ]
    largest = max(sizes, key=lambda size: size.width * size.height, default=None)
    return largest.file_id if largest is not None else None


NO_PHOTO = filters.Document.ALL | filters.VIDEO | filters.ANIMATION | filters.Sticker.ALL
"""What may have been meant as a photo."""
