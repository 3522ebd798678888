"""What Telegram was asked to do, held against the instants at which the plug was pulled.

Guarantees: pure, it reads no clock and is told of everything. A repetition (an edit in vain, a card
that rings twice, a message that nobody knows of) is excused only by a kill that came after the call
that it repeats (or `WAKE` before it) to a bot that had not yet written that call's answer down: it
still held the card, or the kill came within `reach` seconds. One kill excuses one repetition of one
message, and no more. A card may also ring again because its reader asked for it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

REACH = 1.0
"""Seconds from a call to the commit that writes its answer down, on a busy machine."""
WAKE = 0.5
"""Seconds for which Telegram still reads what was sent before the plug was pulled."""

_IN_VAIN = "message is not modified"
_DELIVERY = re.compile(r"[a-z_]+:([0-9a-z]{10}):\d+")
_MINUTES = re.compile(r"\(\d+\s(?:min|s|sec|h|godz|хв|год|с)\b[^)]*\)")

Place = tuple[int, int]
"""A message: its chat and its id there."""
Held = tuple[int, int | None]
"""A card that a bot has taken the turn for: its chat, and the message that is known of it."""


def steady(text: str) -> str:
    """Without what a running clock changes from minute to minute."""
    return _MINUTES.sub("…", text).strip()


@dataclass
class Ledger:
    """Tell it of each call (`note`), each kill (`killed`), and when each update came into being and
    was confirmed (`told`, `taken`), in the order in which they happen."""

    reach: float = REACH
    sends: int = 0
    edits: int = 0
    removals: int = 0
    in_vain: int = 0
    rang_twice: int = 0
    unexcused: Counter[Place] = field(default_factory=Counter)
    """How often each message was edited in vain though no kill explains it."""
    rung_unexcused: list[str] = field(default_factory=list)
    """Cards that rang twice though no kill explains it and nobody had asked for them."""

    def __post_init__(self) -> None:
        self._calls: list[float] = []
        self._kills: list[float] = []
        self._held: dict[float, frozenset[Held]] = {}
        self._touched: dict[Place, float] = {}
        self._sent: dict[Place, float] = {}
        self._rung: dict[Hashable, float] = {}
        self._untaken: defaultdict[int, set[int]] = defaultdict(set)
        self._acted: dict[int, float] = {}
        self._used: defaultdict[Hashable, set[float]] = defaultdict(set)

    def killed(self, at: float, holding: Collection[Held] = ()) -> None:
        """One or several replicas lost their power; `holding` is whose turn had been taken then."""
        self._kills.append(at)
        self._held[at] = frozenset(holding)

    def told(self, update: int, chat: int) -> None:
        """Somebody did something in a chat; the bot is to hear of it."""
        self._untaken[chat].add(update)

    def taken(self, update: int, chat: int, at: float) -> None:
        """The bot has confirmed it."""
        self._untaken[chat].discard(update)
        self._acted[chat] = at

    def note(self, at: float, method: str, asked: Mapping[str, Any], answer: Any) -> None:
        """A call and Telegram's answer; calls that put nothing into a chat are passed over."""
        answer = answer if isinstance(answer, Mapping) else {}
        if method.startswith("send") and method != "sendChatAction":
            self.sends += 1
            if answer.get("ok"):
                self._note_sent(at, asked, answer["result"])
        elif method.startswith("edit"):
            self.edits += 1
            self._note_edited(at, asked, str(answer.get("description", "")))
        elif method.startswith("deleteMessage"):
            self.removals += 1
        else:
            return
        self._calls.append(at)

    def since(self, at: float) -> int:
        """How many calls have put something into a chat, changed it or taken it away since."""
        return sum(when >= at for when in self._calls)

    @property
    def in_reach(self) -> int:
        """How many calls a kill may have cut off: the most repetitions that can be excused."""
        return sum(any(self._reaches(kill, at) for kill in self._kills) for at in self._calls)

    def faults(self) -> list[str]:
        """What was said in vain, or twice, and no kill explains; a line for each message."""
        found = [
            f"message {message} of chat {chat} was edited in vain {times} times"
            for (chat, message), times in self.unexcused.items()
            if times
        ]
        return found + self.rung_unexcused

    def unexplained(self, places: Collection[Place]) -> list[Place]:
        """Those of these messages that no kill can have made anybody forget."""
        return [
            x
            for x in places
            if not any(self._may_forget(k, self._sent.get(x), x[0]) for k in self._kills)
        ]

    def _note_sent(self, at: float, asked: Mapping[str, Any], message: Mapping[str, Any]) -> None:
        place = int(asked["chat_id"]), int(message["message_id"])
        self._touched[place] = self._sent[place] = at
        if str(asked.get("disable_notification", "")).lower() in ("true", "1"):
            return
        text = steady(str(message.get("text") or message.get("caption") or ""))
        for delivery in set(_deliveries(message)):
            card = "ring", place[0], delivery, text
            before = self._rung.get(card)
            self._rung[card] = at
            if before is not None:
                self.rang_twice += 1
                if not self._asked(place[0], before) and not self._excused(card, before, place[0]):
                    self.rung_unexcused.append(
                        f"the card of {delivery} rang in chat {place[0]} and again after "
                        f"{at - before:.1f} s with the same words: {text[:60]!r}"
                    )

    def _note_edited(self, at: float, asked: Mapping[str, Any], refusal: str) -> None:
        place = int(asked.get("chat_id") or 0), int(asked.get("message_id") or 0)
        before = self._touched.get(place, at)
        if _IN_VAIN in refusal:
            self.in_vain += 1
            self.unexcused[place] += not self._excused(place, before, *place)
        if not refusal or _IN_VAIN in refusal:
            self._touched[place] = at

    def _asked(self, chat: int, since: float) -> bool:
        """Whether something that its reader did may have come to the bot since."""
        return bool(self._untaken[chat]) or self._acted.get(chat, 0.0) >= since - WAKE

    def _excused(
        self, what: Hashable, before: float, chat: int, message: int | None = None
    ) -> bool:
        """Whether a kill made somebody forget the call made at `before`; it is then used up."""
        for kill in self._kills:
            if kill not in self._used[what] and self._may_forget(kill, before, chat, message):
                self._used[what].add(kill)
                return True
        return False

    def _may_forget(
        self, kill: float, called: float | None, chat: int, message: int | None = None
    ) -> bool:
        """Whether what was called then, about that message or any of the chat, was perhaps not
        written down by whoever was killed."""
        if called is None or kill < called - WAKE:
            return False
        held = any(c == chat and message in (None, m) for c, m in self._held[kill])
        return held or self._reaches(kill, called)

    def _reaches(self, kill: float, called: float | None) -> bool:
        return called is not None and -WAKE <= kill - called <= self.reach


def _deliveries(message: Mapping[str, Any]) -> Iterator[str]:
    """The deliveries that a message's buttons are about: one, on the card of a delivery."""
    for row in (message.get("reply_markup") or {}).get("inline_keyboard", ()):
        for button in row:
            if found := _DELIVERY.match(button.get("callback_data", "")):
                yield found[1]
