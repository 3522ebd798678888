"""Operators find any delivery: by a name, a code, a door, a tower or an id.

Guarantees: what opens a parcel's claim is kept in no draft: it leads to the delivery, or nowhere.
"""

from __future__ import annotations

import asyncio

from telegram import Update

from bot.domain.delivery import Delivery
from bot.domain.message import Message
from bot.domain.person import Draft
from bot.domain.search import LONGEST_QUERY, MOST_FOUND
from bot.ports.database import Transaction
from bot.usecases.find import Found, Secret, named, search
from handlers.conversation.context import Context
from handlers.conversation.navigation import start
from handlers.conversation.questions import PAGE, Row, Screen
from handlers.errands.operations.lists import FOUND, entry, opened
from wording.delivery_state import state_said
from wording.moments import moment
from wording.sanitize import capital, esc, esc_name

FIND = "ops/find"
TO_FIND = "find"

# -- steps


async def to_find(update: Update, context: Context) -> Draft:
    """What is looked for is about to be typed."""
    return start(context.draft, FIND)


async def typed(update: Update, context: Context) -> Draft:
    """Words that say what is looked for."""
    assert update.effective_message is not None
    return await looked_for(context, update.effective_message.text or "")


async def looked_for(context: Context, text: str) -> Draft:
    """The one delivery that `text` names, else the list of those of which its words are said."""
    meant = await named(context.act, text)
    if isinstance(meant, Secret):
        if meant.delivery is None:
            context.say(context.words._("No delivery at your towers goes by that code or link."))
            return start(context.draft, FIND)
        meant = meant.delivery
    if meant is not None:
        return opened(context.draft, meant.id)
    query = " ".join(text.split())[:LONGEST_QUERY]
    return start(context.draft, FOUND, query=query) if query else start(context.draft, FIND)


# -- prompts


async def find_prompt(screen: Screen) -> Message:
    """What can be typed."""
    _ = screen.words._
    return screen.view(
        _(
            "🔎 <b>Find a delivery</b>\nType a name, a @username, a claim code, a locker, a tower "
            "or the id of a delivery. /ops with any of it does the same."
        )
    )


async def found_prompt(screen: Screen) -> Message:
    """A page of what is found."""
    _, me, policy = screen.words._, screen.person.id, screen.sight.policy
    query = str(screen.answers.get("query") or "")

    async def look(tx: Transaction) -> Found:
        return await search(tx, me, policy, query)

    found = await screen.sight.database.look(look)
    page, ids, more = screen.page_of(found.deliveries)
    deliveries = await screen.sight.database.look(lambda tx: tx.deliveries_with(ids))
    lines = [_title(screen, found), _("“{text}”", text=esc(query, LONGEST_QUERY))]
    if found.crowd:
        lines.append(
            _(
                "Many people go by that name: what of theirs is over is left out. Write more of the"
                " name to see it."
            )
        )
    if found.latest:
        lines.append(
            _(
                "Very many parcels have these words in their names: of those that are over, only "
                "the latest were searched."
            )
        )
    names, rows = await screen.towers_of(deliveries), list[Row]()
    for number, delivery in enumerate(deliveries, 1 + page * PAGE):
        lines.append(await _line(screen, number, delivery))
        rows.append(entry(screen.words, delivery, names, str(number)))
    return screen.view("\n".join(lines), *rows, screen.pages(page, more))


def _title(screen: Screen, found: Found) -> str:
    _, count = screen.words._, len(found.deliveries)
    if found.more:
        return _(
            "🔎 <b>More than {count} deliveries found</b>\nThe latest of them are listed. Write "
            "more words to find fewer.",
            count=MOST_FOUND,
        )
    if not count:
        return _("🔎 <b>Nothing found</b>")
    return screen.words.n(
        "🔎 <b>One delivery found</b>", "🔎 <b>{count} deliveries found</b>", count
    )


async def _line(screen: Screen, number: int, delivery: Delivery) -> str:
    """Whose it is, where, since when it stands as it does."""
    words, database = screen.words, screen.sight.database
    sender, recipient, tower = await asyncio.gather(
        database.look(lambda tx: tx.person(delivery.sender)),
        database.look(lambda tx: tx.person(delivery.recipient or delivery.sender)),
        screen.sight.towers.one(delivery.tower),
    )
    somebody = words._("somebody")
    to = recipient.name if recipient and delivery.recipient else delivery.recipient_name
    people = (
        f"{esc_name(sender.name if sender else None) or capital(somebody)} → "
        f"{esc_name(to) or somebody}"
    )
    changed = delivery.changed_at
    when = moment(words, changed, tower, now=screen.now) if changed else ""
    state = state_said(words, delivery.state)
    called = esc_name(delivery.parcel_name)
    people = f"{called} · {people}" if called else people
    return f"{number}. {people} · {', '.join(filter(None, (state, when)))}"
