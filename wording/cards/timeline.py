"""A delivery's history, a line for each thing that happened, in the tower's local time.

Guarantees: what nobody but its writer and the operators should read (the words of a problem
report) stays out; the same thing over and over is one line; never longer than a card has room for.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from bot.domain.history import HistoryEntry
from bot.domain.lifecycle import Event
from wording.cards.scene import Scene
from wording.sanitize import esc

MOST = 24
_KEPT_FIRST = 4
_BY_OPERATORS = frozenset({Event.CLOSED.value, "released_by_operator", "message"})
"""What only operators do, so that the line itself says who it was."""


def timeline(scene: Scene) -> str:
    """The lines; empty when nothing is known."""
    told = scene.situation.history
    alike = groupby(told, key=lambda moment: (moment.event, moment.by, moment.detail))
    steps = [list(moments) for _, moments in alike]
    if len(steps) > MOST:
        steps[_KEPT_FIRST : _KEPT_FIRST + 1 + len(steps) - MOST] = [[]]
    return "\n".join(_line(scene, moments) if moments else "…" for moments in steps)


def _line(scene: Scene, moments: list[HistoryEntry]) -> str:
    last = moments[-1]
    often = f" ({len(moments)}×)" if len(moments) > 1 else ""
    said = "".join(filter(None, (_what(scene, last), often, _who(scene, last))))
    return f"{scene.time(last.at)} · {said}"


def _who(scene: Scene, moment: HistoryEntry) -> str:
    if moment.by is None or moment.event in (Event.DROPPED_OFF.value, Event.COLLECTED.value):
        return ""
    _ = scene.words._
    known: Iterable[tuple[int | None, str]] = (
        (scene.situation.reader.id, _("you")),
        (scene.delivery.sender, scene.sender_name),
        (scene.delivery.recipient, scene.recipient_name),
    )
    name = next((name for person, name in known if person == moment.by), None)
    operates = moment.by in scene.situation.policy.operators
    if name is None and operates and moment.event not in _BY_OPERATORS:
        name = _("an operator")
    return f" ({name})" if name else ""


def _what(scene: Scene, moment: HistoryEntry) -> str:
    _ = scene.words._
    said = {
        "requested": _("Locker requested"),
        Event.RESERVED.value: _("Locker {door} reserved", door=esc(moment.detail) or "?"),
        Event.NO_LOCKER.value: _("No locker was free"),
        Event.DROP_OFF_ISSUED.value: _("Drop-off code issued"),
        Event.DROPPED_OFF.value: _dropped_off(scene),
        Event.PICK_UP_ISSUED.value: _("Pick-up code issued"),
        Event.EXTENDED.value: _("Time extended"),
        Event.OVERDUE.value: _("Time to collect ran out"),
        Event.COLLECTED.value: _("Taken out of the locker"),
        Event.CANCELLED.value: _("Cancelled"),
        Event.RELEASED.value: _("Locker given back"),
        Event.LAPSED.value: _("The reservation ran out"),
        Event.CLOSED.value: _("Ended by an operator"),
        "claimed": _("Recipient confirmed"),
        "handed_over": _("Handed on to somebody else"),
        "taken_back": _("Sender is taking it back"),
        "door_did_not_open": _("The door did not open"),
        "problem": _("A problem was reported"),
        "released_by_operator": _("Locker released by an operator"),
        "message": _("Message from an operator"),
    }
    return said.get(moment.event) or _("Handled by an operator")


def _dropped_off(scene: Scene) -> str:
    _ = scene.words._
    if scene.delivery.occupied_at is None:
        return _("Reported: in the locker")
    return _("Reported: in the locker since {since}", since=scene.time(scene.delivery.occupied_at))
