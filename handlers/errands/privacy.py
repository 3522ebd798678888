"""What is stored about a person: said, sent as a file, and forgotten on request.

Guarantees: nobody is forgotten while a parcel of theirs is under way.
"""

from __future__ import annotations

from collections import Counter

from telegram import Update
from telegram.ext import CommandHandler

from bot.domain.message import Button, Message, press
from bot.domain.person import Draft
from bot.usecases.forget import forget
from handlers.conversation.buttons import back_to, tap
from handlers.conversation.context import Context
from handlers.conversation.errand import Errand
from handlers.conversation.export import EXPORT
from handlers.conversation.farewell import FAREWELL, forgotten_said
from handlers.conversation.navigation import MENU, go, start
from handlers.conversation.questions import Row, Screen
from wording.business import told_of_privacy
from wording.sanitize import NAME
from wording.tower_names import esc_tower

PRIVACY, FORGET = "privacy/privacy", "privacy/forget"
SHOW_ALL, ASK_FORGET, YES = "export", "forget", "forget_ok"


# -- steps


async def began(update: Update, context: Context) -> Draft:
    """What is stored."""
    return start(context.draft, PRIVACY)


async def showed_all(update: Update, context: Context) -> None:
    """The file comes below everything else; the question stays."""
    await context.mark(EXPORT, ring=True)
    context.keep_screen()


async def asked_forget(update: Update, context: Context) -> Draft:
    """Forget me?"""
    return go(context.draft, FORGET)


async def forgot(update: Update, context: Context) -> Draft | None:
    """Forgotten, unless a parcel is under way: then how things stand is said again.

    One last message stays in the chat; only the language that it speaks is kept with it.
    """
    words = context.words
    if not await forget(context.act):
        context.say(words._("You still have a parcel under way; after that I can forget you."))
        return None
    context.say(forgotten_said(words), alert=True)
    return Draft(context.person.id, answers={FAREWELL: words.language})


# -- prompts


async def privacy_prompt(screen: Screen) -> Message:
    """In plain words, with the two things one can do about it."""
    _ = screen.words._
    stored = _(
        "🔏 <b>What I store about you</b>\n"
        "• your Telegram id, name and username, language, settings, the tower and size you chose "
        "last, and whom you have refused\n"
        "• your parcels: tower, locker, times, the other person, the note, the parcel's name and"
        " Telegram's id of a photo you add\n"
        "• where this conversation stands, and which lockers you wait for\n"
        "Codes are stored encrypted, and deleted once used or over. A location you share is"
        " kept until you leave the list of towers, and goes to nobody. The id of a photo is kept"
        " until you remove the photo, or the parcel is out and its time to collect has passed;"
        " while I ask which parcel it is of, until you answer or leave that question."
    )
    business = told_of_privacy(screen.words, screen.sight.policy.business)
    return screen.view(
        "\n".join([stored, *business]),
        (Button(_("📄 Show everything"), press(SHOW_ALL)),),
        (Button(_("🗑 Forget me"), press(ASK_FORGET)),),
    )


async def forget_prompt(screen: Screen) -> Message:
    """Asks, or says which parcel stands in the way."""
    _, person = screen.words._, screen.person.id
    live = await screen.sight.database.look(lambda tx: tx.deliveries_of(person, live=True))
    if live:
        lines = [_("🗑 <b>Not yet</b>"), _("These parcels of yours are under way:")]
        names = await screen.towers_of(live, NAME)
        there = Counter(names.get(delivery.id, delivery.tower) for delivery in live)
        for tower, count in there.items():
            times = f" × {count}" if count > 1 else ""
            lines.append(f"• {esc_tower(tower)}{times}")
        lines.append(_("After that I can forget you."))
        return screen.view("\n".join(lines))
    text = _(
        "🗑 <b>Forget you?</b>\nYour name, settings and notes are deleted for good. Deliveries that"
        " are over stay, without names, as the lockers' record."
    )
    row: Row = (Button(_("Yes, forget me"), press(YES)),)
    return screen.view(text, row)


ERRAND = Errand(
    "privacy",
    entry_points=[CommandHandler("privacy", began)],
    states={
        PRIVACY: [
            tap(showed_all, SHOW_ALL),
            tap(asked_forget, ASK_FORGET),
            back_to(MENU, afresh=True),
        ],
        FORGET: [tap(forgot, YES), back_to(PRIVACY)],
    },
    questions={PRIVACY: privacy_prompt, FORGET: forget_prompt},
)
