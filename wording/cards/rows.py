"""The buttons below a card, and a card put together.

Guarantees: what concerns a delivery carries its revision; at most eight buttons in rows that fit a
phone; lines that have nothing to say take no room.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot.domain.actions import Action
from bot.domain.delivery import Trouble
from bot.domain.message import Button, Message, Place, press, press_on
from wording.cards.scene import Scene, map_url

Row = tuple[Button | None, ...]
MOST_BUTTONS = 8
"""Below one card."""


def deed(scene: Scene, text: str, action: Action, arg: object = None) -> Button | None:
    """A button that does something to the delivery as it is now; None where its reader may not."""
    if not scene.situation.may(action):
        return None
    return Button(text, press_on(action, scene.delivery, arg))


def go(text: str, where: Place) -> Button:
    """A button that leads somewhere else."""
    return Button(text, press(where))


def menu(scene: Scene) -> Button:
    """The way back."""
    return go(scene.words._("Menu"), Place.MENU)


def guide(scene: Scene) -> Button:
    """The way to help, where there is nothing yet to report."""
    return go(scene.words._("Help"), Place.HELP)


def problem(scene: Scene) -> Button | None:
    """The way to a human being."""
    return deed(scene, scene.words._("Report a problem"), Action.PROBLEM)


def another_door(scene: Scene) -> Button | None:
    """The way to another locker, where the door of this one has been reported by several people."""
    return deed(scene, scene.words._("Another door"), Action.ANOTHER_DOOR)


def cancel(scene: Scene) -> Button | None:
    """The way out, before the parcel is in."""
    return deed(scene, scene.words._("Cancel"), Action.CANCEL)


def next_parcel(scene: Scene) -> Button | None:
    """The way on to the next parcel that is prepared for the same place; None where none is.

    How many are left is not said: a message further up would go on saying it.
    """
    if not scene.situation.more_prepared:
        return None
    return deed(scene, scene.words._("Next parcel"), Action.NEXT)


def guide_or_problem(scene: Scene) -> Button | None:
    """The way to help; to a human being, where the card tells to report a problem."""
    if scene.delivery.trouble is Trouble.REFUSED:
        return problem(scene) or guide(scene)
    return guide(scene)


def name_it(scene: Scene) -> Button | None:
    """The way to give the parcel a name, or another."""
    _ = scene.words._
    said = _("🏷 Rename") if scene.delivery.parcel_name else _("🏷 Name it")
    return deed(scene, said, Action.NAME)


def map_pin(scene: Scene) -> Button | None:
    """The tower on a map: the messenger's own where the point is known, else a search for it."""
    tower, said = scene.situation.tower, scene.words._("Show on the map")
    if tower.latitude is None or tower.longitude is None:
        return Button(said, url=map_url(tower))
    return deed(scene, said, Action.MAP)


def card(paragraphs: Iterable[Iterable[str | None]], *rows: Iterable[Button | None]) -> Message:
    """Paragraphs of lines over rows of buttons; what is None or empty is left out."""
    texts = ["\n".join(filter(None, lines)) for lines in paragraphs]
    return Message("\n\n".join(filter(None, texts)), filled(rows))


def with_room(message: Message, *give_way: Button | None) -> Message:
    """The card with `MOST_BUTTONS` at most: of those that give way as many as that takes, the first
    of them first."""
    rows = message.buttons
    for each in give_way:
        if sum(map(len, rows)) > MOST_BUTTONS:
            rows = filled(tuple(button for button in row if button != each) for row in rows)
    return replace(message, buttons=rows)


def filled(rows: Iterable[Iterable[Button | None]]) -> tuple[tuple[Button, ...], ...]:
    """Rows without the buttons that are not there; a row without any takes no room."""
    kept = [tuple(filter(None, row)) for row in rows]
    return tuple(filter(None, kept))
