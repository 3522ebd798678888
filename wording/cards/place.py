"""A tower as a pin on the messenger's own map.

Guarantees: shown to those alone who have to do with the parcel, for as long as it is under way;
only where Harbor has told the point.
"""

from __future__ import annotations

from bot.domain.actions import Action
from bot.domain.message import Message, Venue
from wording.cards.scene import Scene
from wording.sanitize import plain


def map_card(scene: Scene) -> Message | None:
    """The pin, with the tower's name and address; None where there is none (any more)."""
    tower = scene.situation.tower
    if tower.latitude is None or tower.longitude is None or not scene.situation.may(Action.MAP):
        return None
    name = plain(tower.name) or plain(tower.id)
    address = ", ".join(filter(None, (plain(tower.address, 80), plain(tower.city))))
    return Message("", venue=Venue(tower.latitude, tower.longitude, name, address or name))
