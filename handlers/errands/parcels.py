"""A person's own parcels: what is under way first, then history, page by page.

Guarantees: tapping one sends its card again at the bottom of the chat, whatever became of the old
one; nobody sees a parcel they have nothing to do with.
"""

from __future__ import annotations

from collections.abc import Mapping

from telegram import Update

from bot.domain.card import delivery_subject
from bot.domain.delivery import Delivery, Role
from bot.domain.ids import PersonId
from bot.domain.lifecycle import LIVE
from bot.domain.message import Button, Message, Place, press, press_on
from bot.domain.person import Draft, Person
from handlers.conversation.context import Context
from handlers.conversation.navigation import start
from handlers.conversation.questions import PAGE, Screen, number
from handlers.errands.collect import SHOW
from handlers.errands.parcel.acting import looked_up
from wording.delivery_state import state_said
from wording.sanitize import plain

LIST = "parcels/list"
_MOST_LIVE = 100


# -- steps


async def began(update: Update, context: Context) -> Draft:
    """The first page."""
    return start(context.draft, LIST)


async def showed(update: Update, context: Context) -> None:
    """A parcel of the list: its card comes anew, below everything else."""
    context.keep_screen()
    delivery = await looked_up(update, context, frozenset(Role), as_seen=False)
    if delivery is not None:
        await context.mark(delivery_subject(delivery.id), ring=True)


# -- prompts


async def list_prompt(screen: Screen) -> Message:
    """Live ones, the latest change first, then those that have ended."""
    _, person = screen.words._, screen.person.id
    page = number(screen.answers.get("page"))
    live = await screen.sight.database.look(
        lambda tx: tx.deliveries_of(person, live=True, limit=_MOST_LIVE)
    )
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
    rows = [
        (Button(await _label(screen, delivery), press_on(SHOW, delivery)),) for delivery in entries
    ]
    first = () if entries else (Button(_("📦 Send a parcel"), press(Place.SEND)),)
    return screen.view("\n".join(lines), *rows, screen.pages(page, more), first)


async def _label(screen: Screen, delivery: Delivery) -> str:
    words = screen.words
    tower = await screen.sight.towers.one(delivery.tower)
    ids = [who for who in (delivery.sender, delivery.recipient) if who is not None]
    people = {who: await _person(screen, who) for who in ids}
    return " · ".join(
        filter(
            None,
            (
                _whose(screen, delivery, people),
                plain(tower.name if tower else None, 24),
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
        return f"📥 {plain(sender.name if sender else None, 20) or '—'}"
    if delivery.recipient == me:
        return "🙋"
    known = people.get(delivery.recipient) if delivery.recipient else None
    return f"📤 {plain(known.name if known else delivery.recipient_name, 20) or '🔗'}"
