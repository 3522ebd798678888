"""Every method this Telegram has, by name, and those that are too short for a file of their own.

Guarantees: a method not in METHODS does not exist (404). Each is a function of the Telegram and
the call, returns the `result` and raises ApiError. Source: Bot API, "Available methods".
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sandbox.telegram.bot_api import editing, sending
from sandbox.telegram.protocol.calls import Call
from sandbox.telegram.protocol.errors import QUERY_TOO_OLD, bad_request
from sandbox.telegram.state.chats import Toast
from sandbox.telegram.state.core import Telegram
from sandbox.telegram.state.files import LARGEST_DOWNLOAD
from sandbox.telegram.state.profile import (
    pictures_shown,
    read_commands,
    read_language,
    read_picture,
    read_scope,
)
from sandbox.telegram.updates.polling import read_allowed

LONGEST_ANSWER = 200
WEBHOOK_PORTS = (80, 88, 443, 8443)
_SECRET_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")


@dataclass(frozen=True, slots=True)
class Answer:
    """A result with the description some methods add."""

    result: Any
    description: str


def get_me(telegram: Telegram, call: Call) -> Any:
    """getMe."""
    abilities = dict.fromkeys(
        (
            "can_read_all_group_messages",
            "supports_inline_queries",
            "can_connect_to_business",
            "has_main_web_app",
        ),
        False,
    )
    return {**telegram.bot, "can_join_groups": True, **abilities}


def get_chat(telegram: Telegram, call: Call) -> Any:
    """getChat."""
    chat = telegram.readable(call.text("chat_id"))
    gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription")
    more: dict[str, Any] = {
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": {**dict.fromkeys(gifts, False), "gifts_from_channels": False},
    }
    if chat.pinned:
        more["pinned_message"] = chat.messages[chat.pinned[-1]].body
    return {**chat.shown(), **more}


def get_file(telegram: Telegram, call: Call) -> Any:
    """getFile."""
    if not call.text("file_id"):
        raise bad_request("file_id not specified")
    stored = telegram.files.by_id(call.text("file_id"))
    if stored is None:
        raise bad_request("invalid file_id")
    if len(stored.content) > LARGEST_DOWNLOAD:
        raise bad_request("file is too big")
    return {**stored.described(), "file_path": stored.path}


def answer_callback_query(telegram: Telegram, call: Call) -> Any:
    """answerCallbackQuery: once, within the time there is."""
    text = call.text("text")
    query = telegram.answerable(call.text("callback_query_id"))
    if query is None:
        raise bad_request(QUERY_TOO_OLD)
    if len(text) > LONGEST_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    if (url := call.text("url")) and f"t.me/{telegram.bot['username']}?" not in url:
        raise bad_request("URL_INVALID")
    if not query.answered:
        query.answered = True
        if text:
            alert = call.flag("show_alert")
            query.chat.toasts.append(Toast(telegram.next_toast(), text, alert, query.id))
        telegram.changed()
    return True


def set_webhook(telegram: Telegram, call: Call) -> Any:
    """setWebhook: https on Telegram's ports; this machine's own addresses may be plain http."""
    url = call.text("url")
    if not url:
        return delete_webhook(telegram, call)
    _check_webhook_url(url)
    secret = call.text("secret_token")
    if len(secret) > 256:
        raise bad_request("secret token is too long")
    if not set(secret) <= _SECRET_CHARACTERS:
        raise bad_request("secret token contains unallowed characters")
    connections = min(max(call.number("max_connections", 40), 1), 100)
    read_allowed(telegram.updates, call)
    telegram.poller.end()
    if call.flag("drop_pending_updates"):
        telegram.updates.clear()
    elif telegram.webhook.same(url, secret, connections):
        return Answer(True, "Webhook is already set")
    telegram.webhook.set(url, secret=secret, max_connections=connections)
    return Answer(True, "Webhook was set")


def delete_webhook(telegram: Telegram, call: Call) -> Any:
    """deleteWebhook."""
    was_set = bool(telegram.webhook.url)
    telegram.webhook.delete()
    if call.flag("drop_pending_updates"):
        telegram.updates.clear()
    return Answer(True, "Webhook was deleted" if was_set else "Webhook is already deleted")


def get_webhook_info(telegram: Telegram, call: Call) -> Any:
    """getWebhookInfo."""
    webhook = telegram.webhook
    info: dict[str, Any] = {
        "url": webhook.url,
        "has_custom_certificate": False,
        "pending_update_count": len(telegram.updates.pending),
    }
    if webhook.last_error is not None:
        at, info["last_error_message"] = webhook.last_error
        info["last_error_date"] = int(at.timestamp())
    if webhook.url:
        info["max_connections"] = webhook.max_connections
        info["ip_address"] = _address(webhook.url) or "<unknown>"
    if telegram.updates.allowed:
        info["allowed_updates"] = sorted(telegram.updates.allowed)
    return info


def set_my_commands(telegram: Telegram, call: Call) -> Any:
    """setMyCommands."""
    scope, language = read_scope(call), read_language(call)
    if scope[1]:
        telegram.readable(str(scope[1]))
    telegram.profile.set_commands(scope, language, read_commands(call))
    telegram.changed()
    return True


def get_my_commands(telegram: Telegram, call: Call) -> Any:
    """getMyCommands."""
    return telegram.profile.commands(read_scope(call), read_language(call))


def delete_my_commands(telegram: Telegram, call: Call) -> Any:
    """deleteMyCommands."""
    telegram.profile.set_commands(read_scope(call), read_language(call), [])
    telegram.changed()
    return True


def set_my_profile_photo(telegram: Telegram, call: Call) -> Any:
    """setMyProfilePhoto: a still one, which shows from now on."""
    telegram.profile.pictures.insert(0, read_picture(telegram.files, call))
    telegram.changed()
    return True


def get_user_profile_photos(telegram: Telegram, call: Call) -> Any:
    """getUserProfilePhotos: the bot's own; people here have none."""
    user = call.number("user_id")
    if user <= 0:
        raise bad_request("invalid user_id specified")
    if user == telegram.bot["id"]:
        return pictures_shown(telegram.profile.pictures, call)
    if user not in telegram.people:
        raise bad_request("user not found")
    return pictures_shown([], call)


def _set_words(kind: str) -> Callable[[Telegram, Call], Any]:
    def set_words(telegram: Telegram, call: Call) -> Any:
        telegram.profile.set_words(kind, call)
        telegram.changed()
        return True

    return set_words


def _get_words(kind: str) -> Callable[[Telegram, Call], Any]:
    return lambda telegram, call: {kind: telegram.profile.words(kind, read_language(call))}


def set_chat_menu_button(telegram: Telegram, call: Call) -> Any:
    """setChatMenuButton, for one chat or for all."""
    button = call.structure("menu_button", "can't parse menu button JSON object")
    button = {"type": "default"} if button is None else button
    if not isinstance(button, dict) or button.get("type") not in ("commands", "web_app", "default"):
        raise bad_request("can't parse menu button: MenuButton has unsupported type")
    if call.text("chat_id"):
        telegram.readable(call.text("chat_id")).menu_button = button
    else:
        telegram.profile.menu_button = button
    telegram.changed()
    return True


def get_chat_menu_button(telegram: Telegram, call: Call) -> Any:
    """getChatMenuButton."""
    chat = telegram.readable(call.text("chat_id")) if call.text("chat_id") else None
    return (chat and chat.menu_button) or telegram.profile.menu_button


def _check_webhook_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise bad_request("invalid webhook URL specified")
    address = _address(url)
    if parts.hostname == "localhost" or (address and ipaddress.ip_address(address).is_loopback):
        return
    if parts.scheme != "https":
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if (parts.port or 443) not in WEBHOOK_PORTS:
        raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")


def _address(url: str) -> str | None:
    host = urlsplit(url).hostname or ""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None


_BY_NAME: dict[str, Callable[[Telegram, Call], Any]] = {
    "getMe": get_me,
    "setWebhook": set_webhook,
    "deleteWebhook": delete_webhook,
    "getWebhookInfo": get_webhook_info,
    "sendMessage": sending.send_message,
    "sendPhoto": sending.send_photo,
    "sendDocument": sending.send_document,
    "sendLocation": sending.send_location,
    "sendVenue": sending.send_venue,
    "sendContact": sending.send_contact,
    "sendChatAction": sending.send_chat_action,
    "editMessageText": editing.edit_message_text,
    "editMessageCaption": editing.edit_message_caption,
    "editMessageMedia": editing.edit_message_media,
    "editMessageReplyMarkup": editing.edit_message_reply_markup,
    "deleteMessage": editing.delete_message,
    "deleteMessages": editing.delete_messages,
    "pinChatMessage": editing.pin_chat_message,
    "unpinChatMessage": editing.unpin_chat_message,
    "unpinAllChatMessages": editing.unpin_all_chat_messages,
    "answerCallbackQuery": answer_callback_query,
    "getChat": get_chat,
    "getFile": get_file,
    "setMyCommands": set_my_commands,
    "getMyCommands": get_my_commands,
    "deleteMyCommands": delete_my_commands,
    "setMyName": _set_words("name"),
    "getMyName": _get_words("name"),
    "setMyDescription": _set_words("description"),
    "getMyDescription": _get_words("description"),
    "setMyShortDescription": _set_words("short_description"),
    "getMyShortDescription": _get_words("short_description"),
    "setMyProfilePhoto": set_my_profile_photo,
    "getUserProfilePhotos": get_user_profile_photos,
    "setChatMenuButton": set_chat_menu_button,
    "getChatMenuButton": get_chat_menu_button,
}
METHODS = {name.lower(): (name, function) for name, function in _BY_NAME.items()}
"""By lower-cased name, since Telegram minds no case: the proper name and the function."""
