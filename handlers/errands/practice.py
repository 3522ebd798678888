"""Practice: a whole parcel inside the chat, of which nothing is real.

Guarantees: where it stands is the draft and nothing else: no delivery, no card but the screen, no
word to Harbor; whoever comes from another errand is led back to it. A code of practice that is
typed is answered, and is no try at a claim.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from telegram import Message as Received
from telegram import Update
from telegram.ext import CommandHandler, filters

from bot.domain.message import Message, Place
from bot.domain.openers import Opener, Openers
from bot.domain.person import NO_QUESTION, Draft
from bot.domain.practice import (
    DOORS,
    FREE,
    PRACTICE,
    STEPS,
    TOWER,
    Practised,
    Stage,
    Step,
    holds_practice_code,
)
from bot.domain.tower import Size
from handlers.conversation.buttons import below, tap
from handlers.conversation.context import Context
from handlers.conversation.dialogue import Handler, ReadsEdits
from handlers.conversation.errand import Errand
from handlers.conversation.navigation import MENU, aside, go, led_aside, resume, start
from handlers.conversation.questions import Screen
from wording.practice import Practising, code_said, opens_said, practice

_ASKED = ("collect/list", "collect/code")
"""Where what is typed is taken for a claim code; these places are another errand's."""


class _PracticeCode(filters.MessageFilter):
    """Messages that are a code of practice; `within`: or hold one."""

    def __init__(self, *, within: bool = False) -> None:
        super().__init__()
        self._within = within

    def filter(self, message: Received) -> bool:
        """PTB's question."""
        said = message.text or message.caption or ""
        return holds_practice_code(said, within=self._within)


def place_of(stage: Stage) -> str:
    """The key of the stage among the conversation's places."""
    return f"{PRACTICE}/{stage.value}"


# -- steps


async def began(update: Update, context: Context) -> Draft:
    """From the beginning; an errand that stands open is kept until practice is left."""
    first = aside(context.draft, place_of(Stage.TOWER))
    openers = context.wiring.open_requests.openers_at(TOWER)
    places = Counter((each.zone, each.country) for each in await context.tx.towers() if each.zone)
    usual = places.most_common(1)
    zone, country = usual[0][0] if usual else (None, None)
    return go(
        first,
        place_of(Stage.TOWER),
        openers=[openers.drop_off.value, openers.pick_up.value],
        zone=zone,
        country=country,
        zones=len({each for each, _ in places}) > 1,
        times={Stage.TOWER.value: context.now.isoformat()},
    )


async def went_on(update: Update, context: Context) -> Draft | None:
    """One stage further."""
    assert context.press is not None
    draft, step = context.draft, Step(context.press.verb)
    if step is Step.AGAIN:
        return await began(update, context)
    stage = STEPS[Stage(draft.step)][step]
    chosen: dict[str, Any] = {}
    if step is Step.SIZE:
        if context.press.arg not in list(FREE):
            return None
        chosen["size"] = context.press.arg
    times = {**draft.answers["times"], stage.value: context.now.isoformat()}
    return go(draft, place_of(stage), times=times, **chosen)


async def opened(update: Update, context: Context) -> None:
    """The link was tapped: there is no door to open, so it is said."""
    context.say(opens_said(context.words, Stage(context.draft.step)))


async def left(update: Update, context: Context) -> Draft:
    """Back to where they were before."""
    _ = context.words._
    if led_aside(context.draft):
        context.say(_("Practice is over. This is where you were; nothing was lost."))
    else:
        context.say(_("Practice is over. Nothing of it was real."))
    return resume(context.draft, MENU)


async def typed_code(update: Update, context: Context) -> Draft | None:
    """A code of practice, wherever it was typed: the present question stands."""
    context.say(code_said(context.words))
    return start(context.draft, MENU) if context.draft.errand == NO_QUESTION else None


# -- prompts


async def practice_prompt(screen: Screen) -> Message:
    """The stage at which it stands."""
    answers, stage = screen.answers, Stage(screen.draft.step)
    drop_off, pick_up = answers["openers"]
    practised = Practised(
        stage,
        {Stage(key): datetime.fromisoformat(at) for key, at in answers["times"].items()},
        Size(answers.get("size", Size.MEDIUM)),
        Openers(Opener(drop_off), Opener(pick_up)),
        answers.get("zone"),
        answers.get("country"),
        named=bool(answers.get("zones")),
    )
    policy, kept = screen.sight.policy, led_aside(screen.draft)
    return practice(Practising(practised, screen.person, policy, screen.words, kept))


def _handlers(stage: Stage) -> list[Handler]:
    """What its screen's buttons do."""
    handlers = [tap(went_on, *STEPS[stage]), tap(left, Step.LEAVE)]
    return [*handlers, tap(opened, Step.OPEN)] if stage in DOORS else handlers


ERRAND = Errand(
    PRACTICE,
    entry_points=[
        CommandHandler(PRACTICE, began),
        tap(below(began), Place.PRACTICE),
        CommandHandler("collect", typed_code, _PracticeCode(within=True)),
        ReadsEdits(_PracticeCode(), typed_code),
    ],
    states={
        **{place_of(stage): _handlers(stage) for stage in Stage},
        **{place: [ReadsEdits(_PracticeCode(within=True), typed_code)] for place in _ASKED},
    },
    questions=dict.fromkeys(map(place_of, Stage), practice_prompt),
)
