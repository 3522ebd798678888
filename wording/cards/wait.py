"""What somebody who waits for a locker is told: that it is their turn, and how the wait ended.

Guarantees: that nothing is held at Harbor is said wherever a turn is told.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from bot.domain.message import Button, Message, Place, press
from bot.domain.policy import Policy
from bot.domain.tower import Tower
from bot.domain.waiting import Tapped, Wait, Waiting
from wording.language import Words
from wording.moments import ticking
from wording.tower_names import SHORT, esc_tower, told_apart


def wait_card(
    words: Words,
    wait: Wait,
    tower: Tower,
    policy: Policy,
    now: datetime,
    among: Collection[Tower],
) -> Message | None:
    """The message about a wait; None where there is nothing to tell (any more). The tower is told
    apart from those `among` which it stands."""
    _, name, size = words._, _called(tower, among), words.size(wait.size)
    again = ((Button(_("📦 Send a parcel"), press(Place.SEND)),),)
    match wait.state:
        case Waiting.TURN:
            return _turn(words, wait, tower, name, now)
        case Waiting.BOOKING:
            return None
        case Waiting.WAITING:
            title = _("🔔 <b>That locker was gone before you had it</b>")
            line = wait_line(words, wait, tower, among, now)
            kept = _("You still wait, in your place:")
            return Message(f"{title}\n{kept}\n{line}", ((stop_button(words, wait, tower, among),),))
        case Waiting.PASSED:
            title = _("⌛ <b>Your turn is over</b>: {size}, {tower}", size=size, tower=name)
            return Message("\n".join((title, _("You no longer wait there."))), again)
        case Waiting.OVER:
            title = _("⌛ <b>No locker became free</b>: {size}, {tower}", size=size, tower=name)
            span = words.span(policy.wait)
            ended = _("I looked out for {span}. You no longer wait there.", span=span)
            return Message(f"{title}\n{ended}", again)
        case Waiting.NOWHERE:
            title = _("⌛ <b>There is no such locker</b>: {size}, {tower}", size=size, tower=name)
            return Message("\n".join((title, _("You no longer wait there."))), again)


def _turn(words: Words, wait: Wait, tower: Tower, name: str, now: datetime) -> Message:
    _ = words._
    assert wait.turn_until is not None, "it is their turn"
    lines = [
        _(
            "🔔 <b>A locker is free</b>: {size}, {tower}",
            size=words.size(wait.size),
            tower=name,
        ),
        _(
            "It is your turn: until {time} nobody else in this bot gets it.",
            time=ticking(words, wait.turn_until, tower, now=now),
        ),
        nothing_held_said(words),
        _("If you don't use your turn, you no longer wait there."),
    ]
    return Message(
        "\n".join(lines),
        (
            (Button(_("✅ Book it"), press(Tapped.BOOK, wait.id)),),
            (Button(_("👤 Choose who collects first"), press(Tapped.WHO, wait.id)),),
            (Button(_("Stop waiting"), press(Tapped.STOP, wait.id)),),
        ),
    )


def nothing_held_said(words: Words) -> str:
    """What a head start is not."""
    return words._("Nothing is held at Harbor: others, in another app say, may be quicker.")


def wait_line(
    words: Words, wait: Wait, tower: Tower, among: Collection[Tower], now: datetime
) -> str:
    """One wait in a list."""
    _, where = words._, {"tower": _called(tower, among), "size": words.size(wait.size)}
    if wait.promised(now) and wait.turn_until is not None:
        time = ticking(words, wait.turn_until, tower, now=now)
        return _("• {tower}, {size}: your turn, until {time}", **where, time=time)
    time = ticking(words, wait.until, tower, now=now)
    return _("• {tower}, {size}: until {time} at most", **where, time=time)


def stop_button(words: Words, wait: Wait, tower: Tower, among: Collection[Tower]) -> Button:
    """Waits no longer for that one."""
    [name] = told_apart([tower], among, SHORT)
    text = words._("🔕 Stop waiting: {tower}, {size}", tower=name, size=words.size(wait.size))
    return Button(text, press(Tapped.STOP, wait.id))


def _called(tower: Tower, among: Collection[Tower]) -> str:
    [name] = told_apart([tower], among)
    return esc_tower(name)
