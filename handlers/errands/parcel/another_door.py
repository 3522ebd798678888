"""Another door, where the one that was given has been reported by several people.

Guarantees: the locker is given back by a "yes" alone, and where it is known that no other is free,
that is said instead and nothing is offered.
"""

from __future__ import annotations

from bot.domain.actions import Action
from bot.domain.codes import CodeKind
from bot.domain.delivery import Delivery
from bot.domain.message import Message
from bot.domain.openers import Opener
from bot.domain.tower import Low
from handlers.conversation.confirmations import overtaken, still_possible, sure, which
from handlers.conversation.questions import Screen
from wording.sanitize import esc

_SURE = sure(Action.ANOTHER_DOOR)


async def another_door_prompt(screen: Screen) -> Message:
    """Asks whether to give this one back, as long as there may be another."""
    delivery = await still_possible(screen, Action.ANOTHER_DOOR)
    if delivery is None:
        return overtaken(screen)
    if await _may_be_had(screen, delivery):
        return await _SURE(screen)
    none = screen.words._(
        "No other locker of that size is free there just now. Locker {door} stays yours.",
        door=esc(delivery.locker_name) or "?",
    )
    return screen.view("\n".join([await which(screen, delivery), none]))


async def _may_be_had(screen: Screen, delivery: Delivery) -> bool:
    """Whether another locker that would do is free there, as far as that is known."""
    by_link = delivery.opener(CodeKind.DROP_OFF, screen.sight.policy) is Opener.LINK
    free = await screen.sight.towers.free(
        delivery.tower, at_place=by_link, low_only=delivery.low is Low.ONLY
    )
    if free.at is None:
        return True
    return any(free.value.get(size) for size in delivery.sizes)
