"""What operators alone can do: to a delivery, to a locker that belongs to none, to an alert.

Guarantees: what the table of actions does not permit raises and changes nothing; each act leaves a
line in the delivery's history, with the reason where one was given, which those concerned read.
Nothing here leaves a parcel in a locker that nobody can open.
"""

from __future__ import annotations

from dataclasses import replace

from bot.domain.actions import Action, permitted
from bot.domain.alerts import Alert, AlertKind, problem_key
from bot.domain.card import SCREEN
from bot.domain.delivery import (
    MAX_NOTE,
    PARTIES,
    Delivery,
    HarborRequest,
    RequestKind,
    Role,
    Trouble,
)
from bot.domain.history import HistoryEntry, HistoryEvent
from bot.domain.ids import PersonId, in_browser, new_delivery_id
from bot.domain.lifecycle import Event, State
from bot.domain.opening_hours import collectable_by
from bot.domain.person import NO_QUESTION, WRITTEN, WRITTEN_ABOUT, Draft
from bot.domain.rings import Call, roused
from bot.domain.tower import LockerStatus, Size
from bot.ports.signals import Change
from bot.usecases.actor import Actor, NotYours, ask_of_harbor, check
from bot.usecases.alerts import amend_alert, end_alert
from bot.usecases.book import give_up
from bot.usecases.cards import concerned, take_code_away, tell, tower_of
from bot.usecases.codes import disown_code
from bot.usecases.collect import open_again
from bot.usecases.extend import let_wait

_BOTH = roused(Call.OPERATOR, PARTIES)


def _words(reason: str) -> str | None:
    """The reason as it is kept; None where there is none."""
    return " ".join(reason.split())[:MAX_NOTE] or None


async def release(act: Actor, delivery: Delivery, reason: str = "") -> Delivery:
    """Have the locker given back at Harbor. Where that is under way, nothing more is asked; what
    Harbor has refused is asked again at once."""
    check(act, Action.RELEASE, delivery)
    if delivery.state is State.RELEASING:
        refused = delivery.trouble is Trouble.REFUSED
        asked = replace(delivery, request=None) if refused else delivery
        after = await ask_of_harbor(act, asked, RequestKind.RELEASE, by=None)
    else:
        after = await give_up(act, delivery)
    if after is delivery:
        return delivery
    event = HistoryEvent.RELEASED_BY_OPERATOR
    return await act.note(after, event, _words(reason), rouse=_BOTH)


async def end(act: Actor, delivery: Delivery, reason: str = "") -> Delivery:
    """End a delivery that holds no parcel; the locker is given back where there is one."""
    check(act, Action.END, delivery)
    await take_code_away(act.tx, delivery, now=act.now)
    await act.tx.drop_claim(delivery.id)
    held = delivery.locker is not None or delivery.candidate is not None
    return await act.transition(
        delivery,
        Event.CLOSED,
        detail=_words(reason),
        request=HarborRequest.made(RequestKind.RELEASE, act.now) if held else None,
        code_until=None,
    )


async def fetch(act: Actor, delivery: Delivery, reason: str = "") -> Delivery:
    """Fetch the parcel out: the operator collects from now on, and is shown the code."""
    check(act, Action.FETCH, delivery)
    await act.tx.drop_claim(delivery.id)
    event = HistoryEvent.FETCHED_BY_OPERATOR
    taken = replace(await disown_code(act, delivery), fetcher=act.person)
    taken = await act.note(taken, event, _words(reason), rouse=_BOTH)
    return await ask_of_harbor(act, taken, RequestKind.PICK_UP_TOKEN, by=act.person)


async def hold(act: Actor, delivery: Delivery, reason: str = "") -> Delivery:
    """Let the parcel wait longer, beyond any limit."""
    check(act, Action.HOLD, delivery)
    return await let_wait(act, delivery, detail=_words(reason))


async def give(act: Actor, delivery: Delivery, reason: str = "") -> Delivery:
    """Let somebody else collect: there is a new claim, which the operator and the sender can pass
    on; whoever could collect until now no longer can."""
    check(act, Action.GIVE, delivery)
    event = HistoryEvent.GIVEN_BY_OPERATOR
    return await open_again(act, delivery, event, _words(reason), rouse=_BOTH)


async def message_everybody(act: Actor, delivery: Delivery, text: str) -> None:
    """Show `text` to everybody concerned, above the present question; their phones ring. Whoever is
    in a browser finds it on the parcel's page."""
    check(act, Action.WRITE, delivery)
    text = text[:MAX_NOTE]
    await act.record(delivery, HistoryEvent.MESSAGE, text)
    told = PARTIES | {Role.HANDED_ON} if delivery.unclaimed else PARTIES
    rings = roused(Call.OPERATOR, told)
    for person in concerned(delivery):
        if delivery.roles_of(person) & told and person != act.person:
            await _write_to(act, person, text, delivery)
    await tell(act.tx, delivery, now=act.now, rouse=rings)


async def message_one(act: Actor, delivery: Delivery, role: Role, text: str) -> PersonId | None:
    """Show `text` to the one who has this role, and to nobody else; who that is, None where nobody
    is. They can answer by reporting a problem."""
    check(act, Action.ANSWER, delivery)
    people = (each for each in concerned(delivery) if role in delivery.roles_of(each))
    person = next(people, None)
    if person is None:
        return None
    text = text[:MAX_NOTE]
    await act.record(delivery, HistoryEvent.MESSAGE_TO_ONE, text, told=person)
    await _write_to(act, person, text, delivery)
    await tell(act.tx, delivery, now=act.now, rouse=roused(Call.OPERATOR, frozenset({role})))
    return person


async def _write_to(act: Actor, person: PersonId, text: str, delivery: Delivery) -> None:
    """Whoever is in a browser finds it on their page."""
    if in_browser(person):
        return
    draft = await act.tx.draft(person)
    if draft.errand == NO_QUESTION:
        draft = Draft(person, version=draft.version)
    said = {**draft.answers, WRITTEN: text}
    if permitted(Action.PROBLEM, delivery, person, act.policy):
        said[WRITTEN_ABOUT] = delivery.id
    await act.tx.save_draft(replace(draft, answers=said))
    await act.tx.mark(person, SCREEN, now=act.now, ring=True)


async def settle(act: Actor, delivery: Delivery, reason: str = "") -> bool:
    """A problem that was reported is dealt with: its alert is over, the history says so, and
    whoever reported it last reads the reason. False where no problem stands."""
    check(act, Action.SETTLE, delivery)
    alert = await act.tx.alert(problem_key(delivery))
    if alert is None or not alert.stands:
        return False
    if alert.seen_at is None:
        await see(act, alert.key)
    await end_alert(act.tx, alert.key, act.policy, now=act.now)
    words, reporter = _words(reason), alert.person
    told = delivery.roles_of(reporter) & _BOTH if words and reporter is not None else frozenset()
    delivery = replace(delivery, problem_reported=False)
    after = await act.note(delivery, HistoryEvent.PROBLEM_SETTLED, words, rouse=told)
    if words and reporter is not None and told:
        await _write_to(act, reporter, words, after)
    return True


async def see(act: Actor, key: str) -> None:
    """An operator has seen an alert: the first of them is remembered; some alerts end by it."""
    alert = await _standing(act, key)
    if alert is None or alert.seen_at is not None:
        return
    await amend_alert(act.tx, key, act.policy, now=act.now, seen_at=act.now, seen_by=act.person)
    if alert.lifetime.until_seen:
        await end_alert(act.tx, key, act.policy, now=act.now)


async def release_orphan(act: Actor, key: str) -> None:
    """An operator wants the orphan locker of an alert given back; the reconciler does it."""
    alert = await _standing(act, key)
    if alert is not None and alert.status is not LockerStatus.OCCUPIED:
        await amend_alert(
            act.tx,
            key,
            act.policy,
            now=act.now,
            ring=True,
            owner=act.person,
            release=True,
            refused=False,
        )


async def fetch_orphan(act: Actor, key: str) -> Delivery | None:
    """An operator fetches out what lies in an orphan locker: it becomes a delivery of theirs, and
    the alert is over. None where there is nothing (any more) to fetch."""
    alert = await _standing(act, key)
    if alert is None or alert.kind is not AlertKind.ORPHAN:
        return None
    if alert.tower is None or alert.locker is None or alert.status is not LockerStatus.OCCUPIED:
        return None
    if await act.tx.live_at(alert.tower, alert.locker):
        return None
    found = await _found(act, alert)
    await end_alert(act.tx, key, act.policy, now=act.now)
    return await ask_of_harbor(act, found, RequestKind.PICK_UP_TOKEN, by=act.person)


async def _found(act: Actor, alert: Alert) -> Delivery:
    """A parcel that belonged to nobody, as a delivery that the operator sends and fetches. Its next
    deadline is written with the request for what opens the door."""
    assert alert.tower is not None
    size = alert.detail.get("size")
    until = collectable_by(await act.tx.tower(alert.tower), act.now + act.policy.storage)
    delivery = Delivery(
        id=new_delivery_id(),
        sender=act.person,
        tower=alert.tower,
        size=Size(size) if size in list(Size) else Size.MEDIUM,
        state=State.STORED,
        locker=alert.locker,
        locker_name=alert.locker_name or str(alert.locker),
        created_at=act.now,
        reported_at=act.now,
        collect_until=until,
        fetcher=act.person,
    )
    delivery = await act.tx.add_delivery(delivery)
    event = HistoryEvent.FOUND_BY_OPERATOR
    entry = HistoryEntry(delivery.id, act.now, event, act.person)
    await act.tx.record(entry, Change.to(delivery, event, act.now))
    return delivery


async def _standing(act: Actor, key: str) -> Alert | None:
    """The alert, if it stands. Raises NotYours to whoever is no operator where it is the matter."""
    if not act.policy.operates(act.person):
        raise NotYours
    alert = await act.tx.alert(key)
    if alert is None or not alert.stands:
        return None
    if not act.policy.operates_at(act.person, await tower_of(act.tx, alert)):
        raise NotYours
    return alert
