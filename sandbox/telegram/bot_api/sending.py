"""The methods that put something new into a chat.

Guarantees: a message that Telegram would refuse changes nothing. Source: Bot API, "Available
methods"; the shape of each answer is the Bot API's Message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sandbox.telegram.protocol.calls import Call, as_integer
from sandbox.telegram.protocol.errors import bad_request
from sandbox.telegram.state.chats import TYPING_SECONDS, Chat, Message
from sandbox.telegram.state.core import Telegram
from sandbox.telegram.state.files import document_content, photo_content
from sandbox.telegram.text.entities import LONGEST_CAPTION, LONGEST_TEXT, formatted
from sandbox.telegram.text.markup import Markup, check_markup, read_markup

Content = dict[str, Any]
_ACTIONS = frozenset(
    f"{verb}_{thing}"
    for verb in ("upload", "record")
    for thing in ("photo", "video", "voice", "audio", "document", "video_note")
) | {"typing", "choose_sticker", "find_location"}


def read_text(call: Call) -> Content:
    """The text of a text message. Raises ApiError (400)."""
    if not call.text("text"):
        raise bad_request("message text is empty")
    text, entities = formatted(call.text("text"), call.text("parse_mode"), _given(call, "entities"))
    content: Content = {"text": text}
    if entities:
        content["entities"] = entities
    preview = call.structure("link_preview_options", "can't parse link preview options JSON object")
    if preview:
        content["link_preview_options"] = preview
    return content


def check_text(content: Content) -> None:
    """What is found out once the chat is known. Raises ApiError (400)."""
    if not content["text"]:
        raise bad_request("text must be non-empty")
    if len(content["text"]) > LONGEST_TEXT:
        raise bad_request("message is too long")


def read_caption(call: Call) -> Content:
    """Caption and its place, for media. Raises ApiError (400)."""
    caption, entities = formatted(
        call.text("caption"), call.text("parse_mode"), _given(call, "caption_entities")
    )
    content: Content = {}
    if caption:
        content["caption"] = caption
    if entities:
        content["caption_entities"] = entities
    if call.flag("show_caption_above_media"):
        content["show_caption_above_media"] = True
    return content


def check_caption(content: Content) -> None:
    """Raises ApiError (400) when the caption is too long."""
    if len(content.get("caption", "")) > LONGEST_CAPTION:
        raise bad_request("message caption is too long")


def send_message(telegram: Telegram, call: Call) -> Any:
    """sendMessage."""
    content = read_text(call)
    return _send(telegram, call, lambda: content, lambda: check_text(content))


def send_photo(telegram: Telegram, call: Call) -> Any:
    """sendPhoto."""
    caption = read_caption(call)

    def content() -> Content:
        stored = telegram.files.take(call, "photo")
        return {**photo_content(stored, spoiler=call.flag("has_spoiler")), **caption}

    return _send(telegram, call, content, lambda: check_caption(caption))


def send_document(telegram: Telegram, call: Call) -> Any:
    """sendDocument."""
    caption = read_caption(call)

    def content() -> Content:
        return {**document_content(telegram.files.take(call, "document")), **caption}

    return _send(telegram, call, content, lambda: check_caption(caption))


def send_location(telegram: Telegram, call: Call) -> Any:
    """sendLocation."""
    location = {"location": _location(call)}
    return _send(telegram, call, lambda: location)


def send_venue(telegram: Telegram, call: Call) -> Any:
    """sendVenue: a pin with a name and an address, both of which have to say something. (In which
    words Telegram refuses an empty one was not observed: these are the sandbox's.)"""
    location = _location(call, "venue location")
    for name in ("title", "address"):
        if not call.text(name).strip():
            raise bad_request(f'parameter "{name}" is required')
    venue = {"location": location, "title": call.text("title"), "address": call.text("address")}
    return _send(telegram, call, lambda: {"location": location, "venue": venue})


def send_contact(telegram: Telegram, call: Call) -> Any:
    """sendContact."""
    names = ("phone_number", "first_name", "last_name", "vcard")
    contact = {name: call.text(name) for name in names if call.text(name)}
    for name in ("phone_number", "first_name"):
        if name not in contact:
            raise bad_request(f'parameter "{name}" is required')
    return _send(telegram, call, lambda: {"contact": contact})


def send_chat_action(telegram: Telegram, call: Call) -> Any:
    """sendChatAction: shown for five seconds, or until the next message."""
    chat = telegram.writable(call.text("chat_id"))
    if call.text("action") not in _ACTIONS:
        raise bad_request("wrong parameter action in request")
    chat.typing_until = telegram.clock.now() + timedelta(seconds=TYPING_SECONDS)
    telegram.changed()
    asyncio.get_running_loop().call_later(TYPING_SECONDS, lambda: telegram.changed())
    return True


def _send(
    telegram: Telegram,
    call: Call,
    content: Callable[[], Content],
    check: Callable[[], None] = lambda: None,
) -> Content:
    markup = read_markup(call)
    chat = telegram.writable(call.text("chat_id"))
    check()
    check_markup(markup, private=chat.private)
    fields = {**_reply(chat, call), **content()}
    telegram.limits.spend(chat.id, group=not chat.private)
    if call.flag("protect_content"):
        fields["has_protected_content"] = True
    if markup is not None and "inline_keyboard" in markup:
        fields["reply_markup"] = markup
    message = telegram.post(chat, telegram.bot, fields)
    message.silent = call.flag("disable_notification")
    _after_sending(chat, message, markup)
    return message.body


def _after_sending(chat: Chat, message: Message, markup: Markup | None) -> None:
    chat.typing_until = None
    chat.rings += not message.silent
    if markup is None or "inline_keyboard" in markup:
        return
    message.frozen = True
    chat.force_reply = message.id if markup.get("force_reply") else None
    if "keyboard" in markup or markup.get("remove_keyboard"):
        chat.keyboard = markup if "keyboard" in markup else None
        chat.keyboard_owner = message.id


def _reply(chat: Chat, call: Call) -> Content:
    reply = call.structure("reply_parameters", "can't parse reply parameters JSON object")
    if reply is None:
        number, lenient = call.number("reply_to_message_id"), "allow_sending_without_reply"
        reply = {"message_id": number, lenient: call.flag(lenient)} if number else None
    if reply is None:
        return {}
    if not isinstance(reply, dict):
        raise bad_request("object expected as reply parameters")
    replied = chat.messages.get(as_integer(reply.get("message_id")))
    if replied is not None:
        inner = {k: v for k, v in replied.body.items() if k != "reply_to_message"}
        return {"reply_to_message": inner}
    if reply.get("allow_sending_without_reply"):
        return {}
    raise bad_request("message to be replied not found")


def _given(call: Call, name: str) -> list[Any] | None:
    entities = call.structure(name, f"can't parse {name} JSON object")
    return entities if isinstance(entities, list) else None


def _location(call: Call, what: str = "location") -> Content:
    location = {}
    for name, limit in (("latitude", 90), ("longitude", 180)):
        if not call.text(name).strip():
            raise bad_request(f"{name} is empty")
        try:
            location[name] = float(call.text(name))
        except ValueError as error:
            raise bad_request(f"{name} is empty") from error
        if not abs(location[name]) <= limit:
            raise bad_request(f"wrong {what} specified")
    return location
