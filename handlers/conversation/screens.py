"""From a draft to the question that it stands for, by the questions of all errands.

Guarantees: a place that no longer exists (an older version's) shows the menu, and what was said
last, or what an operator has written, stands above the question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bot.domain.actions import Action
from bot.domain.ids import DeliveryId
from bot.domain.message import Button, Message, Press
from bot.domain.person import WRITTEN, WRITTEN_ABOUT, Draft, Person
from handlers.conversation.dialogue import NOTICE, NOTICE_UNTIL, state_of
from handlers.conversation.navigation import MENU, NOTHING, OPERATIONS
from handlers.conversation.questions import Prompt, Row, Screen, Sight
from wording.language import Words
from wording.moments import ticking
from wording.sanitize import esc, esc_linked

_LONGEST_NOTICE = 400


@dataclass(frozen=True, slots=True)
class Screens:
    """The present question of a chat; `questions` by place, the menu's among them."""

    sight: Sight
    questions: Mapping[str, Prompt]

    async def __call__(self, draft: Draft, person: Person) -> Message | None:
        """None where no question stands: the screen's message is taken away."""
        state = state_of(draft)
        if state == NOTHING:
            return None
        operates = self.sight.policy.operates(person.id)
        if state not in self.questions or (draft.errand == OPERATIONS and not operates):
            draft, state = Draft(draft.chat, answers=_notices(draft)), MENU
        screen = Screen(draft, person, self.sight)
        view = await self.questions[state](screen)
        above = _above(draft, screen.words, screen.now)
        buttons = (*_to_answer(draft, screen.words), *view.buttons)
        html = "\n\n".join([*above, view.html])
        return replace(view, html=html, buttons=view.buttons if view.keys else buttons)


def _notices(draft: Draft) -> dict[str, object]:
    kept = (WRITTEN, WRITTEN_ABOUT, NOTICE, NOTICE_UNTIL)
    return {key: draft.answers[key] for key in kept if key in draft.answers}


def _to_answer(draft: Draft, words: Words) -> tuple[Row, ...]:
    """How what an operator has written can be answered; the question shows the parcel as it is, so
    that which revision the button carries does not matter."""
    about = _notices(draft).get(WRITTEN_ABOUT)
    if not isinstance(about, str):
        return ()
    problem = Press(Action.PROBLEM, None, DeliveryId(about), 1)
    return ((Button(words._("Report a problem"), problem),),)


def _above(draft: Draft, words: Words, now: datetime) -> list[str]:
    notices = _notices(draft)
    lines = []
    if isinstance(written := notices.get(WRITTEN), str):
        said = words._("📣 An operator writes: {text}", text=written)
        lines.append(esc_linked(said, _LONGEST_NOTICE))
    if isinstance(notice := notices.get(NOTICE), str):
        said = esc(notice, _LONGEST_NOTICE)
        if isinstance(unix := notices.get(NOTICE_UNTIL), int):
            until = datetime.fromtimestamp(unix, UTC)
            said = f"{said}\n⏳ {ticking(words, until, None, now=now)}"
        lines.append(said)
    return lines
