"""A person's own parcels: what is under way first, then history, page by page; what is typed finds
some of them.

Guarantees: tapping one sends its card again at the bottom of the chat, whatever became of the old
one; nobody sees a parcel they have nothing to do with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from telegram import Update
from telegram.ext import CommandHandler

from bot.domain.delivery import Delivery
from bot.domain.ids import PersonId, in_browser
from bot.domain.lifecycle import LIVE
from bot.domain.message import Button, Message, Place, press, press_on
from bot.domain.person import Draft, Person
from bot.domain.search import LONGEST_QUERY
from bot.usecases.find_own import search_own
from handlers.conversation.buttons import back_to, below, on_card, pages, tap, text
from handlers.conversation.context import Context
from handlers.conversation.deliveries import showed
from handlers.conversation.errand import Errand
from handlers.conversation.navigation import MENU, PARCELS, start
from handlers.conversation.questions import PAGE, Row, Screen, Tap, number, words_typed
from wording.cards.wait import stop_button, wait_line
from wording.delivery_state import state_said
from wording.sanitize import esc, plain, plain_name

# -- steps


async def looked_for(update: Update, context: Context) -> Draft | None:
    """What was typed is looked for among them, afresh."""
    query = words_typed(update)[:LONGEST_QUERY]
    return start(context.draft, PARCELS, query=query) if query else None


async def began(update: Update, context: Context) -> Draft:
    """The first page."""
    return start(context.draft, PARCELS)


# -- prompts


async def list_prompt(screen: Screen) -> Message:
    """Live ones, the latest change first, then those that have ended."""
    query = screen.answers.get("query")
    if isinstance(query, str) and query:
        return await _found_prompt(screen, query)
    _, person = screen.words._, screen.person.id
    page = number(screen.answers.get("page"))
    live = await screen.sight.database.look(lambda tx: tx.deliveries_of(person, live=True))
    reach = (page + 1) * PAGE + 1
    ended = await screen.sight.database.look(
        lambda tx: tx.deliveries_of(person, live=False, limit=reach)
    )
    page, entries, more = screen.page_of([*live, *ended])
    lines = [_("🗂 <b>Your parcels</b>")]
    if live:
        lines.append(screen.words.n("{count} under way", "{count} under way", len(live)))
    elif not entries:
        lines.append(_("None yet. The first one takes a minute:"))
    if entries:
        lines.append(_("To find one, type its name, a person, a tower or a door."))
    rows = await _rows(screen, entries)
    waits = await screen.sight.database.glance(lambda tx: tx.waits_of(person))
    if waits:
        lines += ["", _("🔔 <b>You wait for a locker</b>")]
    towers = (await screen.sight.towers.all()).value if waits else []
    for wait in waits:
        tower = await screen.sight.waiting_at(wait)
        lines.append(wait_line(screen.words, wait, tower, towers, screen.now))
        rows.append((stop_button(screen.words, wait, tower, towers),))
    first = () if entries else (Button(_("📦 Send a parcel"), press(Place.SEND)),)
    return screen.view("\n".join(lines), *rows, screen.pages(page, more), first)


async def _found_prompt(screen: Screen, query: str) -> Message:
    """A page of what is found, and the way back to all of them."""
    _, person = screen.words._, screen.person.id
    found = await screen.sight.database.look(lambda tx: search_own(tx, person, query))
    page, entries, more = screen.page_of(found)
    title = _("🗂 <b>Your parcels</b>") if found else _("🔎 <b>Nothing found</b>")
    lines = [title, _("“{text}”", text=esc(query, LONGEST_QUERY))]
    rows = await _rows(screen, entries)
    every = (Button(_("🗂 My parcels"), press(Place.PARCELS)),)
    return screen.view("\n".join(lines), *rows, screen.pages(page, more), every)


async def _rows(screen: Screen, entries: Sequence[Delivery]) -> list[Row]:
    names = await screen.towers_of(entries)
    labels = [await _label(screen, each, names.get(each.id, "")) for each in entries]
    return [
        (Button(label, press_on(Tap.SHOW, delivery)),)
        for delivery, label in zip(entries, labels, strict=True)
    ]


async def _label(screen: Screen, delivery: Delivery, tower: str) -> str:
    words = screen.words
    ids = [who for who in (delivery.sender, delivery.recipient) if who is not None]
    people = {who: await _person(screen, who) for who in ids}
    return " · ".join(
        filter(
            None,
            (
                plain_name(delivery.parcel_name, 24),
                _whose(screen, delivery, people),
                tower,
                plain(delivery.locker_name, 8) if delivery.state in LIVE else "",
                state_said(words, delivery.state),
            ),
        )
    )


async def _person(screen: Screen, person: PersonId) -> Person | None:
    return await screen.sight.database.look(lambda tx: tx.person(person))


def _whose(screen: Screen, delivery: Delivery, people: Mapping[PersonId, Person | None]) -> str:
    """An arrow out and the recipient, or an arrow in and the sender."""
    me = screen.person.id
    if delivery.sender != me:
        sender = people.get(delivery.sender)
        return f"📥 {plain_name(sender.name if sender else None, 20) or '—'}"
    if delivery.recipient == me:
        return "🙋"
    if delivery.recipient is not None and in_browser(delivery.recipient):
        return "📤 🌐"
    known = people.get(delivery.recipient) if delivery.recipient else None
    return f"📤 {plain_name(known.name if known else delivery.recipient_name, 20) or '🔗'}"


ERRAND = Errand(
    "parcels",
    entry_points=[
        CommandHandler("parcels", began),
        tap(below(began), Place.PARCELS),
        on_card(showed, Tap.SHOW),
    ],
    states={PARCELS: [pages(), text(looked_for), back_to(MENU, afresh=True)]},
    questions={PARCELS: list_prompt},
)
