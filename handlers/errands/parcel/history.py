"""The whole timeline of one delivery, as a screen.

Guarantees: read by those alone who have to do with the parcel, and by operators.
"""

from __future__ import annotations

from bot.domain.message import Message
from handlers.conversation.questions import Screen
from wording.cards.timeline import timeline


async def history_prompt(screen: Screen) -> Message:
    """Everything that has happened to it."""
    _, delivery = screen.words._, await screen.delivery()
    if delivery is None:
        return screen.view(_("That parcel is not (or no longer) yours to see."))
    scene = await screen.scene(delivery)
    lines = [_("🗒 <b>What happened</b>"), scene.place, "", timeline(scene)]
    return screen.view("\n".join(lines))
