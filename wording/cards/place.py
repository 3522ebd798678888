"""A tower as a pin on the messenger's own map.

Guarantees: shown to those alone who have to do with the parcel, for as long as it is under way;
only where Harbor has told the point.
"""

from __future__ import annotations

from bot.domain.actions import Action
from bot.domain.message import Message, Venue
from wording.cards.scene import Scene, plain_place


def map_card(scene: Scene) -> Message | None:
    """The pin, with the tower's name and address; None where there is none (any more)."""
    tower = scene.situation.tower
    if tower.latitude is None or tower.longitude is None or not scene.situation.may(Action.MAP):
        return None
    name, address = plain_place(tower)
    return Message("", venue=Venue(tower.latitude, tower.longitude, name, address or name))
