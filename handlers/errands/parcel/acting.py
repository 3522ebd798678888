"""The buttons on a delivery's cards that act at once.

Guarantees: each looks whose delivery it is and whether it still is as the button showed it, before
anything is written; an outdated button brings the card up to date and says so, somebody else's
changes nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass

from telegram import Update

from bot.domain.actions import Action, extensions_left
from bot.domain.card import SCREEN, code_subject, delivery_subject
from bot.domain.delivery import Delivery, Role
from bot.domain.ids import DeliveryId
from bot.domain.lifecycle import Event, Illegal, State
from bot.domain.message import Press
from bot.domain.person import Draft
from bot.domain.tower import Size
from bot.usecases.actor import Actor, NotYours, Stale, authorized
from bot.usecases.book import another_size, cancel, try_again
from bot.usecases.codes import ask_drop_off_code, ask_pick_up_code
from bot.usecases.collect import hand_over, take_back
from bot.usecases.extend import more_time
from handlers.conversation.context import Context
from handlers.conversation.navigation import resume
from wording.language import Words, speak

_SENDER = frozenset({Role.SENDER})
_EITHER = frozenset(Role)
_AGAIN = (State.NO_LOCKER, State.LAPSED, State.CANCELLED)

Deed = Callable[[Actor, Delivery, Press], Awaitable[object]]
Said = Callable[[Words], str]


class Unable(Exception):
    """It can't be done, for a reason worth saying; raised before anything is written."""

    def __init__(self, said: Said) -> None:
        super().__init__("this can't be done")
        self.said = said


@dataclass(frozen=True, slots=True)
class Doing:
    """What a verb does, who may do it, and what is said to who did (nothing: the card says it)."""

    deed: Deed
    roles: frozenset[Role]
    said: Said | None = None


async def acted(update: Update, context: Context) -> Draft | None:
    """Any verb of DOINGS. A question that was asked aside (cancel? hand over?) is thereby over."""
    assert context.press is not None
    doing = DOINGS[Action(context.press.verb)]
    delivery, said = await looked_up(update, context, doing.roles), doing.said
    if delivery is not None:
        try:
            await doing.deed(context.act, delivery, context.press)
        except Unable as unable:
            said = unable.said
        if said is not None:
            context.say(said(speak(context.person.language, context.wiring.locale)))
    if asked_about(context.draft, context.press.delivery):
        return resume(context.draft)
    context.keep_screen()
    return None


def asked_about(draft: Draft, delivery: DeliveryId | None) -> bool:
    """Whether the present question is an aside about this delivery."""
    return draft.errand == "ask" and draft.answers.get("delivery") == delivery


async def looked_up(
    update: Update, context: Context, roles: Collection[Role] = (), *, as_seen: bool = True
) -> Delivery | None:
    """The pressed button's delivery; None, with a word about it, where it is not to be touched."""
    pressed, words = context.press, speak(context.person.language, context.wiring.locale)
    assert pressed is not None
    assert pressed.delivery is not None
    try:
        revision = pressed.revision if as_seen else None
        return await authorized(context.act, pressed.delivery, *roles, revision=revision)
    except NotYours:
        context.say(words._("That parcel is not (or no longer) yours to see."))
    except Stale as stale:
        await _show_again(update, context, stale.delivery.id)
        context.say(words._("That has changed in the meantime. Here is how it stands now."))
    return None


async def _show_again(update: Update, context: Context, delivery: DeliveryId) -> None:
    """The card that was pressed; where that was an older message, the delivery's card sent anew."""
    query = update.callback_query
    message = query.message.message_id if query and query.message else None
    for subject in (SCREEN, delivery_subject(delivery), code_subject(delivery)):
        card = await context.tx.card(context.person.id, subject)
        if card is not None and card.message == message:
            await context.mark(subject)
            await context.mark(delivery_subject(delivery))
            return
    await context.mark(delivery_subject(delivery), ring=True)


# -- deeds


async def _drop_off_code(act: Actor, delivery: Delivery, pressed: Press) -> None:
    await ask_drop_off_code(act, delivery)


async def _new_drop_off_code(act: Actor, delivery: Delivery, pressed: Press) -> None:
    await ask_drop_off_code(act, delivery, fresh=True)


async def _pick_up_code(act: Actor, delivery: Delivery, pressed: Press) -> None:
    await ask_pick_up_code(act, delivery)


async def _new_pick_up_code(act: Actor, delivery: Delivery, pressed: Press) -> None:
    await ask_pick_up_code(act, delivery, fresh=True)


async def _more_time(act: Actor, delivery: Delivery, pressed: Press) -> None:
    if delivery.state is not State.STORED and act.person != delivery.sender:
        raise Unable(lambda words: words._("Only the sender can do that before the parcel is in."))
    if delivery.state is State.STORED and not extensions_left(delivery, act.policy):
        raise Unable(lambda words: words._("This time can't be extended any further."))
    await more_time(act, delivery)


async def _another_size(act: Actor, delivery: Delivery, pressed: Press) -> None:
    if pressed.arg not in list(Size):
        raise Illegal(delivery.state, Event.RESERVED)
    size = Size(pressed.arg)
    if delivery.state in _AGAIN:
        await try_again(act, delivery, tower=delivery.tower, size=size)
    else:
        await another_size(act, delivery, size)


async def _again(act: Actor, delivery: Delivery, pressed: Press) -> None:
    await try_again(act, delivery, tower=delivery.tower, size=delivery.size)


async def _elsewhere(act: Actor, delivery: Delivery, pressed: Press) -> None:
    if delivery.elsewhere is None:
        raise Illegal(delivery.state, Event.RESERVED)
    await try_again(act, delivery, tower=delivery.elsewhere, size=delivery.size)


async def _cancel(act: Actor, delivery: Delivery, pressed: Press) -> None:
    await cancel(act, delivery)


async def _take_back(act: Actor, delivery: Delivery, pressed: Press) -> None:
    await take_back(act, delivery)


async def _hand_over(act: Actor, delivery: Delivery, pressed: Press) -> None:
    if delivery.taken_back and act.person != delivery.sender:
        raise Unable(lambda words: words._("The sender has taken it back."))
    await hand_over(act, delivery)


def _getting_code(words: Words) -> str:
    return words._("Your code is on its way.")


def _looking(words: Words) -> str:
    return words._("Looking for a locker.")


DOINGS: Mapping[Action, Doing] = {
    Action.DROP_OFF_CODE: Doing(_drop_off_code, _SENDER, _getting_code),
    Action.NEW_DROP_OFF_CODE: Doing(_new_drop_off_code, _SENDER, _getting_code),
    Action.PICK_UP_CODE: Doing(_pick_up_code, _EITHER, _getting_code),
    Action.NEW_PICK_UP_CODE: Doing(_new_pick_up_code, _EITHER, _getting_code),
    Action.MORE_TIME: Doing(_more_time, _EITHER),
    Action.SIZE: Doing(_another_size, _SENDER, _looking),
    Action.AGAIN: Doing(_again, _SENDER, _looking),
    Action.ELSEWHERE: Doing(_elsewhere, _SENDER, _looking),
    Action.CANCEL_OK: Doing(_cancel, _SENDER, lambda words: words._("Cancelled.")),
    Action.TAKE_BACK_OK: Doing(
        _take_back, _SENDER, lambda words: words._("It is yours again: get the pick-up code.")
    ),
    Action.HAND_OVER_OK: Doing(
        _hand_over, _EITHER, lambda words: words._("The old link and code no longer work.")
    ),
}
