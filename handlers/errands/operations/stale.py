"""Deliveries that take up a locker for longer than they should, and acts on all of them at once.

Guarantees: what is done to many asks once more, names each of them, and is done to no other and to
none that has changed since; each has it in its history.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from telegram import Update

from bot.domain.actions import Action, permitted
from bot.domain.delivery import MAX_NOTE, Delivery
from bot.domain.ids import DeliveryId
from bot.domain.message import Button, Message, press
from bot.domain.oversight import Stale, is_stale
from bot.domain.person import Draft
from bot.usecases.actor import Actor
from bot.usecases.bulk import MOST_AT_ONCE, Seen, each, stale
from bot.usecases.operate import hold, message_everybody, release
from bot.usecases.oversight import deliveries_at_harbor
from handlers.conversation.confirmations import REASON, reason_asked, reason_of
from handlers.conversation.context import Context
from handlers.conversation.navigation import go, start
from handlers.conversation.questions import Row, Screen, words_typed
from handlers.errands.operations.lists import STALE, listed, tabs
from wording.language import Words
from wording.sanitize import esc
from wording.tower_names import esc_tower

BULK = "ops/all"
TO_STALE, WHY, ALL, YES_ALL = "stale", "why", "all", "all_ok"
_ABOUT, _DO = "about", "do"


@dataclass(frozen=True, slots=True)
class Bulk:
    """An act on many: the action by which each is checked, what does it, and what is asked."""

    action: Action
    use_case: Callable[[Actor, Delivery, str], Awaitable[object]]
    offers: Callable[[Words, int], str]
    asks: Callable[[Words, int], str]
    yes: Callable[[Words], str]
    needs_words: bool = False


BULKS: Mapping[str, Bulk] = {
    Action.HOLD: Bulk(
        Action.HOLD_OK,
        hold,
        lambda words, count: words._("⏳ Let all wait longer ({count})", count=count),
        lambda words, count: words.n(
            "⏳ <b>Let one parcel wait longer?</b>",
            "⏳ <b>Let {count} parcels wait longer?</b>",
            count,
        ),
        lambda words: words._("Yes, let it wait"),
    ),
    Action.RELEASE: Bulk(
        Action.RELEASE_OK,
        release,
        lambda words, count: words._("🔓 Release all ({count})", count=count),
        lambda words, count: words.n(
            "🔓 <b>Release one locker?</b>", "🔓 <b>Release {count} lockers?</b>", count
        ),
        lambda words: words._("Yes, release"),
    ),
    Action.WRITE: Bulk(
        Action.WRITE,
        message_everybody,
        lambda words, count: words._("📣 Message all ({count})", count=count),
        lambda words, count: words.n(
            "📣 <b>What should the people of one delivery read?</b>",
            "📣 <b>What should the people of {count} deliveries read?</b>",
            count,
        ),
        lambda words: words._("Yes, send it"),
        needs_words=True,
    ),
}
"""By what the button says."""


# -- steps


async def to_stale(update: Update, context: Context) -> Draft:
    """What is overdue first."""
    return start(context.draft, STALE)


async def chose(update: Update, context: Context) -> Draft | None:
    """Those that are stale for another reason."""
    assert context.press is not None
    why = context.press.arg
    return go(context.draft, STALE, why=why, page=None) if why in list(Stale) else None


async def asked(update: Update, context: Context) -> Draft | None:
    """One act on all of them: which those are is written down with the question."""
    assert context.press is not None
    bulk = BULKS.get(context.press.arg or "")
    if bulk is None:
        return None
    found = await stale(context.act, _why(context.draft.answers.get(WHY)), bulk.action)
    seen = [[delivery.id, delivery.revision] for delivery in found[:MOST_AT_ONCE]]
    answers = {_DO: context.press.arg, _ABOUT: seen, REASON: None}
    return go(context.draft, BULK, more=len(found) > len(seen), **answers)


async def wrote(update: Update, context: Context) -> Draft:
    """Why, or what they are to read: shown with the question, and passed on with the "yes"."""
    return go(context.draft, BULK, **{REASON: words_typed(update)[:MAX_NOTE]})


async def did(update: Update, context: Context) -> Draft:
    """Yes: to all that stand as they were seen."""
    bulk, words = BULKS[str(context.draft.answers.get(_DO))], context.words
    reason = reason_of(context.draft.answers)
    if bulk.needs_words and not reason:
        return context.draft
    seen = _seen(context.draft.answers.get(_ABOUT))
    done = await each(context.act, seen, bulk.action, bulk.use_case, reason)
    said = [words.n("Done for one delivery.", "Done for {count} deliveries.", done.done)]
    if done.left:
        said.append(words._("Left as they are, having changed: {count}.", count=done.left))
    context.say(" ".join(said))
    return start(context.draft, STALE, why=context.draft.answers.get(WHY))


def _why(given: object) -> Stale:
    return next((why for why in Stale if why == given), Stale.OVERDUE)


def _seen(given: object) -> list[Seen]:
    listed = given if isinstance(given, list) else []
    return [(DeliveryId(str(delivery)), int(revision)) for delivery, revision in listed]


# -- prompts


async def stale_prompt(screen: Screen) -> Message:
    """Those of one reason, the longest first, each to be opened; below, what can be done to all."""
    words, me, policy = screen.words, screen.person.id, screen.sight.policy
    live = await screen.sight.database.look(lambda tx: deliveries_at_harbor(tx, me, policy))
    by_reason = {
        why: [each for each in live if is_stale(each, why, screen.now, policy)] for why in Stale
    }
    why = _why(screen.answers.get(WHY))
    found = sorted(
        by_reason[why], key=lambda each: each.reported_at or each.changed_at or screen.now
    )
    title, others = tabs(WHY, reasons(words), by_reason, why)
    lines = [words._("⏳ <b>Lockers taken up long</b>"), title]
    return await listed(screen, lines, found, *_offered(screen, found), others)


def _offered(screen: Screen, found: list[Delivery]) -> list[Row]:
    me, policy, rows = screen.person.id, screen.sight.policy, list[Row]()
    for verb, bulk in BULKS.items():
        count = sum(permitted(bulk.action, one, me, policy) is not None for one in found)
        if count:
            rows.append((Button(bulk.offers(screen.words, count), press(ALL, verb)),))
    return rows


def reasons(words: Words) -> dict[Stale, str]:
    """What each reason is called."""
    _ = words._
    return {
        Stale.OVERDUE: _("⏰ Overdue"),
        Stale.UNCLAIMED: _("👤 Unclaimed"),
        Stale.HELD: _("🔒 Held long"),
    }


async def bulk_prompt(screen: Screen) -> Message:
    """Asks once more, with each delivery that it is about."""
    words, bulk = screen.words, BULKS.get(str(screen.answers.get(_DO)))
    seen = _seen(screen.answers.get(_ABOUT))
    if bulk is None or not seen:
        return screen.view(words._("None at the moment."))
    ids = [delivery for delivery, _ in seen]
    deliveries = await screen.sight.database.look(lambda tx: tx.deliveries_with(ids))
    names = await screen.towers_of(deliveries)
    lines = [bulk.asks(words, len(seen)), *(_line(each, names) for each in deliveries)]
    if screen.answers.get("more"):
        lines.append(
            words._("These are the first {count}; do it again for the others.", count=len(seen))
        )
    reason = reason_of(screen.answers)
    if bulk.needs_words and not reason:
        lines += ["", words._("Type it, up to {count} characters.", count=MAX_NOTE)]
        return screen.view("\n".join(lines))
    lines += ["", reason_asked(screen)]
    return screen.view("\n".join(lines), (Button(bulk.yes(words), press(YES_ALL)),))


def _line(delivery: Delivery, towers: Mapping[DeliveryId, str]) -> str:
    name = esc_tower(towers.get(delivery.id, delivery.tower))
    door = esc(delivery.locker_name, 8)
    return f"• {name} · {door} · <code>{delivery.id}</code>"
