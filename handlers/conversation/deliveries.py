"""The delivery that a pressed button names, checked by the table of actions.

Guarantees: an outdated button brings the card up to date and says so, somebody else's changes
nothing; both before anything is written.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from telegram import Update

from bot.domain.actions import Action, extensions_left
from bot.domain.card import SCREEN, code_subject, delivery_subject
from bot.domain.delivery import Delivery
from bot.domain.ids import DeliveryId
from bot.domain.lifecycle import State
from bot.domain.person import Draft
from bot.usecases.actor import Actor, NotPermitted, NotYours, Stale, authorized
from handlers.conversation.context import Context
from handlers.conversation.questions import changed_said
from wording.language import Words

Said = Callable[[Words], str]


@dataclass(frozen=True, slots=True)
class Doing:
    """The use case of an action, and what is said to whoever did it (nothing: the card says it)."""

    use_case: Callable[[Actor, Delivery], Awaitable[object]]
    said: Said | None = None


Doings = Mapping[Action, Doing]

_SHARED = frozenset(
    {Action.MORE_TIME, Action.DECLINE, Action.DECLINE_OK, Action.HAND_OVER, Action.HAND_OVER_OK}
)
"""What a recipient may do until the sender takes the parcel back."""


async def looked_up(update: Update, context: Context, action: Action) -> Delivery | None:
    """The pressed button's delivery; None, with a word on it, where `action` is not permitted."""
    pressed, words = context.press, context.words
    assert pressed is not None
    assert pressed.delivery is not None
    try:
        return await authorized(context.act, pressed.delivery, action, revision=pressed.revision)
    except NotYours:
        context.say(words._("That parcel is not (or no longer) yours to see."))
    except Stale as stale:
        await _show_again(update, context, stale.delivery)
        context.say(changed_said(words))
    except NotPermitted as refusal:
        await _show_again(update, context, refusal.delivery)
        context.say(why_not(context, refusal))
    return None


def why_not(context: Context, refusal: NotPermitted) -> str:
    """Why the table does not permit it, as far as there is a sentence for that."""
    words = context.words
    action, delivery, person = refusal.action, refusal.delivery, context.person.id
    shared = action in _SHARED
    if shared and delivery.taken_back and person != delivery.sender:
        return words._("The sender is taking it back.")
    if action is Action.MORE_TIME and delivery.state is State.STORED:
        if not extensions_left(delivery, context.wiring.policy):
            return words._("This time can't be extended any further.")
    elif action is Action.MORE_TIME and person != delivery.sender:
        return words._("Only the sender can do that before the parcel is in.")
    return words._("That is no longer possible: it has changed in the meantime.")


async def showed(update: Update, context: Context) -> None:
    """A parcel of a list: its card comes anew, below everything else.

    Where a newer delivery of the same parcel has taken its place, that one's.
    """
    context.keep_screen()
    delivery = await looked_up(update, context, Action.HISTORY)
    while delivery is not None and delivery.superseded and delivery.successor is not None:
        delivery = await context.tx.delivery(delivery.successor)
    if delivery is None:
        return
    if delivery.roles_of(context.person.id):
        await context.mark(delivery_subject(delivery.id), ring=True)
    else:
        words = context.words
        context.say(words._("That parcel is not (or no longer) yours to see."))


def about(draft: Draft) -> DeliveryId:
    """The delivery that the present question is about."""
    return DeliveryId(str(draft.answers.get("delivery")))


async def _show_again(update: Update, context: Context, delivery: Delivery) -> None:
    """The card that was pressed; where that was an older message, the delivery's card sent anew."""
    query = update.callback_query
    message = query.message.message_id if query and query.message else None
    theirs = bool(delivery.roles_of(context.person.id))
    for subject in (SCREEN, delivery_subject(delivery.id), code_subject(delivery.id)):
        card = await context.tx.card(context.person.id, subject)
        if card is not None and card.message == message:
            await context.mark(subject)
            if theirs:
                await context.mark(delivery_subject(delivery.id))
            return
    if theirs:  # an operator has no card of it
        await context.mark(delivery_subject(delivery.id), ring=True)
