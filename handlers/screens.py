"""From a draft to the question that it stands for: one table of prompts.

Guarantees: every place a draft can be in has its prompt, a place that no longer exists (an older
version's) shows the menu, and what was said last stands above the question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.model import Draft, Person
from bot.view import View
from handlers import (
    asking,
    choosing,
    collect,
    history,
    menu,
    operators,
    parcels,
    privacy,
    righting,
    send,
    settings,
)
from handlers.dialogue import NOTICE, state_of
from handlers.moves import HELP, MENU, NOTHING
from handlers.prompting import Prompt, Screen, Sight
from handlers.words import esc

_LONGEST_NOTICE = 400

PROMPTS: Mapping[str, Prompt] = {
    MENU: menu.menu_prompt,
    HELP: menu.help_prompt,
    choosing.TOWER: choosing.tower_prompt,
    choosing.NEAR: choosing.near_prompt,
    send.SIZE: send.size_prompt,
    send.WHO: send.who_prompt,
    send.PERSON: send.person_prompt,
    send.REVIEW: send.review_prompt,
    send.NOTE: send.note_prompt,
    collect.WAITING: collect.waiting_prompt,
    collect.CODE: collect.code_prompt,
    parcels.LIST: parcels.list_prompt,
    asking.CANCEL: asking.cancel_prompt,
    asking.TAKE_BACK: asking.take_back_prompt,
    asking.HAND_OVER: asking.hand_over_prompt,
    asking.SIZE: asking.size_prompt,
    asking.PROBLEM: asking.problem_prompt,
    asking.DOOR: asking.door_prompt,
    asking.HISTORY: history.history_prompt,
    settings.SETTINGS: settings.settings_prompt,
    settings.LANGUAGE: settings.language_prompt,
    settings.QUIET: settings.quiet_prompt,
    privacy.PRIVACY: privacy.privacy_prompt,
    privacy.EXPORT: privacy.export_prompt,
    privacy.FORGET: privacy.forget_prompt,
    operators.OVERVIEW: operators.overview_prompt,
    operators.TOWERS: operators.towers_prompt,
    operators.STUCK: operators.stuck_prompt,
    operators.ORPHANS: operators.orphans_prompt,
    operators.DOORS: operators.doors_prompt,
    righting.DELIVERY: righting.delivery_prompt,
    righting.SURE_RELEASE: righting.release_prompt,
    righting.SURE_END: righting.end_prompt,
    righting.MESSAGE: righting.message_prompt,
    righting.SURE_ORPHAN: righting.orphan_prompt,
}


@dataclass(frozen=True, slots=True)
class Screens:
    """The present question of a chat."""

    sight: Sight

    async def __call__(self, draft: Draft, person: Person) -> View | None:
        """None where no question stands: the screen's message is taken away."""
        state = state_of(draft)
        if state == NOTHING:
            return None
        operates = person.id in self.sight.terms.operators
        if state not in PROMPTS or (draft.errand == "ops" and not operates):
            draft, state = Draft(draft.chat), MENU
        view = await PROMPTS[state](Screen(draft, person, self.sight))
        notice = draft.answers.get(NOTICE)
        if not isinstance(notice, str):
            return view
        return replace(view, html=f"{esc(notice, _LONGEST_NOTICE)}\n\n{view.html}")
