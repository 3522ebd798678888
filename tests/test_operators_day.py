"""An operator's day over real HTTP: thirty towers, three hundred parcels, and what goes wrong.

Most parcels are written down beforehand, as they would be after a while: two thirds are over,
the others prepared. One is put into a locker, forgotten there, and fetched out.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image

from bot.domain.delivery import Delivery
from bot.domain.ids import DeliveryId, LockerId, PersonId, TowerId
from bot.domain.lifecycle import State
from bot.domain.person import Person
from bot.domain.policy import Policy
from bot.domain.tower import LockerStatus, Size
from bot.ports.database import Database, Transaction
from bot.usecases.actor import Actor
from bot.usecases.report import report_problem
from bot.workers.sampler import AFTER, Sampler
from pictures.figures import WIDTH
from sandbox.harbor import seeds
from sandbox.harbor.states import Status
from tests.support.chats import MARKET, OPERATOR, START, Chats, chats
from tests.support.phones import TOWER, Phone

COLLEAGUE = PersonId(9001)
TOWERS = 30
PARCELS = 300
THEIRS = TowerId("0100000000000207")
"""The one tower that the colleague looks after."""
THEIR_PARCELS = range(7, PARCELS, 25)
CUSTOMERS = [Person(PersonId(20_000 + n), f"Customer{n} Number{n % 50}") for n in range(100)]


def _id(number: int) -> TowerId:
    return TowerId(f"{0x0100000000000200 + number:016x}")


def _depots() -> list[seeds.TowerSeed]:
    """As many more towers at Harbor as there are to be, each with a few lockers."""
    like, known = seeds.LOCATIONS[0], len(seeds.LOCATIONS)
    return [
        seeds.TowerSeed(
            id=_id(number),
            name=f"Depot {number}",
            location=like.model_copy(
                update={"id": 100 + number, "name": f"Depot {number}", "address1": "Yard"}
            ),
            lockers=tuple(
                seeds.LockerSeed(
                    id=10_000 + 100 * number + place,
                    name=str(place),
                    type=seeds.TYPES["S"],
                    column=0,
                    row=place,
                    status=Status.AVAILABLE,
                )
                for place in range(3)
            ),
            keypad=False,
            ours=True,
        )
        for number in range(TOWERS - known)
    ]


def _parcel(number: int) -> Delivery:
    """One of three is prepared, the others were collected."""
    prepared, when = number % 3 == 1, START - timedelta(hours=number % 50)
    return Delivery(
        id=DeliveryId(f"{number:010d}"),
        sender=CUSTOMERS[number % 100].id,
        recipient=CUSTOMERS[(number + 1) % 100].id,
        recipient_name=CUSTOMERS[(number + 1) % 100].name,
        tower=_id(number % 25),
        size=Size.SMALL,
        state=State.PREPARED if prepared else State.COLLECTED,
        locker=None if prepared else LockerId(10_000 + 100 * (number % 25) + number // 25 % 3),
        locker_name=None if prepared else str(number // 25 % 3),
        created_at=when,
        changed_at=when,
        held_until=START + timedelta(days=9) if prepared else None,
        reported_at=None if prepared else when,
        collected_at=None if prepared else when,
    )


@dataclass
class Day:
    """The operator, a colleague, and what is there when the day begins."""

    world: Chats
    olga: Phone
    otto: Phone

    async def history(self, delivery: str) -> list[tuple[str, int | None, str | None]]:
        lines = await self.world.database.look(lambda tx: tx.history(DeliveryId(delivery)))
        return [(line.event.value, line.by, line.detail) for line in lines]


@pytest.fixture
async def day(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Day]:
    towers = seeds.towers
    monkeypatch.setattr(seeds, "towers", lambda *a, **more: [*towers(*a, **more), *_depots()])
    policy = Policy(
        operators=frozenset({OPERATOR}), tower_operators={THEIRS: frozenset({COLLEAGUE})}
    )
    async with chats(sqlite_database, policy=policy) as world:

        async def fill(tx: Transaction) -> None:
            for person in CUSTOMERS:
                await tx.save_person(replace(person, reachable=False))
            for number in range(PARCELS):
                await tx.add_delivery(_parcel(number))

        await world.towers.all()
        await world.database.run(fill)
        olga = await world.phone("Olga", id=OPERATOR)
        otto = await world.phone("Otto", id=COLLEAGUE)
        for operator in (olga, otto):
            await operator.open()
        yield Day(world, olga, otto)


async def _problems(day: Day) -> None:
    """Five people report what is wrong with parcels of theirs, two at the colleague's tower."""
    for number in (1, 4, 7, 10, 82):
        parcel = _parcel(number)

        async def step(tx: Transaction, parcel: Delivery = parcel, number: int = number) -> Any:
            found = await tx.delivery(parcel.id)
            assert found is not None
            act = Actor(tx, parcel.sender, day.world.clock.now(), day.world.policy)
            await report_problem(act, found, f"Problem {number}")

        await day.world.database.run(step)
    await day.world.quiet()


async def test_an_operators_day(day: Day) -> None:
    world, olga, otto = day.world, day.olga, day.otto
    await _problems(day)
    await _looks_at_all_of_it(day)
    await _looks_at_the_week(day)
    await _answers_a_problem(day)
    await _the_colleague_works_at_one_tower(day)
    anna = await world.phone("Anna", last_name="Longname")
    await anna.open()
    await _an_overdue_parcel_is_fetched_out(day, anna)
    await _two_orphans(day)
    await _a_door_is_out_of_use(day)
    await _takes_the_records_away(day)
    everything = str(await otto.messages())
    assert "Longname" not in everything
    assert MARKET not in everything
    assert await olga.rings() >= 6


async def _looks_at_all_of_it(day: Day) -> None:
    olga = day.olga
    await olga.text("/ops")
    await olga.sees("Operations", "Deliveries under way: 0", "Messages waiting: 0")
    await olga.press("Problems reported (5)")
    await olga.sees("🔴 Open (5)", "“Problem 82”")
    await olga.text("/ops Customer13")
    await olga.sees("deliveries found", "Customer13 Number13 →")
    await olga.text("/ops Depot")
    await olga.sees("300 deliveries found")
    await olga.press("▶")
    await olga.sees("7. ", "12. ")
    await olga.text("/ops 1 Depot 7")
    await olga.sees("4 deliveries found", "Customer57 Number7 → Customer58 Number8")
    await olga.text(f"/ops {_parcel(13).id}")
    await olga.sees(_parcel(13).id, "Customer13 Number13 → Customer14 Number14")


async def _looks_at_the_week(day: Day) -> None:
    """The operator of all towers sees all of them, the colleague the one that is theirs."""
    world = day.world
    sampler = Sampler(world.database, world.lockers, world.clock)
    await world.turn(2 * AFTER.total_seconds())
    await sampler.turn()
    for phone, name, parcels in (
        (day.olga, "All towers", range(PARCELS)),
        (day.otto, "Depot 7", THEIR_PARCELS),
    ):
        await phone.text("/ops")
        await phone.press("Figures")
        collected = sum(_parcel(number).state is State.COLLECTED for number in parcels)
        shown = await phone.sees(name, f"Booked: {len(parcels)}\n", f"recipients: {collected}\n")
        assert "Fewest free: " in str(shown)
        picture = world.telegram.files.by_id(shown["photo"][-1]["file_id"])
        assert Image.open(io.BytesIO(picture.content)).width == WIDTH


async def _answers_a_problem(day: Day) -> None:
    olga, parcel = day.olga, _parcel(1)
    await olga.text("/ops")
    await olga.press("Problems reported (5)", "1 · Depot 1")
    await olga.sees(parcel.id, "“Problem 1”")
    await olga.press("Write to the sender")
    await olga.text("We are on our way")
    await olga.press("The problem is dealt with")
    await olga.text("Mended")
    await olga.press("Yes, it is done")
    await olga.sees("dealt with by an operator (you): “Mended”")
    await olga.press("End the delivery")
    await olga.text("=As you asked")
    await olga.press("Yes, end it")
    done = await day.history(parcel.id)
    assert done[-3:] == [
        ("message_to_one", OPERATOR, "We are on our way"),
        ("problem_settled", OPERATOR, "Mended"),
        ("closed", OPERATOR, "=As you asked"),
    ]
    await olga.press("Back")
    await olga.sees("🔴 Open (4)")


async def _the_colleague_works_at_one_tower(day: Day) -> None:
    olga, otto = day.olga, day.otto
    theirs = [parcel for parcel in map(_parcel, range(PARCELS)) if parcel.tower == THEIRS]
    await otto.text("/ops")
    await otto.sees("Operations")
    await otto.press("Towers")
    assert (await otto.screen()).count("held by us") == 1
    await otto.press("Back")
    await otto.press("Problems reported (2)")
    await otto.sees("“Problem 7”", "“Problem 82”")
    await otto.text("/ops Customer13")
    assert "found" in await otto.screen()
    await otto.text("/ops Depot")
    await otto.sees(f"{len(theirs)} deliveries found")
    elsewhere = _parcel(4)
    await otto.text(f"/ops {elsewhere.id}")
    await otto.sees("Nothing found")
    found = await day.world.database.look(lambda tx: tx.delivery(elsewhere.id))
    assert found is not None
    for verb in ("look", "fetch_ok", "hold_ok", "give_ok", "settle", "settle_ok"):
        await otto.forge(f"{verb}:{found.id}:{found.revision}")
    assert await day.world.database.look(lambda tx: tx.delivery(elsewhere.id)) == found
    await otto.text(f"/ops {_parcel(7).id}")
    await otto.press("The problem is dealt with", "Yes, it is done")
    await olga.text("/ops")
    await olga.press("Problems reported (3)")


async def _an_overdue_parcel_is_fetched_out(day: Day, anna: Phone) -> None:
    world, olga = day.world, day.olga
    await anna.text("/send")
    await anna.press(MARKET, "Medium", "Send a link", "Reserve", "Get drop-off code")
    await world.tower.put_in(await anna.code())
    await world.turn(73 * 3600)
    await olga.sees("A parcel has not been collected in time")
    await olga.text("/ops")
    await olga.press("Lockers taken up long")
    await olga.sees("Overdue (1)")
    await olga.press(MARKET, "Fetch the parcel out")
    await olga.text("Nobody came for it")
    await olga.press("Yes, fetch it out")
    await world.tower.take_out(await olga.code())
    await anna.sees("An operator has fetched it out", "“Nobody came for it”")
    (delivery,) = await world.deliveries(anna)
    assert ("fetched_by_operator", OPERATOR, "Nobody came for it") in await day.history(delivery.id)
    await olga.text("/ops Longname")
    await olga.sees("One delivery found", "collected")
    assert delivery.tower == TOWER


async def _two_orphans(day: Day) -> None:
    """One was asked for by a delivery that has ended, the other by another system."""
    world, olga, otto = day.world, day.olga, day.otto
    ours, foreign = (THEIRS, LockerId(10_700)), (_id(8), LockerId(10_800))
    for door in (ours, foreign):
        await world.lockers.drop_off_token(*door, 24 * 3600)
    asked = _parcel(7).id
    await world.database.run(lambda tx: tx.vouch(*ours, asked, world.clock.now()))
    await world.look()
    await olga.text("/ops")
    await olga.press("Orphan lockers (2)")
    await olga.sees("Harbor says they are ours")
    await otto.text("/ops")
    await otto.press("Orphan lockers (1)")
    await world.turn(world.policy.orphan_grace.total_seconds())
    await world.look()
    held = {(x.tower, x.id): x.status for x in await world.lockers.assigned()}
    assert ours not in held or held[ours] is LockerStatus.DECLINED
    assert held[foreign] is LockerStatus.RENTED
    await world.turn(10 * 3600)
    await world.look()
    held = {(x.tower, x.id): x.status for x in await world.lockers.assigned()}
    assert held[foreign] is LockerStatus.RENTED, "it is told, and not touched"
    await olga.text("/ops")
    await olga.press("Orphan lockers", "Depot 8")
    await olga.sees("Nothing here shows that the bot asked for it")


async def _a_door_is_out_of_use(day: Day) -> None:
    world, otto = day.world, day.otto
    out = f"/harbor/sandbox/towers/{THEIRS}/lockers/10702/status"
    answer = await world.http.post(out, json={"status": "out of service"})
    assert answer.is_success, answer.text
    await world.turn(60)
    await otto.text("/ops")
    await otto.press("Towers", "Depot 7")
    screen = await otto.sees("Depot 7", "Doors open by")
    assert "photo" in screen
    reading = await world.towers.lockers(THEIRS)
    assert [x.id for x in reading.value if x.status is LockerStatus.OUT_OF_SERVICE] == [10_702]


async def _takes_the_records_away(day: Day) -> None:
    """What they take away is read as a spreadsheet reads it: nothing in it is a formula."""
    for phone, theirs in ((day.olga, None), (day.otto, THEIRS)):
        await phone.text("/ops")
        await phone.press("Export", "30 days", "Deliveries · CSV", "What happened · CSV")
        cells = list[str]()
        sent = [each["document"] for each in await phone.messages() if "document" in each]
        for document in sent:
            file = day.world.telegram.files.by_id(document["file_id"])
            rows = list(csv.reader(io.StringIO(file.content.decode(), newline=""), strict=True))
            cells += [cell for row in rows for cell in row]
            assert len({len(row) for row in rows}) == 1, "as many cells in each"
            assert not [cell for row in rows for cell in row if cell[:1] in tuple("=+-@\t\r")]
            where = rows[0].index("tower")
            towers = {row[where] for row in rows[1:]}
            assert towers == {theirs} if theirs else len(towers) > 1
        assert len(sent) == 2
        assert ("'=As you asked" in cells) is (theirs is None), "as it was written, and text"
