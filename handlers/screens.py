"""From a draft to the question that it stands for: one table of prompts.

Guarantees: every place a draft can be in has its prompt, a place that no longer exists (an older
version's) shows the menu, and what was said last stands above the question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.domain.message import Message
from bot.domain.person import Draft, Person
from handlers.conversation.dialogue import NOTICE, state_of
from handlers.conversation.navigation import HELP, MENU, NOTHING
from handlers.conversation.questions import Prompt, Screen, Sight
from handlers.errands import collect, menu, parcels, privacy, settings
from handlers.errands.operations import deliveries, overview
from handlers.errands.parcel import confirmations, history
from handlers.errands.send import booking, tower
from wording.sanitize import esc

_LONGEST_NOTICE = 400

PROMPTS: Mapping[str, Prompt] = {
    MENU: menu.menu_prompt,
    HELP: menu.help_prompt,
    tower.TOWER: tower.tower_prompt,
    tower.NEAR: tower.near_prompt,
    booking.SIZE: booking.size_prompt,
    booking.WHO: booking.who_prompt,
    booking.PERSON: booking.person_prompt,
    booking.REVIEW: booking.review_prompt,
    booking.NOTE: booking.note_prompt,
    collect.WAITING: collect.waiting_prompt,
    collect.CODE: collect.code_prompt,
    parcels.LIST: parcels.list_prompt,
    confirmations.CANCEL: confirmations.cancel_prompt,
    confirmations.TAKE_BACK: confirmations.take_back_prompt,
    confirmations.HAND_OVER: confirmations.hand_over_prompt,
    confirmations.SIZE: confirmations.size_prompt,
    confirmations.PROBLEM: confirmations.problem_prompt,
    confirmations.DOOR: confirmations.door_prompt,
    confirmations.HISTORY: history.history_prompt,
    settings.SETTINGS: settings.settings_prompt,
    settings.LANGUAGE: settings.language_prompt,
    settings.QUIET: settings.quiet_prompt,
    privacy.PRIVACY: privacy.privacy_prompt,
    privacy.EXPORT: privacy.export_prompt,
    privacy.FORGET: privacy.forget_prompt,
    overview.OVERVIEW: overview.overview_prompt,
    overview.TOWERS: overview.towers_prompt,
    overview.STUCK: overview.stuck_prompt,
    overview.ORPHANS: overview.orphans_prompt,
    overview.DOORS: overview.doors_prompt,
    deliveries.DELIVERY: deliveries.delivery_prompt,
    deliveries.SURE_RELEASE: deliveries.release_prompt,
    deliveries.SURE_END: deliveries.end_prompt,
    deliveries.MESSAGE: deliveries.message_prompt,
    deliveries.SURE_ORPHAN: deliveries.orphan_prompt,
}


@dataclass(frozen=True, slots=True)
class Screens:
    """The present question of a chat."""

    sight: Sight

    async def __call__(self, draft: Draft, person: Person) -> Message | None:
        """None where no question stands: the screen's message is taken away."""
        state = state_of(draft)
        if state == NOTHING:
            return None
        operates = person.id in self.sight.policy.operators
        if state not in PROMPTS or (draft.errand == "ops" and not operates):
            draft, state = Draft(draft.chat), MENU
        view = await PROMPTS[state](Screen(draft, person, self.sight))
        notice = draft.answers.get(NOTICE)
        if not isinstance(notice, str):
            return view
        return replace(view, html=f"{esc(notice, _LONGEST_NOTICE)}\n\n{view.html}")
