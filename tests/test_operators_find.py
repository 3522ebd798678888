"""`/ops Bob`: operators find any delivery over real HTTP, and operators of some towers theirs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from structlog.testing import capture_logs

from bot.domain.alert_buttons import key_to_arg
from bot.domain.lifecycle import State
from bot.domain.person import Draft
from bot.ports.database import Database, Transaction
from storage.tables import search
from tests.support.chats import MARKET, Chats, chats
from tests.support.core import START
from tests.support.databases import a_delivery
from tests.support.operators import ELSEWHERE, ODA, OTTO, with_otto
from tests.support.phones import TOWER, Phone, said


@pytest.fixture
async def world(sqlite_database: Database) -> AsyncIterator[Chats]:
    async with chats(sqlite_database, policy=with_otto(ODA)) as world:
        yield world


@pytest.fixture
async def otto(world: Chats) -> Phone:
    """He looks after one tower, where nothing is going on."""
    otto = await world.phone("Otto", id=OTTO)
    await otto.open()
    return otto


@pytest.fixture
async def anna(world: Chats) -> Phone:
    """She has booked a locker at the market, and forwards a claim."""
    anna = await world.phone("Anna", last_name="Smith", username="anna_s")
    await anna.open()
    await anna.text("/send")
    await anna.press(MARKET, "Medium", "Send a link", "Reserve")
    return anna


async def test_a_healthy_delivery_is_found_by_whatever_is_known_of_it_and_opens(
    world: Chats, olga: Phone, anna: Phone
) -> None:
    (delivery,) = await world.deliveries(anna)
    door = delivery.locker_name
    for known in ("Anna", "smith", "@anna_s", str(anna.id), f"{door} Market", "Congress"):
        await olga.text(f"/ops {known}")
        await olga.sees("One delivery found", "Anna Smith → somebody")
        await olga.press(MARKET)
        await olga.sees(delivery.id, "Locker requested", "reserved")
        await olga.press("Back")
        assert await world.state(olga) == "ops/found"
    await olga.text("/ops")
    await olga.text(f"/ops {delivery.id.upper()}")
    await olga.sees(delivery.id, "Locker requested")
    await olga.press("Back")
    assert await world.state(olga) == "ops/ops"


async def test_it_is_said_where_only_the_latest_of_very_many_were_looked_through(
    world: Chats, olga: Phone, anna: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_FREQUENT", 1)

    async def write(tx: Transaction) -> None:
        for name, when in (("000000000a", START), ("000000000b", START + timedelta(hours=1))):
            over = a_delivery(name, sender=anna.id, state=State.COLLECTED, changed_at=when)
            named = await tx.add_delivery(replace(over, parcel_name="Red boots"))
            await tx.index_parcel(named)

    await world.database.run(write)
    await olga.text("/ops red")
    assert "only the latest" not in said(await olga.sees("2 deliveries found"))
    await olga.text("/ops red boots")
    assert "only the latest were searched" in said(await olga.sees("One delivery found"))


async def test_what_is_typed_at_the_overview_is_looked_for(
    world: Chats, olga: Phone, anna: Phone
) -> None:
    await olga.text("/ops")
    await olga.text("nobody of that name")
    await olga.sees("Nothing found", "“nobody of that name”")
    await olga.text("smith")
    await olga.sees("One delivery found")
    await olga.press("Back", "Find a delivery")
    await olga.text("SMITH Anna")
    await olga.sees("One delivery found")
    await olga.press(MARKET, "End the delivery")
    await olga.text("Asked for by phone")
    await olga.press("Yes, end it")
    await anna.sees("An operator has ended this delivery", "“Asked for by phone”")
    await olga.press("Back")
    await olga.sees("One delivery found", "ended by an operator")


async def test_a_claim_code_leads_to_its_delivery_and_stays_good_and_unknown(
    world: Chats, olga: Phone, anna: Phone
) -> None:
    link, code = await anna.claim()
    (delivery,) = await world.deliveries(anna)
    with capture_logs() as logged:
        for typed in (code, code.lower(), link):
            await olga.text(f"/ops {typed}")
            await olga.sees(delivery.id, "Locker requested")
            await olga.text("/ops")
            await olga.text(typed)
            await olga.sees(delivery.id, "Locker requested")
            kept = str(await world.draft(olga))
            assert code not in kept
            assert link.rpartition("=")[2] not in kept
    assert code not in str(logged)
    for _time in range(8):
        await olga.text("/ops K7QF-2M9X")
    tries = await world.database.look(lambda tx: tx.wrong_tries(olga.id, delivery.created_at))
    assert (tries.asked, tries.unasked) == (0, 0)
    ben = await world.phone("Ben")
    await ben.open(link)
    assert (await world.deliveries(anna))[0].recipient == ben.id


async def test_whoever_is_no_operator_finds_nothing(world: Chats, anna: Phone) -> None:
    (delivery,) = await world.deliveries(anna)
    cleo = await world.phone("Cleo")
    await cleo.open()
    for text in ("/ops Anna", f"/ops {delivery.id}"):
        await cleo.text(text)
        await cleo.sees("What would you like to do?")
        assert await world.state(cleo) == "menu/menu"


async def test_an_operator_of_one_tower_sees_and_does_nothing_elsewhere(
    world: Chats, otto: Phone, anna: Phone
) -> None:
    _, code = await anna.claim()
    (delivery,) = await world.deliveries(anna)
    await otto.text("/ops")
    await otto.sees("Operations", "Deliveries under way: 0")
    assert "Harbor" not in await otto.screen()
    for text in ("Anna", delivery.id, code, "Congress", str(anna.id)):
        await otto.text(f"/ops {text}")
        await otto.sees("Nothing found" if text != code else "No delivery at your towers")
        assert not any(MARKET in label for label in await otto.labels())
    await otto.text("/ops")
    await otto.press("Towers")
    assert MARKET not in await otto.screen()
    for verb in ("look", "end", "release_ok", "end_ok", "log", "write"):
        await otto.forge(f"{verb}:{delivery.id}:{delivery.revision}")
        assert "Locker requested" not in str(await otto.messages())
    for step in ("delivery", "end", "release", "message"):
        place = replace(await world.draft(otto), errand="ops", step=step)
        place = replace(place, answers={"delivery": delivery.id})
        await world.database.run(partial(_save, place))
        for verb in ("end_ok", "release_ok"):
            await otto.forge(f"{verb}:{delivery.id}:{delivery.revision}")
        await otto.text("words of somebody else's operator")
    assert (await world.deliveries(anna))[0] == delivery
    assert "words of" not in str(await anna.messages())


async def _save(draft: Draft, tx: Transaction) -> None:
    await tx.save_draft(draft)


async def test_an_operator_of_one_tower_is_told_of_what_is_there_alone(
    world: Chats, olga: Phone, otto: Phone, anna: Phone
) -> None:
    (delivery,) = await world.deliveries(anna)
    await anna.forge(f"help:{delivery.id}:1")
    await anna.text("It smells")
    await olga.sees("Somebody reports a problem", "It smells")
    assert not any("problem" in card for card in await otto.cards())
    (alert,) = await world.database.look(lambda tx: tx.alerts())
    await otto.forge(f"seen:{key_to_arg(alert.key)}")
    await otto.forge(f"free:{TOWER}.1")
    assert await world.database.look(lambda tx: tx.alerts()) == [alert]
    ben = await world.phone("Ben")
    await ben.open()
    await ben.text("/send")
    towers = await world.database.look(lambda tx: tx.towers())
    name = next(tower.name for tower in towers if tower.id == ELSEWHERE)
    await ben.press(name, "Medium", "Myself", "Reserve")
    (his,) = await world.deliveries(ben)
    await ben.forge(f"help:{his.id}:1")
    await ben.text("No light here")
    for operator in (olga, otto):
        await operator.sees("Somebody reports a problem", "No light here")
    await otto.press("Look at the delivery", "End the delivery", "Yes, end it")
    assert (await world.deliveries(ben))[0].state is State.CLOSED


async def test_two_operators_at_once_one_wins_and_the_other_sees_how_it_stands(
    world: Chats, olga: Phone, anna: Phone
) -> None:
    oda = await world.phone("Oda", id=ODA)
    await oda.open()
    for operator in (olga, oda):
        await operator.text("/ops Anna")
        await operator.press(MARKET)
    await olga.press("Release the locker")
    await oda.press("End the delivery", "Yes, end it")
    await oda.sees("Ended by an operator")
    await olga.press("Yes, release")
    assert "has changed in the meantime" in (await olga.toasts())[-1]
    await olga.sees("Ended by an operator", "Locker requested")
    assert (await world.deliveries(anna))[0].state is State.CLOSED


async def test_a_tower_is_a_picture_of_its_doors_with_its_deliveries_below(
    world: Chats, olga: Phone, anna: Phone
) -> None:
    (delivery,) = await world.deliveries(anna)
    await olga.text("/ops")
    await olga.press("Towers", MARKET)
    [shown] = [each for each in await olga.messages() if "photo" in each]
    assert MARKET in shown["caption"]
    assert "Doors open by" in shown["caption"]
    assert "Deliveries under way here: 1" in shown["caption"]
    assert shown["photo"][-1]["width"] == 720
    label = next(each for each in await olga.labels() if str(delivery.locker_name) in each)
    await olga.press(label)
    await olga.sees(delivery.id, "Locker requested")
    await olga.press("Back")
    assert await world.state(olga) == "ops/tower"
    await olga.press("Back")
    assert await world.state(olga) == "ops/towers"
    assert not [each for each in await olga.messages() if "photo" in each]


async def test_a_tower_of_others_is_not_shown(world: Chats, otto: Phone, anna: Phone) -> None:
    await otto.text("/ops")
    await otto.press("Towers")
    await otto.forge(f"tower:{TOWER}")
    await otto.sees("No such tower.")
    assert not [each for each in await otto.messages() if "photo" in each]
