"""The cards of a parcel that lies in a locker: for its sender, its collector, and for both in one.

Guarantees: when it went in is told as it was heard ("since 12:31, reported 12:33"; once, where both
are told alike), and so is a parcel that went in after its delivery had been given up; while nobody
has it, passing the link on comes before taking the parcel back.
"""

from __future__ import annotations

from bot.domain.actions import Action, extensions_left
from bot.domain.codes import CodeKind
from bot.domain.delivery import RequestKind, Trouble
from bot.domain.history import HistoryEvent
from bot.domain.message import Button, Message
from wording.cards.claiming import (
    claimed_on_web,
    decline,
    forwarding,
    hand_over,
    who_is_missing,
)
from wording.cards.opening import get_said, may_still_open, needs, new_said, no_link, on_its_way
from wording.cards.photo import see_photo, sender_told
from wording.cards.rows import Row, card, deed, map_pin, menu, next_parcel, problem, with_room
from wording.cards.scene import Scene
from wording.cards.timeline import operators_reason
from wording.cards.visit import collect_all, coming_next, leave_or_stop, left_out, one_visit
from wording.sanitize import esc_name

_GIVEN_UP = frozenset({HistoryEvent.CANCELLED, HistoryEvent.LAPSED, HistoryEvent.CLOSED})


def for_sender(scene: Scene) -> Message:
    """Where it is, for whom, till when; and the way to have it back."""
    if scene.situation.collects:
        return for_collector(scene)
    if scene.delivery.fetcher is not None:
        return being_fetched(scene)
    _ = scene.words._
    onward = next_parcel(scene)
    links = forwarding(scene, 1 if onward else 2)
    for_one = bool(links) and scene.delivery.awaited  # the second of the links' buttons hands it on
    hands_on = deed(scene, _("Hand the claim to somebody else"), Action.HAND_OVER)
    # With the two buttons of a link there are eight without it.
    history = None if links else deed(scene, _("History"), Action.HISTORY)
    return card(
        [
            [since(scene), scene.place, _deadline(scene), extendable(scene)],
            [_late(scene)],
            [_given(scene), _held(scene), _old_code(scene)],
            [scene.note],
            [sender_told(scene)],
            [_told(scene)],
        ],
        [onward],
        links,
        [
            deed(scene, _("Take it back"), Action.TAKE_BACK),
            deed(scene, _("Extend"), Action.MORE_TIME),
        ],
        [None if for_one and not onward else hands_on],
        [deed(scene, _("It doesn't fit"), Action.SIZE), history],
        [problem(scene), menu(scene)],
    )


def for_collector(scene: Scene) -> Message:
    """Where it is, till when, and the code: for whoever may fetch it."""
    _ = scene.words._
    photo, every = see_photo(scene), collect_all(scene)
    onward = None if every is not None and scene.situation.code_out else next_parcel(scene)
    turns = leave_or_stop(scene)
    full = onward or every or turns or (photo and scene.situation.code_out)
    hands_on, longer = hand_over(scene), deed(scene, _("More time"), Action.MORE_TIME)
    told = card(
        [
            [_for_you(scene), _door(scene), scene.place, scene.hours_line],
            [_deadline(scene), extendable(scene)],
            [_opens_by(scene)],
            [_late(scene), _moved(scene), _held(scene), _old_code(scene)],
            [left_out(scene)],
            [_getting(scene) or scene.trouble],
            [scene.note, coming_next(scene) or one_visit(scene)],
        ],
        [onward],
        [every],
        _codes(scene),
        turns,
        [_not_open(scene), longer],
        [hands_on],
        [decline(scene)],
        [photo],
        [None if full else map_pin(scene)],
        [problem(scene), menu(scene)],
    )
    return with_room(told, hands_on, onward, longer)  # whoever stands there opens the door first


def being_fetched(scene: Scene) -> Message:
    """An operator is about to fetch it out: why, and that it is nobody else's to collect."""
    _ = scene.words._
    return card(
        [
            [_("🛠 <b>An operator is fetching this parcel out</b>"), since(scene), scene.place],
            [operators_reason(scene, HistoryEvent.FETCHED_BY_OPERATOR)],
            [_("It can no longer be collected here. If you have a question, report a problem.")],
        ],
        [deed(scene, _("History"), Action.HISTORY), problem(scene)],
        [menu(scene)],
    )


def since(scene: Scene) -> str:
    """When it went in, and when we heard."""
    _, door = scene.words._, scene.door
    put_in, heard = _went_in(scene)
    if put_in is None:
        return _("📦 <b>In locker {door}</b> (reported {heard})", door=door, heard=heard)
    if heard is None:
        return _("📦 <b>In locker {door} since {since}</b>", door=door, since=put_in)
    return _(
        "📦 <b>In locker {door} since {since}</b> (reported {heard})",
        door=door,
        since=put_in,
        heard=heard,
    )


def _for_you(scene: Scene) -> str:
    _ = scene.words._
    if scene.delivery.fetcher is not None:
        return _("🛠 <b>You are fetching this parcel out</b>")
    if scene.situation.to_oneself:
        return _("📦 <b>Your parcel is in its locker</b>")
    if scene.situation.sends:
        return _("📦 <b>Your parcel waits to be taken back</b>")
    reader = esc_name(scene.situation.recipient.name) if scene.situation.recipient else ""
    if not reader:
        return _("📦 <b>A parcel from {sender} is waiting for you</b>", sender=scene.sender_name)
    return _(
        "📦 <b>{name}, a parcel from {sender} is waiting for you</b>",
        name=reader,
        sender=scene.sender_name,
    )


def _door(scene: Scene) -> str:
    _, door = scene.words._, scene.door
    put_in, heard = _went_in(scene)
    if put_in is None:
        return _("🚪 <b>Locker {door}</b> (reported {heard})", door=door, heard=heard)
    if heard is None:
        return _("🚪 <b>Locker {door}</b>, since {since}", door=door, since=put_in)
    return _(
        "🚪 <b>Locker {door}</b>, since {since} (reported {heard})",
        door=door,
        since=put_in,
        heard=heard,
    )


def _went_in(scene: Scene) -> tuple[str | None, str | None]:
    """Since when it is in, where that is known, and when that was heard, where that reads
    differently."""
    put_in, reported = scene.delivery.occupied_at, scene.delivery.reported_at
    if put_in is None:
        return None, scene.time(reported)
    alike = scene.time_plain(put_in) == scene.time_plain(reported)
    return scene.time(put_in), None if alike else scene.time(reported)


def _deadline(scene: Scene) -> str:
    _ = scene.words._
    ends = scene.delivery.collect_until
    if scene.delivery.overdue_at is not None or scene.situation.over(ends):
        return _(
            "⚠️ It should have been collected by <b>{time}</b>. It is still in the locker: please "
            "take care of it soon.",
            time=scene.time(ends),
        )
    if scene.delivery.reminders_sent:
        return _("⏳ <b>Still waiting</b>, and only until {until}", until=scene.until(ends))
    # NOTE: {until} is "Friday 18:00 (3 Oct)"; a newer phone shows "(in 2 days)" in its place.
    return _("⏳ It waits until {until}", until=scene.until(ends))


def _given(scene: Scene) -> str | None:
    """That an operator lets somebody else collect, and why."""
    if all(entry.event is not HistoryEvent.GIVEN_BY_OPERATOR for entry in scene.situation.history):
        return None
    said = scene.words._("🛠 An operator lets somebody else collect it.")
    reason = operators_reason(scene, HistoryEvent.GIVEN_BY_OPERATOR)
    return f"{said} {reason}" if reason else said


def _held(scene: Scene) -> str | None:
    """Why an operator lets it wait longer, if they said so."""
    reason = operators_reason(scene, HistoryEvent.EXTENDED)
    if reason is None:
        return None
    said = scene.words._("🛠 An operator lets it wait longer.")
    return f"{said} {reason}"


def _moved(scene: Scene) -> str | None:
    """That it did not fit, though it was in, and goes on in another locker."""
    moved = scene.delivery.successor is not None and scene.delivery.taken_back
    if not moved:
        return None
    if all(entry.event is not HistoryEvent.FITS_NOT for entry in scene.situation.history):
        return None
    return scene.words._(
        "📐 It did not fit: take it out here, and put it into the other locker. That one has a "
        "message of its own."
    )


def extendable(scene: Scene) -> str | None:
    """How often its reader may let it wait longer."""
    if scene.delivery.fetcher is not None or not scene.situation.policy.extensions:
        return None
    left = extensions_left(scene.delivery, scene.situation.policy)
    if left == 0:
        return scene.words._("This time can't be extended any further.")
    return scene.words.n(
        "You can extend this time once.", "You can extend this time up to {count} times.", left
    )


def _late(scene: Scene) -> str | None:
    """That the parcel is in although the delivery had been given up."""
    events = [moment.event for moment in scene.situation.history]
    if HistoryEvent.DROPPED_OFF not in events or not scene.situation.sends:
        return None
    before = events[: events.index(HistoryEvent.DROPPED_OFF)]
    given_up = next((event for event in reversed(before) if event in _GIVEN_UP), None)
    _ = scene.words._
    if scene.delivery.successor is not None and given_up is not None:
        return _(
            "⚠️ You had given this locker up for another one, yet a parcel was put into this one "
            "afterwards. It is safe: take it back, or let somebody collect it."
        )
    if given_up is HistoryEvent.CANCELLED:
        return _("⚠️ You had cancelled, yet the parcel was put in afterwards. It is safe.")
    if given_up is HistoryEvent.LAPSED:
        return _("⚠️ The time had run out, yet the parcel was put in. It is safe.")
    if given_up is HistoryEvent.CLOSED:
        return _("⚠️ An operator had ended this delivery, yet the parcel was put in. It is safe.")
    return None


def _told(scene: Scene) -> str:
    _ = scene.words._
    if scene.situation.claimed_on_web:
        return claimed_on_web(scene)
    if scene.delivery.unclaimed or scene.situation.recipient_silent:
        return who_is_missing(scene)
    if not scene.situation.recipient_told:
        return _("👤 <b>{name}</b> can collect it and is being told.", name=scene.recipient_first)
    return _("👤 <b>{name}</b> has been told and can collect it.", name=scene.recipient_first)


def _opens_by(scene: Scene) -> str | None:
    """What the reader's phone needs, until they have what opens the door: that tells more."""
    situation = scene.situation
    if situation.code_out:
        return None
    needed = needs(scene.words, situation.picks_up_by, situation.policy)
    none = no_link(scene.words, situation, CodeKind.PICK_UP)
    return "\n".join(filter(None, (needed, none)))


def _old_code(scene: Scene) -> str | None:
    """For the sender: that somebody who is no longer to collect may still open the door."""
    until = scene.delivery.old_code_until
    if until is None or scene.situation.over(until) or not scene.situation.sends:
        return None
    return may_still_open(scene.words, scene.situation.picks_up_by, scene.time(until))


def _getting(scene: Scene) -> str | None:
    asked = scene.delivery.asks is RequestKind.PICK_UP_TOKEN
    if asked and scene.delivery.trouble is not Trouble.HARBOR_AWAY:
        return on_its_way(scene.words, scene.situation.picks_up_by)
    return None


def _not_open(scene: Scene) -> Button | None:
    if not scene.situation.code_out:
        return None
    return deed(scene, scene.words._("It did not open"), Action.DOOR)


def _codes(scene: Scene) -> Row:
    words, opener = scene.words, scene.situation.picks_up_by
    fresh = deed(scene, new_said(words, opener), Action.NEW_PICK_UP_CODE)
    if not scene.situation.code_out:
        return (deed(scene, get_said(words, CodeKind.PICK_UP, opener), Action.PICK_UP_CODE),)
    return (deed(scene, words._("Show again"), Action.PICK_UP_CODE), fresh)
