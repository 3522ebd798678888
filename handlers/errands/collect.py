"""The errand of a recipient: what waits for them, and the claim code they were given.

Guarantees: a code or a link binds once; after a wrong code it is said how many tries are left,
after too many when the next one is read. A link is read in whatever is written, a code wherever no
other words are asked for; where it may have been a search, a miss is one.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from telegram import Message as Received
from telegram import MessageEntity, Update
from telegram.ext import CommandHandler, filters

from bot.domain.actions import Action
from bot.domain.card import delivery_subject
from bot.domain.claims import read_claim
from bot.domain.delivery import Delivery
from bot.domain.lifecycle import LIVE, State
from bot.domain.message import Button, Message, Place, press, press_on
from bot.domain.person import NO_QUESTION, Draft
from bot.domain.practice import PRACTICE, Stage
from bot.usecases.collect import (
    Claimed,
    KeptForAnother,
    NotYet,
    Own,
    Wait,
    Wrong,
    claim_by_chance,
    claim_by_code,
    claim_by_link,
    claim_own,
)
from handlers.conversation.buttons import back_from_aside, back_to, below, pages, tap, text
from handlers.conversation.confirmations import overtaken, which
from handlers.conversation.context import Context
from handlers.conversation.deliveries import about
from handlers.conversation.dialogue import ReadsEdits, state_of
from handlers.conversation.errand import Errand
from handlers.conversation.navigation import (
    ASK,
    HELP,
    MENU,
    NOTHING,
    PARCELS,
    aside,
    go,
    resume,
    start,
)
from handlers.conversation.questions import Row, Screen, Tap
from wording.language import Words
from wording.sanitize import NAME, esc, plain
from wording.tower_names import esc_tower

WAITING, CODE, OWN = "collect/list", "collect/code", f"{ASK}/own"
TYPE_CODE, YES_OWN = "claim", "own_ok"

_SEARCHES = {"send/tower": "send/tower", "send/near": "send/tower", PARCELS: PARCELS}
"""Where a tower or a parcel is looked for by words, and where what is found is listed; these places
are other errands'."""
_QUERY = 60
_ANYWHERE = (MENU, NOTHING, *(f"{PRACTICE}/{stage.value}" for stage in Stage))
"""Where no words are asked for at all."""
_VISITS = 2
"""So many towers at most have a button for all that waits there."""
_LINKS_ONLY = (
    HELP,
    *("send/size", "send/who", "send/person", "send/review"),
    *("settings/settings", "privacy/privacy", f"{ASK}/{Action.PHOTO.value}"),
)
"""Where words mean something else, or nothing, but a link is a link."""


class _HoldsClaim(filters.MessageFilter):
    """Messages with a claim in them: text, caption, or what a word is linked to."""

    def __init__(self, *, asked: bool = False, links_only: bool = False) -> None:
        super().__init__()
        self._asked, self._links_only = asked, links_only

    def filter(self, message: Received) -> bool:
        """PTB's question."""
        written = read_claim(_words(message), asked=self._asked)
        return written is not None and (written.link is not None or not self._links_only)


def _words(message: Received | None) -> str:
    if message is None:
        return ""
    entities = (*message.entities, *message.caption_entities)
    hidden = [e.url for e in entities if e.type == MessageEntity.TEXT_LINK and e.url]
    return " ".join([message.text or message.caption or "", *hidden])


# -- steps


async def began(update: Update, context: Context) -> Draft:
    """What waits for them, else the code; a code behind the command is read at once."""
    if context.args:
        return await _claimed(
            context, await claim_by_code(context.act, context.person, " ".join(context.args))
        )
    return await _whatever_waits(context)


async def asked_code(update: Update, context: Context) -> Draft:
    """A code is about to be typed."""
    return start(context.draft, CODE)


async def typed_code(update: Update, context: Context) -> Draft:
    """Whatever is typed here is meant as a code."""
    typed = _words(update.effective_message)
    return await _claimed(context, await claim_by_code(context.act, context.person, typed))


async def typed_anywhere(update: Update, context: Context) -> Draft | None:
    """A claim stands in what was written where no words were asked for."""
    claimed = await _by_chance(update, context)
    if claimed is not None:
        return await _claimed(context, claimed)
    _refuse(context, Wrong())
    return start(context.draft, MENU) if context.draft.errand == NO_QUESTION else None


async def typed_in_search(update: Update, context: Context) -> Draft:
    """The same where something is looked for: what is nobody's claim is what they look for."""
    claimed = await _by_chance(update, context)
    if claimed is not None:
        return await _claimed(context, claimed)
    query = _words(update.effective_message).strip()[:_QUERY]
    where = _SEARCHES[state_of(context.draft)]
    return go(context.draft, where, query=query or None, page=None)


async def _by_chance(update: Update, context: Context) -> Claimed | Wait | None:
    written = read_claim(_words(update.effective_message))
    assert written is not None, "the filter has found one"
    return await claim_by_chance(context.act, context.person, written)


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
        _refuse(context, claimed)
    return place


async def _claimed(context: Context, claimed: Claimed | Wait) -> Draft:
    """Their card, a question, or why not; a booking that was under way is still where it was, and
    so is practice."""
    under_way = context.draft.errand in ("send", PRACTICE)
    if isinstance(claimed, Own):
        return aside(context.draft, OWN, delivery=claimed.delivery)
    if isinstance(claimed, Delivery):
        await context.mark(delivery_subject(claimed.id), ring=True)
        return context.draft if under_way else start(context.draft, NOTHING)
    _refuse(context, claimed)
    return context.draft if under_way else await _whatever_waits(context)


def _refuse(context: Context, refused: KeptForAnother | NotYet | Wrong | Wait) -> None:
    until = refused.until if isinstance(refused, Wait) else None
    context.say(_why_not(context.words, refused), until=until)


def _why_not(words: Words, refused: KeptForAnother | NotYet | Wrong | Wait) -> str:
    if isinstance(refused, KeptForAnother):
        return words._(
            "That parcel is kept for somebody who was picked for it, and its link works for nobody "
            "else. If you are to collect it, ask whoever sent you the link."
        )
    if isinstance(refused, NotYet):
        return words._(
            "That parcel has no locker yet. Keep the link: it works once the sender has one."
        )
    if isinstance(refused, Wait):
        return words._("Too many wrong codes. Nothing is lost; wait a while, then try again.")
    gone = words._("That code or link is not valid (any more). Please check it.")
    if refused.left is None:
        return gone
    left = words.n(
        "One more try, then you have to wait.",
        "{count} more tries, then you have to wait.",
        refused.left,
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
    names = await screen.towers_of(theirs, NAME)
    lines, rows = [_("🔑 <b>Your parcels to collect</b>")], list[Row]()
    ready = [delivery for delivery in theirs if delivery.state is State.STORED]
    for _tower, waiting in groupby(ready, key=lambda delivery: delivery.tower):
        there = list(waiting)
        name = names.get(there[0].id, "")
        lines.append(_visit(screen.words, name, there))
        if len(there) > 1 and len(rows) < _VISITS:
            rows.append((_all_there(screen.words, name, there),))
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
        label = _label(screen.words, names.get(delivery.id, ""), delivery)
        rows.append((Button(label, press_on(Tap.SHOW, delivery)),))
    rows += [screen.pages(page, more), (Button(_("⌨️ Type a claim code"), press(TYPE_CODE)),)]
    return screen.view("\n".join(lines), *rows)


def _visit(words: Words, tower: str, there: list[Delivery]) -> str:
    doors = dict.fromkeys(plain(delivery.locker_name) for delivery in there)
    return words.n(
        "📍 <b>{tower}</b>: locker {doors}",
        "📍 <b>{tower}</b>, one visit: lockers {doors}",
        len(doors),
        tower=esc_tower(tower),
        doors=esc(", ".join(doors), 200),
    )


def _all_there(words: Words, tower: str, there: list[Delivery]) -> Button:
    """All of one tower, one after the other."""
    said = words._("📦 {tower} · collect all {count}", tower=tower, count=len(there))
    return Button(said, press_on(Action.COLLECT_ALL, there[0]))


def _label(words: Words, tower: str, delivery: Delivery) -> str:
    if delivery.state is State.STORED:
        door = plain(delivery.locker_name)
        return words._("📦 {tower} · locker {door}", tower=tower, door=door)
    return words._("⏳ {tower} · on its way", tower=tower)


async def code_prompt(screen: Screen) -> Message:
    """The code, as it was forwarded to them."""
    _ = screen.words._
    return screen.view(
        _(
            "🔑 <b>Type the claim code</b>\nLetters and digits in groups of four, like"
            " <code>K7QF-2M9X</code>. If you were sent a link, tap that instead."
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
            back_to(MENU, afresh=True),
            ReadsEdits(_HoldsClaim(), typed_anywhere),
        ],
        CODE: [
            ReadsEdits(_HoldsClaim(asked=True), typed_code),
            text(typed_code),
            back_to(MENU, afresh=True),
        ],
        OWN: [tap(took_own, YES_OWN), back_from_aside()],
        **{place: [ReadsEdits(_HoldsClaim(), typed_anywhere)] for place in _ANYWHERE},
        **{place: [ReadsEdits(_HoldsClaim(), typed_in_search)] for place in _SEARCHES},
        **{
            place: [ReadsEdits(_HoldsClaim(links_only=True), typed_anywhere)]
            for place in _LINKS_ONLY
        },
    },
    questions={WAITING: waiting_prompt, CODE: code_prompt, OWN: own_prompt},
)
