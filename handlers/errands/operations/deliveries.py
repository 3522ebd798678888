"""What operators can do: release a locker, end a delivery, write to both people, free a stray door.

Guarantees: every act asks once more; each leaves a line in the delivery's history; done by somebody
who is no operator, none has any effect.
"""

from __future__ import annotations

from dataclasses import replace

from telegram import Update

from bot.domain.card import SCREEN
from bot.domain.delivery import MAX_NOTE, Delivery, RequestKind, Role
from bot.domain.history import HistoryEntry
from bot.domain.ids import DeliveryId, PersonId
from bot.domain.lifecycle import LIVE, State
from bot.domain.message import Button, Message, press
from bot.domain.person import Draft
from bot.usecases.actor import NotYours, authorized
from bot.usecases.book import cancel
from bot.usecases.cards import tell
from bot.usecases.operate import close, release_orphan
from bot.usecases.transitions import save
from handlers.conversation.context import Context
from handlers.conversation.dialogue import NOTICE, state_of
from handlers.conversation.navigation import MENU, NOTHING, go, start
from handlers.conversation.questions import Row, Screen
from handlers.errands.operations.overview import ORPHANS
from handlers.errands.parcel.acting import looked_up
from wording.cards.timeline import timeline
from wording.delivery_state import state_said
from wording.language import Words, speak
from wording.sanitize import esc, plain

DELIVERY, SURE_RELEASE, SURE_END, MESSAGE, SURE_ORPHAN = (
    "ops/delivery",
    "ops/release",
    "ops/end",
    "ops/message",
    "ops/orphan",
)
RELEASE, END, WRITE = "release", "end", "write"
YES_RELEASE, YES_END, YES_ORPHAN = "release_ok", "end_ok", "free_ok"
_RELEASABLE = (State.REQUESTED, State.RESERVED, State.RENTED, State.RELEASING)


# -- steps


async def looked(update: Update, context: Context) -> Draft | None:
    """A delivery of a list, or of an alert."""
    if not _operates(context):
        return start(context.draft, MENU)
    delivery = await looked_up(update, context, as_seen=False)
    return start(context.draft, DELIVERY, delivery=delivery.id) if delivery else None


async def asked_release(update: Update, context: Context) -> Draft:
    """Release its locker?"""
    return go(context.draft, SURE_RELEASE)


async def asked_end(update: Update, context: Context) -> Draft:
    """End it?"""
    return go(context.draft, SURE_END)


async def asked_message(update: Update, context: Context) -> Draft:
    """Words for both."""
    return go(context.draft, MESSAGE)


async def released(update: Update, context: Context) -> Draft:
    """Yes: given back at Harbor, by the worker."""
    delivery = await _theirs(context)
    if delivery.state is State.RELEASING:
        wanting = replace(delivery, want=RequestKind.RELEASE, want_due=context.now, want_attempts=0)
        delivery = await save(context.tx, wanting, now=context.now, policy=context.wiring.policy)
        await tell(context.tx, delivery, now=context.now)
    else:
        delivery = await cancel(context.act, delivery)
    await _record(context, delivery, "released_by_operator")
    context.say(_words(context)._("Harbor is asked to take the locker back."))
    return go(context.draft, DELIVERY)


async def ended(update: Update, context: Context) -> Draft:
    """Yes: over, whatever its state; both are told."""
    await close(context.act, await _theirs(context), "")
    context.say(_words(context)._("The delivery is ended. Both people have been told."))
    return go(context.draft, DELIVERY)


async def wrote(update: Update, context: Context) -> Draft:
    """To both: above whatever question stands in their chats, and their card rings."""
    assert update.effective_message is not None
    delivery = await _theirs(context)
    text = " ".join((update.effective_message.text or "").split())[:MAX_NOTE]
    await _record(context, delivery, "message", text)
    for person in dict.fromkeys((delivery.sender, delivery.recipient)):
        if person is not None and person != context.person.id:
            await _say_to(context, person, text)
    await tell(context.tx, delivery, now=context.now, rouse=frozenset(Role))
    context.say(_words(context)._("Your message has been sent."))
    return go(context.draft, DELIVERY)


async def _say_to(context: Context, person: PersonId, text: str) -> None:
    known = await context.tx.person(person)
    words = speak(known.language if known else None, context.wiring.locale)
    draft = await context.tx.draft(person)
    place = start(draft, MENU) if state_of(draft) == NOTHING else draft
    said = words._("📣 An operator writes: {text}", text=text)
    await context.tx.save_draft(replace(place, answers={**place.answers, NOTICE: said}))
    await context.tx.mark(person, SCREEN, now=context.now, ring=True)


async def asked_orphan(update: Update, context: Context) -> Draft:
    """Give a stray locker back?"""
    assert context.press is not None
    if not _operates(context):
        return start(context.draft, MENU)
    return start(context.draft, SURE_ORPHAN, orphan=context.press.arg or "")


async def freed_orphan(update: Update, context: Context) -> Draft:
    """Yes: the watcher gives it back."""
    tower, _, locker = str(context.draft.answers.get("orphan")).partition(".")
    await release_orphan(context.act, f"orphan:{tower}/{locker}")
    context.say(_words(context)._("Harbor is asked to take the locker back."))
    return start(context.draft, ORPHANS)


async def _theirs(context: Context) -> Delivery:
    """The delivery that is being looked at; NotYours for who is no operator (any more)."""
    if not _operates(context):
        raise NotYours
    return await authorized(context.act, DeliveryId(str(context.draft.answers.get("delivery"))))


async def _record(context: Context, delivery: Delivery, event: str, detail: str = "") -> None:
    moment = HistoryEntry(delivery.id, context.now, event, context.person.id, detail or None)
    await context.tx.record(moment)


def _operates(context: Context) -> bool:
    return context.person.id in context.wiring.policy.operators


def _words(context: Context) -> Words:
    return speak(context.person.language, context.wiring.locale)


# -- prompts


async def delivery_prompt(screen: Screen) -> Message:
    """All there is to know of it, and what can be done."""
    _, delivery = screen.words._, await screen.delivery()
    if delivery is None:
        return screen.view(_("No such delivery."))
    scene = await screen.scene(delivery)
    lines = [
        _("🔎 <b>{state}</b> · <code>{id}</code>", state=_state(screen, delivery), id=delivery.id),
        scene.place,
        _("Locker {door}", door=scene.door) if delivery.locker_name else None,
        f"{scene.sender_first} → {scene.recipient_first}",
        _("Door reported {count}×", count=delivery.door_reports) if delivery.door_reports else None,
        scene.trouble,
        "",
        timeline(scene),
    ]
    rows: list[Row] = []
    if delivery.state in _RELEASABLE:
        rows.append((Button(_("🔓 Release the locker"), press(RELEASE)),))
    if delivery.state in LIVE:
        rows.append((Button(_("⛔ End the delivery"), press(END)),))
    rows.append((Button(_("📣 Message both"), press(WRITE)),))
    return screen.view("\n".join(line for line in lines if line is not None), *rows)


async def release_prompt(screen: Screen) -> Message:
    """Asks once more."""
    _ = screen.words._
    text = _("🔓 <b>Release the locker?</b>\nThe sender's code stops working once Harbor agrees.")
    return screen.view(text, (Button(_("Yes, release"), press(YES_RELEASE)),))


async def end_prompt(screen: Screen) -> Message:
    """Asks once more."""
    _, delivery = screen.words._, await screen.delivery()
    lines = [_("⛔ <b>End this delivery?</b>\nBoth people are told.")]
    if delivery is not None and delivery.state is State.STORED:
        lines.append(_("The parcel is still in the locker: nobody gets a code for it after that."))
    return screen.view("\n".join(lines), (Button(_("Yes, end it"), press(YES_END)),))


async def message_prompt(screen: Screen) -> Message:
    """Words for both."""
    _ = screen.words._
    ask = _("📣 <b>What should both people read?</b>\nType it, up to {count} characters.")
    return screen.view(ask.format(count=MAX_NOTE))


async def orphan_prompt(screen: Screen) -> Message:
    """Asks once more."""
    _ = screen.words._
    tower_id, _dot, locker = str(screen.answers.get("orphan")).partition(".")
    towers = (await screen.sight.towers.all()).value
    tower = next((tower for tower in towers if tower.id == tower_id), None)
    text = _(
        "🧩 <b>Release locker {locker} at {tower}?</b>",
        locker=esc(locker),
        tower=esc(tower.name if tower else tower_id),
    )
    return screen.view(text, (Button(_("Yes, release"), press(YES_ORPHAN)),))


def _state(screen: Screen, delivery: Delivery) -> str:
    return plain(state_said(screen.words, delivery.state), 60)
