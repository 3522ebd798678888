"""A delivery's state in a word or two, for lists."""

from __future__ import annotations

from bot.domain.lifecycle import State
from wording.language import Words


def state_said(words: Words, state: State) -> str:
    """A state in a word or two, for lists."""
    _ = words._
    return {
        State.PREPARED: _("prepared"),
        State.REQUESTED: _("finding a locker"),
        State.RESERVED: _("locker reserved"),
        State.RENTED: _("to be dropped off"),
        State.RELEASING: _("being cancelled"),
        State.STORED: _("in the locker"),
        State.COLLECTED: _("collected"),
        State.CANCELLED: _("cancelled"),
        State.LAPSED: _("ran out"),
        State.NO_LOCKER: _("no locker was free"),
        State.CLOSED: _("ended by an operator"),
    }[state]
