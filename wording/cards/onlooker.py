"""The card of somebody who was the recipient, and no longer is.

Guarantees: tells nothing of where the parcel is or what becomes of it; whoever handed it on gets
the link to forward, and the slip that goes with it, for as long as nobody has claimed it.
"""

from __future__ import annotations

from bot.domain.actions import Action
from bot.domain.message import Message
from wording.cards.claiming import forward_this, forwarding
from wording.cards.rows import card, deed, guide, menu
from wording.cards.scene import Scene


def handed_on(scene: Scene) -> Message:
    """The claim is theirs to pass on."""
    _ = scene.words._
    title = _(
        "🤝 <b>Somebody else will collect the parcel from {sender}</b>",
        sender=scene.sender_name,
    )
    return card([[title], [forward_this(scene)]], forwarding(scene), [menu(scene), guide(scene)])


def given(scene: Scene) -> Message:
    """An operator let somebody else collect it, and somebody has taken that up."""
    _ = scene.words._
    title = _("🤝 <b>The parcel from {sender} has its recipient</b>", sender=scene.sender_name)
    told = _("Whoever opened the link collects it now.")
    look = deed(scene, _("Look at the delivery"), Action.LOOK)
    return card([[title], [told]], [look], [menu(scene), guide(scene)])


def no_longer_yours(scene: Scene) -> Message:
    """Nothing to do, and nothing to know."""
    _ = scene.words._
    title = _(
        "🤝 <b>The parcel from {sender} is no longer yours to collect</b>",
        sender=scene.sender_name,
    )
    over = _(
        "Your claim link for it no longer works, and you get no more codes or links for its door."
    )
    return card([[title], [over]], [menu(scene), guide(scene)])
