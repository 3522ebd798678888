"""Questions about one parcel, asked aside: cancel? take it back? which size? what is the matter?

Guarantees: whatever was being done before is come back to; a question shows the parcel as it is
now, and where its answer no longer makes sense, says so and offers the way back only.
"""

from __future__ import annotations

from collections.abc import Mapping

from telegram import Update

from bot.domain.actions import Action
from bot.domain.delivery import Delivery, Role
from bot.domain.ids import DeliveryId
from bot.domain.lifecycle import State
from bot.domain.message import Button, Message, press, press_on
from bot.domain.person import Draft
from bot.domain.tower import Size
from bot.usecases.actor import authorized
from bot.usecases.report import door_did_not_open, report_problem
from handlers.conversation.context import Context
from handlers.conversation.navigation import aside, go, resume
from handlers.conversation.questions import Row, Screen, number
from handlers.errands.parcel.acting import acted, looked_up
from wording.language import Words, speak
from wording.sanitize import capital, esc

CANCEL, TAKE_BACK, HAND_OVER = "ask/drop", "ask/back", "ask/hand"
SIZE, PROBLEM, DOOR, HISTORY = "ask/size", "ask/help", "ask/door", "ask/log"
STILL_CLOSED, OPENED, TELL = "closed", "opened", "tell"

_SENDER, _EITHER = frozenset({Role.SENDER}), frozenset(Role)
ASKS: Mapping[Action, tuple[str, frozenset[Role]]] = {
    Action.CANCEL: (CANCEL, _SENDER),
    Action.TAKE_BACK: (TAKE_BACK, _SENDER),
    Action.HAND_OVER: (HAND_OVER, _EITHER),
    Action.SIZE: (SIZE, _SENDER),
    Action.PROBLEM: (PROBLEM, _EITHER),
    Action.DOOR: (DOOR, _EITHER),
    Action.HISTORY: (HISTORY, frozenset()),
}
"""Which question a verb asks, and of whom; of operators, too, where nobody is named."""
_SAID_AT_ANY_REVISION = frozenset({Action.PROBLEM, Action.DOOR, Action.HISTORY})
_WAITING = (State.REQUESTED, State.RESERVED, State.RENTED)
_POSSIBLE: Mapping[str, tuple[State, ...]] = {
    CANCEL: _WAITING,
    TAKE_BACK: (State.STORED,),
    HAND_OVER: (*_WAITING, State.STORED),
    SIZE: (*_WAITING, State.NO_LOCKER, State.LAPSED, State.CANCELLED),
}


# -- steps


async def asked(update: Update, context: Context) -> Draft | None:
    """A verb of ASKS: the question comes below everything else."""
    assert context.press is not None
    verb = Action(context.press.verb)
    if verb is Action.SIZE and context.press.arg is not None:
        return await acted(update, context)
    state, roles = ASKS[verb]
    delivery = await looked_up(update, context, roles, as_seen=verb not in _SAID_AT_ANY_REVISION)
    if delivery is None:
        context.keep_screen()
        return None
    context.ring_screen()
    return aside(context.draft, state, delivery=delivery.id)


async def wrote_problem(update: Update, context: Context) -> Draft:
    """Their words go to the operators."""
    assert update.effective_message is not None
    delivery = await authorized(context.act, _about(context.draft), *Role)
    await report_problem(context.act, delivery, (update.effective_message.text or "").strip())
    context.say(_words(context)._("Passed on. An operator will look at it."))
    return resume(context.draft, "menu/menu")


async def still_closed(update: Update, context: Context) -> Draft:
    """On to the next thing that helps."""
    return go(context.draft, DOOR, tried=number(context.draft.answers.get("tried")) + 1)


async def opened(update: Update, context: Context) -> Draft:
    """Nothing is left to help with."""
    context.say(_words(context)._("Please close the door firmly when you are done."))
    return resume(context.draft)


async def told_operator(update: Update, context: Context) -> Draft:
    """It did not open: written down, and the operators hear of it."""
    delivery = await authorized(context.act, _about(context.draft), *Role)
    await door_did_not_open(context.act, delivery)
    context.say(_words(context)._("Noted. Operators see every door that is reported."))
    return resume(context.draft)


def _about(draft: Draft) -> DeliveryId:
    return DeliveryId(str(draft.answers.get("delivery")))


def _words(context: Context) -> Words:
    return speak(context.person.language, context.wiring.locale)


# -- prompts


async def cancel_prompt(screen: Screen) -> Message:
    """Cancel? With a code out, what that means."""
    _ = screen.words._
    delivery = await _possible(screen, CANCEL)
    if delivery is None:
        return _overtaken(screen)
    lines = [_("✖️ <b>Cancel this drop-off?</b>"), await _which(screen, delivery)]
    if delivery.state is State.RENTED:
        lines.append(_("Please don't use the drop-off code after that."))
    return _yes_or_back(screen, lines, _("Yes, cancel"), Action.CANCEL_OK, delivery)


async def take_back_prompt(screen: Screen) -> Message:
    """Fetch it back oneself?"""
    _ = screen.words._
    delivery = await _possible(screen, TAKE_BACK)
    if delivery is None or delivery.taken_back:
        return _overtaken(screen)
    lines = [
        _("↩️ <b>Take this parcel back?</b>"),
        await _which(screen, delivery),
        _("You get the pick-up code; nobody else can collect it then."),
        *await _code_still_out(screen, delivery),
    ]
    return _yes_or_back(screen, lines, _("Yes, take it back"), Action.TAKE_BACK_OK, delivery)


async def hand_over_prompt(screen: Screen) -> Message:
    """A new claim for somebody else?"""
    _ = screen.words._
    delivery = await _possible(screen, HAND_OVER)
    if delivery is None:
        return _overtaken(screen)
    lines = [
        _("🔁 <b>Let somebody else collect it?</b>"),
        await _which(screen, delivery),
        _("There will be a new link and code; the old ones stop working."),
        *await _code_still_out(screen, delivery),
    ]
    return _yes_or_back(screen, lines, _("Yes, a new link"), Action.HAND_OVER_OK, delivery)


async def size_prompt(screen: Screen) -> Message:
    """Which size instead, with what is free now."""
    words = screen.words
    delivery = await _possible(screen, SIZE)
    if delivery is None:
        return _overtaken(screen)
    free = (await screen.sight.towers.free(delivery.tower)).value
    lines = [words._("📐 <b>Which size instead?</b>"), await _which(screen, delivery)]
    if delivery.state in _WAITING:
        lines.append(words._("The locker you have is given back."))
    rows: list[Row] = []
    for size in Size:
        if free.get(size, 1):
            name = capital(words.size(size))
            count = free.get(size)
            text = (
                name
                if count is None
                else words.n("{size} · {count} free", "{size} · {count} free", count, size=name)
            )
            rows.append((Button(text, press_on(Action.SIZE, delivery, size.value)),))
    return screen.view("\n".join(lines), *rows)


async def problem_prompt(screen: Screen) -> Message:
    """Words for the operators."""
    _ = screen.words._
    delivery = await screen.delivery()
    return screen.view(
        "\n".join(
            [
                _("🆘 <b>What is wrong?</b>"),
                await _which(screen, delivery) if delivery else "",
                _("Write it in a sentence or two; it goes to the operators with this parcel."),
            ]
        )
    )


async def door_prompt(screen: Screen) -> Message:
    """What helps, one thing at a time: distance, Bluetooth, another try, then a human being."""
    _, delivery = screen.words._, await screen.delivery()
    if delivery is None:
        return _overtaken(screen)
    advice = (
        _("Stand within a step or two of the tower, and hold the code to its reader."),
        _("Switch your phone's Bluetooth on (off and on again, if it is on), then try once more."),
        _("Try once more with a new code: the old one may have run out."),
        _("Then the door seems to be faulty. I can tell the operators."),
    )
    tried = min(number(screen.answers.get("tried")), len(advice) - 1)
    lines = [_("🚪 <b>It did not open</b>"), await _which(screen, delivery), advice[tried]]
    rows: list[Row] = [
        (Button(_("✅ It opened"), press(OPENED)), Button(_("Still closed"), press(STILL_CLOSED)))
    ]
    if tried == 2 and (fresh := _fresh_code(screen, delivery)):
        rows.insert(0, (fresh,))
    if tried == len(advice) - 1:
        rows = [(Button(_("🆘 Tell the operator"), press(TELL)),), (rows[0][0],)]
    return screen.view("\n".join(lines), *rows)


def _fresh_code(screen: Screen, delivery: Delivery) -> Button | None:
    me = screen.person.id
    if delivery.state in (State.RESERVED, State.RENTED) and delivery.sender == me:
        verb = Action.NEW_DROP_OFF_CODE
    elif delivery.state is State.STORED and delivery.collector == me:
        verb = Action.NEW_PICK_UP_CODE
    else:
        return None
    return Button(screen.words._("🔄 New code"), press_on(verb, delivery))


async def _possible(screen: Screen, question: str) -> Delivery | None:
    delivery = await screen.delivery()
    return delivery if delivery and delivery.state in _POSSIBLE[question] else None


async def _code_still_out(screen: Screen, delivery: Delivery) -> list[str]:
    """What can't be undone: Harbor knows no way to call a token back before it ends."""
    now, until = screen.sight.clock.now(), delivery.code_until
    if delivery.state is not State.STORED or until is None or until <= now:
        return []
    tower = await screen.sight.towers.one(delivery.tower)
    time = screen.words.moment(until, tower.zone if tower else "UTC", now=now)
    said = screen.words._(
        "⚠️ A pick-up code already shown may still open the door until {until}.", until=time
    )
    return [said]


def _overtaken(screen: Screen) -> Message:
    return screen.view(
        screen.words._("That is no longer possible: it has changed in the meantime.")
    )


def _yes_or_back(
    screen: Screen, lines: list[str], yes: str, verb: Action, delivery: Delivery
) -> Message:
    return screen.view("\n".join(lines), (Button(yes, press_on(verb, delivery)),))


async def _which(screen: Screen, delivery: Delivery) -> str:
    _ = screen.words._
    tower = await screen.sight.towers.one(delivery.tower)
    name = esc(tower.name if tower else None)
    if delivery.locker_name:
        return _("📍 {tower}, door {door}", tower=name, door=esc(delivery.locker_name))
    return _("📍 {tower}", tower=name)
