"""What operators can do: to a delivery whatever the table of actions gives them, to an orphan
locker release it or fetch out what lies in it, to an alert say that they have seen it.

Guarantees: every act is checked by the table of actions and asks once more; done by somebody who is
no operator, none has any effect.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from telegram import Update

from bot.domain.actions import ANSWERS, Action, permitted
from bot.domain.alert_buttons import arg_to_door, arg_to_key
from bot.domain.alerts import Alert, orphan_key, problem_key
from bot.domain.codes import CodeKind
from bot.domain.delivery import MAX_NOTE, Delivery
from bot.domain.message import Button, Message, Press, press, press_on
from bot.domain.openers import Opener
from bot.domain.person import Draft
from bot.domain.tower import LockerStatus
from bot.usecases.actor import Actor
from bot.usecases.operate import (
    end,
    fetch,
    fetch_orphan,
    give,
    hold,
    release,
    release_orphan,
    see,
    settle,
)
from handlers.conversation.confirmations import REASON, overtaken, reason_of
from handlers.conversation.context import Context
from handlers.conversation.deliveries import Said, about, looked_up
from handlers.conversation.dialogue import state_of
from handlers.conversation.navigation import MENU, OPERATIONS, go, start
from handlers.conversation.questions import Row, Screen, changed_said, words_typed
from handlers.errands.operations.lists import opened
from handlers.errands.operations.messages import to_one_of_them
from handlers.errands.operations.overview import ORPHANS
from wording.cards.opening import get_said, new_said
from wording.cards.orphan import whose_it_may_be
from wording.cards.oversight import reported_by, trouble_said
from wording.cards.timeline import timeline
from wording.delivery_state import state_said
from wording.language import Words
from wording.sanitize import esc, plain
from wording.tower_names import esc_tower

SURE_ORPHAN, SURE_EMPTY = "ops/orphan", "ops/empty"
YES_ORPHAN, YES_EMPTY = "free_ok", "empty_ok"


@dataclass(frozen=True, slots=True)
class Doing:
    """The use case of an action, told the operator's reason, and what is then said."""

    use_case: Callable[[Actor, Delivery, str], Awaitable[object]]
    said: Said


DOINGS: Mapping[Action, Doing] = {
    Action.FETCH_OK: Doing(fetch, lambda words: words._("On its way: it comes below.")),
    Action.HOLD_OK: Doing(hold, lambda words: words._("It may wait longer now.")),
    Action.GIVE_OK: Doing(give, lambda words: words._("There is a new claim link to pass on.")),
    Action.RELEASE_OK: Doing(
        release, lambda words: words._("Harbor is asked to take the locker back.")
    ),
    Action.END_OK: Doing(
        end, lambda words: words._("The delivery is ended. Everybody concerned will be told.")
    ),
    Action.SETTLE_OK: Doing(settle, lambda words: words._("The problem is marked as done.")),
}
"""Which use case an action is; when it is permitted stands in `bot.domain.actions`."""


def offered(words: Words, opener: Opener) -> Mapping[Action, str]:
    """What an operator is offered about a delivery whose pick-up is by `opener`, as far as the
    table permits it, in order."""
    _ = words._
    return {
        Action.PICK_UP_CODE: get_said(words, CodeKind.PICK_UP, opener),
        Action.NEW_PICK_UP_CODE: new_said(words, opener),
        Action.SEE_PHOTO: _("📷 See the photo"),
        Action.FETCH: _("🛠 Fetch the parcel out"),
        Action.HOLD: _("⏳ Let it wait longer"),
        Action.GIVE: _("🔁 Let somebody else collect"),
        Action.RELEASE: _("🔓 Release the locker"),
        Action.END: _("⛔ End the delivery"),
        Action.WRITE: _("📣 Message both"),
        Action.SETTLE: _("✅ The problem is dealt with"),
    }


def sure_place(action: Action) -> str:
    """Where the question before an action stands: "ops/release"."""
    return f"{OPERATIONS}/{action.value}"


# -- steps


async def looked(update: Update, context: Context) -> Draft | None:
    """A delivery of a list, or of an alert."""
    if not _operates(context):
        return start(context.draft, MENU)
    delivery = await looked_up(update, context, Action.LOOK)
    return opened(context.draft, delivery.id) if delivery else None


async def asked_on_card(update: Update, context: Context) -> Draft | None:
    """The same from an alert's card."""
    if not _operates(context):
        return start(context.draft, MENU)
    assert context.press is not None
    action = Action(context.press.verb)
    delivery = await looked_up(update, context, action)
    if delivery is None:
        return None
    return go(opened(context.draft, delivery.id), sure_place(action))


async def asked(update: Update, context: Context) -> Draft:
    """An action that asks first: release its locker? end it? No reason has been given yet."""
    assert context.press is not None
    return go(context.draft, sure_place(Action(context.press.verb)), **{REASON: None})


async def wrote_reason(update: Update, context: Context) -> Draft:
    """Why: shown with the question, and passed on with the "yes"."""
    reason = words_typed(update)[:MAX_NOTE]
    return go(context.draft, state_of(context.draft), **{REASON: reason})


async def acted(update: Update, context: Context) -> Draft | None:
    """Yes: any action of DOINGS."""
    assert context.press is not None
    action = Action(context.press.verb)
    delivery = await looked_up(update, context, action)
    if delivery is None:  # somebody else was first: how it stands now
        return opened(context.draft, about(context.draft))
    done = await DOINGS[action].use_case(context.act, delivery, reason_of(context.draft.answers))
    said = changed_said if done is False else DOINGS[action].said
    context.say(said(context.words))
    return opened(context.draft, delivery.id)


async def asked_orphan(update: Update, context: Context) -> Draft:
    """Give an orphan locker back, or fetch out what lies in it?"""
    assert context.press is not None
    if not _operates(context):
        return start(context.draft, MENU)
    door = context.press.arg or ""
    alert = await context.tx.alert(_orphan(door))
    full = alert is not None and alert.status is LockerStatus.OCCUPIED
    return start(context.draft, SURE_EMPTY if full else SURE_ORPHAN, orphan=door)


async def freed_orphan(update: Update, context: Context) -> Draft:
    """Yes: the watcher gives it back."""
    await release_orphan(context.act, _orphan(context.draft.answers.get("orphan")))
    context.say(context.words._("Harbor is asked to take the locker back."))
    return start(context.draft, ORPHANS)


async def emptied_orphan(update: Update, context: Context) -> Draft:
    """Yes: it is a delivery from now on, whose parcel the operator fetches."""
    found = await fetch_orphan(context.act, _orphan(context.draft.answers.get("orphan")))
    if found is None:
        context.say(context.words._("The locker is no longer there to be fetched out."))
        return start(context.draft, ORPHANS)
    context.say(context.words._("Your code is on its way."))
    return opened(context.draft, found.id)


async def saw(update: Update, context: Context) -> Draft | None:
    """An alert has been seen: its card says so."""
    assert context.press is not None
    if not _operates(context):
        return start(context.draft, MENU)
    if context.draft.errand != OPERATIONS:  # whose lists say which have been seen
        context.keep_screen()
    await see(context.act, arg_to_key(context.press.arg or ""))
    return None


def _orphan(door: object) -> str:
    """The key of the alert about the locker that a button names."""
    return orphan_key(*arg_to_door(str(door)))


def _operates(context: Context) -> bool:
    return context.wiring.policy.operates(context.person.id)


# -- prompts


async def delivery_prompt(screen: Screen) -> Message:
    """All there is to know of it, and what can be done."""
    _, delivery = screen.words._, await screen.delivery()
    if delivery is None:
        return screen.view(_("No such delivery."))
    scene, problem = await screen.scene(delivery), await _problem(screen, delivery)
    lines = [
        _("🔎 <b>{state}</b> · <code>{id}</code>", state=_state(screen, delivery), id=delivery.id),
        scene.parcel_name,
        scene.place,
        _("Locker {door}", door=scene.door) if delivery.locker_name else None,
        f"{scene.sender_first} → {scene.recipient_first}",
        _("Door reported {count}×", count=delivery.door_reports) if delivery.door_reports else None,
        trouble_said(screen.words, delivery),
        reported_by(scene, problem) if problem is not None else None,
        "",
        timeline(scene),
    ]
    me, policy = screen.person.id, screen.sight.policy
    rows: list[Row] = [
        (Button(label, press(action) if action in ANSWERS else _at_once(action, delivery)),)
        for action, label in offered(screen.words, scene.situation.picks_up_by).items()
        if permitted(action, delivery, me, policy)
        and (action is not Action.SETTLE or problem is not None)
    ]
    rows += to_one_of_them(screen, delivery)
    return screen.view("\n".join(line for line in lines if line is not None), *rows)


async def _problem(screen: Screen, delivery: Delivery) -> Alert | None:
    """The problem that has been reported of it and is not dealt with."""
    alert = await screen.sight.database.look(lambda tx: tx.alert(problem_key(delivery)))
    return alert if alert is not None and alert.stands else None


def _at_once(action: Action, delivery: Delivery) -> Press:
    return press(action) if action is Action.WRITE else press_on(action, delivery)


async def orphan_prompt(screen: Screen) -> Message:
    """Asks once more before it is given back."""
    alert = await _standing(screen)
    if alert is None:
        return overtaken(screen)
    locker, tower = await _named(screen, alert)
    text = screen.words._(
        "🧩 <b>Release locker {locker} at {tower}?</b>", locker=locker, tower=tower
    )
    text = "\n".join(filter(None, (text, whose_it_may_be(screen.words, alert))))
    return screen.view(text, (Button(screen.words._("Yes, release"), press(YES_ORPHAN)),))


async def empty_prompt(screen: Screen) -> Message:
    """Asks once more before what lies in it is fetched out."""
    alert = await _standing(screen)
    if alert is None:
        return overtaken(screen)
    locker, tower = await _named(screen, alert)
    text = screen.words._(
        "🧩 <b>Fetch out what lies in locker {locker} at {tower}?</b>\nYou get the pick-up code.",
        locker=locker,
        tower=tower,
    )
    text = "\n".join(filter(None, (text, whose_it_may_be(screen.words, alert))))
    return screen.view(text, (Button(screen.words._("Yes, fetch it out"), press(YES_EMPTY)),))


async def _standing(screen: Screen) -> Alert | None:
    """The alert about the orphan that is asked about; None where it is one no longer."""
    key = _orphan(screen.answers.get("orphan"))
    alert = await screen.sight.database.look(lambda tx: tx.alert(key))
    theirs = alert is not None and alert.stands and screen.looks_after(alert.tower)
    return alert if theirs else None


async def _named(screen: Screen, orphan: Alert) -> tuple[str, str]:
    """The orphan's door and tower, by their names where those are known."""
    towers = (await screen.sight.towers.all()).value
    tower = next((tower for tower in towers if tower.id == orphan.tower), None)
    name = await screen.called(tower) or orphan.tower
    return esc(orphan.locker_name) or str(orphan.locker), esc_tower(name)


def _state(screen: Screen, delivery: Delivery) -> str:
    return plain(state_said(screen.words, delivery.state), 60)
