"""A chat as its person sees it.

Guarantees: the view is made from the messages and the bot's profile alone; nothing in it was meant
for the bot.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sandbox.telegram.state.chats import Chat, Message
from sandbox.telegram.state.core import Telegram
from sandbox.telegram.text.rendering import as_html


def chat_view(telegram: Telegram, chat: Chat) -> dict[str, Any]:
    """What docs/sandbox.md promises of `GET …/chat`, without the revision."""
    typing = chat.typing_until is not None and chat.typing_until > telegram.clock.now()
    person, language = (chat.person.id, chat.person.language_code) if chat.person else (0, "")
    waiting = [q.id for q in telegram.queries.values() if q.chat is chat and not q.answered]
    profile, spoken = telegram.profile, language.partition("-")[0]
    picture = profile.pictures[0] if profile.pictures else None
    return {
        "description": profile.words("description", spoken),
        "picture_url": f"/sandbox/files/{picture.path}" if picture else None,
        "messages": [message_view(telegram, m) for m in chat.messages.values()],
        "keyboard": chat.keyboard,
        "force_reply": chat.force_reply,
        "commands": telegram.profile.shown(chat.id, person, language, private=chat.private),
        "menu_button": chat.menu_button or telegram.profile.menu_button,
        "typing": typing,
        "pinned": chat.pinned[-1] if chat.pinned else None,
        "toasts": [asdict(toast) for toast in chat.toasts],
        "waiting": waiting,
        "rings": chat.rings,
    }


def message_view(telegram: Telegram, message: Message) -> dict[str, Any]:
    """The Message object, and what a client adds to it."""
    body = message.body
    view = {
        **body,
        "outgoing": message.outgoing,
        "protected": bool(body.get("has_protected_content")),
        "silent": message.silent,
        "html": as_html(
            body.get("text") or body.get("caption") or "",
            body.get("entities") or body.get("caption_entities") or [],
        ),
    }
    if "photo" in body:
        stored = telegram.files.by_id(body["photo"][-1]["file_id"])
        view["photo_url"] = f"/sandbox/files/{stored.path}" if stored else None
    return view
