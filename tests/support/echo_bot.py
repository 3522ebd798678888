"""A small bot that shows what a chat can hold, for the page's tests without the real one.

Guarantees: everything it does goes over real HTTP to the two base addresses it is given; each
button of its greeting does one thing, so that a test can press what it needs.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import qrcode
from telegram import (
    CopyTextButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    KeyboardButtonRequestUsers,
    Message,
    ReplyKeyboardMarkup,
    Update,
)
from telegram.constants import ChatAction, ParseMode
from telegram.ext import (
    Application,
    ApplicationBuilder,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    MessageHandler,
    filters,
)

Context = ContextTypes.DEFAULT_TYPE
TOWER = "0100000000000101"
LOCATION, KEYPAD_LOCATION = 11, 12
SMALL = 1
TOKEN_PATH = "/realms/harbor/protocol/openid-connect/token"


@dataclass
class Lockers:
    """Asks Harbor for tokens and links: the first locker that is free, then that one again."""

    base: str
    locker: int | None = None
    _client: httpx.AsyncClient = field(default_factory=httpx.AsyncClient)

    async def code(self, kind: str) -> str:
        """The text form of a new `dropoff` or `pickup` token."""
        if kind == "dropoff":
            self.locker = await self._first_free()
        path = f"/towers/{TOWER}/lockers/{self.locker}/{kind}-locker-tokens"
        token = await self._call("POST", path, {"client_info": "", "duration": 3000})
        return f"HARBOR://OPEN/{TOWER}/{self.locker}/{token['payload']}/{token['payload_auth']}".upper()

    async def link(self, kind: str, **keypad: Any) -> dict[str, Any]:
        """The answer to a new `dropoff` or `pickup` link: its `linkToken`, perhaps digits."""
        body: dict[str, Any] = {"returnUrl": "", "payload": {}, **keypad}
        if kind == "dropoff":
            place = KEYPAD_LOCATION if keypad else LOCATION
            body |= {"locationId": place, "lockerTypeId": SMALL, "requireLowLocker": False}
        else:
            body |= {"lockerId": self.locker}
        answer: dict[str, Any] = await self._call(
            "POST", f"/locker-open-requests/{kind}-locker-request", body
        )
        self.locker = answer["lockerId"]
        return answer

    async def close(self) -> None:
        await self._client.aclose()

    async def _first_free(self) -> int:
        lockers = await self._call("GET", f"/towers/{TOWER}/lockers")
        return int(next(one["id"] for one in lockers if one["status"]["name"] == "available"))

    async def _call(self, method: str, path: str, body: Any = None) -> Any:
        form = {
            "grant_type": "client_credentials",
            "scope": "service_provider",
            "client_id": "sandbox",
            "client_secret": "sandbox",
        }
        grant = await self._client.post(self.base + TOKEN_PATH, data=form)
        bearer = {"Authorization": f"Bearer {grant.json()['access_token']}"}
        url = f"{self.base}/api/v1{path}"
        answer = await self._client.request(method, url, json=body, headers=bearer)
        return answer.raise_for_status().json()


def keyboard(count: int, username: str) -> InlineKeyboardMarkup:
    link = f"https://t.me/{username}?start=c_hello"
    return InlineKeyboardMarkup(
        [
            [InlineKeyboardButton(f"Count: {count}", callback_data=f"count:{count}")],
            [
                InlineKeyboardButton("Drop-off code", callback_data="code:dropoff"),
                InlineKeyboardButton("Pick-up code", callback_data="code:pickup"),
            ],
            [
                InlineKeyboardButton("Drop-off link", callback_data="link:dropoff"),
                InlineKeyboardButton("Pick-up link", callback_data="link:pickup"),
            ],
            [
                InlineKeyboardButton("App link", callback_data="app:dropoff"),
                InlineKeyboardButton("Digits", callback_data="digits:dropoff"),
                InlineKeyboardButton("Steps", callback_data="steps"),
            ],
            [
                InlineKeyboardButton("Alert", callback_data="alert"),
                InlineKeyboardButton("Copy", copy_text=CopyTextButton("K7QF-2M9X")),
                InlineKeyboardButton("Claim", url=link),
            ],
        ]
    )


STEP = InlineKeyboardMarkup(
    [
        [InlineKeyboardButton("First", callback_data="alert")],
        [InlineKeyboardButton("Elsewhere", callback_data="alert")],
    ]
)


def asked(update: Update) -> Message:
    message = update.effective_message
    assert isinstance(message, Message)
    return message


async def start(update: Update, context: Context) -> None:
    payload = f"\nYou came with <code>{context.args[0]}</code>." if context.args else ""
    link = f"https://t.me/{context.bot.username}?start=c_inside"
    await asked(update).reply_text(
        f'<b>Hello!</b> A link: <a href="{link}">claim it</a>.{payload}',
        parse_mode=ParseMode.HTML,
        reply_markup=keyboard(0, context.bot.username),
    )


async def pressed(update: Update, context: Context) -> None:
    query = update.callback_query
    assert query is not None
    kind, _, detail = str(query.data).partition(":")
    if kind == "count":
        count = int(detail) + 1
        await query.answer(f"Counted to {count}")
        await query.edit_message_text(f"Count is {count}", reply_markup=keyboard(count, "echo"))
    elif kind == "steps":
        await query.answer()
        await query.edit_message_text("One step on", reply_markup=STEP)
    elif kind == "alert":
        await query.answer("Mind the door", show_alert=True)
    else:
        await query.answer()
        await SHOWN[kind](update, context, detail)


async def show_code(update: Update, context: Context, kind: str) -> None:
    code = await context.bot_data["lockers"].code(kind)
    picture = io.BytesIO()
    qrcode.make(code).save(picture, "PNG")
    await asked(update).reply_photo(
        picture.getvalue(),
        caption=f"Your {kind} code\n<code>{code}</code>",
        parse_mode=ParseMode.HTML,
        protect_content=True,
        disable_notification=True,
    )


async def show_link(update: Update, context: Context, kind: str) -> None:
    answer = await context.bot_data["lockers"].link(kind)
    button = InlineKeyboardButton("Open the door", url=answer["linkToken"])
    await asked(update).reply_text(
        f"Your {kind} link", reply_markup=InlineKeyboardMarkup([[button]])
    )


async def show_digits(update: Update, context: Context, kind: str) -> None:
    answer = await context.bot_data["lockers"].link(
        kind, keypadIntent="pickup", persistKeypadCode=False
    )
    button = InlineKeyboardButton("Open the door", url=answer["linkToken"])
    await asked(update).reply_text(
        f"Keypad code <code>{answer['keypadCode']}</code>",
        parse_mode=ParseMode.HTML,
        reply_markup=InlineKeyboardMarkup([[button]]),
    )


async def show_app_link(update: Update, context: Context, kind: str) -> None:
    """A button that hands a token to the app, and one that copies it."""
    code = await context.bot_data["lockers"].code(kind)
    *_, tower, locker, payload, payload_auth = code.split("/")
    link = f"https://doors.example/{tower}/{locker}#payload={payload}&payload_auth={payload_auth}"
    buttons = (
        InlineKeyboardButton("Open in the app", url=link),
        InlineKeyboardButton("Copy the code", copy_text=CopyTextButton(code)),
    )
    await asked(update).reply_text("For the app", reply_markup=InlineKeyboardMarkup([buttons]))


SHOWN = {"code": show_code, "link": show_link, "digits": show_digits, "app": show_app_link}
"""What each of the greeting's buttons brings, by the first word of its data."""


async def ask(update: Update, context: Context) -> None:
    rows = [
        [KeyboardButton("My contact", request_contact=True)],
        [KeyboardButton("My place", request_location=True)],
        [KeyboardButton("Somebody", request_users=KeyboardButtonRequestUsers(7))],
    ]
    await asked(update).reply_text("Who and where?", reply_markup=ReplyKeyboardMarkup(rows))


async def echo(update: Update, context: Context) -> None:
    message = asked(update)
    if message.location is not None:
        place = message.location
        await message.reply_venue(place.latitude, place.longitude, "You are here", "Somewhere")
    elif message.contact is not None:
        await message.reply_text(f"Contact of {message.contact.first_name}")
    elif message.users_shared is not None:
        await message.reply_text(f"Picked {message.users_shared.users[0].user_id}")
    else:
        edited = "Edited to" if update.edited_message else "You said"
        await message.reply_text(f"{edited}: {message.text}")


async def think(update: Update, context: Context) -> None:
    await asked(update).reply_chat_action(ChatAction.TYPING)


def build(
    telegram_url: str, harbor_url: str, token: str
) -> Application[Any, Any, Any, Any, Any, Any]:
    application = (
        ApplicationBuilder()
        .token(token)
        .base_url(f"{telegram_url}/bot")
        .base_file_url(f"{telegram_url}/file/bot")
        .build()
    )
    application.bot_data["lockers"] = Lockers(harbor_url)
    application.add_handler(CommandHandler("start", start))
    application.add_handler(CommandHandler("ask", ask))
    application.add_handler(CommandHandler("think", think))
    application.add_handler(CallbackQueryHandler(pressed))
    application.add_handler(MessageHandler(filters.ALL, echo))
    return application


@contextlib.asynccontextmanager
async def echoing(base: str, token: str = "42:sandbox") -> AsyncIterator[None]:
    """The bot, polling the stage at `base` for as long as the block lasts."""
    application = build(f"{base}/telegram", f"{base}/harbor", token)
    async with application:
        await application.bot.set_my_commands([("start", "Begin"), ("ask", "Ask for things")])
        assert application.updater is not None
        await application.updater.start_polling(timeout=2, poll_interval=0)
        await application.start()
        try:
            yield
        finally:
            await application.updater.stop()
            await application.stop()
            await application.bot_data["lockers"].close()
