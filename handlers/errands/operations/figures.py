"""The figures of the last days as a picture: of one tower, or of all that an operator looks after.

Guarantees: what is counted is what its reader looks after at that moment, and nothing else; of
somebody else's tower there is none, whatever button was pressed.
"""

from __future__ import annotations

from dataclasses import replace

from telegram import Update

from bot.domain.message import Message
from bot.domain.person import Draft
from bot.domain.tower import Tower
from bot.usecases.figures import of_last_days
from handlers.conversation.buttons import tap
from handlers.conversation.context import Context
from handlers.conversation.dialogue import Handler, state_of
from handlers.conversation.navigation import start
from handlers.conversation.questions import Screen, Tap
from handlers.errands.operations.lists import TOWER
from wording.figures import LONGEST_NAME, plot, told

FIGURES = "ops/figures"
TO_FIGURES = "figures"
_TOWER = "tower"


# -- steps


async def to_figures(update: Update, context: Context) -> Draft:
    """Of the tower that is shown, or of all."""
    here = context.draft.answers.get(_TOWER) if state_of(context.draft) == TOWER else None
    return start(context.draft, FIGURES, **_kept(here))


def back_from_figures(otherwise: str) -> Handler:
    """The way back: to the tower, or where there is none to `otherwise`."""

    async def back(update: Update, context: Context) -> Draft | None:
        assert context.press is not None
        if context.press.arg != context.draft.step:
            return None
        here = context.draft.answers.get(_TOWER)
        return start(context.draft, TOWER if here else otherwise, **_kept(here))

    return tap(back, Tap.BACK)


def _kept(tower: object) -> dict[str, object]:
    return {_TOWER: tower} if tower else {}


# -- the prompt


async def figures_prompt(screen: Screen) -> Message:
    """The picture; below it the same in a few lines."""
    words, known = screen.words, (await screen.sight.towers.all()).value
    wanted = screen.answers.get(_TOWER)
    shown = [each for each in known if wanted in (None, each.id) and screen.looks_after(each.id)]
    if wanted is not None and not shown:
        return screen.view(words._("No such tower."))
    name = await _together(screen, shown)
    figures = await screen.sight.database.look(lambda tx: of_last_days(tx, shown, now=screen.now))
    message = screen.view(told(words, figures, name, shown))
    return replace(message, plot=plot(words, figures, name, shown)) if figures else message


async def _together(screen: Screen, shown: list[Tower]) -> str:
    """What they are called together; one alone goes by its own name."""
    _, operators = screen.words._, screen.sight.policy.operators
    if len(shown) == 1:
        return await screen.called(shown[0], LONGEST_NAME)
    if screen.person.id in operators:
        return _("All towers")
    return _("Your towers: {count}", count=len(shown))
