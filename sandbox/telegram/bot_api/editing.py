"""The methods that change, remove or pin what is in a chat already.

Guarantees: an edit that changes nothing is refused as Telegram refuses it; only the bot's own
messages are edited; a message older than 48 hours is not deleted. Source: Bot API, "Updating
messages".
"""

from __future__ import annotations

from typing import Any

from sandbox.telegram.bot_api.sending import (
    Content,
    check_caption,
    check_text,
    read_caption,
    read_text,
)
from sandbox.telegram.protocol.calls import Call, as_integer
from sandbox.telegram.protocol.errors import NOT_MODIFIED, bad_request
from sandbox.telegram.state.chats import DELETABLE_SECONDS, Chat, Message
from sandbox.telegram.state.core import Telegram
from sandbox.telegram.state.files import document_content, photo_content
from sandbox.telegram.text.markup import Markup, check_markup, inline_only, read_markup

_TEXT = ("text", "entities", "link_preview_options")
_CAPTION = ("caption", "caption_entities", "show_caption_above_media")
_MEDIA = ("photo", "document", "has_media_spoiler")
_UNCAPTIONED = ("text", "location", "venue", "contact")


def edit_message_text(telegram: Telegram, call: Call) -> Any:
    """editMessageText; without a reply_markup the keyboard goes, as at Telegram."""
    content = read_text(call)
    chat, message, markup = _to_edit(telegram, call)
    if "text" not in message.body:
        raise bad_request("there is no text in the message to edit")
    check_text(content)
    return _edit(telegram, chat, message, _TEXT, content, markup)


def edit_message_caption(telegram: Telegram, call: Call) -> Any:
    """editMessageCaption."""
    content = read_caption(call)
    chat, message, markup = _to_edit(telegram, call)
    if any(field in message.body for field in _UNCAPTIONED):
        raise bad_request("there is no caption in the message to edit")
    check_caption(content)
    return _edit(telegram, chat, message, _CAPTION, content, markup)


def edit_message_media(telegram: Telegram, call: Call) -> Any:
    """editMessageMedia, to a photo or a document; a text message may become one too."""
    media = call.structure("media", "can't parse input media JSON object")
    if not isinstance(media, dict) or media.get("type") not in ("photo", "document"):
        kind = media.get("type") if isinstance(media, dict) else ""
        raise bad_request(f'can\'t parse InputMedia: type "{kind}" is unsupported')
    inner = Call(call.method, media, call.files)
    caption = read_caption(inner)
    chat, message, markup = _to_edit(telegram, call)
    check_caption(caption)
    upload = inner.upload("media")
    if upload is None:
        stored = telegram.files.known(inner.text("media"), media["type"].capitalize())
    elif media["type"] == "photo":
        stored = telegram.files.photo(upload)
    else:
        stored = telegram.files.document(upload)
    if media["type"] == "photo":
        content = photo_content(stored, spoiler=inner.flag("has_spoiler"))
    else:
        content = document_content(stored)
    fields = _TEXT + _CAPTION + _MEDIA
    return _edit(telegram, chat, message, fields, {**content, **caption}, markup)


def edit_message_reply_markup(telegram: Telegram, call: Call) -> Any:
    """editMessageReplyMarkup."""
    chat, message, markup = _to_edit(telegram, call)
    return _edit(telegram, chat, message, (), {}, markup)


def delete_message(telegram: Telegram, call: Call) -> Any:
    """deleteMessage."""
    chat = telegram.reachable(call.text("chat_id"))
    message_id = call.number("message_id")
    if not message_id:
        raise bad_request("message identifier is not specified")
    if message_id not in chat.messages:
        raise bad_request("message to delete not found")
    _delete(telegram, chat, [message_id])
    return True


def delete_messages(telegram: Telegram, call: Call) -> Any:
    """deleteMessages: 1 to 100; those not found are passed over."""
    ids = call.structure("message_ids", "can't parse message_ids JSON object")
    if not ids:
        raise bad_request("message identifiers are not specified")
    if not isinstance(ids, list):
        raise bad_request("expected an Array of message identifiers")
    if len(ids) > 100:
        raise bad_request("too many message identifiers specified")
    chat = telegram.reachable(call.text("chat_id"))
    _delete(telegram, chat, [i for i in map(as_integer, ids) if i in chat.messages])
    return True


def pin_chat_message(telegram: Telegram, call: Call) -> Any:
    """pinChatMessage: the chat tells of it, ringing unless told not to."""
    chat = telegram.writable(call.text("chat_id"))
    message = chat.messages.get(call.number("message_id"))
    if message is None:
        raise bad_request("message to pin not found")
    if message.id in chat.pinned:
        return True
    chat.pinned.append(message.id)
    told = telegram.post(chat, telegram.bot, {"pinned_message": dict(message.body)})
    told.silent = call.flag("disable_notification")
    chat.rings += not told.silent
    return True


def unpin_chat_message(telegram: Telegram, call: Call) -> Any:
    """unpinChatMessage: the one named, or the latest."""
    chat = telegram.writable(call.text("chat_id"))
    message_id = call.number("message_id") or (chat.pinned[-1] if chat.pinned else 0)
    if message_id not in chat.pinned:
        raise bad_request("message to unpin not found")
    chat.pinned.remove(message_id)
    telegram.changed()
    return True


def unpin_all_chat_messages(telegram: Telegram, call: Call) -> Any:
    """unpinAllChatMessages."""
    telegram.writable(call.text("chat_id")).pinned.clear()
    telegram.changed()
    return True


def _to_edit(telegram: Telegram, call: Call) -> tuple[Chat, Message, Markup | None]:
    markup = read_markup(call)
    message_id = call.number("message_id")
    if not call.text("chat_id") and not message_id:
        if call.text("inline_message_id"):
            raise bad_request("MESSAGE_ID_INVALID")
        raise bad_request("message identifier is not specified")
    chat = telegram.writable(call.text("chat_id"))
    message = chat.messages.get(message_id)
    if message is None:
        raise bad_request("message to edit not found")
    if message.outgoing or message.frozen or "pinned_message" in message.body:
        raise bad_request("message can't be edited")
    check_markup(inline_only(markup), private=chat.private)
    return chat, message, markup


def _edit(
    telegram: Telegram,
    chat: Chat,
    message: Message,
    fields: tuple[str, ...],
    content: Content,
    markup: Markup | None,
) -> Content:
    """Replace `fields` of the message by `content`, and its keyboard by `markup`."""
    replaced = (*fields, "reply_markup", "edit_date")
    edited = {k: v for k, v in message.body.items() if k not in replaced} | content
    if markup is not None:
        edited["reply_markup"] = markup
    if _comparable(edited) == _comparable(message.body):
        raise bad_request(NOT_MODIFIED)
    telegram.limits.spend(chat.id, edit=True)
    edited["edit_date"] = int(telegram.clock.now().timestamp())
    message.body = edited
    telegram.changed()
    return edited


def _comparable(body: Content) -> Content:
    """What Telegram compares: the file itself, not the id it was sent under."""
    compared = {k: v for k, v in body.items() if k not in ("edit_date", "link_preview_options")}
    for kind in ("photo", "document"):
        if kind in compared:
            held = compared[kind]
            sizes = held if isinstance(held, list) else [held]
            compared[kind] = [size["file_unique_id"] for size in sizes]
    return compared


def _delete(telegram: Telegram, chat: Chat, ids: list[int]) -> None:
    now = telegram.clock.now()
    for message_id in ids:
        message = chat.messages[message_id]
        if message.outgoing and not chat.private:
            raise bad_request("message can't be deleted")
        if (now - message.at).total_seconds() > DELETABLE_SECONDS:
            raise bad_request("message can't be deleted for everyone")
    for message_id in ids:
        chat.messages.pop(message_id, None)
        if message_id in chat.pinned:
            chat.pinned.remove(message_id)
        if message_id == chat.keyboard_owner:
            chat.keyboard = None
        if message_id == chat.force_reply:
            chat.force_reply = None
    telegram.changed()
