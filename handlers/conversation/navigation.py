"""How a draft moves: into an errand, on within it, aside and back again.

Guarantees: pure functions of drafts; whoever is led aside (for help, or to answer a question about
a parcel) comes back to the very place they left, and an aside from an aside forgets the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.domain.person import NO_QUESTION, Draft
from bot.domain.practice import PRACTICE

MENU = "menu/menu"
NOTHING = f"{NO_QUESTION}/none"
"""No question stands: an errand has ended in a delivery's card, and no screen is shown."""
OPERATIONS = "ops"
"""The errand that is shown to operators alone."""
HOLDING = frozenset({"send", "collect", "parcels", "settings", "privacy", PRACTICE, OPERATIONS})
"""Errands that an aside returns to; from any other it returns to no screen."""

ASK = "ask"
HELP = "help/help"
PARCELS = "parcels/list"
_FROM = "from"


def start(draft: Draft, state: str, **answers: Any) -> Draft:
    """The first step of an errand, nothing answered yet; `state` is "errand/step"."""
    errand, _, step = state.partition("/")
    return replace(draft, errand=errand, step=step, answers=answers)


def go(draft: Draft, state: str, **answers: Any) -> Draft:
    """On (or back) to `state` with what has been answered so far; None takes an answer back."""
    kept = {**draft.answers, **answers}
    return start(draft, state, **{key: value for key, value in kept.items() if value is not None})


def aside(draft: Draft, state: str, **answers: Any) -> Draft:
    """Off to `state`, remembering the present place.

    A question about a parcel is a place to come back to from help, and from nowhere else; what is
    begun once more is no place to come back to from itself.
    """
    place: Any = draft.answers.get(_FROM)
    forgotten = (ASK, state.partition("/")[0])
    if draft.errand in HOLDING or (draft.errand == ASK and state == HELP):
        place = {"errand": draft.errand, "step": draft.step, "answers": dict(draft.answers)}
    while place and place["errand"] in forgotten and state != HELP:
        place = place["answers"].get(_FROM)
    return start(draft, state, **answers, **({_FROM: place} if place else {}))


def resume(draft: Draft, otherwise: str = NOTHING) -> Draft:
    """Back to where `aside` led away from; `otherwise` where that was nothing worth keeping."""
    place = draft.answers.get(_FROM)
    if not isinstance(place, Mapping):
        return start(draft, otherwise)
    return start(draft, f"{place['errand']}/{place['step']}", **place["answers"])


def led_aside(draft: Draft) -> bool:
    """Whether there is a place to go back to."""
    return _FROM in draft.answers
