"""The errand of a recipient: what waits for them, and the claim code they were given.

Guarantees: a code or a link binds once; after a wrong one it is said how many tries are left, after
too many when the next one is read.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from telegram import Update
from telegram.ext import CommandHandler, filters

from bot.domain.card import delivery_subject
from bot.domain.claims import read_claim_code
from bot.domain.delivery import Delivery
from bot.domain.ids import TowerId
from bot.domain.lifecycle import LIVE, State
from bot.domain.message import Button, Message, Place, press, press_on
from bot.domain.person import Draft
from bot.usecases.collect import (
    FREE_TRIES,
    Claimed,
    NotYet,
    Own,
    Wait,
    Wrong,
    claim_by_code,
    claim_by_link,
    claim_own,
)
from handlers.conversation.buttons import back_from_aside, back_to, below, pages, tap, text
from handlers.conversation.confirmations import overtaken, which
from handlers.conversation.context import Context
from handlers.conversation.deliveries import about
from handlers.conversation.errand import Errand
from handlers.conversation.navigation import (
    ASK,
    MENU,
    NOTHING,
    PARCELS,
    aside,
    resume,
    start,
)
from handlers.conversation.questions import Row, Screen, Tap
from wording.language import speak
from wording.sanitize import esc, plain

WAITING, CODE, OWN = "collect/list", "collect/code", f"{ASK}/own"
TYPE_CODE, YES_OWN = "claim", "own_ok"


# -- steps


async def began(update: Update, context: Context) -> Draft:
    """What waits for them, else the code; a code behind the command is read at once."""
    if context.args:
        return await _claimed(
            context, await claim_by_code(context.act, context.person, _typed(context))
        )
    return await _whatever_waits(context)


def _typed(context: Context) -> str:
    return "".join(context.args or ())[:100]


async def asked_code(update: Update, context: Context) -> Draft:
    """A code is about to be typed."""
    return start(context.draft, CODE)


async def typed_code(update: Update, context: Context) -> Draft:
    """Whatever is typed here is meant as a code."""
    assert update.effective_message is not None
    typed = (update.effective_message.text or "")[:100]
    return await _claimed(context, await claim_by_code(context.act, context.person, typed))


async def typed_anywhere(update: Update, context: Context) -> Draft | None:
    """Typed where no words were asked for: read if it looks like a code."""
    assert update.effective_message is not None
    if read_claim_code((update.effective_message.text or "")[:100]) is None:
        return None
    return await typed_code(update, context)


async def followed_link(update: Update, context: Context) -> Draft:
    """`/start c_…`: a claim link."""
    payload = (context.args or [""])[0]
    return await _claimed(context, await claim_by_link(context.act, context.person, payload))


async def took_own(update: Update, context: Context) -> Draft:
    """Yes: the sender (or whoever was to forward it) collects; link and code are used up."""
    claimed = await claim_own(context.act, context.person, about(context.draft))
    place = resume(context.draft)
    if isinstance(claimed, Delivery):
        await context.mark(delivery_subject(claimed.id), ring=True)
    else:
        context.say(await _why_not(context, claimed))
    return place


async def _claimed(context: Context, claimed: Claimed | Wait) -> Draft:
    """Their card, a question, or why not; a booking that was under way is still where it was."""
    booking = context.draft.errand == "send"
    if isinstance(claimed, Own):
        return aside(context.draft, OWN, delivery=claimed.delivery)
    if isinstance(claimed, Delivery):
        await context.mark(delivery_subject(claimed.id), ring=True)
        return context.draft if booking else start(context.draft, NOTHING)
    context.say(await _why_not(context, claimed))
    return context.draft if booking else await _whatever_waits(context)


async def _why_not(context: Context, refused: NotYet | Wrong | Wait) -> str:
    words = speak(context.person.language, context.wiring.locale)
    if isinstance(refused, NotYet):
        return words._(
            "That parcel has no locker yet. Keep the link: it works once the sender has one."
        )
    if isinstance(refused, Wait):
        return words._(
            "Too many wrong codes. Nothing is lost; I read the next one in {span}.",
            span=words.span(refused.until - context.now),
        )
    gone = words._("That code or link is not valid (any more). Please check it.")
    tries, _ = await context.tx.wrong_tries(context.person.id)
    if not tries:  # a link: those are not counted
        return gone
    left = words.n(
        "One more try, then I pause.",
        "{count} more tries, then I pause.",
        max(1, FREE_TRIES - tries),
    )
    return f"{gone} {left}"


async def _whatever_waits(context: Context) -> Draft:
    waiting = await context.tx.deliveries_of(context.person.id, live=True)
    return start(context.draft, WAITING if any(_theirs(context.person.id, waiting)) else CODE)


def _theirs(person: int, deliveries: Iterable[Delivery]) -> list[Delivery]:
    """Those that `person` is to collect."""
    return [delivery for delivery in deliveries if delivery.collector == person]


# -- prompts


async def waiting_prompt(screen: Screen) -> Message:
    """What waits, tower by tower: several doors of one tower are one visit."""
    _, person = screen.words._, screen.person.id
    live = await screen.sight.database.look(lambda tx: tx.deliveries_of(person, live=True))
    theirs = sorted(_theirs(person, live), key=lambda d: (d.state is not State.STORED, d.tower))
    lines, rows = [_("🔑 <b>Your parcels to collect</b>")], list[Row]()
    ready = [delivery for delivery in theirs if delivery.state is State.STORED]
    for tower, there in groupby(ready, key=lambda delivery: delivery.tower):
        lines.append(await _visit(screen, tower, list(there)))
    if coming := len(theirs) - len(ready):
        lines.append(
            screen.words.n(
                "⏳ One more is on its way.", "⏳ {count} more are on their way.", coming
            )
            if ready
            else screen.words.n("⏳ One is on its way.", "⏳ {count} are on their way.", coming)
        )
    if not theirs:
        lines.append(_("You have nothing to collect at the moment."))
    page, entries, more = screen.page_of(theirs)
    for delivery in entries:
        rows.append((Button(await _label(screen, delivery), press_on(Tap.SHOW, delivery)),))
    rows += [screen.pages(page, more), (Button(_("⌨️ Type a claim code"), press(TYPE_CODE)),)]
    return screen.view("\n".join(lines), *rows)


async def _visit(screen: Screen, tower: TowerId, there: list[Delivery]) -> str:
    words, found = screen.words, await screen.sight.towers.one(tower)
    doors = dict.fromkeys(plain(delivery.locker_name) for delivery in there)
    return words.n(
        "📍 <b>{tower}</b>: door {doors}",
        "📍 <b>{tower}</b>, one visit: doors {doors}",
        len(doors),
        tower=esc(found.name if found else None),
        doors=esc(", ".join(doors), 200),
    )


async def _label(screen: Screen, delivery: Delivery) -> str:
    _, found = screen.words._, await screen.sight.towers.one(delivery.tower)
    name = plain(found.name if found else None)
    if delivery.state is State.STORED:
        return _("📦 {tower} · door {door}", tower=name, door=plain(delivery.locker_name))
    return _("⏳ {tower} · on its way", tower=name)


async def code_prompt(screen: Screen) -> Message:
    """The code, as it was forwarded to them."""
    _ = screen.words._
    return screen.view(
        _(
            "🔑 <b>Type the claim code</b>\nEight letters and digits, like <code>K7QF-2M9X</code>."
            " If you were sent a link, tap that instead."
        )
    )


async def own_prompt(screen: Screen) -> Message:
    """Their own parcel's link, or code: is it really they who collect?"""
    _, delivery = screen.words._, await screen.delivery()
    if delivery is None or delivery.state not in LIVE:
        return overtaken(screen)
    lines = [
        _("🙋 <b>That is your own parcel's link. Collect it yourself?</b>"),
        await which(screen, delivery),
        _("Nobody else can use the link or the code after that."),
    ]
    return screen.view("\n".join(lines), (Button(_("Yes, I collect it"), press(YES_OWN)),))


ERRAND = Errand(
    "collect",
    entry_points=[
        CommandHandler("start", followed_link, filters.Regex(r"^/start\S* c_\S")),
        CommandHandler("collect", began),
        tap(below(began), Place.COLLECT),
    ],
    states={
        WAITING: [
            tap(asked_code, TYPE_CODE),
            pages(),
            text(typed_anywhere),
            back_to(MENU, afresh=True),
        ],
        CODE: [text(typed_code), back_to(MENU, afresh=True)],
        OWN: [tap(took_own, YES_OWN), back_from_aside()],
        # Where no words are asked for, a claim code is read as one.
        **{place: [text(typed_anywhere)] for place in (MENU, NOTHING, PARCELS)},
    },
    questions={WAITING: waiting_prompt, CODE: code_prompt, OWN: own_prompt},
)
