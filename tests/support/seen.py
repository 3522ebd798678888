"""A message as a person sees it, and as Telegram would take it."""

from __future__ import annotations

import itertools
from typing import Any

from bot.domain.message import Button, Message
from handlers.telegram.callback_data import encode
from sandbox.telegram.text.html import parse_html, utf16_length
from sandbox.telegram.text.markup import check_markup

_TYPED = str.maketrans("\u2019\u00a0", "' ")


def typed(text: str) -> str:
    """The text with an apostrophe and a space for those that are printed, as tests are typed."""
    return text.translate(_TYPED)


def buttons(view: Message) -> list[Button]:
    return list(itertools.chain.from_iterable(view.buttons))


def labels(view: Message | None) -> list[str]:
    assert view is not None
    return [button.text for button in buttons(view)]


def seen(view: Message | None) -> str:
    """The text as a person reads it, `typed`; Telegram's own refusal if it isn't well formed."""
    assert view is not None
    return typed(str(parse_html(view.html)[0]))


def accepted(view: Message) -> None:
    """What Telegram would say of the message and its buttons."""
    assert 0 < utf16_length(seen(view)) <= (1024 if view.form == "photo" else 4096)
    assert 1 <= len(buttons(view)) <= 8
    rows: list[list[dict[str, Any]]] = []
    for row in view.buttons:
        rows.append([])
        for button in row:
            kind = [button.press, button.url, button.copy]
            assert sum(part is not None for part in kind) == 1
            carried: dict[str, Any] = {"text": button.text}
            if button.press is not None:
                carried["callback_data"] = encode(button.press)
            elif button.url is not None:
                carried["url"] = button.url
            else:
                assert button.copy is not None
                assert len(button.copy) <= 256
                carried["copy_text"] = {"text": button.copy}
            rows[-1].append(carried)
    check_markup({"inline_keyboard": rows}, private=True)
