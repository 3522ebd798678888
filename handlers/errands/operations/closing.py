"""What operators leave out of booking at a tower, and take in again: all of it, or a door.

Guarantees: every act asks once more, and is checked again when it is done: it is refused to whoever
is no operator of that tower, and of two at once the second sees how it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from telegram import Update

from bot.domain.alert_buttons import AlertAction, arg_to_door, door_to_arg
from bot.domain.closures import Closure
from bot.domain.delivery import MAX_NOTE
from bot.domain.ids import LockerId, PersonId, TowerId, read_id
from bot.domain.message import Button, Message, press
from bot.domain.person import Draft
from bot.domain.tower import Tower, beside
from bot.usecases.closing import back_in_use, close_tower, open_tower
from handlers.conversation.confirmations import REASON, overtaken, reason_of
from handlers.conversation.context import Context
from handlers.conversation.navigation import MENU, go, start
from handlers.conversation.questions import Row, Screen, changed_said, words_typed
from handlers.errands.operations.lists import TOWER
from wording.cards.closing import back_said, quoted
from wording.moments import moment
from wording.sanitize import esc, esc_name, plain
from wording.tower_names import esc_tower

CLOSING, OPENING, BACK = "ops/close", "ops/reopen", "ops/use"
CLOSE, OPEN = "close", "reopen"
YES_CLOSE, YES_OPEN, YES_BACK = "close_ok", "reopen_ok", "use_ok"
_CLOSURE, _DOOR = "closure", "door"
"""The answers that hold which closure is to end, and which door is to be used again."""
_DOORS = 8
"""Doors left out that have a button of their own, at most."""


# -- steps


async def asked_close(update: Update, context: Context) -> Draft:
    """Close the tower that is shown? Nothing has been written for people yet."""
    return go(context.draft, CLOSING, **{REASON: None})


async def wrote(update: Update, context: Context) -> Draft:
    """What people are to read: shown with the question, and kept with the "yes"."""
    return go(context.draft, CLOSING, **{REASON: words_typed(update)[:MAX_NOTE]})


async def closed(update: Update, context: Context) -> Draft:
    """Yes: nothing is booked there from now on."""
    words = context.words
    done = await close_tower(context.act, _tower(context.draft), reason_of(context.draft.answers))
    said = words._("Nothing can be booked there from now on.") if done else changed_said(words)
    context.say(said)
    return go(context.draft, TOWER, **{REASON: None})


async def asked_open(update: Update, context: Context) -> Draft:
    """Open it again?"""
    assert context.press is not None
    return go(context.draft, OPENING, **{_CLOSURE: context.press.arg})


async def opened(update: Update, context: Context) -> Draft:
    """Yes: it can be booked again."""
    closure = read_id(context.draft.answers.get(_CLOSURE))
    _say_bookable(context, await open_tower(context.act, _tower(context.draft), closure))
    return go(context.draft, TOWER, **{_CLOSURE: None})


async def asked_back(update: Update, context: Context) -> Draft:
    """Is a door back in use? From the tower's screen, or from the alert about it."""
    assert context.press is not None
    if not context.wiring.policy.operates(context.person.id):
        return start(context.draft, MENU)
    tower, locker = arg_to_door(context.press.arg or "")
    return start(context.draft, BACK, tower=tower, **{_DOOR: locker})


async def took_back(update: Update, context: Context) -> Draft:
    """Yes: it can be booked again."""
    locker = LockerId(read_id(context.draft.answers.get(_DOOR)))
    _say_bookable(context, await back_in_use(context.act, _tower(context.draft), locker))
    return go(context.draft, TOWER, **{_DOOR: None})


def _say_bookable(context: Context, done: bool) -> None:
    words = context.words
    context.say(words._("It can be booked again.") if done else changed_said(words))


def _tower(draft: Draft) -> TowerId:
    return TowerId(str(draft.answers.get("tower")))


# -- prompts


async def close_prompt(screen: Screen) -> Message:
    """Asks once more, with what people will read."""
    _, tower = screen.words._, await _looked_after(screen)
    if tower is None or any(x.locker is None for x in await _standing(screen, tower.id)):
        return overtaken(screen)
    lines = [
        _("🚫 <b>Close {tower} for booking?</b>", tower=esc_tower(await screen.called(tower))),
        _("People still see it in the list, and that it is closed. What is booked goes on."),
    ]
    if screen.sight.by_link(tower):
        towers = (await screen.sight.towers.all()).value
        if sum(beside(each, tower) for each in towers) > 1:
            lines.append(
                _(
                    "Harbor picks among the lockers of all towers of that place: none of them can "
                    "be booked then."
                )
            )
    said = reason_of(screen.answers)
    if said:
        lines += ["", _("People will read: {text}", text=quoted(screen.words, said))]
    else:
        ask = _("What should people read? Type it, up to {count} characters. Or go on without.")
        lines += ["", ask.format(count=MAX_NOTE)]
    return screen.view("\n".join(lines), (Button(_("Yes, close it"), press(YES_CLOSE)),))


async def open_prompt(screen: Screen) -> Message:
    """Asks once more, with why it is closed."""
    _, wanted = screen.words._, read_id(screen.answers.get(_CLOSURE))
    found = await _asked_about(screen, lambda closure: closure.id == wanted)
    if found is None:
        return overtaken(screen)
    tower, closure = found
    lines = [
        _(
            "✅ <b>Open {tower} for booking again?</b>",
            tower=esc_tower(await screen.called(tower)),
        ),
        await _since(screen, tower, closure),
    ]
    return screen.view("\n".join(lines), (Button(_("Yes, open it"), press(YES_OPEN)),))


async def back_prompt(screen: Screen) -> Message:
    """Asks once more whether the door opens again."""
    _, locker = screen.words._, read_id(screen.answers.get(_DOOR))
    found = await _asked_about(screen, lambda closure: closure.locker == locker)
    if found is None:
        return overtaken(screen)
    tower, closure = found
    text = _(
        "✅ <b>Is locker {door} at {tower} back in use?</b>\nIt can be booked again then, and what "
        "people report of it counts anew.",
        door=esc(_name(closure)),
        tower=esc_tower(await screen.called(tower)),
    )
    return screen.view(text, (Button(_("Yes, back in use"), press(YES_BACK)),))


@dataclass(frozen=True, slots=True)
class Closing:
    """What a tower's screen says of it: lines, the buttons for it, and which doors are left out."""

    lines: Sequence[str]
    rows: Sequence[Row]
    doors: frozenset[LockerId]


async def closing_at(screen: Screen, tower: Tower) -> Closing:
    """Whether the tower is closed, by whom and why (or was, the last time), and its doors that are
    left out."""
    _, standing = screen.words._, await _standing(screen, tower.id)
    latest = await screen.sight.database.look(lambda tx: tx.closures_at(tower.id, 1))
    out = [each for each in standing if each.locker is not None]
    lines = [await _since(screen, tower, each) for each in latest]
    closed = next((each for each in standing if each.locker is None), None)
    if closed is None:
        rows: list[Row] = [(Button(_("🚫 Close for booking"), press(CLOSE)),)]
    else:
        rows = [(Button(_("✅ Open for booking again"), press(OPEN, closed.id)),)]
    if out:
        names = ", ".join(esc(_name(each), 12) for each in out)
        lines.append(_("🚧 Reported, and left out of booking: {doors}", doors=names))
    for each in out[:_DOORS]:
        label = f"{plain(_name(each), 12)} · {back_said(screen.words)}"
        door = door_to_arg(tower.id, each.locker)
        rows.append((Button(label, press(AlertAction.BACK_IN_USE, door)),))
    return Closing(lines, rows, frozenset(each.locker for each in out if each.locker is not None))


def left_out_said(screen: Screen, tower: Tower, closures: Sequence[Closure]) -> str:
    """In the list of towers: that one is closed, and how many of its doors are left out."""
    _, here = screen.words._, [each for each in closures if each.tower == tower.id]
    doors = sum(each.locker is not None for each in here)
    parts = [_("🚫 closed for booking")] if len(here) > doors else []
    if doors:
        parts.append(_("🚧 doors left out: {count}", count=doors))
    return " · ".join(parts)


async def _since(screen: Screen, tower: Tower, closure: Closure) -> str:
    """Since when it is closed, or from when to when it was; by whom, and with what words."""
    words, _ = screen.words, screen.words._
    start = moment(words, closure.at, tower, now=screen.now)
    if closure.ended_at is None:
        line = _(
            "🚫 <b>Closed for booking</b> since {time} by {name}",
            time=start,
            name=await _who(screen, closure.by),
        )
    else:
        line = _(
            "Last closed for booking from {start} by {name}, opened again {end} by {other}",
            start=start,
            name=await _who(screen, closure.by),
            end=moment(words, closure.ended_at, tower, now=screen.now),
            other=await _who(screen, closure.ended_by),
        )
    return f"{line}: {quoted(words, closure.words)}" if closure.words else line


async def _who(screen: Screen, operator: PersonId | None) -> str:
    known = None
    if operator is not None:
        known = await screen.sight.database.look(lambda tx: tx.person(operator))
    return esc_name(known.name if known else None) or screen.words._("an operator")


async def _asked_about(
    screen: Screen, meant: Callable[[Closure], bool]
) -> tuple[Tower, Closure] | None:
    """The tower, and what of it is `meant`; None where it is not this operator's, or not left out
    any more."""
    tower = await _looked_after(screen)
    standing = await _standing(screen, tower.id) if tower is not None else []
    closure = next(filter(meant, standing), None)
    return None if tower is None or closure is None else (tower, closure)


async def _looked_after(screen: Screen) -> Tower | None:
    """The tower that is asked about; None where it is not this operator's."""
    tower = await screen.sight.towers.one(_tower(screen.draft))
    return tower if tower is not None and screen.looks_after(tower.id) else None


async def _standing(screen: Screen, tower: TowerId) -> list[Closure]:
    found = await screen.sight.database.glance(lambda tx: tx.closures())
    return [each for each in found if each.tower == tower]


def _name(closure: Closure) -> str:
    return closure.locker_name or str(closure.locker)
