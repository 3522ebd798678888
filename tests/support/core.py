"""The core between a real database and a Harbor on a socket, with a clock that only hands move."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from bot.domain.card import SCREEN, Card, code_subject, delivery_subject
from bot.domain.delivery import Delivery
from bot.domain.ids import DeliveryId, MessageId, PersonId, TowerId
from bot.domain.person import Person
from bot.domain.policy import Policy
from bot.domain.tower import Size
from bot.ports.database import Database
from bot.usecases.actor import Actor
from bot.usecases.book import Booking, prepare, request
from bot.usecases.codes import ask_drop_off_code, ask_pick_up_code
from bot.usecases.collect import Own, claim_by_code, claim_own
from bot.workers.harbor_requests import HarborRequests
from bot.workers.open_requests import OpenRequests
from bot.workers.reminders import Reminders
from bot.workers.retention import Retention
from bot.workers.signals import Signals
from bot.workers.watcher import Watcher
from cli.sandbox_server import serving_sandbox
from harbor.client import Harbor
from harbor.lockers import HarborLockers
from sandbox.clock import Clock
from sandbox.harbor.app import create_app
from tests.support.databases import listen
from tests.support.harbor_stand_in import access
from tests.support.plain_http import plain_http

START = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
TOWER = TowerId("0100000000000101")
ANNA, BEN, CLEO, OPERATOR = PersonId(1), PersonId(2), PersonId(3), PersonId(9)
DORA = PersonId(4)
"""Somebody whom the bot has never met, until a test lets her come."""
NAMES = {ANNA: "Anna", BEN: "Ben", CLEO: "Cleo", OPERATOR: "Olga"}


class Twisted:
    """Harbor's lockers, but for what a test puts in the place of a method."""

    def __init__(self, core: Core, **instead: Callable[..., Any]) -> None:
        self._lockers, self._instead = core.lockers, instead

    def __getattr__(self, name: str) -> Any:
        return self._instead.get(name) or getattr(self._lockers, name)


@dataclass
class Core:
    """One locker bot without a chat; `act(who)` does what a tap would."""

    database: Database
    clock: Clock
    policy: Policy
    lockers: HarborLockers
    control: httpx.AsyncClient
    worker: HarborRequests
    watcher: Watcher
    timekeeper: Reminders
    retention: Retention
    signals: Signals

    async def act(self, who: PersonId, use_case: Any, *rest: Any, **named: Any) -> Any:
        """Run `use_case(act, …)` as `who`, in one transaction."""

        async def step(tx: Any) -> Any:
            act = Actor(tx, who, self.clock.now(), self.policy)
            return await use_case(act, *rest, **named)

        return await self.database.run(step)

    async def on(self, who: PersonId, delivery: Delivery, use_case: Any, **named: Any) -> Any:
        """The same, on a delivery as it stands now."""
        return await self.act(who, use_case, await self.now(delivery), **named)

    async def now(self, delivery: Delivery | DeliveryId) -> Delivery:
        """The delivery as it stands."""
        wanted = delivery if isinstance(delivery, str) else delivery.id
        found = await self.database.look(lambda tx: tx.delivery(wanted))
        assert found is not None
        return found

    async def request(self, who: PersonId = ANNA, **wish: Any) -> Delivery:
        """A delivery, REQUESTED."""
        person = Person(who, NAMES.get(who, f"Person {who}"))
        wanted = Booking(**({"tower": TOWER, "size": Size.MEDIUM} | wish))
        return await self.act(who, request, person, wanted)

    async def work(self) -> None:
        """Let the worker do all that is due."""
        for _ in range(20):
            await self.worker.turn()
            if not self.worker.busy:
                return
            await self.worker.settle()

    async def look(self) -> None:
        """One look of the watcher."""
        await self.watcher.look()

    async def pass_time(self, **span: float) -> None:
        """Turn the clock; let alarms ring, and what has run out end."""
        self.clock.turn(timedelta(**span).total_seconds())
        await self.ring()
        await self.retention.turn()

    async def ring(self) -> None:
        """Let the timekeeper take all that is due."""
        for _ in range(10):
            due = await self.timekeeper.turn()
            if due is None or due > self.clock.now():
                return

    async def prepare(self, who: PersonId = ANNA, **wish: Any) -> Delivery:
        """A delivery, PREPARED."""
        person = Person(who, NAMES.get(who, f"Person {who}"))
        wanted = Booking(**({"tower": TOWER, "size": Size.MEDIUM} | wish))
        return await self.act(who, prepare, person, wanted)

    async def sync(self, tower: TowerId = TOWER) -> None:
        """Somebody's phone syncs the tower."""
        (await self.control.post(f"/sandbox/towers/{tower}/sync")).raise_for_status()

    async def reserved(self, **wish: Any) -> Delivery:
        """A delivery that has its locker."""
        delivery = await self.request(**wish)
        await self.work()
        return await self.now(delivery)

    async def rented(self, **wish: Any) -> Delivery:
        """A delivery whose drop-off code is out."""
        delivery = await self.reserved(**wish)
        await self.on(delivery.sender, delivery, ask_drop_off_code)
        await self.work()
        return await self.now(delivery)

    async def stored(self, **wish: Any) -> Delivery:
        """A delivery whose parcel is in the locker, and known to be."""
        delivery = await self.rented(**wish)
        await self.put_in(delivery)
        self.clock.turn(1)
        await self.look()
        return await self.now(delivery)

    async def claimed(self, delivery: Delivery, who: PersonId = BEN) -> Delivery:
        """Let `who` claim it by its code."""
        claim = await self.database.look(lambda tx: tx.claim(delivery.id))
        assert claim is not None
        person = Person(who, NAMES[who])
        taken = await self.act(who, claim_by_code, person, claim.code)
        if isinstance(taken, Own):
            taken = await self.act(who, claim_own, person, taken.delivery)
        assert isinstance(taken, Delivery)
        return taken

    async def collected(self, delivery: Delivery, who: PersonId = BEN) -> Delivery:
        """Let `who` take the parcel out, and that be seen; all that was owed before is shown."""
        await self.on(who, delivery, ask_pick_up_code)
        await self.work()
        await self.all_shown()
        await self.take_out(delivery)
        self.clock.turn(1)
        await self.look()
        return await self.now(delivery)

    async def code(self, delivery: Delivery) -> str:
        """The secret text of the delivery's code."""
        code = await self.database.look(lambda tx: tx.code(delivery.id))
        assert code is not None
        return code.text

    # -- at the tower

    async def hold(self, text: str, tower: TowerId = TOWER) -> httpx.Response:
        """Open by a token, with the app, or by a link."""
        if text.startswith("HARBOR://"):
            return await self.control.post(f"/sandbox/towers/{tower}/hold", json={"code": text})
        return await self.control.post("/sandbox/links/open", json={"link": text})

    async def at_door(self, delivery: Delivery, what: str, **body: Any) -> None:
        """put-in, take-out, close, status."""
        path = f"/sandbox/towers/{delivery.tower}/lockers/{delivery.locker}/{what}"
        (await self.control.post(path, json=body)).raise_for_status()

    async def put_in(self, delivery: Delivery) -> None:
        """Open with the code there is, put a parcel in, close."""
        (await self.hold(await self.code(delivery), delivery.tower)).raise_for_status()
        await self.at_door(delivery, "put-in", parcel="hat")
        await self.at_door(delivery, "close")

    async def take_out(self, delivery: Delivery) -> None:
        """Open with the code there is, take the parcel, close."""
        (await self.hold(await self.code(delivery), delivery.tower)).raise_for_status()
        await self.at_door(delivery, "take-out")
        await self.at_door(delivery, "close")

    async def faults(self, *faults: dict[str, Any]) -> None:
        """Put Harbor's faults in force."""
        (await self.control.put("/sandbox/faults", json=list(faults))).raise_for_status()

    async def status(self, delivery: Delivery) -> str:
        """What Harbor's server believes of the delivery's locker."""
        lockers = await self.lockers.lockers(delivery.tower)
        return next(x.status.value for x in lockers if x.id == delivery.locker)

    async def assigned(self) -> set[int]:
        """The lockers that Harbor says are ours."""
        return {int(locker.id) for locker in await self.lockers.assigned()}

    # -- what is owed to people's eyes

    async def card(self, who: PersonId, delivery: Delivery) -> Card | None:
        """The delivery's card in somebody's chat."""
        return await self.database.look(lambda tx: tx.card(who, delivery_subject(delivery.id)))

    async def code_card(self, who: PersonId, delivery: Delivery) -> Card | None:
        """The protected message with the delivery's code."""
        return await self.database.look(lambda tx: tx.card(who, code_subject(delivery.id)))

    async def rings(self, who: PersonId, delivery: Delivery) -> bool:
        """Whether the delivery's card is owed aloud."""
        card = await self.card(who, delivery)
        return card is not None and card.wanted > card.shown and card.ring

    async def all_shown(self) -> None:
        """As if the outbox had shown everything, so that the next ring can be told."""

        async def step(tx: Any) -> None:
            long_since = self.clock.now() + timedelta(days=999)
            for card in await tx.lease_cards(long_since, long_since, 1000):
                message = card.message or MessageId(card.id)
                await tx.card_shown(card, message=message, form="text", digest="x")

        await self.database.run(step)

    async def alerts(self) -> list[str]:
        """The keys of the alerts that stand."""
        return sorted(alert.key for alert in await self.database.look(lambda tx: tx.alerts()))

    async def history(self, delivery: Delivery) -> list[str]:
        """The delivery's events in order."""
        moments = await self.database.look(lambda tx: tx.history(delivery.id))
        return [moment.event for moment in moments]


def worker_on(
    database: Any,
    lockers: Any,
    clock: Clock,
    policy: Policy,
    signals: Signals,
    open_requests: OpenRequests | None = None,
) -> HarborRequests:
    """The worker that asks Harbor, as production makes it."""
    known = open_requests or OpenRequests(database, clock, policy)
    return HarborRequests(database, lockers, clock, policy, signals, known)


def working(core: Core, **instead: Callable[..., Any]) -> HarborRequests:
    """A worker of its own on the core's database, whose Harbor does some things otherwise."""
    return worker_on(core.database, Twisted(core, **instead), core.clock, core.policy, core.signals)


@contextlib.asynccontextmanager
async def core_on(database: Database, **policy: Any) -> AsyncIterator[Core]:
    """A Core on `database`, with people in it and a Harbor beside it."""
    clock = Clock(START, stopped=True)
    bound = Policy(**({"operators": frozenset({OPERATOR})} | policy))
    async with (
        serving_sandbox(create_app(clock=clock)) as url,
        plain_http(base_url=url) as control,
        Harbor(access(url), clock=clock.now) as harbor,
    ):
        lockers = HarborLockers(harbor)
        signals = Signals(shows_cards=False)
        listen(database, signals)
        watcher = Watcher(database, lockers, clock, bound, signals)
        worker = worker_on(database, lockers, clock, bound, signals)
        keeper = Reminders(database, clock, bound, signals)
        retention = Retention(database, clock, bound)
        core = Core(
            database,
            clock,
            bound,
            lockers,
            control,
            worker,
            watcher,
            keeper,
            retention,
            signals,
        )
        await _people(core)
        yield core


async def _people(core: Core) -> None:
    towers = await core.lockers.towers()

    async def step(tx: Any) -> None:
        await tx.save_towers(towers)
        for person, name in NAMES.items():
            await tx.save_person(Person(person, name))
            await tx.mark(person, SCREEN, now=core.clock.now())

    await core.database.run(step)
