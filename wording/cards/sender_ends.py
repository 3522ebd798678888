"""The sender's card of a delivery that is over, one way or the other.

Guarantees: says what became of the locker and of the parcel, and offers the likeliest next step.
"""

from __future__ import annotations

from bot.domain.actions import Action
from bot.domain.geography import kilometres
from bot.domain.history import HistoryEvent
from bot.domain.message import Button, Message, Place
from wording.cards.rows import card, deed, go, guide, menu, problem
from wording.cards.scene import Scene
from wording.cards.timeline import operators_reason, timeline
from wording.sanitize import esc


def collected(scene: Scene) -> Message:
    """Out of the locker: by whom, when, and all that went before."""
    _ = scene.words._
    time = scene.time(scene.delivery.collected_at)
    if scene.delivery.fetcher is not None:
        return fetched_out(scene)
    if scene.delivery.taken_back:
        title = _("✅ <b>You have taken it back</b> ({time})", time=time)
    elif scene.situation.to_oneself:
        title = _("✅ <b>You have collected it</b> ({time})", time=time)
    elif scene.delivery.recipient is None:
        title = _("✅ <b>The parcel has left the locker</b> ({time})", time=time)
    else:
        title = _(
            "✅ <b>{name} has collected it</b> ({time})", name=scene.recipient_first, time=time
        )
    return card(
        [[title, scene.place], [timeline(scene)]],
        [go(_("Send another parcel"), Place.SEND)],
        [menu(scene), guide(scene)],
    )


def fetched_out(scene: Scene) -> Message:
    """An operator has it: why, and all that went before. The same for sender and recipient."""
    _ = scene.words._
    time = scene.time(scene.delivery.collected_at)
    title = _("🛠 <b>An operator has fetched it out</b> ({time})", time=time)
    if scene.situation.collects:
        title = _("✅ <b>You have fetched it out</b> ({time})", time=time)
    reason = operators_reason(scene, HistoryEvent.FETCHED_BY_OPERATOR)
    told: list[list[str | None]] = [[title, scene.place], [reason], [timeline(scene)]]
    if scene.situation.collects:
        return card(told, [menu(scene), guide(scene)])
    ask = _("If you have a question, report a problem.")
    return card([*told, [ask]], [problem(scene)], [menu(scene), guide(scene)])


def cancelled(scene: Scene) -> Message:
    """Given back; nothing was left behind."""
    _ = scene.words._
    free = None
    if scene.delivery.locker_name:
        free = _("Locker {door} has been given back.", door=scene.door)
    return card(
        [[_("❎ <b>Cancelled</b>"), scene.place], [free], [released_by_operator(scene)]],
        [_again(scene)],
        [menu(scene), guide(scene)],
    )


def lapsed(scene: Scene) -> Message:
    """Harbor has the locker again, with nothing in it."""
    _ = scene.words._
    title = _("⌛ <b>The time ran out</b>: locker {door} is no longer yours", door=scene.door)
    late = _(
        "The tower has not reported a parcel. If you did put yours in, nothing is lost: I'll tell "
        "you as soon as the tower reports it."
    )
    return card(
        [[title, scene.place], [late]],
        [_again(scene)],
        [menu(scene), guide(scene)],
    )


def no_locker(scene: Scene) -> Message:
    """Full; the nearest tower with room is offered first."""
    _ = scene.words._
    size = scene.words.size(scene.delivery.size)
    if scene.delivery.larger_allowed and scene.delivery.size.larger() is not None:
        title = _("😕 <b>No locker is free</b> ({size}, or larger)", size=size)
    else:
        title = _("😕 <b>No locker is free</b> ({size})", size=size)
    return card(
        [[title, scene.place], [_offer(scene)]],
        [deed(scene, _("Try there"), Action.ELSEWHERE)],
        [deed(scene, _("Another size"), Action.SIZE), _again(scene)],
        [menu(scene), guide(scene)],
    )


def closed(scene: Scene) -> Message:
    """An operator has ended it, and said why."""
    _ = scene.words._
    return card(
        [
            [_("⛔ <b>An operator has ended this delivery</b>"), scene.place],
            [reason(scene)],
            [timeline(scene)],
        ],
        [go(_("Send another parcel"), Place.SEND)],
        [menu(scene), guide(scene)],
    )


def reason(scene: Scene) -> str | None:
    """The words of the operator who has ended it."""
    return operators_reason(scene, HistoryEvent.CLOSED)


def released_by_operator(scene: Scene) -> str | None:
    """That it was an operator who gave the locker back, and why."""
    event = HistoryEvent.RELEASED_BY_OPERATOR
    if all(entry.event is not event for entry in scene.situation.history):
        return None
    said = scene.words._("🛠 An operator has given the locker back.")
    words = operators_reason(scene, event)
    return f"{said} {words}" if words else said


def _offer(scene: Scene) -> str:
    _ = scene.words._
    there, here = scene.situation.elsewhere, scene.situation.tower
    if there is None:
        return _("The towers nearby are full, too. Lockers come free all the time: try again soon.")
    name = f"<b>{esc(there.name)}</b>"
    if here.latitude is None or here.longitude is None or there.latitude is None:
        return _("There is room at {tower}.", tower=name)
    distance = scene.words.distance(kilometres(there, here.latitude, here.longitude), here.country)
    return _("There is room at {tower}, {distance} from this tower.", tower=name, distance=distance)


def _again(scene: Scene) -> Button | None:
    return deed(scene, scene.words._("Try again"), Action.AGAIN)
