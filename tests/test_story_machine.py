"""Whatever people, doors, clocks and faults do, in whatever order: the invariants hold.

Hypothesis plays sender, recipient, passer-by, operator, Harbor and Telegram. The bot is the core
with its real presenter, a real database and a Harbor on a socket; people press what their messages
offer, through the table that the chat uses. STORY_EXAMPLES=500 plays for longer.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from bot import operating
from bot.claims import claim_by_link
from bot.deliveries import Act, NotYours, Stale, the
from bot.happening import reach_changed
from bot.lifecycle import Illegal, State
from bot.model import Delivery, DeliveryId, PersonId, Size, TowerId, delivery_subject
from bot.ports import Transaction
from handlers.acts import DOINGS, Unable
from handlers.buttons import parse
from handlers.verbs import Verb
from storage import open_database
from tests.core import ANNA, BEN, CLEO, NAMES, OPERATOR, TOWER, Core, core_on
from tests.invariants import World, at_any_time, once_quiet
from tests.memory_chat import MemoryChat
from tests.playing import Bot, load_the_dice, nearly_full, present_at

T = TypeVar("T")

PEOPLE = (ANNA, BEN, CLEO)
WHO, SIZE, ANY = st.sampled_from(PEOPLE), st.sampled_from(Size), st.integers(0, 999)
PARCEL = st.tuples(WHO, WHO, SIZE, st.integers(0, 4))
MINUTE, HOUR, DAY = 60, 3600, 86400

CODES = (Verb.DROP_OFF_CODE, Verb.PICK_UP_CODE, Verb.NEW_DROP_OFF_CODE, Verb.NEW_PICK_UP_CODE)
SECOND_THOUGHTS = (
    Verb.CANCEL,
    Verb.SIZE,
    Verb.MORE_TIME,
    Verb.TAKE_BACK,
    Verb.HAND_OVER,
    Verb.AGAIN,
    Verb.ELSEWHERE,
)
ANSWERED = {
    Verb.CANCEL: Verb.CANCEL_OK,
    Verb.TAKE_BACK: Verb.TAKE_BACK_OK,
    Verb.HAND_OVER: Verb.HAND_OVER_OK,
}
"""Buttons that ask first, and the one that says yes."""

HARBOR_FAULTS = (
    {"name": "503", "call": "*", "times": None},
    {"name": "503", "call": "*", "times": 2, "after": True},
    {"name": "reset_before", "call": "*", "times": 1},
    {"name": "reset_after", "call": "*", "times": 2},
    {"name": "empty_list", "call": "*", "times": None},
    {"name": "empty_list", "call": "assigned_lockers", "times": 3},
    {"name": "truncated", "call": "*", "times": 3},
    {"name": "409", "call": "reserve", "times": 2},
    {"name": "409", "call": "drop_off_token", "times": 1},
    {"name": "429", "call": "*", "times": 2},
)
REFUSED = (NotYours, Stale, Illegal, Unable)


class Story(RuleBasedStateMachine):
    """See the module."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = contextlib.AsyncExitStack()
        load_the_dice(self.stack.enter_context(pytest.MonkeyPatch.context()))
        self.core = self.run(self._open())
        self.chat = MemoryChat(self.core.clock)
        self.bot = Bot(self.core, self.chat)
        self.made: list[DeliveryId] = []
        self.used: set[str] = set()
        self.wrong: list[str] = []
        self.world = World(
            self.core.database,
            self.core.lockers,
            self.chat,
            self.core.terms,
            lambda card, moment: present_at(self.core, card, moment),
        )
        self.run(self.bot.react())

    async def _open(self) -> Core:
        folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        url = f"sqlite:///{folder}/story.db"
        database = await self.stack.enter_async_context(
            open_database(url, keys=("a key for tests",))
        )
        core = await self.stack.enter_async_context(core_on(database))
        await nearly_full(core)
        return core

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize(
        parcels=st.lists(st.tuples(WHO, WHO, SIZE, st.integers(0, 4)), min_size=1, max_size=3)
    )
    def some_parcels_are_on_their_way(
        self, parcels: list[tuple[PersonId, PersonId, Size, int]]
    ) -> None:
        for sender, recipient, size, steps in parcels:
            self.somebody_sends(sender, size, recipient)
            for _ in range(steps):
                self.go_on(self.made[-1])

    # -- people

    @rule(who=WHO, size=SIZE, to=st.sampled_from((None, *PEOPLE)))
    def somebody_sends(self, who: PersonId, size: Size, to: PersonId | None) -> None:
        if len(self.made) >= 8:
            return
        wish = {"size": size, "recipient": to, "recipient_name": NAMES[to] if to else None}
        self.made.append(self.run(self.core.request(who, **wish)).id)
        self.settle()

    @rule(who=WHO, which=ANY)
    def somebody_opens_a_claim_link(self, who: PersonId, which: int) -> None:
        self.run(self._claim(who, which))
        self.settle()

    async def _claim(self, who: PersonId, which: int) -> None:
        async def look(tx: Transaction) -> list[str]:
            found = [await tx.claim(delivery) for delivery in self.made]
            return [claim.link for claim in found if claim is not None]

        if links := await self.core.database.look(look):
            person = await self.core.database.look(lambda tx: tx.person(who))
            taken = await self.core.act(who, claim_by_link, person, links[which % len(links)])
            if isinstance(taken, Delivery):
                await self._mark(who, taken.id)

    async def _mark(self, who: PersonId, delivery: DeliveryId) -> None:
        now = self.core.clock.now()
        subject = delivery_subject(delivery)
        await self.core.database.run(lambda tx: tx.mark(who, subject, now=now))

    @rule(which=ANY)
    def somebody_asks_for_a_code(self, which: int) -> None:
        self.tap(self.chat.offered(*CODES), which)

    @rule(verb=st.sampled_from(SECOND_THOUGHTS), which=ANY, size=SIZE)
    def somebody_has_second_thoughts(self, verb: Verb, which: int, size: Size) -> None:
        self.tap(self.chat.offered(verb), which, size)

    @rule(which=ANY, size=SIZE)
    def somebody_presses_an_old_button(self, which: int, size: Size) -> None:
        known = [(who, data) for who, data in self.chat.buttons if data.partition(":")[0] in _WORDS]
        self.tap(sorted(known, key=lambda button: button[0]), which, size)

    @rule(who=WHO, which=ANY, verb=st.sampled_from(sorted(DOINGS)), revision=st.integers(1, 12))
    def somebody_forges_a_button(self, who: PersonId, which: int, verb: str, revision: int) -> None:
        if self.made:
            data = f"{verb}:{self.made[which % len(self.made)]}:{revision}"
            self.tap([(who, data)], 0, Size.SMALL)

    @rule(which=ANY)
    def the_operator_closes_one(self, which: int) -> None:
        if which % 3 == 0 and self.made:
            with contextlib.suppress(*REFUSED):
                delivery = self.run(self.core.now(self.made[which % len(self.made)]))
                self.run(self.core.on(OPERATOR, delivery, operating.close, reason="stuck"))
            self.settle()

    @rule(who=WHO)
    def somebody_blocks_the_bot(self, who: PersonId) -> None:
        self.chat.blocked.add(who)

    @rule()
    def everybody_lets_the_bot_in_again(self) -> None:
        for who in sorted(self.chat.blocked):
            self.run(self._return(who))
        self.settle()

    # -- doors

    @rule(which=ANY, leave=st.booleans())
    def somebody_holds_a_code_to_the_tower(self, which: int, leave: bool) -> None:
        """An empty locker gets a parcel (or is left empty), a full one loses it."""
        if codes := list(self.chat.codes):
            text = codes[-1 - which % len(codes)]
            self.run(self._at_the_door(text, self.chat.opens[text], leave=leave and which % 5 == 0))
            self.settle()

    async def _at_the_door(self, text: str, delivery: DeliveryId, *, leave: bool) -> None:
        self.used.add(text)
        tower, locker = text.lower().removeprefix("harbor://open/").split("/")[:2]
        opened = await self.core.hold(text, TowerId(tower))
        if opened.is_success:
            path = f"/sandbox/towers/{tower}/lockers/{locker}/"
            if (taken := await self.core.control.post(path + "take-out", json={})).is_success:
                assert taken.json()["taken"] == delivery, "somebody else's parcel"
            elif not leave:
                put_in = await self.core.control.post(path + "put-in", json={"parcel": delivery})
                put_in.raise_for_status()
            (await self.core.control.post(path + "close", json={})).raise_for_status()

    @rule(which=ANY, steps=st.integers(1, 4))
    def a_parcel_goes_on_as_it_should(self, which: int, steps: int) -> None:
        if self.made:
            for _ in range(steps):
                self.go_on(self.made[-1 - which % len(self.made)])

    def go_on(self, delivery: DeliveryId) -> None:
        """Somebody asks for its code, or takes that to the tower; the bot hears of it."""
        codes = [text for text, opens in self.chat.opens.items() if opens == delivery]
        if codes and codes[-1] not in self.used:
            self.run(self._at_the_door(codes[-1], delivery, leave=False))
        else:
            offered = self.chat.offered(Verb.DROP_OFF_CODE, Verb.PICK_UP_CODE)
            self.tap([(who, data) for who, data in offered if delivery in data], 0)
        self.a_little_later()

    @rule(automatic=st.booleans())
    def phones_at_the_tower_sync_or_do_not(self, automatic: bool) -> None:
        self.run(self._sync_by_itself(automatic))

    @rule()
    def a_phone_syncs_the_towers(self) -> None:
        self.run(self._sync())
        self.settle()

    # -- time, Harbor, Telegram, and the bot itself

    @rule(seconds=st.sampled_from((MINUTE, 4 * MINUTE, 10 * MINUTE, HOUR, 7 * HOUR, DAY)))
    def time_passes(self, seconds: int) -> None:
        self.core.clock.turn(seconds)
        self.run(self.bot.live())

    @rule()
    def a_little_later(self) -> None:
        self.core.clock.turn(5)
        self.run(self.bot.live())

    @rule(faults=st.sampled_from((*[(fault,) for fault in HARBOR_FAULTS], (), ())))
    def harbor_has_a_bad_day_or_recovers(self, faults: tuple[dict[str, Any], ...]) -> None:
        self.run(self.core.faults(*faults))

    @rule(fault=st.sampled_from(("away", "reply_lost", None)))
    def telegram_fails_or_recovers(self, fault: str | None) -> None:
        self.chat.fault = fault

    @rule()
    def the_bot_is_started_again(self) -> None:
        self.bot = Bot(self.core, self.chat)

    # -- what must be so

    @invariant()
    def no_code_is_anybody_elses_and_no_locker_is_shared(self) -> None:
        self.expect_nothing_wrong(at_any_time(self.world))

    @rule()
    def all_is_quiet_for_a_while(self) -> None:
        self.run(self._calm())
        self.expect_nothing_wrong(once_quiet(self.world, self.core.clock.now()))

    def expect_nothing_wrong(self, check: Coroutine[Any, Any, list[str]]) -> None:
        if self.wrong:
            check.close()
            return
        self.wrong = self.run(check)
        assert not self.wrong, "\n".join(self.wrong)

    def teardown(self) -> None:
        try:
            self.all_is_quiet_for_a_while()
        finally:
            self.run(self.stack.aclose())
            self.runner.close()

    async def _calm(self) -> None:
        """Harbor and Telegram answer, phones sync, and nobody does anything."""
        await self.core.faults()
        self.chat.fault = None
        for _ in range(30):
            await self._sync()
            self.core.clock.turn(10)
            await self.bot.live()
            counts = await self.core.database.look(lambda tx: tx.counts())
            waiting = counts.deliveries.get(State.RELEASING.value, 0)
            if not (counts.cards_owed or counts.wants_owed or waiting):
                break
        self.core.clock.turn(10)
        await self.bot.live()

    async def _sync(self) -> None:
        for tower in {TOWER, *(text.split("/")[3].lower() for text in self.chat.codes)}:
            (await self.core.control.post(f"/sandbox/towers/{tower}/sync")).raise_for_status()

    async def _sync_by_itself(self, automatic: bool) -> None:
        answer = await self.core.control.put("/sandbox/sync", json={"automatic": automatic})
        answer.raise_for_status()

    async def _return(self, who: PersonId) -> None:
        """They write to the bot again, which is how it learns."""
        self.chat.blocked.discard(who)

        async def step(tx: Transaction) -> None:
            person = await tx.person(who)
            assert person is not None
            if not person.reachable:
                await tx.save_person(replace(person, reachable=True))
                now = self.core.clock.now()
                await reach_changed(tx, who, now=now)
                for delivery in await tx.deliveries_of(who, live=True):
                    await tx.mark(who, delivery_subject(delivery.id), now=now)

        await self.core.database.run(step)

    # -- pressing

    def tap(self, offered: list[tuple[PersonId, str]], which: int, size: Size = Size.LARGE) -> None:
        """Press one of the buttons; what the bot refuses has changed nothing."""
        if offered:
            who, data = offered[-1 - which % len(offered)]
            self.run(self._press(who, data, size))
            self.settle()

    async def _press(self, who: PersonId, data: str, size: Size) -> None:
        pressed = parse(data)
        assert pressed is not None
        named, verb = pressed.delivery, Verb(pressed.verb)
        assert named is not None
        pressed = replace(pressed, arg=size.value if verb is Verb.SIZE else pressed.arg)
        doing = DOINGS[ANSWERED.get(verb, verb)]

        async def step(tx: Transaction) -> None:
            act = Act(tx, who, self.core.clock.now(), self.core.terms)
            delivery = await the(act, named, *doing.roles, revision=pressed.revision)
            await doing.deed(act, delivery, pressed)

        before = await self.world.deliveries()
        try:
            await self.core.database.run(step)
        except REFUSED:
            assert await self.world.deliveries() == before
        self.made += sorted({d.id for d in await self.world.deliveries()} - set(self.made))

    def settle(self) -> None:
        """The bot sees to what somebody has just done."""
        self.run(self.bot.react())


_WORDS = frozenset({*DOINGS, *ANSWERED})


def test_whatever_happens_in_whatever_order_the_promises_hold() -> None:
    run_state_machine_as_test(
        Story,
        settings=settings(
            max_examples=int(os.environ.get("STORY_EXAMPLES", "40")),
            stateful_step_count=30,
            deadline=None,
            derandomize="STORY_EXAMPLES" not in os.environ,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
