"""What operators alone read of a delivery: what is the matter, and what they can do next.

Guarantees: whatever Harbor has refused is said with the next step.
"""

from __future__ import annotations

from bot.domain.alerts import Alert
from bot.domain.delivery import Delivery, Trouble
from bot.domain.lifecycle import LIVE, State
from wording.cards.scene import Scene
from wording.language import Words
from wording.sanitize import capital, esc


def trouble_said(words: Words, delivery: Delivery) -> str | None:
    """What Harbor has not done, and what to do about it; a line of its own."""
    _ = words._
    if delivery.trouble is Trouble.HARBOR_AWAY and delivery.request is not None:
        return _(
            "⚠️ Harbor can't be reached. What was asked of it is kept, and asked again by itself."
        )
    if delivery.trouble is not Trouble.REFUSED or delivery.state not in LIVE:
        return None
    if delivery.state is State.RELEASING:
        return _(
            "⚠️ Harbor refused to take the locker back. If it is empty, end the delivery; the "
            "locker comes free when its time at Harbor is over."
        )
    if delivery.state is State.STORED:
        return _(
            "⚠️ Harbor refused a code for this door. Try it once more; if it is refused again, the "
            "door has to be opened at the tower, and Harbor be asked why."
        )
    return _(
        "⚠️ Harbor refused the last request. Its sender can try again; otherwise release the locker "
        "or end the delivery."
    )


def reported_by(scene: Scene, alert: Alert) -> str:
    """The latest words of a problem, and whose they are; a line of its own."""
    names = {
        scene.delivery.recipient: scene.recipient_name,
        scene.delivery.sender: scene.sender_name,
    }
    name = names.get(alert.person) if alert.person is not None else None
    said = scene.words._("“{text}”", text=esc(alert.text, 200) or "?")
    return f"🆘 {name or capital(scene.words._('somebody'))}: {said}"
