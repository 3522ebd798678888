"""The presenter: from a row that is out of date to what is to be seen, on a real database."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from bot.domain.alerts import Alert, door_reported, harbor_away, orphan
from bot.domain.card import SCREEN, Card, alert_subject, code_subject, delivery_subject
from bot.domain.codes import CodeKind
from bot.domain.delivery import Delivery
from bot.domain.ids import LockerId, MessageId, PersonId
from bot.domain.lifecycle import State
from bot.domain.message import Message
from bot.domain.person import Draft, Person
from bot.domain.policy import Policy
from bot.domain.tower import Locker, LockerStatus
from bot.ports.database import Database, Transaction
from bot.usecases.situation import Surroundings, read_card
from handlers.conversation.groups import GROUP
from handlers.conversation.presenter import ChatPresenter
from sandbox.clock import Clock
from tests.support.scenes import (
    ANNA,
    BEN,
    CARA,
    CLAIM,
    ID,
    NOW,
    OTHER,
    SECRET,
    TOWER,
    a_code,
    a_delivery,
)
from wording.language import speak
from wording.sanitize import read_out

OPERATOR = Person(PersonId(9), "Olga", language="pl")
HARBOR_AWAY = alert_subject("harbor")
ABOUT_IT, ITS_CODE = delivery_subject(ID), code_subject(ID)


class World:
    """A presenter between a database that a test fills and a clock that it turns."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = Clock(NOW, stopped=True)
        self.asked: list[tuple[Draft, Person]] = []
        self.presenter = ChatPresenter(
            database,
            self.clock,
            Policy(operators=frozenset({OPERATOR.id})),
            self.screens,
            bot=lambda: "parcels_bot",
            locale="fr",
        )

    async def screens(self, draft: Draft, person: Person) -> Message | None:
        self.asked.append((draft, person))
        return None if draft.errand == "none" else Message(f"{draft.errand}/{draft.step}")

    async def put(self, *things: Any) -> None:
        async def step(tx: Transaction) -> None:
            for thing in things:
                if isinstance(thing, Delivery):
                    door = thing.locker and LockerId(int(thing.id, 36))  # each has one of its own
                    await tx.add_delivery(replace(thing, locker=door))
                elif isinstance(thing, Person):
                    await tx.save_person(thing)
                elif isinstance(thing, Alert):
                    await tx.raise_alert(thing)
                elif isinstance(thing, Draft):
                    await tx.save_draft(thing)
                else:
                    await (tx.save_claim if thing is CLAIM else tx.save_code)(thing)

        await self.database.run(step)

    async def shown(
        self, chat: Person, subject: str, *, ring: bool = True
    ) -> tuple[Message | None, bool]:
        return await self.presenter.present(Card(1, chat.id, subject, ring=ring))

    async def seen(self, chat: Person, subject: str) -> str:
        view, _ = await self.shown(chat, subject)
        return view.html if view else ""


@pytest.fixture
async def world(sqlite_database: Database) -> World:
    world = World(sqlite_database)
    await sqlite_database.run(lambda tx: tx.save_towers([TOWER, OTHER]))
    await world.put(ANNA, BEN, CARA, OPERATOR)
    return world


async def test_each_of_them_sees_the_parcel_in_their_own_words(world: World) -> None:
    await world.put(a_delivery(State.STORED))
    assert "In locker 14 since 12:31" in read_out(await world.seen(ANNA, ABOUT_IT))
    assert "Anna" in await world.seen(BEN, ABOUT_IT)
    assert "no longer yours" in await world.seen(CARA, ABOUT_IT)


async def test_a_recipient_who_was_never_here_is_known_as_such(world: World) -> None:
    await world.put(a_delivery(State.STORED, recipient=PersonId(77), recipient_name="Dora"))
    told = await world.seen(ANNA, ABOUT_IT)
    assert "Dora" in told
    assert "https://t.me/parcels_bot" in told


async def test_the_claim_is_for_those_who_forward_it(world: World) -> None:
    await world.put(a_delivery(State.STORED, recipient=None, handed_over_by=CARA.id), CLAIM)
    assert CLAIM.link in await world.seen(ANNA, ABOUT_IT)
    assert CLAIM.link in await world.seen(CARA, ABOUT_IT)
    assert CLAIM.link not in await world.seen(BEN, ABOUT_IT)


async def test_a_claim_is_shown_no_more_once_somebody_has_claimed(world: World) -> None:
    await world.put(a_delivery(State.STORED), CLAIM)
    for person in (ANNA, BEN, CARA):
        assert CLAIM.link not in await world.seen(person, ABOUT_IT)


async def test_several_parcels_that_wait_in_one_tower_are_told_together(world: World) -> None:
    second = replace(a_delivery(State.STORED, locker_name="3"), id="0000000002")
    elsewhere = replace(a_delivery(State.STORED, locker_name="5"), id="0000000003", tower=OTHER.id)
    taken_back = replace(a_delivery(State.STORED, taken_back=True), id="0000000004")
    not_in = replace(a_delivery(State.RENTED), id="0000000005")
    english = replace(BEN, language="en")
    await world.put(a_delivery(State.STORED), second, elsewhere, taken_back, not_in, english)
    assert "1 more parcel waits for you in this tower (locker <b>3</b>)" in await world.seen(
        BEN, ABOUT_IT
    )


async def test_a_code_is_shown_to_its_holder_until_it_is_over(world: World) -> None:
    await world.put(a_delivery(State.STORED), a_code(CodeKind.PICK_UP, BEN.id))
    view, silent = await world.shown(BEN, ITS_CODE)
    assert view is not None
    assert (view.qr, view.protected, silent) == (SECRET, True, True)
    assert await world.shown(ANNA, ITS_CODE) == (None, True)
    world.clock.turn(45 * 60)
    assert await world.shown(BEN, ITS_CODE) == (None, True)


async def test_nobodys_situation_holds_the_code_of_another(world: World) -> None:
    await world.put(a_delivery(State.STORED), a_code(CodeKind.PICK_UP, BEN.id))
    known = Surroundings(NOW, Policy(), {TOWER.id: TOWER})
    held = {}
    for person in (ANNA, BEN, CARA):
        found = await read_card(world.database, ID, person.id, known)
        assert found is not None
        held[person.name] = found.code is not None
    assert held == {"Anna": False, "Ben": True, "Cara": False}


async def test_the_recipient_has_been_told_once_their_own_card_says_so(world: World) -> None:
    await world.put(a_delivery(State.STORED))
    assert "is being told" in await world.seen(ANNA, ABOUT_IT), "they have no card yet"

    async def ring(tx: Transaction) -> None:
        await tx.mark(BEN.id, ABOUT_IT, now=NOW, ring=True)

    async def rung(tx: Transaction) -> None:
        [card] = await tx.lease_cards(NOW, NOW, 1)
        await tx.card_shown(card, message=MessageId(7), form="text", digest="")

    await world.database.run(ring)
    assert "is being told" in await world.seen(ANNA, ABOUT_IT), "it has yet to ring"
    await world.database.run(rung)
    assert "has been told" in await world.seen(ANNA, ABOUT_IT)
    await world.database.run(ring)
    assert "is being told" in await world.seen(ANNA, ABOUT_IT), "it is to ring again"


async def test_no_card_shows_a_code(world: World) -> None:
    await world.put(a_delivery(State.STORED), a_code(CodeKind.PICK_UP, BEN.id))
    for person in (ANNA, BEN, CARA):
        view, _ = await world.shown(person, ABOUT_IT)
        assert view is not None
        assert SECRET not in repr(view) + view.html
        assert view.qr is None


async def test_a_card_rings_when_it_is_to_ring_and_only_then(world: World) -> None:
    await world.put(a_delivery(State.STORED))
    assert not (await world.shown(BEN, ABOUT_IT, ring=True))[1]
    assert (await world.shown(BEN, ABOUT_IT, ring=False))[1]


@pytest.mark.parametrize(
    ("changes", "silent"),
    [
        ({}, True),
        ({"reminders_sent": 1}, True),
        ({"reminders_sent": 2}, False),
        ({"overdue_at": NOW}, False),
    ],
)
async def test_quiet_hours_are_the_towers_and_silence_all_but_the_last_call(
    world: World, changes: dict[str, Any], silent: bool
) -> None:
    rests = replace(BEN, quiet_from=time(12), quiet_until=time(13))  # 12:31 in Madrid
    await world.put(a_delivery(State.STORED, **changes), rests)
    assert (await world.shown(BEN, ABOUT_IT))[1] is silent
    world.clock.turn(29 * 60)
    assert not (await world.shown(BEN, ABOUT_IT))[1]


async def test_the_screen_is_the_drafts_question_and_silent(world: World) -> None:
    await world.put(Draft(ANNA.id, "send", "size", {"tower": "aa"}))
    view, silent = await world.shown(ANNA, SCREEN)
    assert (view, silent) == (Message("send/size"), True)
    assert world.asked[0][1] == ANNA


async def test_where_no_question_stands_the_screen_goes(world: World) -> None:
    await world.put(Draft(ANNA.id, "none", "none"))
    assert (await world.shown(ANNA, SCREEN))[0] is None


async def test_who_has_been_forgotten_is_shown_one_last_message_without_buttons(
    world: World,
) -> None:
    nobody = Person(PersonId(404), "?")
    await world.put(Draft(nobody.id, answers={"language": "de"}))
    view, silent = await world.shown(nobody, SCREEN)
    assert view == Message(speak("de")._("Done. I know nothing about you any more."))
    assert silent


async def test_what_is_said_where_nothing_can_be_shown_needs_nothing_to_be_read(
    world: World,
) -> None:
    assert "I can’t show this" in (await world.presenter.instead(Card(1, ANNA.id, SCREEN))).html
    broken = replace(ANNA, language="no such language")
    await world.put(broken)
    assert "/start" in (await world.presenter.instead(Card(1, broken.id, SCREEN))).html


async def test_operators_alone_see_alerts_and_hear_quietly_that_they_are_over(
    world: World,
) -> None:
    await world.put(harbor_away(NOW, "TryLater"))
    view, silent = await world.shown(OPERATOR, HARBOR_AWAY)
    assert view is not None
    assert not silent
    assert await world.shown(ANNA, HARBOR_AWAY) == (None, True)
    await world.database.run(lambda tx: tx.clear_alert("harbor", NOW + timedelta(minutes=5)))
    over, silent = await world.shown(OPERATOR, HARBOR_AWAY)
    assert over is not None
    assert silent
    assert over.html != view.html


async def test_an_alert_about_a_delivery_says_whose_and_where(world: World) -> None:
    door = door_reported(NOW, a_delivery(State.STORED))
    await world.put(a_delivery(State.STORED), door)
    told = await world.seen(OPERATOR, alert_subject(door.key))
    for part in ("Main Station", "Anna", "14", ID):
        assert part in told


async def test_an_orphan_names_its_tower(world: World) -> None:
    stray = orphan(NOW, Locker(LockerId(14), "14", TOWER.id, LockerStatus.RENTED, None))
    await world.put(stray)
    assert "Main Station" in await world.seen(OPERATOR, alert_subject(stray.key))


async def test_a_tower_that_nobody_remembers_goes_by_its_id(world: World) -> None:
    await world.put(replace(a_delivery(State.STORED), tower="ffffffffffff1234"))
    assert "ffff…1234" in await world.seen(ANNA, ABOUT_IT)


async def test_times_name_their_zone_once_towers_stand_in_several(world: World) -> None:
    await world.put(a_delivery(State.STORED))
    assert "CEST" not in await world.seen(ANNA, ABOUT_IT)
    far = replace(OTHER, zone="Europe/Kyiv")
    await world.database.run(lambda tx: tx.save_towers([TOWER, far]))
    world.clock.turn(60)
    assert "(reported 12:33 CEST)" in read_out(await world.seen(ANNA, ABOUT_IT))


async def test_a_group_is_answered_in_its_speakers_language(world: World) -> None:
    group = Person(PersonId(-100), "a group")
    await world.put(Draft(group.id, GROUP, "told", {"language": "en"}))
    assert "private chats" in await world.seen(group, GROUP)


@pytest.mark.parametrize("subject", ["delivery:0000000000", "code:0000000000", "alert:x", "new:1"])
async def test_what_is_not_there_shows_nothing(world: World, subject: str) -> None:
    assert await world.shown(OPERATOR, subject) == (None, True)


async def test_the_present_moment_is_the_clocks(world: World) -> None:
    await world.put(a_delivery(State.RESERVED))
    before: datetime = world.clock.now()
    assert "Reserved until" in await world.seen(ANNA, ABOUT_IT)
    world.clock.turn(300)
    assert world.clock.now() - before == timedelta(minutes=5)
    assert "The reservation ended" in await world.seen(ANNA, ABOUT_IT)
