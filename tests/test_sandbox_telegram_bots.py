"""Three libraries, one echo bot: with buttons, photos and edits, by polling and by webhook."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import (
    Application,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    MessageHandler,
    filters,
)

from cli.sandbox_server import serving_sandbox
from sandbox.clock import Clock
from sandbox.telegram.app import create_app
from tests.support.plain_http import plain_http
from tests.support.sandbox_telegram import TOKEN, Stage, buttons, jpeg, png, stage

Taken = Callable[[dict[str, Any]], Awaitable[object]]
Running = contextlib.AbstractAsyncContextManager[None]
SECRET = "a-secret_of_the_webhook"


@pytest.fixture
async def on() -> AsyncIterator[Stage]:
    async with stage() as it:
        yield it


@contextlib.asynccontextmanager
async def receiving(on: Stage, take: Taken) -> AsyncIterator[None]:
    """A webhook of the bot's own, set for as long as the block lasts."""

    async def endpoint(request: Request) -> Response:
        assert request.headers["X-Telegram-Bot-Api-Secret-Token"] == SECRET
        await take(await request.json())
        return Response()

    app = Starlette(routes=[Route("/hook", endpoint, methods=["POST"])])
    async with serving_sandbox(app) as base:
        await on.ok("setWebhook", url=f"{base}/hook", secret_token=SECRET)
        try:
            yield
        finally:
            await on.ok("deleteWebhook")


async def ptb_echo(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    assert update.message
    markup = InlineKeyboardMarkup([[InlineKeyboardButton("picture", callback_data="picture")]])
    await update.message.reply_html(f"<b>{update.message.text}</b>", reply_markup=markup)


async def ptb_press(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    query = update.callback_query
    assert query
    await query.answer("coming", show_alert=True)
    await query.edit_message_text("edited")
    assert update.effective_chat
    await update.effective_chat.send_photo(png(), caption="<i>a picture</i>", parse_mode="HTML")


@contextlib.asynccontextmanager
async def python_telegram_bot(on: Stage, webhook: bool) -> AsyncIterator[None]:
    application = (
        Application.builder()
        .token(TOKEN)
        .base_url(f"{on.base}/bot")
        .base_file_url(f"{on.base}/file/bot")
        .build()
    )
    application.add_handler(CommandHandler("start", ptb_echo))
    application.add_handler(MessageHandler(filters.TEXT, ptb_echo))
    application.add_handler(CallbackQueryHandler(ptb_press))

    async def take(body: dict[str, Any]) -> None:
        await application.update_queue.put(Update.de_json(body, application.bot))

    async with application:
        await application.start()
        if webhook:
            async with receiving(on, take):
                yield
        else:
            assert application.updater
            await application.updater.start_polling()
            yield
            await application.updater.stop()
        await application.stop()


@contextlib.asynccontextmanager
async def aiogram_bot(on: Stage, webhook: bool) -> AsyncIterator[None]:
    # Whoever merely collects the tests does not wait for it: it takes seconds to read.
    import aiogram
    from aiogram import types
    from aiogram.client.session.aiohttp import AiohttpSession
    from aiogram.client.telegram import TelegramAPIServer

    for name in types.__all__:  # which the sandbox, in this process, has left unbuilt
        if build := getattr(getattr(types, name), "model_rebuild", None):
            build(_types_namespace=vars(types))
    session = AiohttpSession(api=TelegramAPIServer.from_base(on.base))
    bot, dispatcher = aiogram.Bot(TOKEN, session=session), aiogram.Dispatcher()

    @dispatcher.message()
    async def echo(message: types.Message) -> None:
        button = types.InlineKeyboardButton(text="picture", callback_data="picture")
        markup = types.InlineKeyboardMarkup(inline_keyboard=[[button]])
        await message.answer(f"<b>{message.text}</b>", parse_mode="HTML", reply_markup=markup)

    @dispatcher.callback_query()
    async def press(query: types.CallbackQuery) -> None:
        await query.answer("coming", show_alert=True)
        assert isinstance(query.message, types.Message)
        await query.message.edit_text("edited")
        photo = types.BufferedInputFile(png(), "p.png")
        await query.message.answer_photo(photo, caption="<i>a picture</i>", parse_mode="HTML")

    if webhook:
        async with receiving(on, lambda body: dispatcher.feed_raw_update(bot, body)):
            yield
    else:
        polling = asyncio.create_task(dispatcher.start_polling(bot, handle_signals=False))
        yield
        await dispatcher.stop_polling()
        await polling
    await session.close()


@contextlib.asynccontextmanager
async def bare_client(on: Stage, webhook: bool) -> AsyncIterator[None]:
    async with plain_http(base_url=f"{on.base}/bot{TOKEN}/", timeout=60) as http:

        async def take(update: dict[str, Any]) -> None:
            if query := update.get("callback_query"):
                await http.post("answerCallbackQuery", json=_answer(query))
                where = {"chat_id": query["from"]["id"]}
                edit = {"message_id": query["message"]["message_id"], "text": "edited"}
                await http.post("editMessageText", json={**where, **edit})
                picture = {"caption": "<i>a picture</i>", "parse_mode": "HTML"}
                form = {**where, **picture}
                await http.post("sendPhoto", data=form, files={"photo": ("p.png", png())})
            else:
                message = update["message"]
                text = {"text": f"<b>{message['text']}</b>", "parse_mode": "HTML"}
                keyboard = {"reply_markup": json.dumps(buttons("picture"))}
                form = {"chat_id": message["chat"]["id"], **text, **keyboard}
                await http.post("sendMessage", data=form)

        if webhook:
            async with receiving(on, take):
                yield
            return
        polling = asyncio.create_task(_poll(http, take))
        yield
        polling.cancel()
        await asyncio.wait([polling])


def _answer(query: dict[str, Any]) -> dict[str, Any]:
    return {"callback_query_id": query["id"], "text": "coming", "show_alert": True}


async def _poll(http: httpx.AsyncClient, take: Taken) -> None:
    offset = 0
    while True:
        answer = await http.get("getUpdates", params={"offset": offset, "timeout": 20})
        for update in answer.json()["result"]:
            await take(update)
            offset = update["update_id"] + 1


BOTS: list[Callable[[Stage, bool], Running]] = [python_telegram_bot, aiogram_bot, bare_client]


@pytest.mark.long
@pytest.mark.parametrize("webhook", [False, True], ids=["polling", "webhook"])
@pytest.mark.parametrize("bot", BOTS)
async def test_an_echo_bot_with_buttons_photos_and_edits(
    on: Stage, bot: Callable[[Stage, bool], Running], webhook: bool
) -> None:
    async with bot(on, webhook):
        await on.act("text", text="hello")
        chat = await on.until(lambda chat: len(chat["messages"]) == 3)
        echo = chat["messages"][-1]
        assert (echo["html"], chat["rings"]) == ("<b>hello</b>", 1)

        await on.act("press", message_id=echo["message_id"], data="picture")
        chat = await on.until(lambda chat: len(chat["messages"]) == 4)
        edited, photo = chat["messages"][-2:]
        assert (edited["html"], "reply_markup" in edited) == ("edited", False)
        assert (photo["html"], photo["photo"][0]["width"]) == ("<i>a picture</i>", 40)
        assert [(t["text"], t["alert"]) for t in chat["toasts"]] == [("coming", True)]
        assert (await on.http.get(photo["photo_url"])).content == png()

        await on.act("open", link="https://t.me/harbor_lockers_bot?start=c_abc")
        chat = await on.until(lambda chat: len(chat["messages"]) == 6)
        assert chat["messages"][-1]["text"] == "/start c_abc"


async def test_it_works_below_a_path_of_another_app() -> None:
    inner = create_app()

    @contextlib.asynccontextmanager
    async def lifespan(outer: Starlette) -> AsyncIterator[None]:
        async with inner.state.telegram.running():
            yield

    outer = Starlette(routes=[Mount("/telegram", inner)], lifespan=lifespan)
    async with (
        serving_sandbox(outer) as base,
        plain_http(base_url=f"{base}/telegram") as http,
    ):
        on = Stage(f"{base}/telegram", http, inner, Clock(), inner.state.phones.make("Ann").id)
        async with python_telegram_bot(on, webhook=True):
            await on.act("text", text="hello")
            chat = await on.until(lambda chat: len(chat["messages"]) == 2)
        assert chat["messages"][-1]["html"] == "<b>hello</b>"
        inner.state.telegram.faults.add("reset", times=1)
        with pytest.raises(httpx.TransportError):
            await on.ok("getMe")


async def test_a_file_that_was_sent_can_be_fetched(on: Stage) -> None:
    form, files = {"chat_id": str(on.ann)}, {"document": ("a/ü.txt", b"text", "text/plain")}
    sent = await on.http.post(f"/bot{TOKEN}/sendDocument", data=form, files=files)
    document = sent.json()["result"]["document"]
    assert (document["file_name"], document["mime_type"]) == ("a/ü.txt", "text/plain")
    file = await on.ok("getFile", file_id=document["file_id"])
    content = await on.http.get(f"/file/bot{TOKEN}/{file['file_path']}")
    assert content.content == b"text"
    assert (await on.http.get(f"/file/bot43:other/{file['file_path']}")).status_code == 404
    again = await on.ok("sendDocument", chat_id=on.ann, document=document["file_id"])
    assert again["document"] == document


async def test_media_is_exchanged_and_the_same_media_is_no_change(on: Stage) -> None:
    async def edit(photo: bytes) -> dict[str, Any]:
        media = {"type": "photo", "media": "attach://new", "caption": "*c*", "has_spoiler": True}
        form = {
            "chat_id": str(on.ann),
            "message_id": str(sent["message_id"]),
            "media": json.dumps({**media, "parse_mode": "MarkdownV2"}),
        }
        answer = await on.http.post(
            f"/bot{TOKEN}/editMessageMedia", data=form, files={"new": ("p.png", photo)}
        )
        body: dict[str, Any] = answer.json()
        return body

    sent = await on.say("text first")
    edited = (await edit(png()))["result"]
    assert (edited["caption"], edited["has_media_spoiler"]) == ("c", True)
    assert "text" not in edited
    assert (await edit(png()))["description"].startswith("Bad Request: message is not modified")
    assert (await edit(png(50)))["ok"]


async def portrayed(on: Stage, photo: Any, content: bytes = b"") -> dict[str, Any]:
    """setMyProfilePhoto as a form, with what is uploaded as `p`."""
    answer = await on.http.post(
        f"/bot{TOKEN}/setMyProfilePhoto",
        data={} if photo is None else {"photo": json.dumps(photo)},
        files={"p": ("p.jpg", content)} if content else None,
    )
    body: dict[str, Any] = answer.json()
    return body


async def test_the_bot_shows_the_picture_it_has_set_last_also_before_start(on: Stage) -> None:
    bot = on.telegram.bot["id"]
    none = {"total_count": 0, "photos": []}
    assert await on.ok("getUserProfilePhotos", user_id=bot) == none
    assert await on.ok("getUserProfilePhotos", user_id=on.ann) == none
    assert (await on.chat())["picture_url"] is None
    for content in (jpeg(200, 200), jpeg(300, 300)):
        done = await portrayed(on, {"type": "static", "photo": "attach://p"}, content)
        assert done == {"ok": True, "result": True}
        shown = await on.http.get((await on.chat())["picture_url"])
        assert shown.content == content
    photos = await on.ok("getUserProfilePhotos", user_id=bot, limit=1)
    assert photos["total_count"] == 2
    assert [[size["width"] for size in each] for each in photos["photos"]] == [[300]]
    second = await on.ok("getUserProfilePhotos", user_id=bot, offset=1)
    assert [size["width"] for size in second["photos"][0]] == [200]


@pytest.mark.parametrize(
    ("photo", "content", "why"),
    [
        (None, b"", "photo isn't specified"),
        (["static"], b"", "object expected as profile photo"),
        ({"type": "static", "photo": "attach://q"}, b"x", "photo must be uploaded as a file"),
        ({"type": "static", "photo": "AgACfile"}, b"", "photo must be uploaded as a file"),
        ({"type": "static", "photo": "attach://p"}, png(200, 200), "IMAGE_PROCESS_FAILED"),
        ({"type": "static", "photo": "attach://p"}, b"no picture", "IMAGE_PROCESS_FAILED"),
    ],
    ids=["nothing", "no object", "no such upload", "a file that is known", "a PNG", "words"],
)
async def test_what_is_no_still_jpeg_that_comes_along_is_no_picture(
    photo: Any, content: bytes, why: str
) -> None:
    async with stage(schema=False) as on:
        done = await portrayed(on, photo, content)
        assert (done["ok"], done["description"]) == (False, f"Bad Request: {why}")
        assert on.telegram.profile.pictures == []


async def test_the_schema_knows_no_other_form_of_a_picture(on: Stage) -> None:
    for photo in ({"type": "oval", "photo": "attach://p"}, {"photo": 5}):
        done = await portrayed(on, photo, jpeg(200, 200))
        assert not done["ok"]


async def test_nobody_has_pictures_whom_nobody_knows(on: Stage) -> None:
    assert await on.refused("getUserProfilePhotos", user_id=4711) == (
        400,
        "Bad Request: user not found",
    )
    assert await on.refused("getUserProfilePhotos", user_id=0) == (
        400,
        "Bad Request: invalid user_id specified",
    )


async def test_the_empty_chat_says_what_the_bot_says_of_itself(on: Stage) -> None:
    await on.ok("setMyDescription", description="Parcels.")
    await on.ok("setMyDescription", description="Pakete.", language_code="de")
    for language, said in (("de-AT", "Pakete."), ("it", "Parcels.")):
        person = on.phones.make("Ada", language_code=language)
        chat = await on.chat(person.id)
        assert (chat["messages"], chat["description"]) == ([], said)
