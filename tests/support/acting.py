"""What people, hands at doors and phones at towers can do in a story that Hypothesis tells.

Rules are elsewhere (`test_story_machine`); here is how each of their sentences is carried out, one
after another, in a loop of the story's own.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis.stateful import RuleBasedStateMachine

from bot.domain.actions import ANSWERS, Action
from bot.domain.card import delivery_subject
from bot.domain.delivery import Delivery
from bot.domain.ids import DeliveryId, PersonId, TowerId
from bot.domain.lifecycle import State
from bot.domain.message import Press
from bot.domain.person import Person
from bot.domain.tower import LockerStatus, Size
from bot.ports.database import Transaction
from bot.usecases.actor import Actor, NotPermitted, NotYours, Stale, authorized
from bot.usecases.cards import reach_changed
from bot.usecases.collect import Claimed, Own, claim_by_link, claim_own, hand_over
from bot.usecases.recipients import arrive
from handlers.errands.parcel.acting import DOINGS, carry_out
from handlers.errands.parcel.questions import SURE
from tests.support.core import NAMES, TOWER, Core, core_on
from tests.support.databases import opened
from tests.support.invariants import World
from tests.support.memory_chat import MemoryChat
from tests.support.playing import Bot, load_the_dice, nearly_full, present_at

T = TypeVar("T")

PRESSABLE = frozenset({*DOINGS, *SURE})
_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # the disk needs not be waited for
_REFUSED = (NotYours, Stale, NotPermitted)


class Play(RuleBasedStateMachine):
    """A stage with a bot on it; `made` are the parcels so far, `used` the codes that were held."""

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
            self.core.policy,
            lambda card, moment: present_at(self.core, card, moment),
        )
        self.run(self.bot.react())

    async def _open(self) -> Core:
        folder = self.stack.enter_context(tempfile.TemporaryDirectory(dir=_MEMORY))
        url = f"sqlite:///{folder}/story.db"
        database = await self.stack.enter_async_context(opened(url))
        core = await self.stack.enter_async_context(core_on(database))
        await nearly_full(core)
        return core

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def claim(self, who: PersonId, which: int) -> None:
        async def look(tx: Transaction) -> list[str]:
            found = [await tx.claim(delivery) for delivery in self.made]
            return [claim.link for claim in found if claim is not None]

        if links := await self.core.database.look(look):
            taken = await self.core.act(who, self._opens, links[which % len(links)])
            if isinstance(taken, Delivery):
                await self._mark(who, taken.id)

    async def _opens(self, act: Actor, link: str | None = None) -> Claimed | None:
        """They open the bot, by a link perhaps; as the conversation takes it, in one step."""
        known, taken = await act.tx.person(act.person), None
        person = known or Person(act.person, NAMES.get(act.person, "Dora"))
        person = replace(person, reachable=person.reachable or known is None)
        if known is None:
            await act.tx.save_person(person)
        if link is not None:
            taken = await claim_by_link(act, person, link)
            if isinstance(taken, Own):
                taken = await claim_own(act, person, taken.delivery)
        if known is None:
            await arrive(act, person)
        return taken

    async def turn_up(self, who: PersonId) -> None:
        """They open the bot without a link."""
        await self.core.act(who, self._opens)

    async def hand_on(self, who: PersonId, pressed: Press, to: PersonId) -> None:
        """Somebody is picked who shall collect it."""
        named, yes = pressed.delivery, Action.HAND_OVER_OK
        assert named is not None

        async def step(tx: Transaction) -> None:
            act = Actor(tx, who, self.core.clock.now(), self.core.policy)
            delivery = await authorized(act, named, yes, revision=pressed.revision)
            await hand_over(act, delivery, to, NAMES.get(to, "Dora"))

        with contextlib.suppress(*_REFUSED):
            await self.core.database.run(step)

    async def change_their_mind(self, who: PersonId) -> None:
        """They let themselves be picked, or no longer do."""

        async def step(tx: Transaction) -> None:
            person = await tx.person(who)
            assert person is not None
            await tx.save_person(replace(person, pickable=not person.pickable))

        await self.core.database.run(step)

    async def _mark(self, who: PersonId, delivery: DeliveryId) -> None:
        now = self.core.clock.now()
        subject = delivery_subject(delivery)
        await self.core.database.run(lambda tx: tx.mark(who, subject, now=now))

    async def hold_and_close(self, text: str, delivery: DeliveryId, *, leave: bool) -> None:
        self.used.add(text)
        if text.startswith("HARBOR://"):
            tower = text.lower().removeprefix("harbor://open/").split("/")[0]
            opened = await self.core.hold(text, TowerId(tower))
        else:
            opened = await self.core.hold(text)
        if opened.is_success:
            tower, locker = opened.json().get("tower", TOWER), opened.json()["locker"]
            path = f"/sandbox/towers/{tower}/lockers/{locker}/"
            if (taken := await self.core.control.post(path + "take-out", json={})).is_success:
                assert taken.json()["taken"] == delivery, "somebody else's parcel"
            elif not leave:
                put_in = await self.core.control.post(path + "put-in", json={"parcel": delivery})
                put_in.raise_for_status()
            (await self.core.control.post(path + "close", json={})).raise_for_status()

    def go_on(self, delivery: DeliveryId) -> None:
        """Somebody asks for its code, or takes that to the tower; the bot hears of it."""
        codes = [text for text, opens in self.chat.opens.items() if opens == delivery]
        if codes and codes[-1] not in self.used:
            self.run(self.hold_and_close(codes[-1], delivery, leave=False))
        else:
            steps = (Action.AT_TOWER, Action.DROP_OFF_CODE, Action.PICK_UP_CODE)
            offered = self.chat.offered(*steps)
            self.tap([one for one in offered if one[1].delivery == delivery], 0)
        self.core.clock.turn(5)
        self.run(self.bot.live())

    def expect_nothing_wrong(self, check: Coroutine[Any, Any, list[str]]) -> None:
        if self.wrong:
            check.close()
            return
        self.wrong = self.run(check)
        assert not self.wrong, "\n".join(self.wrong)

    async def calm_down(self) -> None:
        """Harbor and Telegram answer, phones sync until nothing is on its way back, and nobody does
        anything."""
        await self.core.faults()
        self.chat.fault = None
        for _ in range(30):
            await self.sync()
            self.core.clock.turn(10)
            await self.bot.live()
            counts = await self.core.database.look(lambda tx: tx.counts())
            waiting = counts.deliveries.get(State.RELEASING.value, 0)
            if not (counts.cards_owed or counts.requests_owed or waiting or await self._returns()):
                break
        self.core.clock.turn(10)
        await self.bot.live()

    async def _returns(self) -> bool:
        """Whether a locker is on its way back, and its tower has not heard of it."""
        assigned = await self.core.lockers.assigned()
        return any(locker.status is LockerStatus.DECLINED for locker in assigned)

    async def sync(self) -> None:
        tokens = [text for text in self.chat.codes if text.startswith("HARBOR://")]
        for tower in {TOWER, *(text.split("/")[3].lower() for text in tokens)}:
            (await self.core.control.post(f"/sandbox/towers/{tower}/sync")).raise_for_status()

    async def sync_by_itself(self, automatic: bool) -> None:
        answer = await self.core.control.put("/sandbox/sync", json={"automatic": automatic})
        answer.raise_for_status()

    async def come_back(self, who: PersonId) -> None:
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
                act = Actor(tx, who, now, self.core.policy)
                await arrive(act, replace(person, reachable=True))

        await self.core.database.run(step)

    def tap(
        self, offered: list[tuple[PersonId, Press]], which: int, size: Size = Size.LARGE
    ) -> None:
        """Press one of the buttons; what the bot refuses has changed nothing."""
        if offered:
            who, pressed = offered[-1 - which % len(offered)]
            self.run(self.press(who, pressed, size))
            self.settle()

    async def press(self, who: PersonId, pressed: Press, size: Size) -> None:
        named, verb = pressed.delivery, Action(pressed.verb)
        assert named is not None
        pressed = replace(pressed, arg=size.value if verb is Action.SIZE else pressed.arg)
        action = ANSWERS[verb] if verb in SURE else verb
        pressed = replace(pressed, verb=action)

        async def step(tx: Transaction) -> None:
            act = Actor(tx, who, self.core.clock.now(), self.core.policy)
            delivery = await authorized(act, named, action, revision=pressed.revision)
            await carry_out(act, delivery, pressed)

        before = await self.world.deliveries()
        try:
            await self.core.database.run(step)
        except _REFUSED:
            assert await self.world.deliveries() == before
        self.made += sorted({d.id for d in await self.world.deliveries()} - set(self.made))

    def settle(self) -> None:
        """The bot sees to what somebody has just done."""
        self.run(self.bot.react())
