"""A messenger without a network: what every phone shows, and when it was shown.

It remembers each code (and whose parcel it `opens`) and each button that was ever on a screen, for
tests in which people hold on to what they have seen. `fault` makes it as unreliable as Telegram:
"away", or "reply_lost" (it did what was asked, and nobody hears so).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.card import Lane
from bot.domain.ids import DeliveryId, MessageId, PersonId
from bot.domain.message import Message, Press
from bot.ports.clock import Clock
from bot.ports.errors import MessageGone, OutcomeUnknown, TryLater, Unreachable
from handlers.telegram import messenger


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as it stands on a phone."""

    view: Message
    at: datetime


@dataclass
class MemoryChat:
    """See the module; a `Messenger`."""

    clock: Clock
    messages: dict[PersonId, dict[MessageId, Shown]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    codes: dict[str, set[PersonId]] = field(default_factory=lambda: defaultdict(set))
    opens: dict[str, DeliveryId] = field(default_factory=dict)
    buttons: dict[tuple[PersonId, Press], None] = field(default_factory=dict)
    blocked: set[PersonId] = field(default_factory=set)
    fault: str | None = None
    _last: int = 0

    async def send(
        self, chat: PersonId, view: Message, *, silent: bool, lane: Lane = Lane.NEWS
    ) -> MessageId:
        """`Messenger.send`."""
        self._reach(chat)
        self._last += 1
        message = MessageId(self._last)
        self._show(chat, message, view)
        if self.fault == "reply_lost":
            raise OutcomeUnknown("the answer was lost")
        return message

    async def edit(
        self, chat: PersonId, message: MessageId, view: Message, *, lane: Lane = Lane.NEWS
    ) -> None:
        """`Messenger.edit`."""
        self._reach(chat)
        if message not in self.messages[chat]:
            raise MessageGone("no such message")
        self._show(chat, message, view)
        self._answer()

    async def remove(
        self, chat: PersonId, message: MessageId, form: str, *, lane: Lane = Lane.TIDYING
    ) -> None:
        """`Messenger.remove`."""
        self._reach(chat)
        self.messages[chat].pop(message, None)
        self._answer()

    def digest(self, view: Message) -> str:
        """`Messenger.digest`."""
        return messenger.digest(view)

    def offered(self, *verbs: str) -> list[tuple[PersonId, Press]]:
        """The buttons of `verbs` that can be pressed now, the latest message's last."""
        return [
            (chat, button.press)
            for chat, messages in sorted(self.messages.items())
            for _, shown in sorted(messages.items())
            for row in shown.view.buttons
            for button in row
            if button.press and button.press.verb in verbs
        ]

    def _show(self, chat: PersonId, message: MessageId, view: Message) -> None:
        self.messages[chat][message] = Shown(view, self.clock.now())
        pressable = [button.press for row in view.buttons for button in row if button.press]
        self.buttons |= {(chat, pressed): None for pressed in pressable}
        if view.qr:
            self.codes[view.qr].add(chat)
            opened = pressable[0].delivery
            assert opened is not None
            self.opens[view.qr] = opened

    def _reach(self, chat: PersonId) -> None:
        if self.fault == "away":
            raise TryLater("nobody answers")
        if chat in self.blocked:
            raise Unreachable("the bot was blocked")

    def _answer(self) -> None:
        if self.fault == "reply_lost":
            raise TryLater("the answer was lost")
