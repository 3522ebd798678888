"""The card of the one who receives.

Guarantees: a promise is made only once the parcel is in; whose parcel it is stands first; nobody
but the collector is offered a code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.domain.lifecycle import State
from bot.domain.message import Message
from wording.cards import stored
from wording.cards.claiming import decline, hand_over
from wording.cards.opening import needs
from wording.cards.rows import card, guide, map_pin, menu
from wording.cards.scene import Scene
from wording.cards.sender_ends import fetched_out, reason, taken_out
from wording.cards.timeline import earlier, latest


def waiting(scene: Scene) -> Message:
    """A parcel is on its way, and not yet in."""
    _ = scene.words._
    title = _(
        "📦 <b>{name}, a parcel from {sender}</b>",
        name=scene.recipient_first,
        sender=scene.sender_name,
    )
    told = _("You will be told as soon as Harbor reports it in. Until then there is nothing to do.")
    return card(
        [
            [title],
            [_("It will be in a locker here:"), scene.place, scene.note],
            [told],
            [needs(scene.words, scene.situation.picks_up_by, scene.situation.policy)],
        ],
        [map_pin(scene)],
        [hand_over(scene)],
        [decline(scene)],
        [menu(scene), guide(scene)],
    )


def in_locker(scene: Scene) -> Message:
    """Theirs to collect, unless the sender takes it back."""
    if scene.situation.collects:
        return stored.for_collector(scene)
    if scene.delivery.fetcher is not None:
        return stored.being_fetched(scene)
    _ = scene.words._
    title = _("↩️ <b>{sender} is taking this parcel back</b>", sender=scene.sender_first)
    over = _("It can no longer be collected.")
    if scene.sender_known:
        over = _(
            "It can no longer be collected. If that surprises you, ask {sender}.",
            sender=scene.sender_name,
        )
    return card([[title, scene.place], [over]], [menu(scene), guide(scene)])


def collected(scene: Scene) -> Message:
    """Theirs at last; or with its sender or an operator."""
    if scene.delivery.fetcher is not None:
        return fetched_out(scene)
    if scene.delivery.old_code_until is not None:
        return taken_out(scene)
    _ = scene.words._
    time = scene.time(scene.delivery.collected_at)
    if scene.delivery.taken_back:
        title = _(
            "↩️ <b>{sender} has taken it back</b> ({time})", sender=scene.sender_first, time=time
        )
    else:
        title = _(
            "✅ <b>You have collected the parcel from {sender}</b> ({time})",
            sender=scene.sender_name,
            time=time,
        )
    return card(
        [[title, scene.place], [latest(scene)]], [earlier(scene)], [menu(scene), guide(scene)]
    )


def not_coming(scene: Scene) -> Message:
    """The sender has no locker (any more)."""
    _ = scene.words._
    title = _("📦 <b>The parcel from {sender} has no locker</b>", sender=scene.sender_name)
    so_far = _("No parcel has been reported so far. If that changes, you will be told here.")
    return card([[title, scene.place], [so_far]], [menu(scene), guide(scene)])


def closed(scene: Scene) -> Message:
    """An operator has ended it."""
    _ = scene.words._
    title = _(
        "⛔ <b>An operator has ended the delivery from {sender}</b>", sender=scene.sender_name
    )
    return card([[title, scene.place], [reason(scene)]], [menu(scene), guide(scene)])


RECIPIENT: Mapping[State, Callable[[Scene], Message]] = {
    State.PREPARED: waiting,
    State.REQUESTED: waiting,
    State.RESERVED: waiting,
    State.RENTED: waiting,
    State.RELEASING: not_coming,
    State.STORED: in_locker,
    State.COLLECTED: collected,
    State.CANCELLED: not_coming,
    State.LAPSED: not_coming,
    State.NO_LOCKER: not_coming,
    State.CLOSED: closed,
}
