"""The questions "sure?": the words of each action that asks first, and the screen that asks.

Guarantees: a question shows the delivery as it is now; where the table no longer permits the
action, it says so and offers the way back only. The button "yes" carries the revision shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain.actions import ANSWERS, Action, permitted
from bot.domain.codes import CodeKind
from bot.domain.delivery import MAX_NOTE, Delivery
from bot.domain.lifecycle import State
from bot.domain.message import Button, Message, press_on
from bot.domain.openers import Opener
from bot.domain.policy import Policy
from handlers.conversation.questions import Prompt, Screen
from wording.cards.opening import may_still_open
from wording.language import Words
from wording.moments import moment
from wording.sanitize import esc, esc_linked, esc_name
from wording.tower_names import esc_tower

Said = Callable[[Words], str]

REASON = "reason"
"""The answer that holds why an operator does something."""


Warnings = Callable[[Words, Delivery, Policy], Iterable[str]]


def _nothing(words: Words, delivery: Delivery, policy: Policy) -> Iterable[str]:
    return ()


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, what the button "yes" says, and what should be known before."""

    asks: Said
    yes: Said
    warns: Warnings = _nothing
    changes_hands: bool = True
    """Whether whoever has a code for the door is to have none from then on."""
    reasoned: bool = False
    """Whether a reason may be typed here, for everybody concerned to read."""


def not_to_be_used(words: Words, delivery: Delivery, policy: Policy) -> Iterable[str]:
    """What the sender has been shown for the drop-off outlives the giving up of its locker."""
    if delivery.state is not State.RENTED:
        return
    if delivery.opener(CodeKind.DROP_OFF, policy) is Opener.LINK:
        yield words._(
            "⚠️ The opening link can't be called back and may still open the door: please don't use "
            "it any more."
        )
    else:
        yield words._(
            "⚠️ The drop-off code may still open the door for a while: please don't use it any more."
        )


def _given_back_first(words: Words, delivery: Delivery, policy: Policy) -> Iterable[str]:
    """Another locker is asked for only once this one is on its way back."""
    yield words._(
        "Locker {door} is given back first; then another one is looked for.",
        door=esc(delivery.locker_name) or "?",
    )
    yield from not_to_be_used(words, delivery, policy)


def _senders_may_open(words: Words, delivery: Delivery, policy: Policy) -> Iterable[str]:
    """The same, for an operator."""
    if delivery.state not in (State.RENTED, State.RELEASING):
        return
    if delivery.opener(CodeKind.DROP_OFF, policy) is Opener.LINK:
        yield words._(
            "⚠️ Until the tower hears of it, the sender's opening link may still open the door."
        )
    else:
        yield words._("⚠️ Until the tower hears of it, the sender's code may still open the door.")


def _nobody_else_gets_one(words: Words, delivery: Delivery, policy: Policy) -> Iterable[str]:
    if delivery.opener(CodeKind.PICK_UP, policy) is Opener.LINK:
        yield words._("You get the opening link; nobody else is given one then.")
    else:
        yield words._("You get the pick-up code; nobody else is given one then.")


def _operator_gets_it(words: Words, delivery: Delivery, policy: Policy) -> Iterable[str]:
    yield from _nobody_else_gets_one(words, delivery, policy)
    yield words._("Everybody concerned is told.")


def _a_new_link(words: Words, delivery: Delivery, policy: Policy) -> Iterable[str]:
    yield words._("There will be a new claim link and claim code; the old ones stop working.")
    yield words._("The first person to use one can collect.")


def _always(said: Said) -> Warnings:
    return lambda words, delivery, policy: [said(words)]


QUESTIONS: Mapping[Action, Question] = {
    Action.ANOTHER_DOOR: Question(
        lambda words: words._("🚪 <b>Get another door?</b>"),
        lambda words: words._("Yes, another door"),
        _given_back_first,
    ),
    Action.CANCEL: Question(
        lambda words: words._("✖️ <b>Cancel this drop-off?</b>"),
        lambda words: words._("Yes, cancel"),
        not_to_be_used,
    ),
    Action.TAKE_BACK: Question(
        lambda words: words._("↩️ <b>Take this parcel back?</b>"),
        lambda words: words._("Yes, take it back"),
        _nobody_else_gets_one,
    ),
    Action.HAND_OVER: Question(
        lambda words: words._("🔁 <b>Let somebody else collect it?</b>"),
        lambda words: words._("Yes, a new link"),
        _a_new_link,
    ),
    Action.DECLINE: Question(
        lambda words: words._("🙅 <b>Is this parcel not for you?</b>"),
        lambda words: words._("Yes, not for me"),
        _always(
            lambda words: words._(
                "You won't get it, and whoever picked you for it is told. From now on they can only"
                " send you a link; the settings let you allow them to pick you again."
            )
        ),
    ),
    Action.RELEASE: Question(
        lambda words: words._("🔓 <b>Release the locker?</b>"),
        lambda words: words._("Yes, release"),
        _senders_may_open,
        reasoned=True,
    ),
    Action.END: Question(
        lambda words: words._("⛔ <b>End this delivery?</b>\nEverybody concerned will be told."),
        lambda words: words._("Yes, end it"),
        _senders_may_open,
        reasoned=True,
    ),
    Action.FETCH: Question(
        lambda words: words._("🛠 <b>Fetch this parcel out?</b>"),
        lambda words: words._("Yes, fetch it out"),
        _operator_gets_it,
        reasoned=True,
    ),
    Action.HOLD: Question(
        lambda words: words._("⏳ <b>Let this parcel wait longer?</b>"),
        lambda words: words._("Yes, let it wait"),
        _always(
            lambda words: words._(
                "Its time to be collected is extended once more, whatever the limit."
            )
        ),
        changes_hands=False,
        reasoned=True,
    ),
    Action.GIVE: Question(
        lambda words: words._("🔁 <b>Let somebody else collect it?</b>"),
        lambda words: words._("Yes, a new link"),
        _always(
            lambda words: words._(
                "There will be a new claim link and claim code for you to pass on; the sender sees "
                "them too. Whoever could collect until now gets no more codes or links."
            )
        ),
        reasoned=True,
    ),
    Action.SETTLE: Question(
        lambda words: words._("✅ <b>Is the problem dealt with?</b>"),
        lambda words: words._("Yes, it is done"),
        changes_hands=False,
        reasoned=True,
    ),
}
"""What each action that asks first asks."""


def sure(action: Action, *others: Callable[[Words], Button]) -> Prompt:
    """The question before `action`; `others` are buttons that lead elsewhere, above the "yes"."""
    question, answer = QUESTIONS[action], ANSWERS[action]

    async def prompt(screen: Screen) -> Message:
        delivery = await still_possible(screen, action)
        if delivery is None:
            return overtaken(screen)
        lines = [
            question.asks(screen.words),
            await which(screen, delivery),
            *question.warns(screen.words, delivery, screen.sight.policy),
            *(await code_still_out(screen, delivery) if question.changes_hands else ()),
        ]
        if question.reasoned:
            lines += ["", reason_asked(screen)]
        yes = Button(question.yes(screen.words), press_on(answer, delivery))
        rows = [(other(screen.words),) for other in others]
        return screen.view("\n".join(lines), *rows, (yes,))

    return prompt


def reason_of(answers: Mapping[str, Any]) -> str:
    """The reason that has been typed at a question of this kind; empty where there is none."""
    return str(answers.get(REASON) or "")


def reason_asked(screen: Screen) -> str:
    """Asks for a reason, or shows the one there is as others will read it."""
    _, reason = screen.words._, esc_linked(reason_of(screen.answers), MAX_NOTE)
    if reason:
        return _("Everybody concerned will read: {text}", text=_("“{text}”", text=reason))
    return _(
        "Why? Type it, up to {count} characters: everybody concerned reads it. Or go on without.",
        count=MAX_NOTE,
    )


async def still_possible(screen: Screen, action: Action) -> Delivery | None:
    """The delivery that the draft is about; None where `action` is not permitted on it now."""
    delivery, policy = await screen.delivery(), screen.sight.policy
    if delivery is None or permitted(action, delivery, screen.person.id, policy) is None:
        return None
    return delivery


def overtaken(screen: Screen) -> Message:
    """What was asked about has changed: the way back only."""
    return screen.view(
        screen.words._("That is no longer possible: it has changed in the meantime.")
    )


async def which(screen: Screen, delivery: Delivery) -> str:
    """How the sender calls it, the tower (or the place, while Harbor has yet to pick one) and the
    locker: lines of their own."""
    called = esc_name(delivery.parcel_name)
    return "\n".join(
        filter(None, (f"🏷 {called}" if called else "", await _where(screen, delivery)))
    )


async def _where(screen: Screen, delivery: Delivery) -> str:
    _ = screen.words._
    tower = await screen.place_of(delivery)
    name = esc_tower(await screen.called(tower))
    if delivery.locker_name:
        return _("📍 {tower}, locker {door}", tower=name, door=esc(delivery.locker_name))
    return _("📍 {tower}", tower=name)


async def code_still_out(screen: Screen, delivery: Delivery) -> list[str]:
    """What can't be undone: Harbor knows no way to call a token or a link back before it ends."""
    ends = [at for at in (delivery.code_until, delivery.old_code_until) if at is not None]
    if delivery.state is not State.STORED or not ends or max(ends) <= screen.now:
        return []
    tower = await screen.sight.towers.one(delivery.tower)
    time = moment(screen.words, max(ends), tower, now=screen.now)
    opener = delivery.opener(CodeKind.PICK_UP, screen.sight.policy)
    return [may_still_open(screen.words, opener, time)]
