"""Groups: the bot says once that it works in private chats only, and is silent from then on.

Guarantees: once for each group, whatever happens there and however often the bot is restarted; a
group the bot has been removed from is told nothing. In the operators' own group alerts are shown
instead, and a button counts only for whoever is an operator: being there makes nobody one.
"""

from __future__ import annotations

from dataclasses import replace

from telegram import Chat, ChatMember, Update

from bot.domain.alert_buttons import AlertAction, arg_to_key
from bot.domain.ids import PersonId
from bot.ports.people import Opening
from bot.usecases.actor import Actor, NotYours
from bot.usecases.operate import see
from handlers.conversation.context import Context
from handlers.conversation.transactional import Transactional
from handlers.telegram.callback_data import parse
from wording.language import speak

GROUP = "group"
"""The subject of the one message in a group. The group's draft holds its `language`."""

_GONE = (ChatMember.BANNED, ChatMember.LEFT)


class Groups(Transactional):
    """Everything that reaches the bot from a group or supergroup."""

    def check_update(self, update: object) -> bool:
        """Channels are left out: the bot says nothing there."""
        if not isinstance(update, Update) or update.effective_chat is None:
            return False
        return update.effective_chat.type in (Chat.GROUP, Chat.SUPERGROUP)

    async def take(self, update: Update, context: Context, opening: Opening) -> None:
        """The group's first update leaves a card; its draft remembers that it has been told."""
        if context.wiring.policy.operator_group == opening.draft.chat:
            if update.callback_query is not None:
                await self._pressed(update, context)
            return
        member = update.my_chat_member
        removed = member is not None and member.new_chat_member.status in _GONE
        if removed or opening.draft.errand == GROUP:
            return
        speaker = update.effective_user
        language = (speaker and speaker.language_code) or context.wiring.locale
        told = replace(opening.draft, errand=GROUP, step="told", answers={"language": language})
        await context.tx.save_draft(told)
        await context.tx.mark(opening.draft.chat, GROUP, now=context.now)

    async def _pressed(self, update: Update, context: Context) -> None:
        """A button of an alert: it counts by who has pressed it, whoever may be in the group."""
        user, query = update.effective_user, update.callback_query
        pressed = parse(query.data) if query is not None else None
        if user is None or pressed is None or pressed.verb != AlertAction.SEEN:
            return
        act = Actor(context.tx, PersonId(user.id), context.now, context.wiring.policy)
        try:
            await see(act, arg_to_key(pressed.arg or ""))
        except NotYours:
            words = speak(user.language_code, context.wiring.locale)
            context.say(
                words._(
                    "Only operators of that tower can do that. Being in this group is not enough."
                )
            )

    async def amend(
        self, update: Update, context: Context, opening: Opening, error: Exception
    ) -> None:
        """A group is owed no apology."""
