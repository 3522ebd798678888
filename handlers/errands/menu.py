"""Where everything begins: the menu, help that leads back, and the ways out.

Guarantees: help returns to the very question it was asked at; `/cancel` ends the present errand and
touches no parcel.
"""

from __future__ import annotations

from collections.abc import Mapping

from telegram import Update
from telegram.ext import CommandHandler

from bot.domain.lifecycle import State
from bot.domain.message import Button, Message, Place, press
from bot.domain.person import Draft
from bot.domain.practice import PRACTICE
from handlers.conversation.buttons import asked_help, back_from_aside, below, tap
from handlers.conversation.context import Context
from handlers.conversation.errand import Errand
from handlers.conversation.navigation import HELP, HOLDING, MENU, led_aside, resume, start
from handlers.conversation.questions import Row, Screen, Tap, back_said, help_said
from wording.business import told
from wording.cards.opening import openers_said
from wording.language import Words
from wording.practice import first_said
from wording.sanitize import esc

# -- steps


async def began(update: Update, context: Context) -> Draft:
    """`/start`, with or without a payload that nobody knows."""
    return start(context.draft, MENU)


async def cancelled(update: Update, context: Context) -> Draft:
    """Out of the present errand, whichever it is; out of practice, to where they were before."""
    _ = context.words._
    if context.draft.errand == PRACTICE and led_aside(context.draft):
        context.say(_("Practice is over. This is where you were; nothing was lost."))
        return resume(context.draft)
    if context.draft.errand in HOLDING or led_aside(context.draft):
        context.say(_("Back to the menu. Your parcels are unchanged."))
    else:
        context.say(_("There is nothing to cancel just now."))
    return start(context.draft, MENU)


# -- prompts


async def menu_prompt(screen: Screen) -> Message:
    """The first screen; whoever has sent before is offered the same again, a newcomer reads what
    to expect and is offered practice."""
    _, person = screen.words._, screen.person
    live = await screen.sight.database.glance(lambda tx: tx.deliveries_of(person.id, live=True))
    waiting = sum(d.collector == person.id and d.state is State.STORED for d in live)
    collect = _("🔑 Collect a parcel")
    rows: list[Row] = [
        await _again(screen),
        (Button(_("📦 Send a parcel"), press(Place.SEND)),),
        (Button(f"{collect} ({waiting})" if waiting else collect, press(Place.COLLECT)),),
        (Button(_("🗂 My parcels"), press(Place.PARCELS)),),
        (
            Button(_("⚙️ Settings"), press(Place.SETTINGS)),
            Button(help_said(screen.words), press(Place.HELP)),
        ),
    ]
    newcomer = person.last_tower is None and not live
    if newcomer:
        rows.insert(-1, (Button(first_said(screen.words), press(Place.PRACTICE)),))
    if screen.operator:
        rows.append((Button(_("🛠 Operations"), press(Place.OPERATE)),))
    html = _("📦 <b>Parcels through lockers</b>\nWhat would you like to do?")
    business = screen.sight.policy.business.name
    if newcomer:
        title, _line, asked = html.partition("\n")
        html = f"{title}\n{_expect(screen.words)}\n\n{asked}"
    said = f"{esc(business)}\n{html}" if business else html
    return Message(said, tuple(row for row in rows if row))


def _expect(words: Words) -> str:
    """What to expect, in two lines."""
    _ = words._
    send = _("<b>Send</b>: I find you a locker and tell you what becomes of the parcel.")
    collect = _(
        "<b>Collect</b>: I tell you when your parcel is in, and give you what opens the door."
    )
    return f"{send}\n{collect}"


async def _again(screen: Screen) -> Row:
    person, words = screen.person, screen.words
    if person.last_tower is None or person.last_size is None:
        return ()
    tower = await screen.sight.place(person.last_tower)
    if tower is None:
        return ()
    size = words.size(person.last_size)
    name = await screen.called(tower)
    text = words._("📦 Send again: {tower}, {size}", tower=name, size=size)
    return (Button(text, press(Tap.RESEND)),)


async def help_prompt(screen: Screen) -> Message:
    """How it works, and what can be done at the place they came from."""
    words = screen.words
    place = screen.answers.get("from") or {}
    now = _hints(words).get(str(place.get("errand")), "")
    general = words._(
        "❔ <b>How it works</b>\n"
        "<b>Send</b>: choose a tower and a size, and who collects. At the tower you get a locker "
        "and what opens it (see below). Put the parcel in and close the door.\n"
        "<b>Collect</b>: open the claim link or type the claim code you were sent. I'll tell you "
        "when the parcel is in the locker; at the tower you get what opens it."
    )
    stuck = words._("The door stays shut? Tap “It did not open” below the link or the code.")
    commands = "/send /collect /parcels /settings /practice /privacy /cancel"
    opening = "\n".join((*openers_said(words, screen.sight.policy), stuck))
    back = Button(back_said(words), press(Tap.BACK, screen.draft.step))
    row: Row = (back, Button(words._("🏠 Menu"), press(Place.MENU)))
    business = "\n".join(told(words, screen.sight.policy.business))
    parts = (now, general, opening, business, commands)
    return Message("\n\n".join(filter(None, parts)), (row,))


def _hints(words: Words) -> Mapping[str, str]:
    _ = words._
    return {
        "send": _("👉 You are sending a parcel. No locker is held before you ask for one."),
        "collect": _("👉 You are collecting. A claim code works once, for the first to use it."),
        "parcels": _("👉 Tap a parcel and I send its message again, below everything else."),
        "settings": _("👉 Tap a setting to change it; it counts at once."),
        PRACTICE: _("👉 You are practising. Nothing of it is real, so nothing can go wrong."),
    }


ERRAND = Errand(
    "menu",
    entry_points=[
        CommandHandler("start", began),
        CommandHandler("help", asked_help),
        CommandHandler("cancel", cancelled),
        tap(below(began), Place.MENU),
        tap(below(asked_help), Place.HELP),
    ],
    states={MENU: [], HELP: [back_from_aside()]},
    questions={MENU: menu_prompt, HELP: help_prompt},
)
