"""What is stored about a person: said, shown in full, and forgotten on request.

Guarantees: the export leaves nothing out that is about them and shows no code that opens a door;
nobody is forgotten while a parcel of theirs is under way.
"""

from __future__ import annotations

import html
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from telegram import Update
from telegram.ext import CommandHandler

from bot.domain.delivery import Delivery
from bot.domain.history import HistoryEntry
from bot.domain.ids import PersonId
from bot.domain.message import Button, Message, press
from bot.domain.person import Draft
from bot.ports.database import Transaction
from bot.usecases.forget import forget
from handlers.conversation.buttons import back_to, pages, tap
from handlers.conversation.context import Context
from handlers.conversation.errand import Errand
from handlers.conversation.farewell import FAREWELL, forgotten_said
from handlers.conversation.navigation import MENU, go, start
from handlers.conversation.questions import Row, Screen, number
from wording.language import speak
from wording.sanitize import esc

PRIVACY, EXPORT, FORGET = "privacy/privacy", "privacy/export", "privacy/forget"
SHOW_ALL, ASK_FORGET, YES = "export", "forget", "forget_ok"

_CUT = 3200
"""Characters of JSON a page; escaped it may grow, and a message has room for 4096."""
_OTHERS = frozenset({"sender", "recipient", "recipient_name", "handed_over_by", "request"})
"""Who else is in a delivery is not theirs to take away, beyond what its card shows them."""


# -- steps


async def began(update: Update, context: Context) -> Draft:
    """What is stored."""
    return start(context.draft, PRIVACY)


async def showed_all(update: Update, context: Context) -> Draft:
    """The export's first page."""
    return go(context.draft, EXPORT, page=0)


async def asked_forget(update: Update, context: Context) -> Draft:
    """Forget me?"""
    return go(context.draft, FORGET)


async def forgot(update: Update, context: Context) -> Draft | None:
    """Forgotten, unless a parcel is under way: then how things stand is said again.

    One last message stays in the chat; only the language that it speaks is kept with it.
    """
    words = speak(context.person.language, context.wiring.locale)
    if not await forget(context.act):
        context.say(words._("You still have a parcel under way; after that I can forget you."))
        return None
    context.say(forgotten_said(words), alert=True)
    return Draft(context.person.id, answers={FAREWELL: words.language})


# -- prompts


async def privacy_prompt(screen: Screen) -> Message:
    """In plain words, with the two things one can do about it."""
    _ = screen.words._
    return screen.view(
        _(
            "🔏 <b>What I store about you</b>\n"
            "• your Telegram id, name and username, language and settings\n"
            "• your parcels: tower, locker, times, the other person, the note\n"
            "• where this conversation stands\n"
            "Codes are stored encrypted, and deleted once used or over. A location you share is"
            " kept until you leave the list of towers, and goes to nobody."
        ),
        (Button(_("📄 Show everything"), press(SHOW_ALL)),),
        (Button(_("🗑 Forget me"), press(ASK_FORGET)),),
    )


async def export_prompt(screen: Screen) -> Message:
    """The stored data itself, as JSON, page by page."""
    text = json.dumps(await _export(screen), ensure_ascii=False, indent=1, default=str)
    pieces = _pieces(text)
    page = min(number(screen.answers.get("page")), len(pieces) - 1)
    title = screen.words._("📄 Page {page} of {pages}", page=page + 1, pages=len(pieces))
    shown = f"{title}\n<pre>{html.escape(pieces[page])}</pre>"
    return screen.view(shown, screen.pages(page, page < len(pieces) - 1))


async def forget_prompt(screen: Screen) -> Message:
    """Asks, or says which parcel stands in the way."""
    _, person = screen.words._, screen.person.id
    live = await screen.sight.database.look(lambda tx: tx.deliveries_of(person, live=True))
    if live:
        lines = [_("🗑 <b>Not yet</b>"), _("These parcels of yours are under way:")]
        for tower_id, count in Counter(delivery.tower for delivery in live).items():
            tower = await screen.sight.towers.one(tower_id)
            times = f" × {count}" if count > 1 else ""
            lines.append(f"• {esc(tower.name if tower else tower_id)}{times}")
        lines.append(_("After that I can forget you."))
        return screen.view("\n".join(lines))
    text = _(
        "🗑 <b>Forget you?</b>\nYour name, settings and notes are deleted for good. Deliveries that"
        " are over stay, without names, as the lockers' record."
    )
    row: Row = (Button(_("Yes, forget me"), press(YES)),)
    return screen.view(text, row)


async def _export(screen: Screen) -> Mapping[str, Any]:
    person = screen.person

    async def look(tx: Transaction) -> Mapping[str, Any]:
        found = [
            *await tx.deliveries_of(person.id, live=True),
            *await tx.deliveries_of(person.id, live=False),
        ]
        return {
            "person": asdict(person),
            "conversation": {"errand": screen.draft.errand, "step": screen.draft.step},
            "deliveries": [_told(each, await tx.history(each.id), person.id) for each in found],
        }

    return await screen.sight.database.look(look)


def _told(delivery: Delivery, history: Sequence[HistoryEntry], me: PersonId) -> Mapping[str, Any]:
    known = {
        key: value
        for key, value in asdict(delivery).items()
        if value is not None and (key not in _OTHERS or value == me)
    }
    roles = sorted(role.value for role in delivery.roles_of(me))
    lines = [{"at": moment.at, "event": moment.event} for moment in history]
    return {**known, "you_are": roles, "history": lines}


def _pieces(text: str) -> list[str]:
    """Whole lines where that is possible, no piece longer than a page."""
    pieces: list[str] = []
    piece = ""
    for line in text.splitlines():
        for start_at in range(0, max(1, len(line)), _CUT):
            part = line[start_at : start_at + _CUT]
            if len(html.escape(piece)) + len(html.escape(part)) > _CUT:
                pieces, piece = [*pieces, piece], ""
            piece += part + "\n"
    return [*pieces, piece]


ERRAND = Errand(
    "privacy",
    entry_points=[CommandHandler("privacy", began)],
    states={
        PRIVACY: [
            tap(showed_all, SHOW_ALL),
            tap(asked_forget, ASK_FORGET),
            back_to(MENU, afresh=True),
        ],
        EXPORT: [pages(), back_to(PRIVACY)],
        FORGET: [tap(forgot, YES), back_to(PRIVACY)],
    },
    questions={PRIVACY: privacy_prompt, EXPORT: export_prompt, FORGET: forget_prompt},
)
