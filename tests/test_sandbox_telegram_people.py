"""The person's side of the sandbox Telegram, as docs/sandbox.md promises it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from cli.sandbox_server import serving_sandbox
from sandbox.telegram.app import create_app
from tests.support.plain_http import plain_http
from tests.support.sandbox_telegram import TOKEN, Stage, buttons, png, stage


@pytest.fixture
async def on() -> AsyncIterator[Stage]:
    async with stage() as it:
        yield it


async def updates(on: Stage) -> list[dict[str, Any]]:
    """What the bot was told since the last look."""
    told: list[dict[str, Any]] = await on.ok("getUpdates")
    on.telegram.updates.clear()
    return told


def refusal(answer: httpx.Response) -> tuple[int, str]:
    assert answer.json()["error"]["message"]
    return answer.status_code, answer.json()["error"]["code"]


async def test_people_are_made_changed_and_listed(on: Stage) -> None:
    body = {"first_name": "Юля", "username": "yulia", "language_code": "uk", "id": 7}
    made = (await on.http.post("/sandbox/people", json=body)).json()
    assert made == {**body, "last_name": None, "blocked": False}
    again = await on.http.post("/sandbox/people", json=body)
    assert refusal(again) == (409, "id_taken")
    assert refusal(await on.http.post("/sandbox/people", json={})) == (400, "bad_body")
    await on.http.patch("/sandbox/people/7", json={"language_code": "de", "last_name": "K"})
    state = (await on.http.get("/sandbox/state")).json()
    assert state["bot"] == {
        "id": 42,
        "username": "harbor_lockers_bot",
        "first_name": "Harbor Lockers",
    }
    assert (state["limits"], state["now"]) == (False, on.clock.now().isoformat())
    assert [p["last_name"] for p in state["people"]] == [None, "K"]
    await on.act("text", 7, text="привіт")
    sender = (await updates(on))[0]["message"]["from"]
    assert (sender["language_code"], sender["last_name"]) == ("de", "K")


async def test_nobody_is_not_found(on: Stage) -> None:
    for answer in (
        await on.act("text", 99, text="x"),
        await on.http.get("/sandbox/people/99/chat"),
    ):
        assert refusal(answer) == (404, "unknown_person")


async def test_a_link_brings_its_payload(on: Stage) -> None:
    for link, text in (
        ("https://t.me/harbor_lockers_bot?start=c_K7-x", "/start c_K7-x"),
        ("t.me/Harbor_Lockers_Bot", "/start"),
        ("tg://resolve?domain=harbor_lockers_bot&start=x", "/start x"),
    ):
        assert (await on.act("open", link=link)).json()["text"] == text
    (update, *_) = await updates(on)
    assert update["message"]["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
    assert update["message"]["chat"] == {"id": on.ann, "first_name": "Ann", "type": "private"}
    for link, code in (
        ("https://t.me/another_bot?start=x", "another_bot"),
        ("https://a.example/harbor_lockers_bot", "another_bot"),
        ("https://t.me/harbor_lockers_bot?start=" + "x" * 65, "bad_payload"),
        ("https://t.me/harbor_lockers_bot?start=a.b", "bad_payload"),
    ):
        assert refusal(await on.act("open", link=link)) == (409, code)
    assert await updates(on) == []


async def test_what_people_share_reaches_the_bot(on: Stage) -> None:
    await on.act("contact")
    await on.act("location", latitude=52.52, longitude=13.4)
    await on.act("sticker")
    await on.act("photo", caption="see /help")
    contact, location, sticker, photo = [u["message"] for u in await updates(on)]
    assert (contact["contact"]["user_id"], contact["contact"]["first_name"]) == (on.ann, "Ann")
    assert location["location"] == {"latitude": 52.52, "longitude": 13.4}
    assert sticker["sticker"]["emoji"] == "📦"
    assert photo["caption_entities"][0]["type"] == "bot_command"
    file = await on.ok("getFile", file_id=photo["photo"][-1]["file_id"])
    fetched = await on.http.get(f"/file/bot{TOKEN}/{file['file_path']}")
    assert fetched.content.startswith(b"\xff\xd8")
    assert refusal(await on.act("location", latitude=91, longitude=0)) == (400, "bad_location")
    assert refusal(await on.act("text", text=" ")) == (400, "bad_text")


async def test_a_photo_comes_in_sizes_an_album_in_messages_and_a_file_as_what_it_is(
    on: Stage,
) -> None:
    await on.act("photo")
    await on.act("album", pictures=3)
    for kind in ("document", "video", "animation", "voice"):
        await on.act("file", kind=kind)
    photo, *rest = [u["message"] for u in await updates(on)]
    album, files = rest[:3], rest[3:]
    assert [size["width"] for size in photo["photo"]] == [90, 320]
    assert "media_group_id" not in photo
    assert len({each["media_group_id"] for each in album}) == 1
    assert len({each["photo"][-1]["file_unique_id"] for each in (photo, *album)}) == 4
    for message, kind in zip(files, ("document", "video", "animation", "voice"), strict=True):
        assert message[kind]["file_id"]
        assert "photo" not in message
    assert files[2]["document"]["file_id"] == files[2]["animation"]["file_id"]
    assert refusal(await on.act("album", pictures=1)) == (400, "bad_album")
    assert refusal(await on.act("file", kind="poll")) == (400, "bad_file")


async def test_one_edits_only_ones_own_text(on: Stage) -> None:
    sent = (await on.act("text", text="helo")).json()
    edited = (await on.act("edit", message_id=sent["message_id"], text="hello")).json()
    assert (edited["text"], edited["edit_date"]) == ("hello", sent["date"])
    first, second = await updates(on)
    assert (first["message"]["text"], second["edited_message"]["text"]) == ("helo", "hello")
    by_bot = (await on.say())["message_id"]
    refused = await on.act("edit", message_id=by_bot, text="mine now")
    assert refusal(refused) == (409, "not_editable")


async def test_only_a_button_that_is_shown_is_pressed_unless_forged(on: Stage) -> None:
    sent = (await on.say("choose", reply_markup=buttons("a", "b")))["message_id"]
    pressed = (await on.act("press", message_id=sent, data="b")).json()
    (update,) = await updates(on)
    query = update["callback_query"]
    assert (query["id"], query["data"]) == (pressed["callback_query_id"], "b")
    assert (query["message"]["message_id"], query["from"]["id"]) == (sent, on.ann)
    assert (await on.chat())["waiting"] == [query["id"]]
    assert refusal(await on.act("press", message_id=sent, data="c")) == (409, "no_such_button")
    await on.ok("editMessageText", chat_id=on.ann, message_id=sent, text="too late")
    assert refusal(await on.act("press", message_id=sent, data="b")) == (409, "no_such_button")
    assert (await on.act("press", message_id=sent, data="c", forged=True)).status_code == 200
    await on.ok("deleteMessage", chat_id=on.ann, message_id=sent)
    await on.act("press", message_id=sent, data="b", forged=True)
    gone = (await updates(on))[-1]["callback_query"]["message"]
    assert gone == {"chat": query["message"]["chat"], "message_id": sent, "date": 0}


async def test_the_keyboard_stays_until_it_is_taken_away(on: Stage) -> None:
    keyboard = {"keyboard": [[{"text": "share", "request_contact": True}], ["no"]]}
    await on.say("?", reply_markup=keyboard)
    assert (await on.chat())["keyboard"]["keyboard"][1] == [{"text": "no"}]
    await on.say("more", reply_markup=buttons("a"))
    assert (await on.chat())["keyboard"] is not None
    await on.say("done", reply_markup={"remove_keyboard": True})
    assert (await on.chat())["keyboard"] is None
    await on.say("?", reply_markup={**keyboard, "one_time_keyboard": True})
    await on.act("text", text="no")
    assert (await on.chat())["keyboard"] is None
    asked = await on.say("name?", reply_markup={"force_reply": True})
    assert (await on.chat())["force_reply"] == asked["message_id"]
    await on.act("text", text="Ann")
    answer = (await updates(on))[-1]["message"]
    assert answer["reply_to_message"]["message_id"] == asked["message_id"]
    assert (await on.chat())["force_reply"] is None


async def test_people_are_picked_when_the_keyboard_asks_for_them(on: Stage) -> None:
    bob = on.phones.make("Bob", username="bob").id
    assert refusal(await on.act("pick", request_id=5, user_ids=[bob])) == (409, "no_such_button")
    request = {"request_id": 5, "request_name": True}
    await on.say("who?", reply_markup={"keyboard": [[{"text": "b", "request_users": request}]]})
    assert refusal(await on.act("pick", request_id=5, user_ids=[])) == (409, "bad_quantity")
    assert refusal(await on.act("pick", request_id=5, user_ids=[99])) == (404, "unknown_person")
    await on.act("pick", request_id=5, user_ids=[bob])
    shared = (await updates(on))[-1]["message"]["users_shared"]
    assert shared == {"request_id": 5, "users": [{"user_id": bob, "first_name": "Bob"}]}


async def test_blocking_and_letting_in_again_is_told(on: Stage) -> None:
    await on.act("block")
    assert (await on.http.get("/sandbox/state")).json()["people"][0]["blocked"] is True
    assert refusal(await on.act("text", text="x")) == (409, "blocked")
    await on.act("open")
    blocked, unblocked, started = await updates(on)
    assert blocked["my_chat_member"]["new_chat_member"]["status"] == "kicked"
    assert unblocked["my_chat_member"]["new_chat_member"]["status"] == "member"
    assert started["message"]["text"] == "/start"
    await on.act("vanish")
    assert refusal(await on.act("text", text="x")) == (409, "vanished")


async def test_the_chat_is_shown_as_the_person_sees_it(on: Stage) -> None:
    await on.say("quiet", disable_notification=True)
    form = {"chat_id": str(on.ann), "caption": "*code*", "parse_mode": "MarkdownV2"}
    form |= {"has_spoiler": "true", "protect_content": "true"}
    await on.http.post(f"/bot{TOKEN}/sendPhoto", data=form, files={"photo": ("p.png", png())})
    chat = await on.chat()
    mine, quiet, photo = chat["messages"]
    assert (mine["outgoing"], quiet["outgoing"]) == (True, False)
    assert (quiet["silent"], photo["silent"], chat["rings"]) == (True, False, 1)
    assert (quiet["protected"], photo["protected"]) == (False, True)
    assert (photo["html"], photo["has_media_spoiler"]) == ("<b>code</b>", True)
    picture = await on.http.get(photo["photo_url"])
    assert (picture.content, picture.headers["Content-Type"]) == (png(), "image/png")


async def test_typing_shows_for_five_seconds_or_until_the_message(on: Stage) -> None:
    await on.ok("sendChatAction", chat_id=on.ann, action="typing")
    assert (await on.chat())["typing"] is True
    on.clock.turn(5)
    assert (await on.chat())["typing"] is False
    await on.ok("sendChatAction", chat_id=on.ann, action="upload_photo")
    await on.say()
    assert (await on.chat())["typing"] is False


async def test_pins_and_what_is_deleted(on: Stage) -> None:
    first, second = [(await on.say(word))["message_id"] for word in ("a", "b")]
    await on.ok("pinChatMessage", chat_id=on.ann, message_id=first)
    await on.ok("pinChatMessage", chat_id=on.ann, message_id=second, disable_notification=True)
    chat = await on.chat()
    assert (chat["pinned"], chat["rings"]) == (second, 3)
    assert chat["messages"][-1]["pinned_message"]["message_id"] == second
    await on.ok("deleteMessage", chat_id=on.ann, message_id=second)
    chat = await on.chat()
    assert chat["pinned"] == first
    assert second not in [message["message_id"] for message in chat["messages"]]
    assert (await on.ok("getChat", chat_id=on.ann))["pinned_message"]["message_id"] == first
    await on.ok("unpinChatMessage", chat_id=on.ann)
    assert (await on.chat())["pinned"] is None


async def test_a_scope_may_come_as_a_form_sends_it(on: Stage) -> None:
    form = {
        "commands": '[{"command": "a", "description": "b"}]',
        "scope": '{"type": "all_private_chats"}',
    }
    answer = await on.http.post("/bot42:sandbox/setMyCommands", data=form)
    assert answer.json() == {"ok": True, "result": True}


async def test_commands_are_shown_by_scope_and_language(on: Stage) -> None:
    async def put(*names: str, **more: Any) -> None:
        commands = [{"command": name, "description": name} for name in names]
        await on.ok("setMyCommands", commands=commands, **more)

    async def shown(person: int) -> list[str]:
        return [command["command"] for command in (await on.chat(person))["commands"]]

    bob = on.phones.make("Bob", language_code="de-AT").id
    await put("start")
    await put("los", language_code="de")
    assert (await shown(on.ann), await shown(bob)) == (["start"], ["los"])
    await put("private", scope={"type": "all_private_chats"})
    assert (await shown(on.ann), await shown(bob)) == (["private"], ["private"])
    await put("ops", scope={"type": "chat", "chat_id": on.ann})
    assert (await shown(on.ann), await shown(bob)) == (["ops"], ["private"])
    assert (await on.ok("getMyCommands", language_code="de"))[0]["command"] == "los"
    await on.ok("deleteMyCommands", scope={"type": "chat", "chat_id": on.ann})
    assert await shown(on.ann) == ["private"]


async def test_names_descriptions_and_menu_button_by_language(on: Stage) -> None:
    assert (await on.ok("getMyName"))["name"] == "Harbor Lockers"
    for kind, method in (
        ("name", "MyName"),
        ("description", "MyDescription"),
        ("short_description", "MyShortDescription"),
    ):
        await on.ok(f"set{method}", **{kind: "for all"})
        await on.ok(f"set{method}", **{kind: "für alle"}, language_code="de")
        assert await on.ok(f"get{method}") == {kind: "for all"}
        assert await on.ok(f"get{method}", language_code="de") == {kind: "für alle"}
    await on.ok("setChatMenuButton", chat_id=on.ann, menu_button={"type": "default"})
    assert await on.ok("getChatMenuButton", chat_id=on.ann) == {"type": "default"}
    assert await on.ok("getChatMenuButton") == {"type": "commands"}


async def test_places_reach_the_chat(on: Stage) -> None:
    place = {"chat_id": on.ann, "latitude": 52.5, "longitude": 13.4}
    await on.ok("sendLocation", **place)
    await on.ok("sendVenue", **place, title="Tower", address="Street 1")
    location, venue = (await on.chat())["messages"][-2:]
    assert location["location"] == {"latitude": 52.5, "longitude": 13.4}
    assert venue["venue"]["title"] == "Tower"


@pytest.mark.parametrize(
    ("wrong", "description"),
    [
        ({"title": " "}, 'parameter "title" is required'),
        ({"address": ""}, 'parameter "address" is required'),
        ({"latitude": 91}, "wrong venue location specified"),
    ],
)
async def test_a_place_that_is_none_is_refused(
    on: Stage, wrong: dict[str, object], description: str
) -> None:
    place = {"latitude": 52.5, "longitude": 13.4, "title": "Tower", "address": "Street 1"}
    refused = await on.call("sendVenue", **{"chat_id": on.ann, **place, **wrong})
    assert refused["description"] == f"Bad Request: {description}"
    assert all("venue" not in message for message in (await on.chat())["messages"])


async def test_a_group_tells_the_bot_what_is_meant_for_it(on: Stage) -> None:
    group = (await on.http.post("/sandbox/groups", json={"title": "Neighbours"})).json()["id"]
    for text in ("hello all", "/start", "thanks @harbor_lockers_bot"):
        body = {"person": on.ann, "text": text}
        await on.http.post(f"/sandbox/groups/{group}/text", json=body)
    heard = [update["message"] for update in await updates(on)]
    assert [message["text"] for message in heard] == ["/start", "thanks @harbor_lockers_bot"]
    assert heard[0]["chat"] == {"id": group, "title": "Neighbours", "type": "group"}
    sent = await on.ok("sendMessage", chat_id=group, text="hi", reply_markup=buttons("a"))
    press = {"person": on.ann, "message_id": sent["message_id"], "data": "a"}
    assert (
        "callback_query_id"
        in (await on.http.post(f"/sandbox/groups/{group}/press", json=press)).json()
    )
    chat = (await on.http.get(f"/sandbox/groups/{group}/chat")).json()
    assert [m["text"] for m in chat["messages"]][-1] == "hi"
    new = (await on.http.post(f"/sandbox/groups/{group}/migrate")).json()
    assert new["type"] == "supergroup"
    told = [u["message"] for u in await updates(on) if "message" in u]
    assert told[0]["migrate_to_chat_id"] == new["id"]
    assert told[1]["migrate_from_chat_id"] == group


async def test_whoever_watches_hears_of_each_change(on: Stage) -> None:
    before = (await on.chat())["revision"]
    path, query = f"/sandbox/people/{on.ann}/chat", {"after": before, "wait": 30}
    watching = asyncio.create_task(on.http.get(path, params=query))
    await on.say("news")
    after = (await watching).json()
    assert after["revision"] > before
    assert after["messages"][-1]["text"] == "news"


async def test_the_wire_shows_both_ways_without_the_token(on: Stage) -> None:
    await on.ok("setWebhook", url="http://127.0.0.1:1/hook", secret_token="hush")
    await on.say("hello")
    log = (await on.http.get("/sandbox/wire")).json()
    assert [entry["path"] for entry in log] == ["/setWebhook", "/sendMessage"]
    assert log[1]["response"]["result"]["text"] == "hello"
    assert "hush" not in str(log)
    assert TOKEN not in str(log)


async def test_the_wire_shows_no_code_and_no_claim(on: Stage) -> None:
    link = "https://t.me/harbor_lockers_bot?start=c_hr07UzYdSt18JEvxwFM28l"
    share = {"text": "Share", "url": f"https://t.me/share/url?url={quote(link, safe='')}"}
    code = "HARBOR://OPEN/0100000000000101/122/8E705D06B01B98/1EAD03B"
    await on.say(f"{code} or {link} or YPMF-8XED", reply_markup={"inline_keyboard": [[share]]})
    await on.ok("getUpdates")
    on.phones.open(on.ann, link)
    await on.ok("getUpdates")
    log = str((await on.http.get("/sandbox/wire")).json())
    assert "HARBOR://OPEN/•••" in log
    assert "/start •••" in log
    for secret in ("0100000000000101", "8E705D06B01B98", "hr07UzYdSt18JEvxwFM28l", "YPMF"):
        assert secret not in log


async def test_starting_again_keeps_what_the_bot_set_up(on: Stage) -> None:
    await on.ok("setMyCommands", commands=[{"command": "x", "description": "x"}])
    on.phones.text(on.ann, "pending")
    await on.http.post("/sandbox/reset")
    assert (await on.http.get("/sandbox/state")).json()["people"] == []
    assert await on.ok("getUpdates") == []
    assert (await on.ok("getMyCommands"))[0]["command"] == "x"
    assert on.phones.make("Bob").id != on.ann


async def test_people_may_be_there_from_the_beginning() -> None:
    app = create_app(people=[{"first_name": "Ann"}, {"first_name": "Bob", "language_code": "de"}])
    async with serving_sandbox(app) as base, plain_http(base_url=base) as http:
        await http.post("/sandbox/reset")
        people = (await http.get("/sandbox/state")).json()["people"]
        assert [person["first_name"] for person in people] == ["Ann", "Bob"]
