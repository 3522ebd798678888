"""An errand: what somebody comes for, as the one value that the application is built from.

Guarantees: errands know nothing of one another; what they share lies in `handlers.conversation`,
and one leads to another by the word of a place or a button.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from handlers.conversation.dialogue import Handler
from handlers.conversation.questions import Prompt


@dataclass(frozen=True, slots=True)
class Errand:
    """Handlers and questions under one name.

    `entry_points` count whatever the present place, `states` at their place ("send/size"), which
    may be another errand's; `questions` are the prompts of its own places; `leftovers` count where
    no place has understood it.
    """

    name: str
    entry_points: Sequence[Handler] = ()
    states: Mapping[str, Sequence[Handler]] = field(default_factory=dict)
    questions: Mapping[str, Prompt] = field(default_factory=dict)
    leftovers: Sequence[Handler] = ()


def entry_points_of(errands: Sequence[Errand]) -> list[Handler]:
    """What may begin at any time, the first errand's first."""
    return [handler for errand in errands for handler in errand.entry_points]


def states_of(errands: Sequence[Errand]) -> dict[str, list[Handler]]:
    """What each place understands, the first errand's handlers first."""
    merged: dict[str, list[Handler]] = {}
    for errand in errands:
        for place, handlers in errand.states.items():
            merged.setdefault(place, []).extend(handlers)
    return merged


def leftovers_of(errands: Sequence[Errand]) -> list[Handler]:
    """What counts where no place has understood it, the first errand's first."""
    return [handler for errand in errands for handler in errand.leftovers]


def questions_of(errands: Sequence[Errand]) -> dict[str, Prompt]:
    """The prompt of each place. Raises ValueError where two errands claim the same place."""
    merged: dict[str, Prompt] = {}
    for errand in errands:
        if twice := merged.keys() & errand.questions.keys():
            raise ValueError(f"{errand.name} asks again at {sorted(twice)}")
        merged |= errand.questions
    return merged
