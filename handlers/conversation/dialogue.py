"""A conversation whose state is a row: what ConversationHandler would be if it could not forget.

Guarantees: the state is loaded in the chat's turn and saved by compare-and-set in the transaction
that holds all that the step causes; a step's callback makes no network call and sends nothing, it
returns the draft to go on from; whatever no table knows is answered with the present question.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, cast

from telegram import CallbackQuery, Chat, ChatMember, Update, User
from telegram.ext import BaseHandler, MessageHandler

from bot.domain.card import SCREEN, delivery_subject
from bot.domain.ids import PersonId
from bot.domain.person import WRITTEN, WRITTEN_ABOUT, Draft, Person
from bot.ports.people import Opening
from bot.usecases.cards import reach_changed
from bot.usecases.closing import ClosedForBooking
from bot.usecases.limits import OverLimit
from bot.usecases.recipients import arrive
from handlers.conversation.context import Context
from handlers.conversation.pressed import Pressed
from handlers.conversation.transactional import OUT_OF_DATE, App, Transactional
from handlers.telegram.callback_data import parse

NOTICE, NOTICE_UNTIL = "notice", "notice_until"
"""The answer that holds one sentence (in the person's language) to be shown above the present
question; it goes with the next update."""

Handler = BaseHandler[Update, Context, Any]

_GONE = (ChatMember.BANNED, ChatMember.LEFT)


def state_of(draft: Draft) -> str:
    """The key of `states`: "send/size" for step `size` of errand `send`."""
    return f"{draft.errand}/{draft.step}"


class ReadsEdits(MessageHandler[Context, Any]):
    """A handler for messages that are edited, too; any other takes them as they were sent."""


class Dialogue(Transactional):
    """Private chats, by three tables of ordinary handlers, looked through in this order.

    `entry_points` may begin an errand (or act on a card) whatever the state, `states` holds the
    handlers of each state by `state_of`, `fallbacks` what is left. Their callbacks are
    `async (Update, Context) -> Draft | None`; None leaves the draft as it is. Afterwards the screen
    is brought up to date, as a new message when the person has sent one, unless the callback said
    `context.keep_screen()`. A callback that has forgotten the person returns a draft that was never
    saved.
    """

    def __init__(
        self,
        entry_points: Sequence[Handler],
        states: Mapping[str, Sequence[Handler]],
        fallbacks: Sequence[Handler],
    ) -> None:
        super().__init__()
        self.entry_points = entry_points
        self.states = states
        self.fallbacks = fallbacks

    def check_update(self, update: object) -> bool:
        """Everything that a person (not a bot) does in a private chat."""
        if not isinstance(update, Update) or update.effective_chat is None:
            return False
        user = update.effective_user
        return update.effective_chat.type == Chat.PRIVATE and user is not None and not user.is_bot

    async def take(self, update: Update, context: Context, opening: Opening) -> None:
        """Note who it is, find the step, take it, save where the chat stands now."""
        came = await self._greet(update, context, opening)
        if not (update.my_chat_member or _telemetry(update)):
            context.draft = _without_notice(opening.draft)
            after = await self._step(update, context)
            await self._leave(update, context, opening, after or context.draft)
        if came:  # after the step, for it may have been a link to the very parcel
            await arrive(context.act, context.person)

    async def amend(
        self, update: Update, context: Context, opening: Opening, error: Exception
    ) -> None:
        """Say that it went wrong, or that the button no longer fits, and how things stand."""
        self._meet(update, context, opening)
        if update.my_chat_member:
            return
        phrases = context.wiring.phrases
        if isinstance(error, OUT_OF_DATE):
            context.say(phrases.stale(context.person.language))
        else:
            context.say(phrases.failed(context.person.language), alert=True)
        if update.callback_query:
            await _refresh(context, update.callback_query)
        await self._leave(update, context, opening, _without_notice(opening.draft))

    def _meet(self, update: Update, context: Context, opening: Opening) -> None:
        assert update.effective_user is not None, "check_update accepts only what has a user"
        member = update.my_chat_member
        here = member is None or member.new_chat_member.status not in _GONE
        locale = context.wiring.locale
        context.person = _known(opening.person, update.effective_user, locale, reachable=here)
        context.press = parse(update.callback_query.data) if update.callback_query else None

    async def _greet(self, update: Update, context: Context, opening: Opening) -> bool:
        """Whether they are here now, and were not before."""
        self._meet(update, context, opening)
        before, person = opening.person, context.person
        if person != before:
            await context.tx.save_person(person)
        if person.reachable is (before is not None and before.reachable):
            return False
        await reach_changed(context.tx, person.id, now=context.now)
        if person.reachable:
            # What could not be said while they were not there is said now.
            for delivery in await context.tx.deliveries_of(person.id, live=True):
                await context.mark(delivery_subject(delivery.id))
        return person.reachable

    async def _step(self, update: Update, context: Context) -> Draft | None:
        app = cast(App, context.application)
        for handler in self._table(update, context):
            check = handler.check_update(update)
            if check is not None and check is not False:
                try:
                    step: Draft | None = await handler.handle_update(update, app, check, context)
                except OverLimit as reached:  # nothing but what operators are told has been written
                    phrases, language = context.wiring.phrases, context.person.language
                    context.say(phrases.over_limit(language, reached), alert=True)
                    return None
                except ClosedForBooking as closed:  # nothing has been written, the draft stands
                    await context.say_closed(closed)
                    return None
                return step
        if update.callback_query:
            context.say(context.wiring.phrases.stale(context.person.language))
            await _refresh(context, update.callback_query)
        return None

    def _table(self, update: Update, context: Context) -> Iterator[Handler]:
        state = state_of(context.draft)
        table = chain(self.entry_points, self.states.get(state, ()), self.fallbacks)
        # PTB's handlers would take an edited message for a new answer.
        if update.edited_message:
            return (handler for handler in table if isinstance(handler, ReadsEdits))
        pressed = update.callback_query is not None
        return (each for each in table if isinstance(each, Pressed) is pressed)

    async def _leave(
        self, update: Update, context: Context, opening: Opening, after: Draft
    ) -> None:
        pressed = update.callback_query is not None
        if context.said and not pressed:
            until = context.said_until and int(context.said_until.timestamp())
            said = {NOTICE: context.said, **({NOTICE_UNTIL: until} if until else {})}
            after = replace(after, answers={**after.answers, **said})
        if context.screen:  # first, as it travels to the database with what comes next
            await context.mark(SCREEN, ring=context.ring or not pressed)
        if after != opening.draft:
            context.draft = await context.tx.save_draft(after)


async def _refresh(context: Context, query: CallbackQuery) -> None:
    """The card whose button it was shows the present truth again; any other message is an old one,
    and the screen comes below it."""
    chat, delivery = context.person.id, context.press and context.press.delivery
    for subject in (SCREEN, *([delivery_subject(delivery)] if delivery else [])):
        card = await context.tx.card(chat, subject)
        if card and query.message and card.message == query.message.message_id:
            await context.mark(subject)
            return
    context.ring_screen()


def _known(person: Person | None, user: User, locale: str, *, reachable: bool) -> Person:
    name = user.full_name or user.last_name or ""  # where Telegram sends no first name
    known = person or Person(PersonId(user.id), name, language=locale)
    spoken = known.language if known.language_chosen else user.language_code or known.language
    return replace(
        known,
        name=name,
        username=user.username,
        language=spoken,
        reachable=reachable,
    )


def _telemetry(update: Update) -> bool:
    """Where somebody's shared phone is by now: nothing they have said."""
    edited = update.edited_message
    return edited is not None and edited.location is not None


def _without_notice(draft: Draft) -> Draft:
    goes = (NOTICE, NOTICE_UNTIL, WRITTEN, WRITTEN_ABOUT)
    kept = {key: draft.answers[key] for key in draft.answers if key not in goes}
    return replace(draft, answers=kept) if len(kept) < len(draft.answers) else draft
