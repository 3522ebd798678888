"""Lists of deliveries, and the way from one of them to a delivery and back.

Guarantees: a list holds what its reader looks after, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from telegram import Update

from bot.domain.actions import Action
from bot.domain.delivery import Delivery
from bot.domain.ids import DeliveryId
from bot.domain.lifecycle import LIVE
from bot.domain.message import Button, Message, press, press_on
from bot.domain.oversight import is_stuck
from bot.domain.person import Draft
from bot.usecases.oversight import deliveries_at_harbor
from handlers.conversation.buttons import tap
from handlers.conversation.context import Context
from handlers.conversation.dialogue import Handler, state_of
from handlers.conversation.navigation import start
from handlers.conversation.questions import Row, Screen, Tap
from wording.delivery_state import state_said
from wording.language import Words
from wording.sanitize import plain
from wording.tower_names import SHORT

Kind = TypeVar("Kind", bound=StrEnum)

STUCK, DOORS, FOUND = "ops/stuck", "ops/doors", "ops/found"
PROBLEMS, STALE = "ops/problems", "ops/stale"
DELIVERY, TOWER = "ops/delivery", "ops/tower"
LISTS = {STUCK, DOORS, FOUND, PROBLEMS, STALE, TOWER}
_LIST = "list"
"""The answer that holds the list from which a delivery was opened."""
_MOST = 60


# -- there and back


def opened(draft: Draft, delivery: DeliveryId) -> Draft:
    """On to a delivery, remembering the list."""
    place: Any = draft.answers.get(_LIST)
    if state_of(draft) in LISTS:
        place = {"state": state_of(draft), "answers": dict(draft.answers)}
    return start(draft, DELIVERY, delivery=delivery, **({_LIST: place} if place else {}))


def back_to_list(otherwise: str) -> Handler:
    """The way back from a delivery."""

    async def back(update: Update, context: Context) -> Draft | None:
        assert context.press is not None
        if context.press.arg != context.draft.step:
            return None
        place = context.draft.answers.get(_LIST)
        if not isinstance(place, dict):
            return start(context.draft, otherwise)
        return start(context.draft, place["state"], **place["answers"])

    return tap(back, Tap.BACK)


# -- prompts


async def stuck_prompt(screen: Screen) -> Message:
    """The longest stuck first."""
    me, policy = screen.person.id, screen.sight.policy
    live = await screen.sight.database.look(lambda tx: deliveries_at_harbor(tx, me, policy))
    stuck = [delivery for delivery in live if is_stuck(delivery, screen.now)]
    stuck.sort(key=lambda delivery: delivery.changed_at or screen.now)
    return await listed(screen, [screen.words._("🐌 <b>Stuck deliveries</b>")], stuck)


async def doors_prompt(screen: Screen) -> Message:
    """Live deliveries whose door was reported, the most often reported first."""
    found = await screen.sight.database.look(lambda tx: tx.doors_reported(_MOST))
    theirs = [each for each in found if screen.looks_after(each.tower)]
    theirs.sort(key=lambda delivery: -delivery.door_reports)
    return await listed(screen, [screen.words._("🚪 <b>Doors reported</b>")], theirs)


async def listed(
    screen: Screen,
    lines: Sequence[str],
    found: Sequence[Delivery],
    *rows: Row,
    counted: bool = False,
) -> Message:
    """A page of `found`, a button each; `rows` stand below them. That there are none is said,
    unless the lines have `counted` them."""
    page, entries, more = screen.page_of(found)
    names = await screen.towers_of(entries)
    buttons = [entry(screen.words, each, names) for each in entries]
    if not entries and not counted:
        lines = [*lines, screen.words._("None at the moment.")]
    return screen.view("\n".join(lines), *buttons, screen.pages(page, more), *rows)


def tabs(
    verb: str, labels: Mapping[Kind, str], found: Mapping[Kind, Sequence[object]], chosen: Kind
) -> tuple[str, Row]:
    """What the chosen kind is called, with how many of it there are; a button for each other."""
    said = {kind: f"{label} ({len(found[kind])})" for kind, label in labels.items()}
    others = (kind for kind in said if kind is not chosen)
    return said[chosen], tuple(Button(said[kind], press(verb, kind.value)) for kind in others)


def entry(
    words: Words, delivery: Delivery, towers: Mapping[DeliveryId, str], mark: str = ""
) -> Row:
    """The button that opens a delivery; `mark` stands before what it says. `towers` are what
    `Screen.towers_of` makes of the list."""
    parts = (
        mark,
        towers.get(delivery.id) or plain(delivery.tower, SHORT),
        plain(delivery.locker_name, 8),
        state_said(words, delivery.state) if delivery.state in LIVE or mark else "",
        f"🚪{delivery.door_reports}" if delivery.door_reports else "",
    )
    return (Button(" · ".join(filter(None, parts)), press_on(Action.LOOK, delivery)),)
