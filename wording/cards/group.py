"""What a group is told, once: that all this happens in private chats."""

from __future__ import annotations

from bot.domain.message import Button, Message
from wording.language import Words


def group_card(words: Words, link: str) -> Message:
    """One sentence and the way to the private chat, which `link` opens."""
    _ = words._
    only = _("📦 I hand parcels over through lockers, and only in private chats: codes are secret.")
    return Message(
        only,
        ((Button(_("Open the private chat"), url=link),),),
    )
