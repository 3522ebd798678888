"""The sender's card of a delivery that is over, one way or the other.

Guarantees: says what became of the locker and of the parcel, and offers the likeliest next step.
"""

from __future__ import annotations

from bot.domain.actions import Action
from bot.domain.geography import kilometres
from bot.domain.history import HistoryEvent
from bot.domain.message import Message, Place
from bot.domain.openers import Opener
from bot.domain.tower import Low
from wording.cards.prepared import again, forgotten
from wording.cards.rows import card, deed, go, guide, menu, problem
from wording.cards.scene import Scene
from wording.cards.timeline import earlier, latest, operators_reason
from wording.tower_names import esc_tower, told_apart


def collected(scene: Scene) -> Message:
    """Out of the locker: by whom, when, and all that went before."""
    _ = scene.words._
    time = scene.time(scene.delivery.collected_at)
    if scene.delivery.fetcher is not None:
        return fetched_out(scene)
    if scene.delivery.old_code_until is not None:
        return taken_out(scene)
    if scene.delivery.taken_back:
        title = _("✅ <b>You have taken it back</b> ({time})", time=time)
    elif scene.situation.to_oneself:
        title = _("✅ <b>You have collected it</b> ({time})", time=time)
    elif scene.delivery.unclaimed:
        title = _("✅ <b>The parcel has left the locker</b> ({time})", time=time)
    else:
        title = _(
            "✅ <b>{name} has collected it</b> ({time})", name=scene.recipient_first, time=time
        )
    return card(
        [[title, scene.place], [latest(scene)]],
        [go(_("Send another parcel"), Place.SEND)],
        [earlier(scene)],
        [menu(scene), guide(scene)],
    )


def taken_out(scene: Scene) -> Message:
    """By one of several who had what opens the door: nobody is named. The same for both."""
    _ = scene.words._
    title = _(
        "✅ <b>The parcel has been taken out</b> ({time})",
        time=scene.time(scene.delivery.collected_at),
    )
    onward = go(_("Send another parcel"), Place.SEND) if scene.situation.sends else None
    return card(
        [[title, scene.place], [_who_is_unknown(scene)], [latest(scene)]],
        [onward],
        [earlier(scene), problem(scene)],
        [menu(scene), guide(scene)],
    )


def _who_is_unknown(scene: Scene) -> str | None:
    if scene.delivery.old_code_until is None:
        return None
    if not scene.situation.looked_after:
        return scene.words._(
            "Who took it is not known: more than one person may have had what opens the door."
        )
    return scene.words._(
        "Who took it is not known: more than one person may have had what opens the door. If that "
        "surprises you, report a problem."
    )


def fetched_out(scene: Scene) -> Message:
    """An operator has it: why, and all that went before. The same for sender and recipient."""
    _ = scene.words._
    time = scene.time(scene.delivery.collected_at)
    title = _("🛠 <b>An operator has fetched it out</b> ({time})", time=time)
    if scene.situation.collects:
        title = _("✅ <b>You have fetched it out</b> ({time})", time=time)
    if scene.delivery.old_code_until is not None:  # somebody else may have been first
        title = _("✅ <b>The parcel has been taken out</b> ({time})", time=time)
    reason = operators_reason(scene, HistoryEvent.FETCHED_BY_OPERATOR)
    unknown = _who_is_unknown(scene)
    told: list[list[str | None]] = [[title, scene.place], [reason], [unknown], [latest(scene)]]
    if scene.situation.collects:
        return card(told, [earlier(scene)], [menu(scene), guide(scene)])
    asks = scene.situation.looked_after and not unknown
    ask = None if not asks else _("If you have a question, report a problem.")
    return card([*told, [ask]], [earlier(scene), problem(scene)], [menu(scene), guide(scene)])


def cancelled(scene: Scene) -> Message:
    """Given back; nothing was left behind."""
    _ = scene.words._
    free = None
    if scene.delivery.locker_name:
        free = _("Locker {door} has been given back.", door=scene.door)
    return card(
        [
            [_("❎ <b>Cancelled</b>"), scene.place],
            [free],
            [released_by_operator(scene)],
            [_held_briefly(scene)],
        ],
        [again(scene)],
        [menu(scene), guide(scene)],
    )


def lapsed(scene: Scene) -> Message:
    """Harbor has the locker again, with nothing in it; or there never was one."""
    if scene.delivery.locker is None:
        return forgotten(scene)
    _ = scene.words._
    title = _("⌛ <b>The time ran out</b>: locker {door} is no longer yours", door=scene.door)
    return card(
        [[title, scene.place], [_nothing_lost(scene)], [_held_briefly(scene)]],
        [again(scene)],
        [menu(scene), guide(scene)],
    )


def _nothing_lost(scene: Scene) -> str:
    """What becomes of a parcel that may be in; none can be where nobody was given a code."""
    _ = scene.words._
    if not scene.may_be_in:
        return _("No drop-off code was given out for it, so nothing is lost.")
    return _(
        "Harbor has reported no parcel. If you did put yours in, nothing is lost: I'll tell you "
        "as soon as Harbor reports it."
    )


def no_locker(scene: Scene) -> Message:
    """Full; the nearest tower with room is offered first."""
    _ = scene.words._
    return card(
        [[_full(scene), scene.place], [_offer(scene), _held_briefly(scene)]],
        [deed(scene, _("Try there"), Action.ELSEWHERE)],
        [deed(scene, _("Another size"), Action.SIZE), again(scene)],
        [menu(scene), guide(scene)],
    )


def _full(scene: Scene) -> str:
    _, delivery = scene.words._, scene.delivery
    size = scene.words.size(delivery.size)
    larger = delivery.larger_allowed and delivery.size.larger() is not None
    if delivery.low is Low.ONLY:
        if larger:
            return _("😕 <b>No locker with a low door is free</b> ({size}, or larger)", size=size)
        return _("😕 <b>No locker with a low door is free</b> ({size})", size=size)
    if larger:
        return _("😕 <b>No locker is free</b> ({size}, or larger)", size=size)
    return _("😕 <b>No locker is free</b> ({size})", size=size)


def _held_briefly(scene: Scene) -> str | None:
    """That a locker is held for a few minutes only, from the next tap on, where one holds one."""
    if scene.delivery.to_prepare_again:
        return None
    _, policy = scene.words._, scene.situation.policy
    if scene.situation.drops_off_by is Opener.LINK:
        return _(
            "Harbor holds a locker for {span} only: ask for one when you stand at its tower.",
            span=scene.words.span(policy.link_hold),
        )
    return _(
        "A locker is reserved for {span} only: ask for one when you are near its tower.",
        span=scene.words.span(policy.reservation),
    )


def closed(scene: Scene) -> Message:
    """An operator has ended it, and said why."""
    _ = scene.words._
    return card(
        [
            [_("⛔ <b>An operator has ended this delivery</b>"), scene.place],
            [reason(scene)],
            [latest(scene)],
        ],
        [go(_("Send another parcel"), Place.SEND)],
        [earlier(scene)],
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
    [told] = told_apart([there], [there, here])
    name = f"<b>{esc_tower(told)}</b>"
    if here.latitude is None or here.longitude is None or there.latitude is None:
        return _("There is room at {tower}.", tower=name)
    distance = scene.words.distance(kilometres(there, here.latitude, here.longitude), here.country)
    return _("There is room at {tower}, {distance} from this tower.", tower=name, distance=distance)
