"""Updates of every kind that there is, half of them spoilt.

Guarantees: drawn by a seed, so that a run can be told again as far as the bot's own messages are
the same; all words in them hold `hostile.spoiling.WORD`. What is whole is whole enough for the bot
to act on: commands, buttons it has shown, buttons it would never have made.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from random import Random
from typing import Any

from hostile.spoiling import WORD, odd_text, odd_value, spoil

Document = dict[str, Any]
Shown = Callable[[], Sequence[tuple[int, int, str]]]
"""The buttons that people's phones show: chat, message id, callback data."""

_COMMANDS = (
    *("/start", "/send", "/collect", "/parcels", "/settings", "/privacy", "/operate", "/help"),
    *("/start c_", "/start o_1", "/collect K7QF-2M9X", "/forget", "/export", "/start@", "/"),
)
_PRESSED = (
    *("menu", "send", "parcels", "settings", "privacy", "operate", "collect", "reserve", "tower:0"),
    *("size:medium", "size:huge", "look:aaaaaaaaaa:1", "din:7k2m9xq4tz:12", "drop!", "seen:a.b"),
    *("", ":", "a" * 64, "a" * 65, "free:0.0", "tower:999999999", "lang:xx", "\ud800", "menu:~"),
)
_LANGUAGES = ("en", "de", "uk", "xx", "zh-hans", "", "en-US-x-y", WORD)
_CHATS = ("private", "private", "private", "group", "supergroup", "channel", "sender", WORD)
_ENTITIES = (
    *("mention", "hashtag", "bot_command", "url", "email", "bold", "text_link", "text_mention"),
    *("custom_emoji", "pre", "expandable_blockquote", WORD),
)
_MEMBERS = ("creator", "administrator", "member", "restricted", "left", "kicked", WORD)


class Updates:
    """Makes one after another; `people` are ids of accounts that exist."""

    def __init__(self, seed: int, people: Sequence[int], shown: Shown = lambda: ()) -> None:
        self._chance = Random(seed)  # noqa: S311 - a game
        self._people, self._shown = people, shown

    def next(self, number: int) -> tuple[int | None, bytes]:
        """The update of this id, as JSON; without the id where that has been spoilt."""
        update: Document = {"update_id": number, **self._happened()}
        if self._chance.random() < _SPOILT:
            for _ in range(self._chance.choice((1, 1, 1, 2, 5))):
                # What Telegram itself counts is seldom wrong, but may be.
                spoil(update if self._chance.random() < _ID else _within(update), self._chance)
        whole = update.get("update_id") is number
        return number if whole else None, json.dumps(update).encode()

    # -- what happened

    def _happened(self) -> Document:
        drawn = self._chance.random()
        if drawn < _PRIVATE:
            return {"message": self._message(self._one("private"))}
        if drawn < _PRIVATE + _BUTTONS:
            return {"callback_query": self._query()}
        kind = self._chance.choice(tuple(_OTHERS))
        return {kind: _OTHERS[kind](self)}

    def _one(self, *types: str) -> Document:
        """A chat."""
        kind = self._chance.choice(types or _CHATS)
        number = self._number()
        if kind == "private":
            return {"id": number, "type": kind, "first_name": self._text()}
        return {"id": -abs(number), "type": kind, "title": self._text(), "is_forum": True}

    def _number(self) -> int:
        if self._chance.random() < _KNOWN:
            return self._chance.choice(self._people)
        return self._chance.choice((self._chance.randrange(1, 2**52), self._chance.randrange(99)))

    def _user(self, number: int | None = None) -> Document:
        return {
            "id": self._number() if number is None else number,
            "is_bot": self._chance.random() < _BOT,
            "first_name": self._text(),
            "last_name": self._text(),
            "username": WORD,
            "language_code": self._chance.choice(_LANGUAGES),
        }

    def _text(self) -> str:
        return odd_text(self._chance) if self._chance.random() < _ODD else f"{WORD} and so on"

    def _said(self) -> str:
        if self._chance.random() < _COMMAND:
            behind = "" if self._chance.random() < _PLAIN else self._text()
            return f"{self._chance.choice(_COMMANDS)}{behind}"
        return self._text()

    def _message(self, chat: Document) -> Document:
        made: Document = {
            "message_id": self._chance.randrange(1, 2**31),
            "date": self._chance.choice((1_767_000_000, 1, 0, 2**33)),
            "chat": chat,
            "from": self._user(chat["id"] if chat["type"] == "private" else None),
        }
        for content in self._chance.choices(
            _CONTENTS, _LIKELY, k=self._chance.choice((1, 1, 1, 3))
        ):
            made |= content(self)
        return made

    def _query(self) -> Document:
        shown = self._shown()
        if shown and self._chance.random() < _REAL:
            chat, message, data = self._chance.choice(shown)
        else:
            chat, message = self._number(), self._chance.randrange(2**31)
            data = self._chance.choice(_PRESSED)
        on = {"message_id": message, "date": 1, "chat": {"id": chat, "type": "private"}}
        whole = {"id": str(self._chance.randrange(2**60)), "from": self._user(chat)}
        return {**whole, "chat_instance": WORD, "message": on, "data": data}

    def _entities(self, text: str) -> list[Document]:
        """With offsets that are right, wrong, and within one character."""
        most = len(text) + 3
        return [
            {
                "type": self._chance.choice(_ENTITIES),
                "offset": self._chance.choice((0, -1, most, self._chance.randrange(most))),
                "length": self._chance.choice((0, 1, -5, most, 2**31)),
                "url": f"https://t.me/x?start=c_{WORD}",
                "user": self._user(),
            }
            for _ in range(self._chance.randrange(4))
        ]

    # -- what a message may hold

    def _words(self) -> Document:
        text = self._said()
        return {"text": text, "entities": self._entities(text)}

    def _picture(self) -> Document:
        caption = self._said()
        size = {"file_id": WORD, "file_unique_id": WORD, "width": 1, "height": 1}
        return {"photo": [size], "caption": caption, "caption_entities": self._entities(caption)}

    def _picked(self) -> Document:
        users = [
            {"user_id": self._number(), "first_name": self._text(), "username": WORD}
            for _ in range(self._chance.randrange(4))
        ]
        asked = self._chance.choice((1, 0, -1, 2**31))
        return {"users_shared": {"request_id": asked, "users": users}}

    def _place(self) -> Document:
        somewhere = self._chance.choice((0.0, 30.27, -97.74, 90.0, 181.0, -1e9))
        return {"location": {"latitude": somewhere, "longitude": somewhere, "live_period": 60}}

    def _card(self) -> Document:
        about = {"phone_number": WORD, "first_name": self._text(), "user_id": self._number()}
        return {"contact": {**about, "vcard": self._text()}}

    def _reply(self) -> Document:
        chat = self._one()
        return {
            "reply_to_message": {"message_id": 1, "date": 1, "chat": chat, "text": self._text()},
            "quote": {"text": self._text(), "position": -1},
            "forward_origin": {"type": self._chance.choice(("user", WORD)), "date": 1},
            "via_bot": self._user(),
        }

    def _file(self) -> Document:
        kind = self._chance.choice(("sticker", "voice", "video_note", "document", "animation"))
        made = {"file_id": WORD, "file_unique_id": WORD, "duration": 1, "length": 1}
        return {kind: {**made, "width": 1, "height": 1, "type": "regular"}}

    def _from_app(self) -> Document:
        return {"web_app_data": {"data": self._text(), "button_text": self._text()}}

    def _of_the_group(self) -> Document:
        return self._chance.choice(
            (
                {"new_chat_members": [self._user(), self._user()]},
                {"left_chat_member": self._user()},
                {"migrate_to_chat_id": self._number()},
                {"pinned_message": {"message_id": 1, "date": 0, "chat": self._one()}},
                {"new_chat_title": self._text()},
                {"chat_shared": {"request_id": 1, "chat_id": self._number()}},
                {"dice": {"emoji": self._text(), "value": 7}},
            )
        )

    def _paid(self) -> Document:
        what = {"currency": WORD, "total_amount": -1, "invoice_payload": self._text()}
        ids = {"telegram_payment_charge_id": WORD, "provider_payment_charge_id": WORD}
        return {"successful_payment": {**what, **ids}}

    def _anything(self) -> Document:
        return {WORD: odd_value(self._chance), "poll": odd_value(self._chance)}

    # -- what is no message

    def _member(self) -> Document:
        def being() -> Document:
            status = self._chance.choice(_MEMBERS)
            return {"user": self._user(), "status": status, "until_date": 0, "is_member": True}

        chat = self._one()
        return {
            "chat": chat,
            "from": self._user(chat["id"]),
            "date": 1,
            "old_chat_member": being(),
            "new_chat_member": being(),
        }

    def _reaction(self) -> Document:
        emoji = [{"type": "emoji", "emoji": self._text()}]
        whole = {"chat": self._one(), "message_id": 1, "user": self._user(), "date": 1}
        return {**whole, "old_reaction": [], "new_reaction": emoji, "reactions": emoji}

    def _poll(self) -> Document:
        options = [{"text": self._text(), "voter_count": -1, "persistent_id": WORD}]
        whole = {"id": WORD, "question": self._text(), "options": options, "type": "regular"}
        return {**whole, "total_voter_count": 1, "is_closed": False, "is_anonymous": True}

    def _asked(self) -> Document:
        whole = {"id": WORD, "from": self._user(), "query": self._text(), "offset": ""}
        sold = {"currency": WORD, "total_amount": 1, "invoice_payload": self._text()}
        return {**whole, **sold, "result_id": WORD, "poll_id": WORD, "option_ids": [0, -1]}

    def _connection(self) -> Document:
        known = {"id": WORD, "user": self._user(), "user_chat_id": self._number(), "date": 1}
        gone = {"business_connection_id": WORD, "chat": self._one(), "message_ids": [1, -1]}
        return {**known, **gone, "is_enabled": True, "boost": odd_value(self._chance)}


_SPOILT, _ID = 0.5, 0.05
"""So many are spoilt; of those so many perhaps in the id of the update."""
_PRIVATE, _BUTTONS = 0.4, 0.25
_KNOWN, _BOT, _ODD, _COMMAND, _PLAIN, _REAL = 0.8, 0.1, 0.5, 0.4, 0.5, 0.7
_CONTENTS: tuple[Callable[[Updates], Document], ...] = (
    *(Updates._words, Updates._picture, Updates._picked, Updates._place, Updates._card),
    *(Updates._reply, Updates._file, Updates._from_app, Updates._of_the_group, Updates._paid),
    Updates._anything,
)
_LIKELY = (12, 2, 3, 2, 1, 2, 1, 2, 2, 1, 2)


def _anywhere(updates: Updates) -> Document:
    return updates._message(updates._one())


_OTHERS: Mapping[str, Callable[[Updates], Document]] = {
    **dict.fromkeys(
        ("message", "edited_message", "channel_post", "edited_channel_post"), _anywhere
    ),
    **dict.fromkeys(("business_message", "edited_business_message", "guest_message"), _anywhere),
    **dict.fromkeys(("my_chat_member", "chat_member", "chat_join_request"), Updates._member),
    **dict.fromkeys(("message_reaction", "message_reaction_count"), Updates._reaction),
    **dict.fromkeys(("inline_query", "chosen_inline_result", "poll_answer"), Updates._asked),
    **dict.fromkeys(("shipping_query", "pre_checkout_query"), Updates._asked),
    **dict.fromkeys(("business_connection", "deleted_business_messages"), Updates._connection),
    **dict.fromkeys(("chat_boost", "removed_chat_boost", WORD), Updates._connection),
    "poll": Updates._poll,
}


def _within(update: Document) -> Document:
    """What happened, without the update's own id."""
    inner: Iterable[Any] = (each for name, each in update.items() if name != "update_id")
    return next((each for each in inner if isinstance(each, dict)), update)
