"""What operators can do: release a locker, end a delivery, write to those concerned, free a stray
door.

Guarantees: every act is checked by the table of actions and asks once more; done by somebody who is
no operator, none has any effect.
"""

from __future__ import annotations

from telegram import Update

from bot.domain.actions import Action, permitted
from bot.domain.delivery import MAX_NOTE, Delivery
from bot.domain.message import Button, Message, press
from bot.domain.person import Draft
from bot.usecases.actor import authorized
from bot.usecases.operate import end, message_everybody, release, release_orphan
from handlers.conversation.context import Context
from handlers.conversation.deliveries import Doing, Doings, about, looked_up
from handlers.conversation.navigation import MENU, OPERATIONS, go, start
from handlers.conversation.questions import Row, Screen
from handlers.errands.operations.overview import ORPHANS
from wording.cards.timeline import timeline
from wording.delivery_state import state_said
from wording.language import Words, speak
from wording.sanitize import esc, plain

DELIVERY, MESSAGE, SURE_ORPHAN = "ops/delivery", "ops/message", "ops/orphan"
YES_ORPHAN = "free_ok"

DOINGS: Doings = {
    Action.RELEASE_OK: Doing(
        release, lambda words: words._("Harbor is asked to take the locker back.")
    ),
    Action.END_OK: Doing(
        end, lambda words: words._("The delivery is ended. Both people have been told.")
    ),
}
"""Which use case an action is; when it is permitted stands in `bot.domain.actions`."""


def sure_place(action: Action) -> str:
    """Where the question before an action stands: "ops/release"."""
    return f"{OPERATIONS}/{action.value}"


# -- steps


async def looked(update: Update, context: Context) -> Draft | None:
    """A delivery of a list, or of an alert."""
    if not _operates(context):
        return start(context.draft, MENU)
    delivery = await looked_up(update, context, Action.LOOK)
    return start(context.draft, DELIVERY, delivery=delivery.id) if delivery else None


async def asked(update: Update, context: Context) -> Draft:
    """An action that asks first: release its locker? end it?"""
    assert context.press is not None
    return go(context.draft, sure_place(Action(context.press.verb)))


async def acted(update: Update, context: Context) -> Draft | None:
    """Yes: any action of DOINGS."""
    assert context.press is not None
    action = Action(context.press.verb)
    delivery = await looked_up(update, context, action)
    if delivery is None:
        return None
    await DOINGS[action].use_case(context.act, delivery)
    if (said := DOINGS[action].said) is not None:
        context.say(said(_words(context)))
    return start(context.draft, DELIVERY, delivery=delivery.id)


async def asked_message(update: Update, context: Context) -> Draft:
    """Words for everybody concerned."""
    return go(context.draft, MESSAGE)


async def wrote(update: Update, context: Context) -> Draft:
    """To everybody concerned: above the question that stands in their chat; their card rings."""
    assert update.effective_message is not None
    delivery = await authorized(context.act, about(context.draft), Action.WRITE)
    text = " ".join((update.effective_message.text or "").split())
    await message_everybody(context.act, delivery, text)
    context.say(_words(context)._("Your message has been sent."))
    return go(context.draft, DELIVERY)


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
    offered = (
        (_("🔓 Release the locker"), Action.RELEASE),
        (_("⛔ End the delivery"), Action.END),
        (_("📣 Message both"), Action.WRITE),
    )
    rows: list[Row] = [
        (Button(label, press(action)),)
        for label, action in offered
        if permitted(action, delivery, screen.person.id, screen.sight.policy)
    ]
    return screen.view("\n".join(line for line in lines if line is not None), *rows)


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
