"""The sender's photo of a parcel: the message that shows it, and what cards say of it.

Guarantees: it is shown to those alone who may see it; to anybody else, and once it is over, there
is nothing to show. A sender is asked for one by a line of the card, and no longer than they have
not answered.
"""

from __future__ import annotations

from dataclasses import replace

from bot.domain.actions import Action
from bot.domain.delivery import NoPhoto, Role
from bot.domain.lifecycle import State
from bot.domain.message import Button, Message
from wording.cards.rows import MOST_BUTTONS, deed
from wording.cards.scene import Scene


def photo_card(scene: Scene) -> Message | None:
    """The photo; a plain sentence to who could see it where Telegram no longer has it."""
    _, photo = scene.words._, scene.delivery.photo
    if photo is not None and scene.situation.may(Action.SEE_PHOTO):
        title = _("📷 <b>The sender's photo</b> · locker {door}", door=scene.door)
        lines = (title, scene.parcel_name, scene.place)
        return Message("\n".join(filter(None, lines)), photo=photo, protected=True)
    if scene.delivery.no_photo is NoPhoto.LOST and _could_see(scene):
        return Message(
            _("📷 Telegram no longer has the photo of this parcel. Nothing else has changed.")
        )
    return None


def _could_see(scene: Scene) -> bool:
    """Whether they would see a photo, if there were one still."""
    delivery, roles = scene.delivery, scene.situation.roles
    if Role.OPERATOR in roles and delivery.problem_reported:
        return True
    theirs = Role.SENDER in roles or (Role.RECIPIENT in roles and not delivery.recalled)
    return theirs and delivery.state is State.STORED


def see_photo(scene: Scene) -> Button | None:
    """The way to the photo, for whoever collects; its sender has another."""
    if scene.situation.sends:
        return None
    return deed(scene, scene.words._("📷 See the photo"), Action.SEE_PHOTO)


def sender_told(scene: Scene) -> str | None:
    """Asks the sender for a photo, or says who sees the one there is."""
    _, delivery = scene.words._, scene.delivery
    if delivery.photo_asked:
        return _("📷 A photo helps whoever collects it. If you like, send one here.")
    if delivery.photo is not None and not scene.situation.claimed_on_web:
        return _("📷 Whoever collects it in Telegram sees your photo.")
    return None


def with_way_to_photo(scene: Scene, message: Message) -> Message:
    """The sender's card with a button for the photo above the way out.

    Where it has room for no more, the line that asks is enough, and a photo that is there takes the
    place of "It doesn't fit".
    """
    _, delivery = scene.words._, scene.delivery
    if delivery.photo is None and not delivery.photo_asked:
        return message
    said = _("📷 Add a photo") if delivery.photo is None else _("📷 Photo")
    button, rows = deed(scene, said, Action.PHOTO), message.buttons
    if delivery.photo is not None and sum(map(len, rows)) >= MOST_BUTTONS:
        rows = tuple(row for row in map(_but_size, rows) if row)
    if button is None or sum(map(len, rows)) >= MOST_BUTTONS:
        return message
    return replace(message, buttons=(*rows[:-1], (button,), rows[-1]))


def _but_size(row: tuple[Button, ...]) -> tuple[Button, ...]:
    return tuple(each for each in row if each.press is None or each.press.verb != Action.SIZE)
