"""The sender's card of a parcel that is prepared, and of one that was forgotten.

Guarantees: no locker is spoken of as held; what a tap brings, and until when the parcel is kept, is
told as the policy has it.
"""

from __future__ import annotations

from bot.domain.actions import Action
from bot.domain.lifecycle import State
from bot.domain.message import Button, Message
from bot.domain.openers import Opener
from wording.cards.claiming import forwarding, hand_over, who_collects
from wording.cards.closing import closed_line
from wording.cards.opening import needs
from wording.cards.rows import cancel, card, deed, guide, menu
from wording.cards.scene import Scene
from wording.tower_names import name_alone


def prepared(scene: Scene) -> Message:
    """Described, and brought to the tower some time: no locker is held."""
    _ = scene.words._
    title = _("📦 <b>Prepared</b> · {size}", size=scene.words.size(scene.delivery.size))
    ends_soon = scene.delivery.reminders_sent > 0
    more_time = deed(scene, _("More time"), Action.MORE_TIME) if ends_soon else None
    passes_on = forwarding(scene, 1 if more_time else 2) or (hand_over(scene),)
    return card(
        [
            [title, scene.low, scene.place, _closed(scene), scene.hours_line],
            [
                _at_once(scene) if scene.situation.closure is None else None,
                needs(scene.words, scene.situation.drops_off_by, scene.situation.policy),
            ],
            [_kept(scene)],
            [scene.note],
            [who_collects(scene)],
        ],
        [deed(scene, _("I'm at the tower"), Action.AT_TOWER)],
        [
            deed(scene, _("One more like this"), Action.ONE_MORE),
            deed(scene, _("Another size"), Action.SIZE),
        ],
        [more_time, *passes_on],
        [cancel(scene), menu(scene), guide(scene)],
    )


def _closed(scene: Scene) -> str | None:
    """That its tower is closed for booking, with the operators' words: what a tap at the tower
    brings is not said then, since it brings nothing."""
    closure = scene.situation.closure
    if closure is None:
        return None
    return closed_line(scene.words, name_alone(scene.situation.tower), closure.words)


def forgotten(scene: Scene) -> Message:
    """Prepared, and not brought to the tower."""
    _ = scene.words._
    title = _("⌛ <b>No longer kept</b>: it was not brought to the tower in time")
    safe = _(
        "No locker was held, and nothing is lost: prepare it again, and what you have forwarded "
        "is good again."
    )
    return card(
        [[title, scene.place], [safe], [scene.note]],
        [again(scene)],
        [menu(scene), guide(scene)],
    )


def again(scene: Scene) -> Button | None:
    """The same parcel once more: prepared again, or with a locker at once, which by link its sender
    wants only where the tower is."""
    _, delivery = scene.words._, scene.delivery
    said = _("Book again") if delivery.state is State.CANCELLED else _("Try again")
    if delivery.to_prepare_again:
        said = _("Prepare it again")
    elif scene.situation.drops_off_by is Opener.LINK:
        said = _("I'm at the tower")
    return deed(scene, said, Action.AGAIN)


def _at_once(scene: Scene) -> str:
    """That nothing is held, and what a tap at the tower brings."""
    _, policy = scene.words._, scene.situation.policy
    if scene.situation.drops_off_by is Opener.LINK:
        return _(
            "No locker is held yet. At the tower, tap “{button}”: you get a locker and the link "
            "that opens it. Harbor then holds it for {span}.",
            button=_("I'm at the tower"),
            span=scene.words.span(policy.link_hold),
        )
    return _(
        "No locker is held yet. At the tower, tap “{button}”: you get a locker and its drop-off "
        "code, which holds it for {span}.",
        button=_("I'm at the tower"),
        span=scene.words.span(policy.drop_off),
    )


def _kept(scene: Scene) -> str:
    _, until = scene.words._, scene.until(scene.delivery.held_until)
    if not scene.delivery.reminders_sent:
        return _("🗓 Kept until {until}", until=until)
    return _(
        "⏳ <b>Hurry</b>: kept only until {until}. Bring it to the tower, or tap “{button}” to "
        "keep it for another {span}.",
        button=_("More time"),
        until=until,
        span=scene.words.span(scene.situation.policy.prepared),
    )
