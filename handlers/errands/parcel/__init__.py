"""What people do to one parcel: its buttons, questions about it, its history."""

from __future__ import annotations

from handlers.conversation.buttons import on_card
from handlers.conversation.errand import Errand
from handlers.errands.parcel.acting import DOINGS, acted
from handlers.errands.parcel.handing import HAND_PROMPTS
from handlers.errands.parcel.photo import PHOTO_LEFTOVERS, PHOTO_PROMPTS
from handlers.errands.parcel.questions import QUESTIONS, STATES, asked, place

ERRAND = Errand(
    "parcel",
    entry_points=[on_card(asked, *QUESTIONS), on_card(acted, *DOINGS)],
    states=STATES,
    questions={
        **{place(action): prompt for action, prompt in QUESTIONS.items()},
        **HAND_PROMPTS,
        **PHOTO_PROMPTS,
    },
    leftovers=PHOTO_LEFTOVERS,
)
