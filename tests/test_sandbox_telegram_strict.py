"""What Telegram refuses, in its own codes and words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from sandbox.telegram.state.limits import CHAT_BURST, GROUP_BURST, OVERALL_BURST
from tests.support.sandbox_telegram import TOKEN, Stage, buttons, png, stage

NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are"
    " exactly the same as a current content and reply markup of the message"
)
TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"


@pytest.fixture
async def on() -> AsyncIterator[Stage]:
    async with stage() as it:
        yield it


@pytest.fixture
async def unchecked() -> AsyncIterator[Stage]:
    """Where the schema does not forestall Telegram's own words."""
    async with stage(schema=False) as it:
        yield it


def inline(**button: Any) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": "b", **button}]]}


REFUSED_MARKUP = [
    (buttons("x" * 65), "BUTTON_DATA_INVALID"),
    (buttons("д" * 33), "BUTTON_DATA_INVALID"),
    (inline(copy_text={"text": "c" * 257}), "BUTTON_COPY_TEXT_INVALID"),
    (
        inline(url="not an address"),
        "inline keyboard button URL 'not an address' is invalid: Wrong HTTP URL",
    ),
    (
        inline(url="harbor://open/1"),
        "inline keyboard button URL 'harbor://open/1' is invalid: Unsupported URL protocol",
    ),
    (
        inline(web_app={"url": "http://a.example"}),
        "inline keyboard button Web App URL 'http://a.example' is invalid:"
        " Only HTTPS links are allowed",
    ),
    (
        inline(),
        "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
    ),
    (
        inline(callback_data="x", style="warning"),
        "can't parse inline keyboard button: Invalid button style specified",
    ),
    (inline(text=" ", callback_data="x"), "inline keyboard button text must be non-empty"),
    (buttons(*map(str, range(101))), "reply markup is too long"),
    ("{", "can't parse reply keyboard markup JSON object"),
    ("7", "object expected as reply markup"),
]


async def test_a_keyboard_telegram_would_not_show_is_refused(unchecked: Stage) -> None:
    on = unchecked
    for markup, words in REFUSED_MARKUP:
        answer = await on.refused("sendMessage", chat_id=on.ann, text="x", reply_markup=markup)
        assert answer == (400, f"Bad Request: {words}")
    assert len((await on.chat())["messages"]) == 1


@pytest.mark.parametrize("style", ["danger", "success", "primary"])
async def test_a_button_keeps_its_style(on: Stage, style: str) -> None:
    await on.say(reply_markup=inline(callback_data="x", style=style))
    message = (await on.chat())["messages"][-1]
    assert message["reply_markup"]["inline_keyboard"][0][0]["style"] == style


async def test_callback_data_of_64_bytes_passes(on: Stage) -> None:
    await on.say(reply_markup=buttons("д" * 32))


REFUSED_TEXT = [
    ({"text": ""}, "message text is empty"),
    ({}, "message text is empty"),
    ({"text": " \n "}, "text must be non-empty"),
    ({"text": "x" * 4097}, "message is too long"),
    ({"text": "x", "parse_mode": "Wiki"}, "unsupported parse_mode"),
    (
        {"text": "<b>x", "parse_mode": "HTML"},
        "can't parse entities: Can't find end tag corresponding to start tag \"b\"",
    ),
    (
        {"text": "x", "entities": [{"type": "bold", "offset": 0, "length": 2}]},
        "entity beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 2",
    ),
    ({"text": "x", "reply_parameters": {"message_id": 99}}, "message to be replied not found"),
]


async def test_a_text_telegram_would_not_send_is_refused(on: Stage) -> None:
    for parameters, words in REFUSED_TEXT:
        answer = await on.refused("sendMessage", chat_id=on.ann, **parameters)
        assert answer == (400, f"Bad Request: {words}")


async def test_a_text_is_measured_after_its_markup_is_read(on: Stage) -> None:
    await on.say(f"<b>{'x' * 4096}</b>", parse_mode="HTML")


async def test_an_unknown_chat_is_not_found(on: Stage) -> None:
    for method, parameters in (
        ("sendMessage", {"text": "x"}),
        ("sendChatAction", {"action": "typing"}),
        ("deleteMessage", {"message_id": 1}),
        ("getChat", {}),
    ):
        for chat_id, words in (("", "chat_id is empty"), (77, "chat not found")):
            answer = await on.refused(method, chat_id=chat_id, **parameters)
            assert answer == (400, f"Bad Request: {words}"), method


async def test_who_never_started_the_bot_can_not_be_written_to(on: Stage) -> None:
    stranger = on.phones.make("Bob").id
    words = "Forbidden: bot can't initiate conversation with a user"
    assert await on.refused("sendMessage", chat_id=stranger, text="x") == (403, words)
    assert await on.refused("getChat", chat_id=stranger) == (400, "Bad Request: chat not found")


async def test_who_blocked_the_bot_can_not_be_written_to(on: Stage) -> None:
    on.phones.block(on.ann)
    words = "Forbidden: bot was blocked by the user"
    assert await on.refused("sendMessage", chat_id=on.ann, text="x") == (403, words)
    assert await on.refused("sendChatAction", chat_id=on.ann, action="typing") == (403, words)
    on.phones.unblock(on.ann)
    await on.say()


async def test_whose_account_is_gone_can_not_be_written_to(on: Stage) -> None:
    on.phones.vanish(on.ann)
    answer = await on.refused("sendMessage", chat_id=on.ann, text="x")
    assert answer == (403, "Forbidden: user is deactivated")


async def test_a_group_that_migrated_tells_its_new_id(on: Stage) -> None:
    group = on.groups.make("Neighbours")
    new = on.groups.migrate(group.id)
    body = await on.call("sendMessage", chat_id=group.id, text="x")
    assert body["description"] == "Bad Request: group chat was upgraded to a supergroup chat"
    assert body["parameters"] == {"migrate_to_chat_id": new.id}
    await on.ok("sendMessage", chat_id=new.id, text="x")


async def test_an_edit_that_changes_nothing_is_refused(on: Stage) -> None:
    sent = await on.say("<b>x</b>", parse_mode="HTML", reply_markup=buttons("a"))
    where = {"chat_id": on.ann, "message_id": sent["message_id"]}
    same = {"text": "*x*", "parse_mode": "MarkdownV2", "reply_markup": buttons("a")}
    assert await on.refused("editMessageText", **where, **same) == (400, NOT_MODIFIED)
    answer = await on.refused("editMessageReplyMarkup", **where, reply_markup=buttons("a"))
    assert answer == (400, NOT_MODIFIED)
    edited = await on.ok("editMessageText", **where, **{**same, "text": "*y*"})
    assert (edited["text"], edited["edit_date"]) == ("y", sent["date"])


async def test_an_edit_without_a_keyboard_takes_it_away(on: Stage) -> None:
    sent = await on.say("x", reply_markup=buttons("a"))
    where = {"chat_id": on.ann, "message_id": sent["message_id"]}
    assert "reply_markup" not in await on.ok("editMessageText", **where, text="x")


REFUSED_EDITS = [
    ("editMessageText", {"message_id": 99, "text": "x"}, "message to edit not found"),
    ("editMessageText", {"message_id": 1, "text": "x"}, "message can't be edited"),
    ("editMessageText", {"message_id": 2, "text": "x" * 4097}, "message is too long"),
    ("editMessageText", {"message_id": 2, "text": ""}, "message text is empty"),
    (
        "editMessageText",
        {"message_id": 2, "text": "x", "reply_markup": {"force_reply": True}},
        "inline keyboard expected",
    ),
    (
        "editMessageCaption",
        {"message_id": 2, "caption": "x"},
        "there is no caption in the message to edit",
    ),
    ("editMessageText", {"message_id": 3, "text": "x"}, "there is no text in the message to edit"),
    ("editMessageCaption", {"message_id": 3, "caption": "c" * 1025}, "message caption is too long"),
    ("editMessageText", {"message_id": 4, "text": "x"}, "message can't be edited"),
]


async def test_what_can_not_be_edited_is_refused(unchecked: Stage) -> None:
    await unchecked.say("two")
    form, files = {"chat_id": str(unchecked.ann)}, {"photo": ("p.png", png(), "image/png")}
    await unchecked.http.post(f"/bot{TOKEN}/sendPhoto", data=form, files=files)
    await unchecked.say("four", reply_markup={"keyboard": [["a"]]})
    for method, parameters, words in REFUSED_EDITS:
        answer = await unchecked.refused(method, chat_id=unchecked.ann, **parameters)
        assert answer == (400, f"Bad Request: {words}"), (method, parameters)


async def test_a_message_is_deleted_within_48_hours_and_once(on: Stage) -> None:
    sent, older = await on.say("x"), await on.say("y")
    where = {"chat_id": on.ann, "message_id": sent["message_id"]}
    assert await on.ok("deleteMessage", **where) is True
    assert await on.refused("deleteMessage", **where) == (
        400,
        "Bad Request: message to delete not found",
    )
    on.clock.turn(48 * 3600 + 1)
    answer = await on.refused("deleteMessage", chat_id=on.ann, message_id=older["message_id"])
    assert answer == (400, "Bad Request: message can't be deleted for everyone")
    await on.ok("editMessageText", chat_id=on.ann, message_id=older["message_id"], text="z")


async def test_several_are_deleted_at_once_and_the_missing_passed_over(on: Stage) -> None:
    ids = [(await on.say(str(n)))["message_id"] for n in range(3)]
    assert await on.ok("deleteMessages", chat_id=on.ann, message_ids=[*ids, 99]) is True
    assert [m["text"] for m in (await on.chat())["messages"]] == ["/start"]
    words = "Bad Request: message identifiers are not specified"
    assert await on.refused("deleteMessages", chat_id=on.ann, message_ids=[]) == (400, words)


async def test_a_callback_query_is_answered_in_time(on: Stage) -> None:
    sent = await on.say(reply_markup=buttons("a"))
    first = on.phones.press(on.ann, sent["message_id"], "a")
    too_long = await on.refused("answerCallbackQuery", callback_query_id=first, text="x" * 201)
    assert too_long == (400, "Bad Request: MESSAGE_TOO_LONG")
    assert await on.ok("answerCallbackQuery", callback_query_id=first, text="x" * 200) is True
    late = on.phones.press(on.ann, sent["message_id"], "a")
    on.clock.turn(16)
    assert await on.refused("answerCallbackQuery", callback_query_id=late) == (400, TOO_OLD)
    assert await on.refused("answerCallbackQuery", callback_query_id="12") == (400, TOO_OLD)


async def test_commands_are_held_to_telegrams_pattern(on: Stage) -> None:
    def command(name: str, description: str = "d") -> list[dict[str, str]]:
        return [{"command": name, "description": description}]

    for commands, words in (
        (command("Send"), "BOT_COMMAND_INVALID"),
        (command("x" * 33), "BOT_COMMAND_INVALID"),
        (command("x", ""), "command description must be non-empty"),
        (command("x") * 101, "BOT_COMMANDS_TOO_MUCH"),
    ):
        answer = await on.refused("setMyCommands", commands=commands)
        assert answer == (400, f"Bad Request: {words}")
    assert await on.ok("setMyCommands", commands=command("x")) is True


async def test_a_message_a_second_in_a_chat_and_thirty_over_all() -> None:
    async with stage(limits=True) as on:
        for n in range(CHAT_BURST):
            await on.say(str(n))
        body = await on.call("sendMessage", chat_id=on.ann, text="x")
        assert body["description"] == "Too Many Requests: retry after 1"
        assert (body["error_code"], body["parameters"]) == (429, {"retry_after": 1})
        on.clock.turn(1)
        await on.say()
        on.clock.turn(60)
        others = [on.phones.make(f"P{n}").id for n in range(OVERALL_BURST + 1)]
        for other in others:
            on.phones.open(other)
        for other in others[:-1]:
            await on.ok("sendMessage", chat_id=other, text="x")
        last = await on.call("sendMessage", chat_id=others[-1], text="x")
        assert last["parameters"] == {"retry_after": 1}
        await on.http.put("/sandbox/limits", json={"enforced": False})
        await on.ok("sendMessage", chat_id=others[-1], text="x")


async def test_twenty_messages_a_minute_in_a_group() -> None:
    async with stage(limits=True) as on:
        group = on.groups.make("Neighbours").id
        for n in range(GROUP_BURST):
            await on.ok("sendMessage", chat_id=group, text=str(n))
        body = await on.call("sendMessage", chat_id=group, text="x")
        assert body["parameters"] == {"retry_after": 3}


async def test_tokens_and_methods_that_do_not_exist(on: Stage) -> None:
    for token, words in (
        ("43:other", "Unauthorized"),
        ("nonsense", "Unauthorized: invalid token specified"),
    ):
        answer = await on.http.get(f"/bot{token}/getMe")
        assert answer.json() == {"ok": False, "error_code": 401, "description": words}
    assert await on.refused("sendTelegram") == (404, "Not Found: method not found")
    assert (await on.ok("GETME"))["username"] == "harbor_lockers_bot"


async def test_only_private_chats_are_asked_for_contact_place_and_people(on: Stage) -> None:
    group = on.groups.make("Neighbours").id
    for button, words in (
        ({"request_contact": True}, "phone number can be requested in private chats only"),
        ({"request_location": True}, "location can be requested in private chats only"),
        ({"request_users": {"request_id": 1}}, "users can be requested in private chats only"),
    ):
        keyboard = {"keyboard": [[{"text": "b", **button}]]}
        answer = await on.refused("sendMessage", chat_id=group, text="x", reply_markup=keyboard)
        assert answer == (400, f"Bad Request: {words}")
        await on.say(reply_markup=keyboard)


async def test_files_telegram_would_not_take_are_refused(on: Stage) -> None:
    async def send(photo: bytes) -> str:
        form, files = {"chat_id": str(on.ann)}, {"photo": ("p.png", photo, "image/png")}
        answer = await on.http.post(f"/bot{TOKEN}/sendPhoto", data=form, files=files)
        return str(answer.json()["description"])

    assert await send(b"no picture") == "Bad Request: IMAGE_PROCESS_FAILED"
    assert await send(png(2100, 100)) == "Bad Request: PHOTO_INVALID_DIMENSIONS"
    for photo, words in (
        ("", "there is no photo in the request"),
        ("nonsense", "wrong file identifier/HTTP URL specified"),
        ("https://a.example/p.png", "failed to get HTTP URL content"),
    ):
        answer = await on.refused("sendPhoto", chat_id=on.ann, photo=photo)
        assert answer == (400, f"Bad Request: {words}")
    long = await on.refused("sendPhoto", chat_id=on.ann, photo="x", caption="c" * 1025)
    assert long == (400, "Bad Request: message caption is too long")
    assert await on.refused("getFile", file_id="x") == (400, "Bad Request: invalid file_id")


async def test_a_file_id_is_good_for_what_it_was_sent_as_by_this_bot_and_until_it_is_forgotten(
    on: Stage,
) -> None:
    photo = (await on.act("photo")).json()["photo"][-1]["file_id"]
    document = (await on.act("file", kind="document")).json()["document"]["file_id"]
    sent = await on.ok("sendPhoto", chat_id=on.ann, photo=photo)
    assert sent["photo"][-1]["file_id"] == photo
    for method, field, file_id, words in (
        ("sendPhoto", "photo", document, "can't use file of type Document as Photo"),
        ("sendDocument", "document", photo, "can't use file of type Photo as Document"),
        ("sendPhoto", "photo", f"{photo}x", "wrong file identifier/HTTP URL specified"),
    ):
        answer = await on.refused(method, chat_id=on.ann, **{field: file_id})
        assert answer == (400, f"Bad Request: {words}")
    media = {"type": "photo", "media": document}
    place = {"chat_id": on.ann, "message_id": sent["message_id"]}
    refused = await on.refused("editMessageMedia", **place, media=media)
    assert refused == (400, "Bad Request: can't use file of type Document as Photo")
    assert (await on.http.delete("/sandbox/files")).is_success
    refused = await on.refused("sendPhoto", chat_id=on.ann, photo=photo)
    assert refused == (400, "Bad Request: wrong file identifier/HTTP URL specified")


async def test_json_form_multipart_and_query_say_the_same(on: Stage) -> None:
    url = f"/bot{TOKEN}/sendMessage"
    fields = {"chat_id": str(on.ann), "text": "x"}
    answers: list[httpx.Response] = [
        await on.http.post(url, json=fields),
        await on.http.post(url, data=fields),
        await on.http.post(url, files={k: (None, v) for k, v in fields.items()}),
        await on.http.get(url, params=fields),
    ]
    assert [answer.json()["result"]["text"] for answer in answers] == ["x"] * 4
    bad = await on.http.post(url, content=b"{", headers={"Content-Type": "application/json"})
    assert bad.json()["description"] == "Bad Request: can't parse the JSON object"


async def test_an_update_is_forgotten_after_24_hours(on: Stage) -> None:
    on.phones.text(on.ann, "old")
    on.clock.turn(timedelta(hours=24, seconds=1).total_seconds())
    on.phones.text(on.ann, "new")
    assert [u["message"]["text"] for u in await on.ok("getUpdates")] == ["new"]
