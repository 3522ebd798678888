"""Several parcels in one tower: what a card says of the others, and the buttons of one visit.

Guarantees: that something comes by itself is said only where it does; whatever is left out says so
until it is tried again.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.actions import Action
from bot.domain.delivery import Delivery, Turn
from bot.domain.message import Button
from wording.cards.rows import Row, deed
from wording.cards.scene import Scene
from wording.sanitize import esc


def collect_all(scene: Scene) -> Button | None:
    """The way to fetch all that waits for its reader there; None where nothing else does, or it is
    this one's turn."""
    others = scene.situation.companions
    if not others or scene.delivery.turn is Turn.NOW:
        return None
    said = scene.words._("Collect all {count} here", count=len(others) + 1)
    return deed(scene, said, Action.COLLECT_ALL)


def leave_or_stop(scene: Scene) -> Row:
    """In its turn: on to the next parcel without this one, or no further; none without a next."""
    if not scene.situation.next_doors:
        return ()
    _ = scene.words._
    return (
        deed(scene, _("Skip it for now"), Action.SKIP),
        deed(scene, _("Stop after this one"), Action.STOP),
    )


def left_out(scene: Scene) -> str | None:
    """That it was left out of the visit, and can be tried again."""
    if not scene.situation.left_out:
        return None
    return scene.words._(
        "⏭ <b>Left out for now.</b> Nothing is lost: try it again here whenever you like."
    )


def coming_next(scene: Scene) -> str | None:
    """In its turn: that the next door's comes by itself."""
    others = scene.situation.next_doors
    if not others:
        return None
    # NOTE: {doors} are the labels of lockers: "4, 7".
    return scene.words.n(
        "📦 One visit: as soon as Harbor reports this parcel as taken out, the code or link for "
        "the next door comes by itself. Still to come: locker {doors}.",
        "📦 One visit: as soon as Harbor reports this parcel as taken out, the code or link for "
        "the next door comes by itself. Still to come: lockers {doors}.",
        len(others),
        doors=_doors(others),
    )


def _doors(others: Sequence[Delivery]) -> str:
    """The labels on their doors, each once, some of many."""
    labels = dict.fromkeys(esc(other.locker_name) or "?" for other in others)
    return ", ".join(f"<b>{label}</b>" for label in [*labels][:6])


def one_visit(scene: Scene) -> str | None:
    """What else waits for its reader in the same tower."""
    if not scene.situation.companions:
        return None
    return scene.words.n(
        "📦 {count} more parcel waits for you in this tower (locker {doors}): one visit will do.",
        "📦 {count} more parcels wait for you in this tower (lockers {doors}): one visit will do.",
        len(scene.situation.companions),
        doors=_doors(scene.situation.companions),
    )
