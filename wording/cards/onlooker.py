"""The card of somebody who was the recipient, and no longer is.

Guarantees: tells nothing of where the parcel is; whoever handed it on gets the link to forward and
its slip for as long as nobody has the parcel, and then who has it and when it was collected, and no
more.
"""

from __future__ import annotations

from bot.domain.actions import Action
from bot.domain.lifecycle import LIVE, State
from bot.domain.message import Message
from wording.cards.claiming import claim_link, copy_link, forwarding, who_is_missing
from wording.cards.rows import card, deed, guide, menu
from wording.cards.scene import Scene


def handed_on(scene: Scene) -> Message:
    """The claim is theirs to pass on, or to take back; once somebody has the parcel, who it is."""
    if scene.situation.claim is None or _over(scene):
        return _in_other_hands(scene)
    _, link = scene.words._, claim_link(scene)
    title = _(
        "🤝 <b>Somebody else will collect the parcel from {sender}</b>",
        sender=scene.sender_name,
    )
    onward = forwarding(scene)
    copied = copy_link(scene, link) if link is not None else None
    return card(
        [[title], [who_is_missing(scene)]],
        onward,
        [None if copied in onward else copied],
        [deed(scene, _("I collect it after all"), Action.KEEP)],
        [menu(scene), guide(scene)],
    )


def _in_other_hands(scene: Scene) -> Message:
    look = deed(scene, scene.words._("Look at the delivery"), Action.LOOK)
    return card([[_what_of_it(scene)]], [look], [menu(scene), guide(scene)])


def _what_of_it(scene: Scene) -> str:
    """Who has it, and when they collected it; or that nobody will."""
    _, delivery = scene.words._, scene.delivery
    time = scene.time(delivery.collected_at)
    if delivery.state is State.COLLECTED and _by_the_recipient(scene):
        return _(
            "✅ <b>{name} has collected the parcel from {sender}</b> ({time})",
            name=scene.recipient_first,
            sender=scene.sender_name,
            time=time,
        )
    if delivery.state is State.COLLECTED:
        return _(
            "✅ <b>The parcel from {sender} has been taken out</b> ({time})",
            sender=scene.sender_name,
            time=time,
        )
    if delivery.state is State.CLOSED:
        return _(
            "⛔ <b>An operator has ended the delivery from {sender}</b>", sender=scene.sender_name
        )
    if _over(scene):
        return _("📦 <b>The parcel from {sender} has no locker</b>", sender=scene.sender_name)
    if delivery.fetcher is not None:
        return _("🛠 <b>An operator is fetching this parcel out</b>")
    if delivery.taken_back:
        return _("↩️ <b>{sender} is taking this parcel back</b>", sender=scene.sender_first)
    if delivery.unclaimed:
        return _("👤 Nobody can collect it yet.")
    return _(
        "🤝 <b>{name} is to collect the parcel from {sender} now</b>\nYou will be told when it has "
        "been collected.",
        name=scene.recipient_first,
        sender=scene.sender_name,
    )


def _over(scene: Scene) -> bool:
    """Whether the delivery has ended, or is about to."""
    state = scene.delivery.state
    return state not in LIVE or state is State.RELEASING


def _by_the_recipient(scene: Scene) -> bool:
    """Whether it is known that they took it out, and nobody else."""
    delivery = scene.delivery
    return not (delivery.recalled or delivery.unclaimed) and delivery.old_code_until is None


def no_longer_yours(scene: Scene) -> Message:
    """Nothing to do, and nothing to know."""
    _ = scene.words._
    title = _(
        "🤝 <b>The parcel from {sender} is no longer yours to collect</b>",
        sender=scene.sender_name,
    )
    over = _(
        "You hear no more of it and get no more codes or links for its door; a claim link you had "
        "for it no longer works."
    )
    return card([[title], [over]], [menu(scene), guide(scene)])
