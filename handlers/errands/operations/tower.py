"""One tower: its doors by state as a picture, and the live deliveries there.

What can be done about booking there is in `closing`.

Guarantees: shown to whoever looks after it alone; what is shown is as old as it says.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from telegram import Update

from bot.domain.delivery import Delivery
from bot.domain.ids import LockerId, TowerId
from bot.domain.message import Button, Message, Plan, press
from bot.domain.openers import Openers
from bot.domain.person import Draft
from bot.domain.tower import Locker, LockerStatus
from handlers.conversation.context import Context
from handlers.conversation.navigation import start
from handlers.conversation.questions import Screen
from handlers.errands.operations.closing import closing_at
from handlers.errands.operations.figures import TO_FIGURES
from handlers.errands.operations.lists import TOWER, listed
from wording.language import Words
from wording.moments import ticking
from wording.sanitize import esc, plain
from wording.tower_names import esc_tower, name_alone

OPEN = "tower"
LEFT_OUT = "reported"
"""How the picture calls a door that people have reported and that is left out of booking."""


async def opened(update: Update, context: Context) -> Draft:
    """One of the list."""
    assert context.press is not None
    return start(context.draft, TOWER, tower=context.press.arg)


async def tower_prompt(screen: Screen) -> Message:
    """The picture; below it the tower, what opens its doors, and a button for each delivery."""
    _, id_ = screen.words._, TowerId(str(screen.answers.get("tower")))
    tower = await screen.sight.towers.one(id_)
    if tower is None or not screen.looks_after(id_):
        return screen.view(_("No such tower."))
    reading = await screen.sight.towers.lockers(id_)
    closing = await closing_at(screen, tower)
    policy = screen.sight.policy
    live = await screen.sight.database.look(
        lambda tx: tx.deliveries_at_harbor_in(id_), one_statement=True
    )
    there = sorted(live, key=_by_door)
    lines = [
        f"🏢 <b>{esc_tower(name_alone(tower))}</b>",
        esc(tower.address, 80),
        _("Doors open by: {opener}", opener=f"<code>{_named(policy.openers_at(id_))}</code>"),
        *closing.lines,
        _("Deliveries under way here: {count}", count=len(there)),
    ]
    if reading.at is None:
        lines.append(_("Harbor has not told of its doors yet."))
    else:
        at = ticking(screen.words, reading.at, tower, now=screen.now)
        lines.append(_("Last read: {time}", time=at))
    figures = (Button(_("📊 Figures"), press(TO_FIGURES)),)
    message = await listed(screen, lines, there, *closing.rows, figures, counted=True)
    if not reading.value:
        return message
    return replace(message, plan=plan(screen.words, reading.value, closing.doors))


def plan(
    words: Words, lockers: Sequence[Locker], left_out: Collection[LockerId] = frozenset()
) -> Plan:
    """The doors in the order of their names, numbers by what they count; those that are left out of
    booking are shown so, whatever their status."""
    said = {status.value: name for status, name in statuses(words).items()}
    said[LEFT_OUT] = words._("reported, left out")
    doors = tuple(
        (plain(locker.name, 8), LEFT_OUT if locker.id in left_out else locker.status.value)
        for locker in sorted(lockers, key=lambda locker: in_order(locker.name))
    )
    counts = Counter(status for _, status in doors)
    return Plan(
        doors,
        tuple(
            (status, f"{name}: {counts[status]}") for status, name in said.items() if counts[status]
        ),
    )


def in_order(name: str) -> list[tuple[int, str]]:
    """By which doors stand in order: A2 before A10."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts if part]


def statuses(words: Words) -> dict[LockerStatus, str]:
    """What each status of a locker is called."""
    _ = words._
    return {
        LockerStatus.AVAILABLE: _("free"),
        LockerStatus.RESERVED: _("reserved"),
        LockerStatus.RENTED: _("rented"),
        LockerStatus.OCCUPIED: _("parcel inside"),
        LockerStatus.DECLINED: _("being given back"),
        LockerStatus.OUT_OF_SERVICE: _("out of service"),
        LockerStatus.UNKNOWN: _("not known"),
    }


def _named(openers: Openers) -> str:
    """As the setting says it."""
    if openers.drop_off is openers.pick_up:
        return openers.drop_off.value
    return f"drop_off={openers.drop_off} pick_up={openers.pick_up}"


def _by_door(delivery: Delivery) -> tuple[list[tuple[int, str]], str]:
    return in_order(delivery.locker_name or ""), delivery.id
