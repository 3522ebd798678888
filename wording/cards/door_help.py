"""What helps when a door did not open, in words: one thing at a time, by its opener.

Guarantees: something new to open it with is offered only where the table of actions permits it.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.actions import Action, permitted
from bot.domain.codes import CodeKind
from bot.domain.delivery import Delivery
from bot.domain.ids import PersonId
from bot.domain.lifecycle import State
from bot.domain.openers import Opener
from bot.domain.policy import Policy
from bot.domain.situation import Situation
from wording.cards.opening import app_said
from wording.language import Words

AFRESH = 2
"""How many things have been tried before something new to open the door with is offered."""


def anew_by(delivery: Delivery, person: PersonId, policy: Policy) -> Action | None:
    """The action by which the person may have a new code or link for its door now."""
    each = (Action.NEW_DROP_OFF_CODE, Action.NEW_PICK_UP_CODE)
    return next((one for one in each if permitted(one, delivery, person, policy)), None)


def opener_now(delivery: Delivery, policy: Policy) -> Opener:
    """What the door is to be opened with now."""
    kind = CodeKind.PICK_UP if delivery.state is State.STORED else CodeKind.DROP_OFF
    return delivery.opener(kind, policy)


def advice(words: Words, situation: Situation) -> Sequence[str]:
    """The likeliest help first; at `AFRESH` something new to open it with; last the operators."""
    _, policy = words._, situation.policy
    faulty = (
        _("Then the door seems to be faulty. I can report it.")
        if situation.looked_after
        else _("Then the door seems to be faulty. Please turn to whoever runs these lockers.")
    )
    if opener_now(situation.delivery, policy) is Opener.TOKEN:
        return (
            _(
                "Stand within a step or two of the tower, with Bluetooth on (off and on again, if "
                "it is on), and try again."
            ),
            _("Is it the right app? A camera or another app can't open the door.")
            + f"\n{app_said(words, policy)}",
            _anew(words, situation),
            faulty,
        )
    return (
        _(
            "Stand within three metres of the tower, with Bluetooth on (off and on again, if it is "
            "on). Then open the same link again; only one link at a time can be opened."
        ),
        _(
            "Does the phone show nothing, or only a web page? Copy the link into Safari or Chrome. "
            "Android needs the Locker Open app from the store."
        ),
        _anew(words, situation),
        faulty,
    )


def noted(words: Words, delivery: Delivery, policy: Policy) -> str:
    """What becomes of a door that has been reported."""
    if policy.operators_at(delivery.tower):
        return words._("Noted. Operators see every door that is reported.")
    return words._("Noted: this door was reported as not opening.")


def _anew(words: Words, situation: Situation) -> str:
    """Another code or link, where the reader may have one; for a drop-off by link perhaps another
    locker's."""
    _, delivery = words._, situation.delivery
    if anew_by(delivery, situation.reader.id, situation.policy) is None:
        return _("Try it once more.")
    if opener_now(delivery, situation.policy) is Opener.TOKEN:
        return _("Try once more with a new code: the old one may have run out.")
    if delivery.state is State.STORED:
        return _("Try once more with a new link: the old one may have run out.")
    return _(
        "Get a new link: it may be for another locker. The one you have is given back, so do this "
        "only if your parcel is not in it."
    )
