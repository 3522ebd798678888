"""The card of the one who sends (and of a parcel to oneself), before the parcel is in.

Guarantees: what is promised on it is only what Harbor has confirmed; a way on, a way out and a way
to help in every state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.domain.actions import Action
from bot.domain.codes import CodeKind
from bot.domain.delivery import RequestKind, Trouble
from bot.domain.lifecycle import State
from bot.domain.message import Button, Message
from bot.domain.openers import Opener
from wording.cards import sender_ends, stored
from wording.cards.claiming import forwarding, hand_over, who_collects
from wording.cards.opening import get_said, needs, new_said, no_link, on_its_way
from wording.cards.prepared import prepared
from wording.cards.rows import (
    another_door,
    cancel,
    card,
    deed,
    guide_or_problem,
    menu,
    next_parcel,
    problem,
)
from wording.cards.scene import Scene
from wording.sanitize import capital


def requested(scene: Scene) -> Message:
    """Harbor has been asked for a locker."""
    _ = scene.words._
    looking = _(
        "⏳ <b>Looking for a locker</b> ({size})", size=scene.words.size(scene.delivery.size)
    )
    return card(
        [[looking, scene.low, scene.place, scene.closed_line], [scene.trouble or _patience(scene)]],
        [cancel(scene)],
        [menu(scene), guide_or_problem(scene)],
    )


def reserved(scene: Scene) -> Message:
    """A locker is held; the next thing is its code. (For a link Harbor never reserves one.)"""
    _ = scene.words._
    holds = _(
        "At the tower, get the drop-off code: it opens the door and holds the locker for {span}.",
        span=scene.words.span(scene.situation.policy.drop_off),
    )
    elsewhere = another_door(scene)
    return card(
        [
            [_door(scene), scene.place, scene.closed_line, _held(scene)],
            [scene.suspect],
            [
                _getting(scene) or scene.trouble or holds,
                needs(scene.words, scene.situation.drops_off_by, scene.situation.policy),
                _no_link(scene),
            ],
            [scene.note],
            [who_collects(scene)],
        ],
        [deed(scene, _get_said(scene), Action.DROP_OFF_CODE), elsewhere],
        [
            deed(scene, _("More time"), Action.MORE_TIME),
            deed(scene, _("Another size"), Action.SIZE),
        ],
        forwarding(scene, 1 if elsewhere else 2) or [hand_over(scene)],
        [cancel(scene), menu(scene), guide_or_problem(scene)],
    )


def rented(scene: Scene) -> Message:
    """A drop-off code is out; the next thing is to put the parcel in."""
    _, opener = scene.words._, scene.situation.drops_off_by
    line = _link_line(scene) if opener is Opener.LINK else _code_line(scene)
    fresh = deed(scene, new_said(scene.words, opener), Action.NEW_DROP_OFF_CODE)
    elsewhere = another_door(scene)  # which is what a new link would be for, too
    onward = None if elsewhere else next_parcel(scene)
    passes_on = forwarding(scene, 1 if onward or elsewhere else 2) or (hand_over(scene),)
    return card(
        [
            [_door(scene), scene.place, scene.closed_line, line],
            [scene.suspect],
            [_getting(scene) or scene.trouble, _no_link(scene)],
            [scene.note],
            [who_collects(scene)],
        ],
        [_code_button(scene), elsewhere or (fresh if opener is Opener.LINK else None)],
        [
            deed(scene, _("It did not open"), Action.DOOR),
            deed(scene, _("It doesn't fit"), Action.SIZE),
        ],
        [onward, *passes_on],
        [deed(scene, _("More time"), Action.MORE_TIME), cancel(scene), menu(scene)],
    )


def releasing(scene: Scene) -> Message:
    """Cancelled, but Harbor has not said so yet."""
    _ = scene.words._
    title = _("⏳ <b>Cancelling</b>")
    if scene.delivery.locker_name:
        title = _("⏳ <b>Cancelling: locker {door} is being given back</b>", door=scene.door)
    return card(
        [
            [title, scene.place],
            [sender_ends.released_by_operator(scene)],
            [scene.trouble or _may_open(scene)],
        ],
        [next_parcel(scene)],
        [problem(scene), menu(scene)],
    )


def _no_link(scene: Scene) -> str | None:
    return no_link(scene.words, scene.situation, CodeKind.DROP_OFF)


# -- what is held, and until when


def _patience(scene: Scene) -> str:
    _, request = scene.words._, scene.delivery.request
    if request is None:
        return _("The first locker is being given back; then another one is looked for.")
    if request.by is None:
        return _("This takes a few seconds; the message changes by itself.")
    if scene.situation.drops_off_by is Opener.LINK:
        return _("This takes a few seconds; the link that opens it then comes below.")
    return _("This takes a few seconds; the code that opens it then comes below.")


def _may_open(scene: Scene) -> str | None:
    """What has been shown outlives the cancelling; None where nothing opened the door yet."""
    if not scene.may_be_in:
        return None
    if scene.situation.drops_off_by is Opener.LINK:
        return scene.words._(
            "A link you already have may still open the door for a while. If the parcel is "
            "already in, nothing is lost: I'll tell you as soon as Harbor reports it."
        )
    return scene.words._(
        "A code you already have may still open the door for a while. If the parcel is already "
        "in, nothing is lost: I'll tell you as soon as Harbor reports it."
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
            "⌛ The reservation ended at {time}. If nobody else has taken the locker, you can "
            "still get the code.",
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
            "you as soon as Harbor reports it. If not, get a new code.",
            time=scene.time(ends),
        )
    if not scene.situation.code_out:
        return _("⏳ The locker is held until {until}", until=scene.until(ends))
    return _(
        "🔑 The drop-off code is good until {until}. Put the parcel in and close the door: "
        "I'll tell you as soon as Harbor reports it.",
        until=scene.until(ends),
    )


def _link_line(scene: Scene) -> str:
    """How long Harbor holds the locker, and what happens then."""
    _ = scene.words._
    ends = scene.delivery.held_until
    if scene.situation.over(ends):
        return _(
            "⌛ Harbor held this locker until {time}. Is the parcel in? Then all is well: I'll "
            "tell you as soon as Harbor reports it. If not, get a new link, perhaps for another "
            "locker.",
            time=scene.time(ends),
        )
    if scene.delivery.reminders_sent:
        return _(
            "⏳ <b>Hurry</b>, unless the parcel is in: Harbor holds the locker only until {until}. "
            "After that you need a new link, perhaps for another locker.",
            until=scene.until(ends),
        )
    return _(
        "⏳ Harbor holds the locker until {until}. After that you need a new link, perhaps for "
        "another locker. Once the parcel is in, close the door: I'll tell you as soon as Harbor "
        "reports it.",
        until=scene.until(ends),
    )


def _getting(scene: Scene) -> str | None:
    """That a code is on its way, while nothing stands against it."""
    asked = scene.delivery.asks is RequestKind.DROP_OFF_TOKEN
    if asked and scene.delivery.trouble is not Trouble.HARBOR_AWAY:
        return on_its_way(scene.words, scene.situation.drops_off_by)
    return None


def _get_said(scene: Scene) -> str:
    return get_said(scene.words, CodeKind.DROP_OFF, scene.situation.drops_off_by)


def _code_button(scene: Scene) -> Button | None:
    said = scene.words._("Show again") if scene.situation.code_out else _get_said(scene)
    return deed(scene, said, Action.DROP_OFF_CODE)


SENDER: Mapping[State, Callable[[Scene], Message]] = {
    State.PREPARED: prepared,
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
