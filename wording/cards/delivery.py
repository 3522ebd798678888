"""Which card a reader gets of a delivery.

Guarantees: an answer for every (state, reader); None where a newer delivery of the same parcel has
taken the card's place.
"""

from __future__ import annotations

from dataclasses import replace

from bot.domain.actions import Action
from bot.domain.delivery import Role
from bot.domain.message import Message
from wording.cards.claiming import claim_link, copy_link
from wording.cards.onlooker import handed_on, no_longer_yours
from wording.cards.photo import with_way_to_photo
from wording.cards.recipient import RECIPIENT
from wording.cards.rows import MOST_BUTTONS, map_pin, name_it
from wording.cards.scene import Scene
from wording.cards.sender import SENDER


def delivery_card(scene: Scene) -> Message | None:
    """The present truth about the delivery, as its reader may see it."""
    delivery = scene.delivery
    if delivery.superseded:
        return None
    roles = scene.situation.roles
    if Role.SENDER in roles:
        shown = with_way_to_photo(scene, SENDER[delivery.state](scene))
        return _named(scene, _with_more(scene, shown))
    if Role.RECIPIENT in roles:
        return _named(scene, RECIPIENT[delivery.state](scene))
    if Role.HANDED_ON in roles:
        return handed_on(scene)
    return no_longer_yours(scene)


def _named(scene: Scene, message: Message) -> Message:
    """How the sender calls the parcel, below the title: both people of the delivery read it."""
    name = scene.parcel_name
    if name is None:
        return message
    title, *rest = message.html.split("\n", 1)
    return replace(message, html="\n".join((title, name, *rest)))


def _with_more(scene: Scene, message: Message) -> Message:
    """The way to name it, what copies its claim link, and the tower on a map, above the way out: as
    many of them as the card has room for. The line about the place leads to a map on every card."""
    there = [button for row in message.buttons for button in row]
    link = claim_link(scene)
    wanted = (
        name_it(scene),
        copy_link(scene, link) if link is not None else None,
        map_pin(scene) if scene.situation.may(Action.MAP) else None,
    )
    more = [button for button in wanted if button is not None and button not in there]
    more = more[: max(0, MOST_BUTTONS - len(there))]
    if not more:
        return message
    *rows, last = message.buttons
    pairs = (tuple(more[at : at + 2]) for at in range(0, len(more), 2))
    return replace(message, buttons=(*rows, *pairs, last))
