"""Keyboards below messages and below the input field.

Guarantees: a keyboard that passes is one Telegram would show; what it refuses is refused in its
words, as far as they are known. Source: Bot API, InlineKeyboardMarkup and ReplyKeyboardMarkup;
TDLib's ReplyMarkup.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.telegram.protocol.calls import Call
from sandbox.telegram.protocol.errors import ApiError, bad_request
from sandbox.telegram.text.html import checked_link

Markup = dict[str, Any]

LONGEST_DATA = 64
"""Bytes, not characters."""
LONGEST_COPY_TEXT = 256
MOST_BUTTONS = 100
_ACTIONS = (
    "url",
    "callback_data",
    "callback_game",
    "pay",
    "switch_inline_query",
    "switch_inline_query_chosen_chat",
    "switch_inline_query_current_chat",
    "login_url",
    "web_app",
    "copy_text",
)
_STYLES = frozenset({"danger", "success", "primary"})
"""Bot API 9.4. The words that refuse any other are the sandbox's own: they were not observed."""
_PRIVATE_ONLY = {
    "request_contact": "phone number can be requested in private chats only",
    "request_location": "location can be requested in private chats only",
    "request_users": "users can be requested in private chats only",
    "request_chat": "chats can be requested in private chats only",
    "web_app": "Web App buttons can be used in private chats only",
}


def read_markup(call: Call) -> Markup | None:
    """The call's reply_markup, well-formed; None when there is none. Raises ApiError (400)."""
    markup = call.structure("reply_markup", "can't parse reply keyboard markup JSON object")
    if markup is None:
        return None
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    for field, parse in (("keyboard", _keyboard_button), ("inline_keyboard", _inline_button)):
        if rows := markup.get(field):
            return {**markup, field: [[parse(b) for b in row] for row in _rows(rows, field)]}
    if markup.get("remove_keyboard") or markup.get("force_reply"):
        return markup
    return None


def inline_only(markup: Markup | None) -> Markup | None:
    """An edited message takes an inline keyboard or none. Raises ApiError (400)."""
    if markup is not None and "inline_keyboard" not in markup:
        raise bad_request("inline keyboard expected")
    return markup


def check_markup(markup: Markup | None, *, private: bool) -> None:
    """What Telegram's servers refuse, once the chat is known. Raises ApiError (400)."""
    if markup is None:
        return
    buttons = list(_buttons(markup))
    if len(buttons) > MOST_BUTTONS * (3 if "keyboard" in markup else 1):
        raise bad_request("reply markup is too long")
    for button in buttons:
        if "inline_keyboard" in markup:
            _check_inline(button, private)
        elif not private:
            for field, words in _PRIVATE_ONLY.items():
                if button.get(field):
                    raise bad_request(words)


def _rows(rows: Any, field: str) -> list[list[Any]]:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        where = " of the InlineKeyboardMarkup" if field == "inline_keyboard" else ""
        raise bad_request(f'field "{field}"{where} must be an Array of Arrays')
    return [row for row in rows if row]


def _buttons(markup: Markup) -> Iterator[dict[str, Any]]:
    for row in markup.get("inline_keyboard") or markup.get("keyboard") or ():
        yield from row


def _keyboard_button(button: Any) -> dict[str, Any]:
    if isinstance(button, str):
        button = {"text": button}
    if not isinstance(button, dict):
        raise bad_request(
            "can't parse keyboard button: KeyboardButton must be a String or an Object"
        )
    _text(button, "keyboard button")
    return button


def _inline_button(button: Any) -> dict[str, Any]:
    if not isinstance(button, dict):
        raise _inline_refusal("InlineKeyboardButton must be an Object")
    _text(button, "inline keyboard button")
    if button.get("style", "primary") not in _STYLES:
        raise _inline_refusal("Invalid button style specified")
    if not any(action in button for action in _ACTIONS):
        raise _inline_refusal("Text buttons are unallowed in the inline keyboard")
    if "url" in button:
        return {**button, "url": _url(str(button["url"]), "inline keyboard button URL")}
    for field, inner in (("web_app", "url"), ("copy_text", "text"), ("login_url", "url")):
        held = button.get(field, {inner: "?"})
        if not isinstance(held, dict) or not isinstance(held.get(inner), str):
            raise _inline_refusal(f'Can\'t find field "{inner}"')
    return button


def _inline_refusal(words: str) -> ApiError:
    return bad_request(f"can't parse inline keyboard button: {words}")


def _text(button: dict[str, Any], kind: str) -> None:
    if "text" not in button:
        raise bad_request(f"can't parse {kind}: Can't find field \"text\"")
    if not str(button["text"]).strip():
        raise bad_request(f"{kind} text must be non-empty")


def _url(url: str, what: str) -> str:
    if url.startswith("tg://user?id="):
        return url
    checked = checked_link(url)
    if checked is None:
        wrong = "Wrong tg URL" if url.lower().startswith("tg:") else "Wrong HTTP URL"
        if "://" in url and not url.lower().startswith(("http", "tg:", "ton:")):
            wrong = "Unsupported URL protocol"
        raise bad_request(f"{what} '{url}' is invalid: {wrong}")
    return checked


def _check_inline(button: dict[str, Any], private: bool) -> None:
    data = button.get("callback_data")
    if data is not None and not 1 <= len(str(data).encode()) <= LONGEST_DATA:
        raise bad_request("BUTTON_DATA_INVALID")
    if (copy := button.get("copy_text")) and len(copy["text"]) > LONGEST_COPY_TEXT:
        raise bad_request("BUTTON_COPY_TEXT_INVALID")
    if app := button.get("web_app"):
        if not private:
            raise bad_request("BUTTON_TYPE_INVALID")
        if not str(app["url"]).startswith("https://"):
            raise bad_request(
                f"inline keyboard button Web App URL '{app['url']}' is invalid:"
                " Only HTTPS links are allowed"
            )
