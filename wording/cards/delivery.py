"""Which card a reader gets of a delivery.

Guarantees: an answer for every (state, reader); None where a newer delivery of the same parcel has
taken the card's place.
"""

from __future__ import annotations

from bot.domain.delivery import Role
from bot.domain.message import Message
from wording.cards.onlooker import handed_on, no_longer_yours
from wording.cards.recipient import RECIPIENT
from wording.cards.scene import Scene
from wording.cards.sender import SENDER


def delivery_card(scene: Scene) -> Message | None:
    """The present truth about the delivery, as its reader may see it."""
    delivery = scene.delivery
    if delivery.superseded:
        return None
    roles = scene.situation.roles
    if Role.SENDER in roles:
        return SENDER[delivery.state](scene)
    if Role.RECIPIENT in roles:
        return RECIPIENT[delivery.state](scene)
    if Role.HANDED_ON in roles:
        return handed_on(scene)
    return no_longer_yours(scene)
