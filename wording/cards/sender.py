"""The card of the one who sends (and of a parcel to oneself), before the parcel is in.

Guarantees: what is promised on it is only what Harbor has confirmed; a way on, a way out and a way
to help in every state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.domain.actions import Action
from bot.domain.delivery import RequestKind, Trouble
from bot.domain.lifecycle import State
from bot.domain.message import Button, Message
from wording.cards import sender_ends, stored
from wording.cards.claiming import forwarding, hand_over, who_collects
from wording.cards.rows import card, deed, guide, menu, problem
from wording.cards.scene import Scene
from wording.sanitize import capital


def requested(scene: Scene) -> Message:
    """Harbor has been asked for a locker."""
    _ = scene.words._
    looking = _(
        "⏳ <b>Looking for a locker</b> ({size})", size=scene.words.size(scene.delivery.size)
    )
    patience = _("This takes a few seconds; the message changes by itself.")
    return card(
        [[looking, scene.place, scene.closed_line], [scene.trouble or patience]],
        [_cancel(scene)],
        [menu(scene), guide(scene)],
    )


def reserved(scene: Scene) -> Message:
    """A locker is held; the next thing is its code."""
    _ = scene.words._
    holds = _(
        "At the tower, get the drop-off code: it opens the door and holds the locker for {span}.",
        span=scene.words.span(scene.situation.policy.drop_off),
    )
    return card(
        [
            [_door(scene), scene.place, scene.closed_line, _held(scene)],
            [_getting(scene) or scene.trouble or holds],
            [scene.note],
            [who_collects(scene)],
        ],
        [deed(scene, _("Get drop-off code"), Action.DROP_OFF_CODE)],
        [
            deed(scene, _("More time"), Action.MORE_TIME),
            deed(scene, _("Another size"), Action.SIZE),
        ],
        forwarding(scene) or [hand_over(scene)],
        [_cancel(scene), menu(scene), guide(scene)],
    )


def rented(scene: Scene) -> Message:
    """A drop-off code is out; the next thing is to put the parcel in."""
    _ = scene.words._
    return card(
        [
            [_door(scene), scene.place, scene.closed_line, _code_line(scene)],
            [_getting(scene) or scene.trouble],
            [scene.note],
            [who_collects(scene)],
        ],
        [_code_button(scene)],
        [
            deed(scene, _("It did not open"), Action.DOOR),
            deed(scene, _("It doesn't fit"), Action.SIZE),
        ],
        forwarding(scene) or [hand_over(scene)],
        [deed(scene, _("More time"), Action.MORE_TIME), _cancel(scene), menu(scene)],
    )


def releasing(scene: Scene) -> Message:
    """Cancelled, but Harbor has not said so yet."""
    _ = scene.words._
    late = _(
        "A code you already have may still open the door for a while. If the parcel is already "
        "in, nothing is lost: I'll tell you as soon as the tower reports it."
    )
    title = _("⏳ <b>Cancelling</b>")
    if scene.delivery.locker_name:
        title = _("⏳ <b>Cancelling: locker {door} is being given back</b>", door=scene.door)
    return card(
        [
            [title, scene.place],
            [sender_ends.released_by_operator(scene)],
            [scene.trouble or late],
        ],
        [problem(scene), menu(scene)],
    )


def _door(scene: Scene) -> str:
    _ = scene.words._
    wished, got = scene.delivery.size, scene.delivery.locker_size or scene.delivery.size
    line = _("🚪 <b>Locker {door}</b> · {size}", door=scene.door, size=scene.words.size(got))
    if got is not wished:
        line += "\n" + _(
            "({size}: none was free, so this one is larger)",
            size=capital(scene.words.size(wished)),
        )
    return line


def _held(scene: Scene) -> str:
    _ = scene.words._
    ends = scene.delivery.held_until
    if scene.situation.over(ends):
        return _(
            "⌛ The reservation ended at {time}. If nobody else has taken the locker, the code "
            "still works.",
            time=scene.time(ends),
        )
    if scene.delivery.reminders_sent:
        return _("⏳ <b>Hurry</b>: reserved only until {until}", until=scene.until(ends))
    return _("⏳ Reserved until {until}", until=scene.until(ends))


def _code_line(scene: Scene) -> str:
    _ = scene.words._
    ends = scene.delivery.held_until
    if scene.situation.over(ends):
        return _(
            "⌛ The drop-off code ran out at {time}. Is the parcel in? Then all is well: I'll tell "
            "you as soon as the tower reports it. If not, get a new code.",
            time=scene.time(ends),
        )
    if not scene.situation.code_out:
        return _("⏳ The locker is held until {until}", until=scene.until(ends))
    return _(
        "🔑 The drop-off code is good until {until}. Put the parcel in and close the door: "
        "I'll tell you once the tower has reported it.",
        until=scene.until(ends),
    )


def _getting(scene: Scene) -> str | None:
    """That a code is on its way, while nothing stands against it."""
    on_its_way = scene.delivery.asks is RequestKind.DROP_OFF_TOKEN
    if on_its_way and scene.delivery.trouble is not Trouble.HARBOR_AWAY:
        return scene.words._("⏳ Asking Harbor for the code…")
    return None


def _code_button(scene: Scene) -> Button | None:
    _ = scene.words._
    if scene.situation.code_out:
        return deed(scene, _("Show again"), Action.DROP_OFF_CODE)
    return deed(scene, _("Get drop-off code"), Action.DROP_OFF_CODE)


def _cancel(scene: Scene) -> Button | None:
    return deed(scene, scene.words._("Cancel"), Action.CANCEL)


SENDER: Mapping[State, Callable[[Scene], Message]] = {
    State.REQUESTED: requested,
    State.RESERVED: reserved,
    State.RENTED: rented,
    State.RELEASING: releasing,
    State.STORED: stored.for_sender,
    State.COLLECTED: sender_ends.collected,
    State.CANCELLED: sender_ends.cancelled,
    State.LAPSED: sender_ends.lapsed,
    State.NO_LOCKER: sender_ends.no_locker,
    State.CLOSED: sender_ends.closed,
}
