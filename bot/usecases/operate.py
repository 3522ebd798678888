"""What operators alone can do to a delivery, and to a locker that belongs to none.

Guarantees: what the table of actions does not permit raises and changes nothing; each act leaves a
line in the delivery's history.
"""

from __future__ import annotations

from dataclasses import replace

from bot.domain.actions import Action
from bot.domain.card import SCREEN
from bot.domain.delivery import MAX_NOTE, Delivery, HarborRequest, RequestKind, Role
from bot.domain.ids import PersonId
from bot.domain.lifecycle import Event, State
from bot.domain.person import NO_QUESTION, WRITTEN, Draft
from bot.usecases.actor import Actor, NotYours, ask_of_harbor, check
from bot.usecases.alerts import settle_alerts
from bot.usecases.book import give_up
from bot.usecases.cards import concerned, take_code_away, tell, tell_operators


async def release(act: Actor, delivery: Delivery) -> Delivery:
    """Have the locker given back at Harbor. Where that is under way, nothing more is asked."""
    check(act, Action.RELEASE, delivery)
    if delivery.state is State.RELEASING:
        after = await ask_of_harbor(act, delivery, RequestKind.RELEASE, by=None)
    else:
        after = await give_up(act, delivery)
    if after is not delivery:
        await act.record(after, "released_by_operator")
    return after


async def end(act: Actor, delivery: Delivery, reason: str = "") -> Delivery:
    """End a delivery that holds no parcel; the locker is given back where there is one."""
    check(act, Action.END, delivery)
    await take_code_away(act.tx, delivery, now=act.now)
    await act.tx.drop_claim(delivery.id)
    await settle_alerts(act.tx, delivery, act.policy, now=act.now)
    held = delivery.locker is not None or delivery.candidate is not None
    return await act.transition(
        delivery,
        Event.CLOSED,
        detail=reason[:MAX_NOTE],
        request=HarborRequest.made(RequestKind.RELEASE, act.now) if held else None,
        code_until=None,
    )


async def message_everybody(act: Actor, delivery: Delivery, text: str) -> None:
    """Show `text` to everybody concerned, above the present question; their phones ring."""
    check(act, Action.WRITE, delivery)
    text = text[:MAX_NOTE]
    await act.record(delivery, "message", text)
    for person in concerned(delivery):
        if person != act.person:
            await _write_to(act, person, text)
    await tell(act.tx, delivery, now=act.now, rouse=frozenset(Role))


async def _write_to(act: Actor, person: PersonId, text: str) -> None:
    draft = await act.tx.draft(person)
    if draft.errand == NO_QUESTION:
        draft = Draft(person, version=draft.version)
    await act.tx.save_draft(replace(draft, answers={**draft.answers, WRITTEN: text}))
    await act.tx.mark(person, SCREEN, now=act.now, ring=True)


async def release_orphan(act: Actor, key: str) -> None:
    """An operator wants the stray locker of an alert given back; the watcher does it."""
    if act.person not in act.policy.operators:
        raise NotYours
    alert = await act.tx.alert(key)
    if alert is not None and alert.cleared_at is None:
        await act.tx.save_alert(replace(alert, detail={**alert.detail, "release": True}))
        await tell_operators(act.tx, key, act.policy, now=act.now)
