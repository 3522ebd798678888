"""A delivery's history, a line for each thing that happened, in the tower's local time.

Guarantees: what nobody but its writer and the operators should read (the words of a problem
report) stays out; the same thing over and over is one line; never longer than a card has room for.
A card shows the last lines and a button that leads to all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from bot.domain.actions import Action
from bot.domain.codes import CodeKind
from bot.domain.history import HistoryEntry, HistoryEvent
from bot.domain.ids import in_browser
from bot.domain.message import Button
from bot.domain.openers import Opener
from wording.cards.rows import deed
from wording.cards.scene import Scene
from wording.sanitize import esc, esc_linked

MOST = 24
_KEPT_FIRST = 4
_LAST = 2
"""So many lines stand on a card, and one more where it is the only other: "…" takes a line, too."""
_BY_OPERATORS = frozenset(
    {
        HistoryEvent.CLOSED,
        HistoryEvent.MESSAGE,
        HistoryEvent.MESSAGE_TO_ONE,
        HistoryEvent.PROBLEM_SETTLED,
        HistoryEvent.RELEASED_BY_OPERATOR,
        HistoryEvent.FETCHED_BY_OPERATOR,
        HistoryEvent.GIVEN_BY_OPERATOR,
    }
)
"""What only operators do, so that the line itself says who it was."""
_MESSAGES = {HistoryEvent.MESSAGE, HistoryEvent.MESSAGE_TO_ONE}
_REASONED = _BY_OPERATORS - _MESSAGES | {HistoryEvent.EXTENDED}
"""What operators may give a reason for, which everybody concerned can read."""


def timeline(scene: Scene) -> str:
    """The lines; empty when nothing is known."""
    return "\n".join(_lines(scene))


def latest(scene: Scene) -> str:
    """The last lines, for a card: what went before is behind the button `earlier`."""
    before, last = folded(scene)
    return "\n".join(["…", *last] if before else last)


def earlier(scene: Scene) -> Button | None:
    """The way to all of it; None where the card shows all there is."""
    before, _last = folded(scene)
    return deed(scene, scene.words._("History"), Action.HISTORY) if before else None


def folded(scene: Scene) -> tuple[list[str], list[str]]:
    """The lines that need not be seen at once, and the last ones."""
    lines = _lines(scene)
    if len(lines) <= _LAST + 1:
        return [], lines
    return lines[:-_LAST], lines[-_LAST:]


def _lines(scene: Scene) -> list[str]:
    told = [x for x in scene.situation.history if x.event is not HistoryEvent.UNKNOWN]
    alike = groupby(told, key=lambda moment: (moment.event, moment.by, moment.detail, moment.told))
    steps = [list(moments) for _, moments in alike]
    if len(steps) > MOST:
        steps[_KEPT_FIRST : _KEPT_FIRST + 1 + len(steps) - MOST] = [[]]
    return [_line(scene, moments) if moments else "…" for moments in steps]


def _line(scene: Scene, moments: list[HistoryEntry]) -> str:
    last = moments[-1]
    often = f" ({len(moments)}×)" if len(moments) > 1 else ""
    said = "".join((_what(scene, last), often, _who(scene, last), _why(scene, last)))
    return f"{scene.time(last.at)} · {said}"


def operators_reason(scene: Scene, *events: HistoryEvent) -> str | None:
    """The reason that an operator gave for the last of these events, in quotation marks."""
    last = next((x for x in reversed(scene.situation.history) if x.event in events), None)
    if last is None or not _gives_reason(last) or not esc(last.detail):
        return None
    return scene.words._("“{text}”", text=esc_linked(last.detail, 200))


def _gives_reason(moment: HistoryEntry) -> bool:
    return moment.event in _REASONED and moment.by is not None


def _why(scene: Scene, moment: HistoryEntry) -> str:
    reason = esc_linked(moment.detail, 200) if _gives_reason(moment) else ""
    return f": {scene.words._('“{text}”', text=reason)}" if reason else ""


def _who(scene: Scene, moment: HistoryEntry) -> str:
    if moment.by is None or moment.event in (HistoryEvent.DROPPED_OFF, HistoryEvent.COLLECTED):
        return ""
    _ = scene.words._
    known: Iterable[tuple[int | None, str]] = (
        (scene.situation.reader.id, _("you")),
        (scene.delivery.sender, scene.sender_name),
        (scene.delivery.recipient, scene.recipient_name),
    )
    if in_browser(moment.by) and moment.event is HistoryEvent.CLAIMED:
        return ""  # the line says so
    name = next((name for person, name in known if person == moment.by), None)
    operates = scene.situation.policy.operates_at(moment.by, scene.delivery.tower)
    if name is None and operates and moment.event not in _BY_OPERATORS:
        name = _("an operator")
    return f" ({name})" if name else ""


def _what(scene: Scene, moment: HistoryEntry) -> str:
    _ = scene.words._
    said = {
        HistoryEvent.PREPARED: _("Prepared"),
        HistoryEvent.FORGOTTEN: _("Not brought to the tower in time"),
        HistoryEvent.FELL_BACK: _("Harbor made no link: a code for the app instead"),
        HistoryEvent.REQUESTED: _("Locker requested"),
        HistoryEvent.RESERVED: _("Locker {door} reserved", door=esc(moment.detail) or "?"),
        HistoryEvent.NO_LOCKER: _("No locker was free"),
        HistoryEvent.DROP_OFF_ISSUED: _issued(scene, CodeKind.DROP_OFF),
        HistoryEvent.DROPPED_OFF: _dropped_off(scene, moment),
        HistoryEvent.PICK_UP_ISSUED: _issued(scene, CodeKind.PICK_UP),
        HistoryEvent.EXTENDED: _("Time extended"),
        HistoryEvent.OVERDUE: _("Time to collect ran out"),
        HistoryEvent.COLLECTED: _("Taken out of the locker"),
        HistoryEvent.CANCELLED: _("Cancelled"),
        HistoryEvent.RELEASED: _("Locker given back"),
        HistoryEvent.LAPSED: _("The time to drop it off ran out"),
        HistoryEvent.CLOSED: _("Ended by an operator"),
        HistoryEvent.CLAIMED: _claimed(scene, moment),
        HistoryEvent.HANDED_OVER: _("Handed on to somebody else"),
        HistoryEvent.KEPT: _("Not handed on after all"),
        HistoryEvent.DECLINED: _("Not wanted by whoever was picked"),
        HistoryEvent.TAKEN_BACK: _("Sender is taking it back"),
        HistoryEvent.DOOR_DID_NOT_OPEN: _("The door did not open"),
        HistoryEvent.ANOTHER_DOOR: _("Another door was asked for"),
        HistoryEvent.PROBLEM: _("A problem was reported"),
        HistoryEvent.RELEASED_BY_OPERATOR: _("Locker released by an operator"),
        HistoryEvent.MESSAGE: _("Message from an operator"),
        HistoryEvent.MESSAGE_TO_ONE: _to_one(scene, moment),
        HistoryEvent.PROBLEM_SETTLED: _("The problem was dealt with by an operator"),
        HistoryEvent.FITS_NOT: _("It did not fit: another size was asked for"),
        HistoryEvent.FETCHED_BY_OPERATOR: _("An operator fetches it out"),
        HistoryEvent.GIVEN_BY_OPERATOR: _("An operator lets somebody else collect"),
        HistoryEvent.PHOTO_SEEN: _("The photo was looked at"),
        HistoryEvent.FOUND_BY_OPERATOR: _("Found in a locker that no delivery used"),
    }
    return said[moment.event]


def _to_one(scene: Scene, moment: HistoryEntry) -> str:
    """An operator's words to one person; whoever may not know who that is, is not told."""
    _ = scene.words._
    if moment.told == scene.situation.reader.id:
        return _("Message from an operator to you")
    if moment.told is None:  # whoever it was has been forgotten
        return _("Message from an operator")
    if moment.told == scene.delivery.sender:
        return _("Message from an operator to the sender")
    return _("Message from an operator to the recipient")


def _claimed(scene: Scene, moment: HistoryEntry) -> str:
    on_web = moment.by is not None and in_browser(moment.by)
    return scene.words._("Claimed on the web") if on_web else scene.words._("Recipient confirmed")


def _issued(scene: Scene, kind: CodeKind) -> str:
    _, situation = scene.words._, scene.situation
    by_link = situation.delivery.opener(kind, situation.policy) is Opener.LINK
    if kind is CodeKind.DROP_OFF:
        return _("Opening link for the drop-off made") if by_link else _("Drop-off code issued")
    return _("Opening link for the pick-up made") if by_link else _("Pick-up code issued")


def _dropped_off(scene: Scene, moment: HistoryEntry) -> str:
    """Since when it is in, where the line does not begin with that very time."""
    _, put_in = scene.words._, scene.delivery.occupied_at
    if put_in is None or scene.time_plain(put_in) == scene.time_plain(moment.at):
        return _("Reported: in the locker")
    return _("Reported: in the locker since {since}", since=scene.time(put_in))
