"""Questions about one parcel, asked aside: cancel? take it back? which size? what is the matter?

Guarantees: whatever was being done before is come back to; a question shows the parcel as it is
now, and where its answer is no longer permitted, says so and offers the way back only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from telegram import Update

from bot.domain.actions import ANSWERS, Action
from bot.domain.codes import CodeKind
from bot.domain.delivery import Delivery
from bot.domain.lifecycle import HOLDING, State
from bot.domain.message import Button, Message, press_on
from bot.domain.openers import Opener
from bot.domain.person import Draft
from bot.domain.tower import Low, Size
from bot.usecases.actor import authorized
from bot.usecases.report import report_problem
from handlers.conversation.buttons import back_from_aside, text
from handlers.conversation.confirmations import (
    not_to_be_used,
    overtaken,
    still_possible,
    sure,
    which,
)
from handlers.conversation.context import Context
from handlers.conversation.deliveries import about, looked_up
from handlers.conversation.dialogue import Handler
from handlers.conversation.navigation import ASK, MENU, aside, resume
from handlers.conversation.picking import pick_button
from handlers.conversation.questions import Prompt, Row, Screen
from handlers.errands.parcel.acting import DOINGS, acted
from handlers.errands.parcel.another_door import another_door_prompt
from handlers.errands.parcel.door import DOOR_ANSWERS, door_prompt, first_tried
from handlers.errands.parcel.handing import HAND_STATES
from handlers.errands.parcel.history import history_prompt
from handlers.errands.parcel.naming import NAME_ANSWERS, name_prompt
from handlers.errands.parcel.photo import PHOTO_ANSWERS, PHOTO_STATES, photo_prompt
from wording.language import Words
from wording.sanitize import capital


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
    tried = {"tried": first_tried(context, delivery)} if action is Action.DOOR else {}
    return aside(context.draft, place(action), delivery=delivery.id, **tried)


async def wrote_problem(update: Update, context: Context) -> Draft:
    """Their words go to the operators."""
    assert update.effective_message is not None
    delivery = await authorized(context.act, about(context.draft), Action.PROBLEM)
    await report_problem(context.act, delivery, (update.effective_message.text or "").strip())
    context.say(context.words._("Passed on to the operators."))
    return resume(context.draft, MENU)


# -- prompts


async def size_prompt(screen: Screen) -> Message:
    """Which size instead, with what is free now."""
    words = screen.words
    delivery = await still_possible(screen, Action.SIZE)
    if delivery is None:
        return overtaken(screen)
    low_only = delivery.low is Low.ONLY
    free = (
        await screen.sight.towers.free(
            delivery.tower,
            at_place=delivery.opener(CodeKind.DROP_OFF, screen.sight.policy) is Opener.LINK,
            low_only=low_only,
        )
    ).value
    lines = [words._("📐 <b>Which size instead?</b>"), await which(screen, delivery)]
    if delivery.state is State.STORED:
        lines.append(_taken_out_again(screen, delivery))
    elif delivery.state in HOLDING:
        lines.append(words._("The locker you have is given back."))
        lines += not_to_be_used(words, delivery, screen.sight.policy)
    rows: list[Row] = []
    for size in Size:
        if free.get(size, 1):
            label = _size_said(words, size, free.get(size), low_only=low_only)
            rows.append((Button(label, press_on(Action.SIZE, delivery, size.value)),))
    return screen.view("\n".join(lines), *rows)


def _size_said(words: Words, size: Size, free: int | None, *, low_only: bool) -> str:
    """A size, and how many of it are free if that is known."""
    name = capital(words.size(size))
    if free is None:
        return name
    if low_only:
        return words.n("{size} · {count} low free", "{size} · {count} low free", free, size=name)
    return words.n("{size} · {count} free", "{size} · {count} free", free, size=name)


def _taken_out_again(screen: Screen, delivery: Delivery) -> str:
    """What the parcel is taken out with, and that another locker is wanted at once."""
    _, policy = screen.words._, screen.sight.policy
    if delivery.opener(CodeKind.PICK_UP, policy) is Opener.LINK:
        return _(
            "You get a link to take the parcel out of this locker; another one is asked for at "
            "once."
        )
    return _(
        "You get a code to take the parcel out of this locker; another one is asked for at once."
    )


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


# -- the tables

SURE = tuple(action for action, yes in ANSWERS.items() if yes in DOINGS)
"""Actions on a card that ask "sure?" first."""

QUESTIONS: Mapping[Action, Prompt] = {
    **{action: sure(action) for action in SURE},
    Action.HAND_OVER: sure(Action.HAND_OVER, pick_button),
    Action.ANOTHER_DOOR: another_door_prompt,
    Action.SIZE: size_prompt,
    Action.PROBLEM: problem_prompt,
    Action.DOOR: door_prompt,
    Action.NAME: name_prompt,
    Action.PHOTO: photo_prompt,
    Action.HISTORY: history_prompt,
}
"""Actions on a card that lead to a screen of their own."""

_ANSWERED: Mapping[Action, Sequence[Handler]] = {
    Action.PROBLEM: [text(wrote_problem)],
    Action.DOOR: DOOR_ANSWERS,
    Action.NAME: NAME_ANSWERS,
    Action.PHOTO: PHOTO_ANSWERS,
}

STATES: Mapping[str, Sequence[Handler]] = {
    **{place(action): [*_ANSWERED.get(action, ()), back_from_aside()] for action in QUESTIONS},
    **HAND_STATES,
    **PHOTO_STATES,
}
"""What each of these screens understands; a "yes" counts from any place, as a card's button."""
