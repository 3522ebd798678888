"""What is to be shown becomes messages, and Telegram's refusals become words of the core."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
import zxingcpp
from PIL import Image
from telegram import Bot
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from bot.domain.actions import Action
from bot.domain.delivery import Delivery
from bot.domain.ids import DeliveryId, MessageId, PersonId, TowerId
from bot.domain.message import Ask, Button, Key, Meaning, Message, Place, Venue, press, press_on
from bot.domain.tower import Size
from bot.ports.errors import (
    EdgeError,
    MessageGone,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    TryLater,
    Unreachable,
)
from handlers.telegram.allowance import Rate
from handlers.telegram.errors import translated
from handlers.telegram.markup import PERSON_REQUEST
from handlers.telegram.messenger import TelegramMessenger, digest
from handlers.telegram.rate_limit import RateLimit
from handlers.telegram.transport import AiohttpRequest, NotSent
from sandbox.clock import Clock
from sandbox.telegram.app import DEFAULT_BOT
from tests.support.chat_edge import START, SandboxTelegram, sandbox_telegram

TEXT = Message("<b>Locker 14</b>", ((Button("Cancel", press("cancel")),),))
CODE = Message("your code", qr="HARBOR://OPEN/AB/14/C0DE/F00D", protected=True)
PIN = Message("", venue=Venue(30.2659, -97.7431, "Market", "410 Congress Avenue"))
KEYS = Message("where are you?", keys=((Key("Here", Ask.LOCATION),), (Key("Cancel"),)))


@dataclass
class Chat:
    """One person's chat with the bot, seen from both ends."""

    there: SandboxTelegram
    messenger: TelegramMessenger
    ada: PersonId

    @property
    def messages(self) -> list[dict[str, Any]]:
        held = self.there.telegram.chats[self.ada].messages.values()
        return [m.body | {"silent": m.silent} for m in held if not m.outgoing]

    @property
    def keyboard(self) -> Any:
        return self.there.telegram.chats[self.ada].keyboard

    @property
    def clock(self) -> Clock:
        return self.there.telegram.clock

    def picture(self) -> str:
        """What a phone reads in the one picture that is shown."""
        [photo] = [m["photo"][-1] for m in self.messages if "photo" in m]
        stored = self.there.telegram.files.by_id(photo["file_id"])
        assert stored is not None
        read = zxingcpp.read_barcodes(
            Image.open(io.BytesIO(stored.content)).convert("L"),
            formats=zxingcpp.BarcodeFormat.QRCode,
        )
        return read[0].text if read else ""

    def fault(self, name: str, call: str, **parameters: Any) -> None:
        self.there.telegram.faults.add(name, call, 1, **parameters)


@pytest.fixture
async def chat() -> AsyncIterator[Chat]:
    async with sandbox_telegram() as there, AiohttpRequest(read=1.0) as request:
        bot = Bot(DEFAULT_BOT, base_url=f"{there.url}/bot", request=request)
        messenger = TelegramMessenger(
            bot, RateLimit(there.telegram.clock, overall=None, a_chat=None)
        )
        ada = there.phones.make("Ada").id
        there.phones.open(ada)
        yield Chat(there, messenger, PersonId(ada))


A_DELIVERY = Delivery(
    DeliveryId("7k2m9xq4tz"), PersonId(1), TowerId("00000000000000aa"), Size.SMALL, revision=12
)
BUTTONS = (
    (
        Button("Cancel", press_on(Action.CANCEL, A_DELIVERY)),
        Button("Map", url="https://maps.example/"),
    ),
    (Button("Copy", copy="K7QF-2M9X"), Button("Menu", press(Place.MENU))),
)
PICTURE = Message("<b>Locker 14</b>\n“eggs” é", BUTTONS, qr="HARBOR://OPEN/1", protected=True)
WHERE = Message("where?", keys=((Key("Here", Ask.LOCATION),), (Key("Cancel"),)))


def test_what_looks_and_acts_alike_has_one_digest_and_anything_else_another() -> None:
    assert digest(Message("a", BUTTONS)) == digest(Message("a", BUTTONS))
    newer = replace(A_DELIVERY, revision=13)
    others = [
        Message("a", ((Button("Cancel", press_on(Action.CANCEL, newer)),),)),
        Message("a", ((Button("Cancel", press_on(Action.CANCEL, A_DELIVERY)),),)),
        Message("b"),
        Message("a"),
        Message("a", qr="X"),
        Message("a", protected=True),
        Message("a", keys=KEYS.keys),
        Message("a", venue=PIN.venue),
        Message("a", venue=Venue(30.26, -97.74, "Market", "410 Congress Avenue")),
    ]
    assert len({digest(message) for message in others}) == len(others)


def test_a_message_keeps_the_digest_that_version_0_1_0_gave_it() -> None:
    assert digest(PICTURE) == "281e8e5b0c59861e"
    assert digest(WHERE) == "994043c66055299c"
    assert digest(Message("x")) == "fd7f05077ba7b76a"


async def test_a_message_is_sent_with_its_markup_and_buttons(chat: Chat) -> None:
    rows = (
        (Button("Cancel", press("cancel")), Button("Map", url="https://maps.example/")),
        (Button("Copy", copy="K7QF-2M9X"),),
    )
    shown = Message("<b>Locker 14</b> https://maps.example/", rows)
    sent = await chat.messenger.send(chat.ada, shown, silent=False)
    [message] = chat.messages
    assert message["message_id"] == sent
    assert message["text"] == "Locker 14 https://maps.example/"
    assert message["entities"][0]["type"] == "bold"
    assert message["link_preview_options"] == {"is_disabled": True}
    [[cancel, map_], [copy]] = message["reply_markup"]["inline_keyboard"]
    assert cancel == {"text": "Cancel", "callback_data": "cancel"}
    assert map_ == {"text": "Map", "url": "https://maps.example/"}
    assert copy == {"text": "Copy", "copy_text": {"text": "K7QF-2M9X"}}
    assert not message["silent"]
    assert not message.get("has_protected_content")


async def test_what_opens_cancels_or_ends_is_coloured_and_nothing_else(chat: Chat) -> None:
    opens = Button("Open", url="https://door.example/", meaning=Meaning.OPEN)
    plain = Button("Map", url="https://maps.example/")
    row = [Button(verb, press(verb)) for verb in ("din", "drop_ok", "end", "more")]
    await chat.messenger.send(chat.ada, Message("x", ((opens, plain), tuple(row))), silent=True)
    [message] = chat.messages
    rows = message["reply_markup"]["inline_keyboard"]
    assert [[button.get("style") for button in row] for row in rows] == [
        ["success", None],
        ["success", "danger", "danger", None],
    ]


async def test_a_text_too_long_for_a_copy_button_goes_without_one(chat: Chat) -> None:
    rows = ((Button("Copy", copy="x" * 257),), (Button("Back", press("back")),))
    await chat.messenger.send(chat.ada, Message("code", rows), silent=True)
    [message] = chat.messages
    assert [[b["text"] for b in row] for row in message["reply_markup"]["inline_keyboard"]] == [
        ["Back"]
    ]
    assert message["silent"]


async def test_a_code_is_a_protected_picture_and_a_new_code_replaces_it(chat: Chat) -> None:
    sent = await chat.messenger.send(chat.ada, CODE, silent=False)
    assert chat.picture() == CODE.qr
    [message] = chat.messages
    assert message["has_protected_content"]
    assert message["caption"] == "your code"

    newer = Message("your new code", qr="HARBOR://OPEN/AB/14/BEEF/CAFE", protected=True)
    await chat.messenger.edit(chat.ada, sent, newer)
    assert chat.picture() == newer.qr
    [message] = chat.messages
    assert message["caption"] == "your new code"


async def test_a_place_is_a_pin_and_is_sent_anew_where_it_changes(chat: Chat) -> None:
    sent = await chat.messenger.send(chat.ada, PIN, silent=True)
    [message] = chat.messages
    assert message["venue"] == {
        "location": {"latitude": 30.2659, "longitude": -97.7431},
        "title": "Market",
        "address": "410 Congress Avenue",
    }
    assert message["silent"]
    with pytest.raises(MessageGone):
        await chat.messenger.edit(chat.ada, sent, PIN)
    await chat.messenger.remove(chat.ada, sent, PIN.form)
    assert chat.messages == []


async def test_a_place_that_is_too_old_to_be_deleted_stays(chat: Chat) -> None:
    sent = await chat.messenger.send(chat.ada, PIN, silent=True)
    chat.clock.turn(timedelta(hours=49).total_seconds())
    await chat.messenger.remove(chat.ada, sent, PIN.form)
    assert [message["message_id"] for message in chat.messages] == [sent]


async def test_an_edit_replaces_text_and_buttons_and_repeating_it_does_no_harm(chat: Chat) -> None:
    sent = await chat.messenger.send(chat.ada, TEXT, silent=False)
    for _ in range(2):
        await chat.messenger.edit(chat.ada, sent, Message("<i>gone</i>"))
    [message] = chat.messages
    assert message["text"] == "gone"
    assert "reply_markup" not in message


async def test_keys_ask_the_phone_for_a_place_or_a_person(chat: Chat) -> None:
    keys = ((Key("Here", Ask.LOCATION),), (Key("Somebody", Ask.PERSON), Key("Cancel")))
    await chat.messenger.send(chat.ada, Message("who?", keys=keys), silent=False)
    assert chat.keyboard["one_time_keyboard"]
    assert chat.keyboard["resize_keyboard"]
    [[here], [somebody, cancel]] = chat.keyboard["keyboard"]
    assert here == {"text": "Here", "request_location": True}
    assert cancel == {"text": "Cancel"}
    asked = somebody["request_users"]
    assert (asked["request_id"], asked["max_quantity"]) == (PERSON_REQUEST, 1)
    assert not asked["user_is_bot"]
    assert asked["request_name"]
    assert asked["request_username"]


async def test_a_message_taken_away_takes_its_keyboard_along(chat: Chat) -> None:
    sent = await chat.messenger.send(chat.ada, KEYS, silent=False)
    assert chat.keyboard is not None
    rings = chat.there.telegram.chats[chat.ada].rings
    await chat.messenger.remove(chat.ada, sent, KEYS.form)
    assert chat.keyboard is None
    assert chat.messages == []
    assert chat.there.telegram.chats[chat.ada].rings == rings, "that was to be silent"


async def test_a_keyboard_goes_even_where_its_message_no_longer_can(chat: Chat) -> None:
    sent = await chat.messenger.send(chat.ada, KEYS, silent=False)
    chat.clock.turn(timedelta(days=3).total_seconds())
    await chat.messenger.remove(chat.ada, sent, KEYS.form)
    assert chat.keyboard is None


async def test_taking_an_older_keyboard_away_leaves_the_newer_one(chat: Chat) -> None:
    older = await chat.messenger.send(chat.ada, KEYS, silent=False)
    newer = await chat.messenger.send(chat.ada, KEYS, silent=False)
    await chat.messenger.remove(chat.ada, older, KEYS.form)
    assert [m["message_id"] for m in chat.messages] == [newer]
    assert chat.keyboard is not None


async def test_a_message_with_keys_is_never_edited(chat: Chat) -> None:
    sent = await chat.messenger.send(chat.ada, KEYS, silent=False)
    with pytest.raises(MessageGone):
        await chat.messenger.edit(chat.ada, sent, KEYS)


@pytest.mark.parametrize("view", [TEXT, CODE, KEYS], ids=lambda view: view.form)
async def test_what_is_gone_already_is_fine(chat: Chat, view: Message) -> None:
    sent = await chat.messenger.send(chat.ada, view, silent=False)
    for _ in range(2):
        await chat.messenger.remove(chat.ada, sent, view.form)
    assert chat.messages == []


async def test_a_code_that_can_no_longer_be_deleted_can_no_longer_be_read(chat: Chat) -> None:
    sent = await chat.messenger.send(chat.ada, CODE, silent=False)
    chat.clock.turn(timedelta(days=3).total_seconds())
    await chat.messenger.remove(chat.ada, sent, CODE.form)
    assert chat.picture() == ""
    [message] = chat.messages
    assert "code" not in message["caption"]


async def test_an_old_card_is_blanked_and_its_buttons_go(chat: Chat) -> None:
    sent = await chat.messenger.send(chat.ada, TEXT, silent=False)
    chat.clock.turn(timedelta(days=3).total_seconds())
    await chat.messenger.remove(chat.ada, sent, TEXT.form)
    [message] = chat.messages
    assert message["text"] == "…"
    assert "reply_markup" not in message


async def test_a_message_that_is_not_there_can_not_be_edited(chat: Chat) -> None:
    with pytest.raises(MessageGone):
        await chat.messenger.edit(chat.ada, MessageId(999), TEXT)


async def test_a_card_turned_picture_is_sent_anew(chat: Chat) -> None:
    sent = await chat.messenger.send(chat.ada, CODE, silent=False)
    with pytest.raises(MessageGone):
        await chat.messenger.edit(chat.ada, sent, TEXT)


@pytest.mark.parametrize("leave", ["block", "vanish"])
async def test_whoever_has_left_is_unreachable(chat: Chat, leave: str) -> None:
    sent = await chat.messenger.send(chat.ada, TEXT, silent=False)
    getattr(chat.there.phones, leave)(chat.ada)
    with pytest.raises(Unreachable):
        await chat.messenger.send(chat.ada, TEXT, silent=False)
    with pytest.raises(Unreachable):
        await chat.messenger.edit(chat.ada, sent, Message("changed"))


async def test_whoever_never_opened_the_bot_is_unreachable(chat: Chat) -> None:
    ben = PersonId(chat.there.phones.make("Ben").id)
    for somebody in (ben, PersonId(555_000)):
        with pytest.raises(Unreachable):
            await chat.messenger.send(somebody, TEXT, silent=False)


@pytest.mark.parametrize("fault", ["bad_gateway", "reset", "reply_lost"])
async def test_an_answer_lost_after_sending_leaves_the_outcome_open(chat: Chat, fault: str) -> None:
    chat.fault(fault, "sendMessage")
    with pytest.raises(OutcomeUnknown):
        await chat.messenger.send(chat.ada, TEXT, silent=False)
    assert len(chat.messages) == (fault == "reply_lost")


async def test_a_silence_after_sending_leaves_the_outcome_open(chat: Chat) -> None:
    chat.fault("slow", "sendMessage", seconds=60.0)
    with pytest.raises(OutcomeUnknown):
        await chat.messenger.send(chat.ada, TEXT, silent=False)


@pytest.mark.parametrize("fault", ["bad_gateway", "reset", "reply_lost"])
async def test_an_edit_or_removal_whose_answer_was_lost_is_simply_repeated(
    chat: Chat, fault: str
) -> None:
    sent = await chat.messenger.send(chat.ada, TEXT, silent=False)
    chat.fault(fault, "editMessageText")
    with pytest.raises(TryLater):
        await chat.messenger.edit(chat.ada, sent, Message("changed"))
    await chat.messenger.edit(chat.ada, sent, Message("changed"))
    chat.fault(fault, "deleteMessage")
    with pytest.raises(TryLater):
        await chat.messenger.remove(chat.ada, sent, TEXT.form)
    await chat.messenger.remove(chat.ada, sent, TEXT.form)
    assert chat.messages == []


async def test_a_request_for_a_pause_holds_that_chat_and_no_other(chat: Chat) -> None:
    ben = PersonId(chat.there.phones.make("Ben").id)
    chat.there.phones.open(ben)
    chat.fault("too_many_requests", "sendMessage", retry_after=7)
    with pytest.raises(TryLater) as asked:
        await chat.messenger.send(chat.ada, TEXT, silent=False)
    assert asked.value.after == 7
    with pytest.raises(TryLater) as held:
        await chat.messenger.send(chat.ada, TEXT, silent=False)
    assert held.value.after == pytest.approx(7)
    assert chat.messages == [], "Telegram was left alone"

    await chat.messenger.send(ben, TEXT, silent=False)
    chat.clock.turn(7)
    await chat.messenger.send(chat.ada, TEXT, silent=False)
    assert len(chat.messages) == 1


async def test_at_full_speed_telegram_never_has_to_ask_for_a_pause() -> None:
    async with sandbox_telegram() as there, AiohttpRequest() as request:
        there.telegram.limits.enforced = True
        clock = there.telegram.clock
        bot = Bot(DEFAULT_BOT, base_url=f"{there.url}/bot", request=request)
        messenger = TelegramMessenger(bot, RateLimit(clock))
        ada = PersonId(there.phones.make("Ada").id)
        there.phones.open(ada)
        for number in range(12):
            clock.turn(0.1 if number < 5 else 1)
            await messenger.send(ada, Message(str(number)), silent=True)
        assert len(there.telegram.chats[ada].messages) == 1 + 12


async def test_markup_that_telegram_refuses_is_our_fault_and_is_not_quoted(chat: Chat) -> None:
    with pytest.raises(Refused) as caught:
        await chat.messenger.send(chat.ada, Message("<secret>"), silent=False)
    assert "secret" not in str(caught.value)


MEANINGS: list[tuple[TelegramError, type[EdgeError], type[EdgeError]]] = [
    (RetryAfter(timedelta(seconds=3)), TryLater, TryLater),
    (Forbidden("Forbidden: bot was kicked from the group chat"), Unreachable, Unreachable),
    (ChatMigrated(-100), Unreachable, Unreachable),
    (InvalidToken(), Misconfigured, Misconfigured),
    (BadRequest("Bad Request: PEER_ID_INVALID"), Unreachable, Unreachable),
    (BadRequest("Bad Request: message can't be edited"), MessageGone, MessageGone),
    (BadRequest("Bad Request: something else"), Refused, Refused),
    (NotSent("ClientConnectorError"), TryLater, TryLater),
    (TimedOut(), OutcomeUnknown, TryLater),
    (NetworkError("Bad Gateway (502)"), OutcomeUnknown, TryLater),
    (Conflict("Conflict"), Refused, Refused),
]


@pytest.mark.parametrize("meaning", MEANINGS, ids=lambda meaning: repr(meaning[0]))
def test_each_error_says_what_can_be_done(
    meaning: tuple[TelegramError, type[EdgeError], type[EdgeError]],
) -> None:
    error, sending, repeatable = meaning
    assert type(translated(error, sending=True)) is sending
    assert type(translated(error, sending=False)) is repeatable


async def test_a_call_that_can_not_leave_keeps_nobody_waiting() -> None:
    clock = Clock(START, stopped=True)
    async with AiohttpRequest(connect=1.0) as request:
        bot = Bot(DEFAULT_BOT, base_url="http://127.0.0.1:9/bot", request=request)
        messenger = TelegramMessenger(bot, RateLimit(clock, overall=Rate(1, burst=1)))
        for _ in range(3):
            async with asyncio.timeout(5):
                with pytest.raises(TryLater):
                    await messenger.send(PersonId(1), Message("news"), silent=False)
            clock.turn(1)
