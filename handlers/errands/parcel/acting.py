"""The buttons on a delivery's cards that act at once.

Guarantees: each is checked by the table of actions before anything is written; what it refuses is
answered with the present truth and changes nothing.
"""

from __future__ import annotations

from functools import partial

from telegram import Update

from bot.domain.actions import Action
from bot.domain.delivery import Delivery
from bot.domain.ids import DeliveryId
from bot.domain.message import Press
from bot.domain.person import Draft
from bot.domain.tower import Size
from bot.usecases.actor import Actor
from bot.usecases.book import (
    another_door,
    another_size,
    at_tower,
    cancel,
    new_drop_off_code,
    next_parcel,
    one_more,
    try_again,
    try_elsewhere,
)
from bot.usecases.codes import ask_drop_off_code, ask_pick_up_code
from bot.usecases.collect import decline, hand_over, keep, take_back
from bot.usecases.extend import more_time
from bot.usecases.photo import show_photo
from bot.usecases.place import show_map
from bot.usecases.slip import show_slip
from bot.usecases.visit import collect_all, skip, stop
from handlers.conversation.context import Context
from handlers.conversation.deliveries import Doing, Doings, looked_up
from handlers.conversation.navigation import ASK, resume
from wording.language import Words


def _getting_code(words: Words) -> str:
    return words._("On its way: it comes below.")


def _looking(words: Words) -> str:
    return words._("Looking for a locker.")


def _passed_on(words: Words) -> str:
    return words._("Forward the picture, or tap the text below it to copy it.")


def _comes_below(words: Words) -> str:
    return words._("It comes below.")


DOINGS: Doings = {
    Action.AT_TOWER: Doing(at_tower, _looking),
    Action.NEXT: Doing(next_parcel, _looking),
    Action.ONE_MORE: Doing(one_more),
    Action.DROP_OFF_CODE: Doing(ask_drop_off_code, _getting_code),
    Action.NEW_DROP_OFF_CODE: Doing(new_drop_off_code, _getting_code),
    Action.PICK_UP_CODE: Doing(ask_pick_up_code, _getting_code),
    Action.NEW_PICK_UP_CODE: Doing(partial(ask_pick_up_code, fresh=True), _getting_code),
    Action.COLLECT_ALL: Doing(collect_all, _getting_code),
    Action.SKIP: Doing(
        skip, lambda words: words._("Left out for now. Its own message has a button to try again.")
    ),
    Action.STOP: Doing(stop, lambda words: words._("The others stay where they are.")),
    Action.MORE_TIME: Doing(more_time),
    Action.SIZE: Doing(partial(another_size, size=None), _looking),
    Action.SLIP: Doing(show_slip, _passed_on),
    Action.SEE_PHOTO: Doing(show_photo, _comes_below),
    Action.MAP: Doing(show_map, lambda words: words._("The pin comes below.")),
    Action.AGAIN: Doing(try_again, _looking),
    Action.ELSEWHERE: Doing(try_elsewhere, _looking),
    Action.ANOTHER_DOOR_OK: Doing(another_door, _looking),
    Action.CANCEL_OK: Doing(cancel, lambda words: words._("Cancelled.")),
    Action.TAKE_BACK_OK: Doing(take_back, lambda words: words._("It is yours to collect again.")),
    Action.HAND_OVER_OK: Doing(
        hand_over, lambda words: words._("The old claim link and claim code no longer work.")
    ),
    Action.KEEP: Doing(keep, lambda words: words._("It is yours to collect again.")),
    Action.DECLINE_OK: Doing(decline, lambda words: words._("It is no longer yours to collect.")),
}
"""Which use case an action is; who may take it, and when, stands in `bot.domain.actions`."""


async def acted(update: Update, context: Context) -> Draft | None:
    """Any action of DOINGS. A question that was asked aside (cancel?) is thereby over."""
    assert context.press is not None
    action = Action(context.press.verb)
    delivery = await looked_up(update, context, action)
    if delivery is not None:
        await carry_out(context.act, delivery, context.press)
        if (said := DOINGS[action].said) is not None:
            context.say(said(context.words))
    if asked_about(context.draft, context.press.delivery):
        return resume(context.draft)
    context.keep_screen()
    return None


async def carry_out(act: Actor, delivery: Delivery, pressed: Press) -> None:
    """What the pressed button does to its delivery. Raises NotPermitted, NotYours."""
    action = Action(pressed.verb)
    if action is Action.SIZE:
        size = Size(pressed.arg) if pressed.arg in list(Size) else None
        await another_size(act, delivery, size)
    elif action is Action.SLIP:
        await show_slip(act, delivery, pressed.arg)
    else:
        await DOINGS[action].use_case(act, delivery)


def asked_about(draft: Draft, delivery: DeliveryId | None) -> bool:
    """Whether the present question is an aside about this delivery."""
    return draft.errand == ASK and draft.answers.get("delivery") == delivery
