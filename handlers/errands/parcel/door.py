"""What helps when a door did not open: one thing at a time, by its opener, and in the end people.

Guarantees: one walk through it is at most one report of the door; a new link, which the table
permits only once the door has been reported, is offered only after that has been written down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from telegram import Update

from bot.domain.actions import Action, permitted
from bot.domain.delivery import Delivery
from bot.domain.ids import PersonId
from bot.domain.message import Button, Message, press, press_on
from bot.domain.openers import Opener
from bot.domain.person import Draft
from bot.domain.policy import Policy
from bot.domain.situation import Situation
from bot.usecases.actor import authorized
from bot.usecases.report import door_did_not_open
from handlers.conversation.buttons import tap
from handlers.conversation.confirmations import overtaken, still_possible, which
from handlers.conversation.context import Context
from handlers.conversation.deliveries import about
from handlers.conversation.dialogue import Handler
from handlers.conversation.navigation import ASK, go, resume
from handlers.conversation.questions import Row, Screen, number
from wording.cards.door_help import AFRESH, advice, anew_by, noted, opener_now
from wording.cards.visit import leave_or_stop

STILL_CLOSED, OPENED, TELL = "closed", "opened", "tell"
NOTED = "noted"
"""The answer that says that this walk through what helps has been written down as a report."""
_PLACE = f"{ASK}/{Action.DOOR.value}"

# -- steps


async def still_closed(update: Update, context: Context) -> Draft:
    """On to the next thing that helps. Before a new link is offered it is written down that the one
    there is does not open: the table permits no other before."""
    me, policy = context.person.id, context.wiring.policy
    tried, noted = number(context.draft.answers.get("tried")), context.draft.answers.get(NOTED)
    delivery = await context.tx.delivery(about(context.draft))
    tried += 1
    if delivery is not None:
        tried = max(tried, first_tried(context, delivery))
        if tried == AFRESH and _report_permits_link(delivery, me, policy):
            await door_did_not_open(context.act, delivery)
            noted = True
    return go(context.draft, _PLACE, tried=tried, **{NOTED: noted})


def first_tried(context: Context, delivery: Delivery) -> int:
    """Where the walk begins: at a new link, where the time of the old one is over."""
    policy = context.wiring.policy
    by_link = opener_now(delivery, policy) is Opener.LINK
    over = delivery.code_until is None or delivery.code_until <= context.now
    return AFRESH if by_link and over and anew_by(delivery, context.person.id, policy) else 0


def _report_permits_link(delivery: Delivery, person: PersonId, policy: Policy) -> bool:
    """Whether a new link is for them to have once, and only once, the door has been reported."""
    reported = replace(delivery, door_reports=delivery.door_reports + 1)
    return (
        permitted(Action.DOOR, delivery, person, policy) is not None
        and anew_by(delivery, person, policy) is None
        and anew_by(reported, person, policy) is not None
    )


async def opened(update: Update, context: Context) -> Draft:
    """Nothing is left to help with."""
    context.say(context.words._("Please close the door firmly when you are done."))
    return resume(context.draft)


async def told_operator(update: Update, context: Context) -> Draft:
    """It did not open: written down, once for each walk through what helps."""
    delivery = await authorized(context.act, about(context.draft), Action.DOOR)
    if not context.draft.answers.get(NOTED):
        await door_did_not_open(context.act, delivery)
    context.say(noted(context.words, delivery, context.wiring.policy))
    return resume(context.draft)


# -- the prompt


async def door_prompt(screen: Screen) -> Message:
    """What helps with this opener, one thing at a time, and in the end a human being."""
    _, delivery = screen.words._, await still_possible(screen, Action.DOOR)
    if delivery is None:
        return overtaken(screen)
    scene = await screen.scene(delivery)
    situation, onward = scene.situation, tuple(filter(None, leave_or_stop(scene)[:1]))
    helps = advice(screen.words, situation)
    tried = min(number(screen.answers.get("tried")), len(helps) - 1)
    lines = [_("🚪 <b>It did not open</b>"), await which(screen, delivery), helps[tried]]
    code, last = situation.code, tried == len(helps) - 1
    if code is not None and code.digits is not None and not last:
        lines.append(_("⌨️ Or, on the tower's keypad, type the digits from the same message."))
    opened_it = Button(_("✅ It opened"), press(OPENED))
    if last:
        tell = Button(_("🆘 Report this door"), press(TELL))
        ask: Row = ()
        if situation.may(Action.PROBLEM):
            ask = (Button(_("Write to the operators"), press_on(Action.PROBLEM, delivery)),)
        return screen.view("\n".join(lines), (tell,), ask, onward, (opened_it,))
    rows: list[Row] = [(opened_it, Button(_("Still closed"), press(STILL_CLOSED)))]
    if tried == AFRESH and (fresh := _fresh_code(screen, situation)):
        rows.insert(0, (fresh,))
    rows.append(onward)
    return screen.view("\n".join(lines), *rows)


def _fresh_code(screen: Screen, situation: Situation) -> Button | None:
    _, delivery = screen.words._, situation.delivery
    action = anew_by(delivery, screen.person.id, screen.sight.policy)
    if action is None:
        return None
    by_link = opener_now(delivery, screen.sight.policy) is Opener.LINK
    return Button(_("🔄 New link") if by_link else _("🔄 New code"), press_on(action, delivery))


DOOR_ANSWERS: Sequence[Handler] = (
    tap(still_closed, STILL_CLOSED),
    tap(opened, OPENED),
    tap(told_operator, TELL),
)
"""What the question understands."""
