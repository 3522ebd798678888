"""Questions about one parcel, asked aside: cancel? take it back? which size? what is the matter?

Guarantees: whatever was being done before is come back to; a question shows the parcel as it is
now, and where its answer is no longer permitted, says so and offers the way back only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from telegram import Update

from bot.domain.actions import ANSWERS, Action, permitted
from bot.domain.delivery import Delivery
from bot.domain.lifecycle import LIVE, State
from bot.domain.message import Button, Message, press, press_on
from bot.domain.person import Draft
from bot.domain.tower import Size
from bot.usecases.actor import authorized
from bot.usecases.report import door_did_not_open, report_problem
from handlers.conversation.buttons import back_from_aside, tap, text
from handlers.conversation.confirmations import overtaken, still_possible, sure, which
from handlers.conversation.context import Context
from handlers.conversation.deliveries import about, looked_up
from handlers.conversation.dialogue import Handler
from handlers.conversation.navigation import ASK, MENU, aside, go, resume
from handlers.conversation.questions import Prompt, Row, Screen, number
from handlers.errands.parcel.acting import DOINGS, acted
from handlers.errands.parcel.history import history_prompt
from wording.language import Words, speak
from wording.sanitize import capital

STILL_CLOSED, OPENED, TELL = "closed", "opened", "tell"


def place(action: Action) -> str:
    """Where the question before (or about) an action stands: "ask/drop"."""
    return f"{ASK}/{action.value}"


# -- steps


async def asked(update: Update, context: Context) -> Draft | None:
    """An action of QUESTIONS: what it asks comes below everything else."""
    assert context.press is not None
    action = Action(context.press.verb)
    if action is Action.SIZE and context.press.arg is not None:
        return await acted(update, context)
    delivery = await looked_up(update, context, action)
    if delivery is None:
        context.keep_screen()
        return None
    context.ring_screen()
    return aside(context.draft, place(action), delivery=delivery.id)


async def wrote_problem(update: Update, context: Context) -> Draft:
    """Their words go to the operators."""
    assert update.effective_message is not None
    delivery = await authorized(context.act, about(context.draft), Action.PROBLEM)
    await report_problem(context.act, delivery, (update.effective_message.text or "").strip())
    context.say(_words(context)._("Passed on. An operator will look at it."))
    return resume(context.draft, MENU)


async def still_closed(update: Update, context: Context) -> Draft:
    """On to the next thing that helps."""
    return go(
        context.draft, place(Action.DOOR), tried=number(context.draft.answers.get("tried")) + 1
    )


async def opened(update: Update, context: Context) -> Draft:
    """Nothing is left to help with."""
    context.say(_words(context)._("Please close the door firmly when you are done."))
    return resume(context.draft)


async def told_operator(update: Update, context: Context) -> Draft:
    """It did not open: written down, and the operators hear of it."""
    delivery = await authorized(context.act, about(context.draft), Action.DOOR)
    await door_did_not_open(context.act, delivery)
    context.say(_words(context)._("Noted. Operators see every door that is reported."))
    return resume(context.draft)


def _words(context: Context) -> Words:
    return speak(context.person.language, context.wiring.locale)


# -- prompts


async def size_prompt(screen: Screen) -> Message:
    """Which size instead, with what is free now."""
    words = screen.words
    delivery = await still_possible(screen, Action.SIZE)
    if delivery is None:
        return overtaken(screen)
    free = (await screen.sight.towers.free(delivery.tower)).value
    lines = [words._("📐 <b>Which size instead?</b>"), await which(screen, delivery)]
    if delivery.state is State.STORED:
        lines.append(
            words._(
                "You get a code to take the parcel out of this locker; the new one is reserved "
                "meanwhile."
            )
        )
    elif delivery.state in LIVE:
        lines.append(words._("The locker you have is given back."))
    rows: list[Row] = []
    for size in Size:
        if free.get(size, 1):
            name = capital(words.size(size))
            count = free.get(size)
            label = (
                name
                if count is None
                else words.n("{size} · {count} free", "{size} · {count} free", count, size=name)
            )
            rows.append((Button(label, press_on(Action.SIZE, delivery, size.value)),))
    return screen.view("\n".join(lines), *rows)


async def problem_prompt(screen: Screen) -> Message:
    """Words for the operators."""
    _ = screen.words._
    delivery = await screen.delivery()
    return screen.view(
        "\n".join(
            [
                _("🆘 <b>What is wrong?</b>"),
                await which(screen, delivery) if delivery else "",
                _("Write it in a sentence or two; it goes to the operators with this parcel."),
            ]
        )
    )


async def door_prompt(screen: Screen) -> Message:
    """What helps, one thing at a time: distance, Bluetooth, another try, then a human being."""
    _, delivery = screen.words._, await still_possible(screen, Action.DOOR)
    if delivery is None:
        return overtaken(screen)
    advice = (
        _("Stand within a step or two of the tower, and hold the code to its reader."),
        _("Switch your phone's Bluetooth on (off and on again, if it is on), then try once more."),
        _("Try once more with a new code: the old one may have run out."),
        _("Then the door seems to be faulty. I can tell the operators."),
    )
    tried = min(number(screen.answers.get("tried")), len(advice) - 1)
    lines = [_("🚪 <b>It did not open</b>"), await which(screen, delivery), advice[tried]]
    rows: list[Row] = [
        (Button(_("✅ It opened"), press(OPENED)), Button(_("Still closed"), press(STILL_CLOSED)))
    ]
    if tried == 2 and (fresh := _fresh_code(screen, delivery)):
        rows.insert(0, (fresh,))
    if tried == len(advice) - 1:
        rows = [(Button(_("🆘 Tell the operator"), press(TELL)),), (rows[0][0],)]
    return screen.view("\n".join(lines), *rows)


def _fresh_code(screen: Screen, delivery: Delivery) -> Button | None:
    for action in (Action.NEW_DROP_OFF_CODE, Action.NEW_PICK_UP_CODE):
        if permitted(action, delivery, screen.person.id, screen.sight.policy):
            return Button(screen.words._("🔄 New code"), press_on(action, delivery))
    return None


# -- the tables

SURE = tuple(action for action, yes in ANSWERS.items() if yes in DOINGS)
"""Actions on a card that ask "sure?" first."""

QUESTIONS: Mapping[Action, Prompt] = {
    **{action: sure(action) for action in SURE},
    Action.SIZE: size_prompt,
    Action.PROBLEM: problem_prompt,
    Action.DOOR: door_prompt,
    Action.HISTORY: history_prompt,
}
"""Actions on a card that lead to a screen of their own."""

_ANSWERED: Mapping[Action, Sequence[Handler]] = {
    Action.PROBLEM: [text(wrote_problem)],
    Action.DOOR: [
        tap(still_closed, STILL_CLOSED),
        tap(opened, OPENED),
        tap(told_operator, TELL),
    ],
}

STATES: Mapping[str, Sequence[Handler]] = {
    place(action): [*_ANSWERED.get(action, ()), back_from_aside()] for action in QUESTIONS
}
"""What each of these screens understands; a "yes" counts from any place, as a card's button."""
