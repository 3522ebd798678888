"""What operators see and what they can put right; and that nobody else can."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.domain.lifecycle import State
from bot.ports.database import Database
from tests.support.chats import MARKET, OPERATOR, Chats, chats
from tests.support.phones import Phone


@pytest.fixture
async def world(sqlite_database: Database) -> AsyncIterator[Chats]:
    async with chats(sqlite_database) as world:
        yield world


@pytest.fixture
async def olga(world: Chats) -> Phone:
    olga = await world.phone("Olga", id=OPERATOR)
    await olga.open()
    return olga


@pytest.fixture
async def anna(world: Chats) -> Phone:
    anna = await world.phone("Anna")
    await anna.open()
    return anna


async def press(phone: Phone, *labels: str) -> None:
    for label in labels:
        await phone.press(label)


async def book(anna: Phone) -> None:
    await anna.text("/send")
    await press(anna, MARKET, "Medium", "Send a link", "Reserve")


async def reported(anna: Phone) -> None:
    """A delivery of Anna's whose door was reported once."""
    await book(anna)
    await press(anna, "Get drop-off code", "It did not open", *["Still closed"] * 3)
    await anna.press("Tell the operator")


async def stray(world: Chats) -> int:
    """A locker that is ours at Harbor and that nobody here knows of."""
    lockers = await world.lockers.lockers(world.tower.id)
    locker = next(locker for locker in lockers if locker.status == "available")
    await world.lockers.reserve(world.tower.id, locker.id, 3000)
    await world.lockers.drop_off_token(world.tower.id, locker.id, 3000)
    await world.look()
    return locker.id


async def test_the_overview_tells_how_everything_is(world: Chats, olga: Phone) -> None:
    await book(olga)
    await world.look()
    await olga.text("/ops")
    await olga.sees("Harbor answers", "Database answers", "Deliveries under way: 1")
    await world.faults("harbor", {"name": "500", "call": "*", "times": None})
    await world.look()
    await world.look()
    await olga.text("/ops")
    await olga.sees("Operations", "Harbor can't be reached")


async def test_towers_show_what_is_free_and_what_we_hold(olga: Phone) -> None:
    await book(olga)
    await olga.text("/ops")
    await olga.press("Towers")
    await olga.sees(MARKET, "held by us: 1")


async def test_whoever_is_no_operator_gets_the_menu(world: Chats, anna: Phone) -> None:
    await book(anna)
    delivery = (await world.deliveries(anna))[0]
    await anna.text("/ops")
    await anna.sees("What would you like to do?")
    assert "🛠 Operations" not in await anna.labels()
    for data in ("ops", f"look:{delivery.id}:{delivery.revision}", "free:0100.7"):
        await anna.forge(data)
        assert await world.state(anna) == "menu/menu"


@pytest.mark.parametrize("step", ["end", "release"])
async def test_who_is_an_operator_no_longer_can_do_nothing_from_an_old_screen(
    world: Chats, anna: Phone, step: str
) -> None:
    await book(anna)
    delivery = (await world.deliveries(anna))[0]
    draft = await world.draft(anna)
    await world.database.run(
        lambda tx: tx.save_draft(
            type(draft)(anna.id, "ops", step, {"delivery": delivery.id}, draft.version)
        )
    )
    cleo = await world.phone("Cleo")
    await cleo.open()
    place = await world.draft(cleo)
    await world.database.run(
        lambda tx: tx.save_draft(
            type(place)(cleo.id, "ops", step, {"delivery": delivery.id}, place.version)
        )
    )
    for phone in (anna, cleo):
        await phone.forge(f"{step}_ok")
        await phone.sticker()
        assert "What would you like to do?" in await phone.screen()
    assert (await world.deliveries(anna))[0] == delivery


async def test_a_reported_door_leads_to_its_delivery_with_all_that_happened(
    world: Chats, olga: Phone, anna: Phone
) -> None:
    await reported(anna)
    await olga.text("/ops")
    await press(olga, "Doors reported (1)", MARKET)
    delivery = (await world.deliveries(anna))[0]
    await olga.sees(delivery.id, "Door reported 1×", "Drop-off code issued")


async def test_ending_a_delivery_asks_once_more_tells_the_sender_and_leaves_a_line(
    world: Chats, olga: Phone, anna: Phone
) -> None:
    await reported(anna)
    await olga.text("/ops")
    await press(olga, "Stuck deliveries (1)", MARKET, "End the delivery")
    assert (await world.deliveries(anna))[0].state is State.RENTED
    await press(olga, "Back", "End the delivery", "Yes, end it")
    delivery = (await world.deliveries(anna))[0]
    assert delivery.state is State.CLOSED
    await anna.sees("An operator has ended this delivery")
    await olga.sees("Ended by an operator (you)")


async def test_releasing_a_locker_gives_it_back_at_harbor(
    world: Chats, olga: Phone, anna: Phone
) -> None:
    await reported(anna)
    await olga.text("/ops")
    await press(olga, "Stuck deliveries (1)", MARKET, "Release the locker", "Yes, release")
    assert (await world.deliveries(anna))[0].state in (State.RELEASING, State.CANCELLED)
    delivery = (await world.deliveries(anna))[0]
    history = await world.database.look(lambda tx: tx.history(delivery.id))
    assert "released_by_operator" in [moment.event for moment in history]


async def test_a_message_reaches_both_and_their_phones_ring(
    world: Chats, olga: Phone, anna: Phone
) -> None:
    await reported(anna)
    ben = await world.phone("Ben")
    await ben.open((await anna.claim())[0])
    await olga.text("/ops")
    await press(olga, "Stuck deliveries (1)", MARKET, "Message both")
    rings = [await phone.rings() for phone in (anna, ben)]
    await olga.text("The <door> is being mended")
    for phone in (anna, ben):
        await phone.sees("An operator writes: The <door> is being mended")
    assert [await phone.rings() for phone in (anna, ben)] == [count + 1 for count in rings]


async def test_a_stray_locker_is_given_back_on_an_operators_word(world: Chats, olga: Phone) -> None:
    await stray(world)
    await olga.sees("Orphan locker", "no delivery here uses it")
    await olga.text("/ops")
    await press(olga, "Orphan lockers (1)", MARKET, "Yes, release")
    await olga.sees("being released")
    await world.look()
    await world.tower.sync()
    await world.look()
    alerts = await world.database.look(lambda tx: tx.alerts())
    assert [alert.key for alert in alerts if alert.key.startswith("orphan:")] == []


async def test_the_alert_itself_leads_to_the_question(world: Chats, olga: Phone) -> None:
    await stray(world)
    await olga.press("Release the locker")
    await olga.sees("Release locker", MARKET)
    await olga.press("Back")
    assert await world.state(olga) == "ops/orphans"


async def test_many_stuck_deliveries_come_in_pages(world: Chats, olga: Phone, anna: Phone) -> None:
    for _parcel in range(8):
        await reported(anna)
    await olga.text("/ops")
    await olga.press("Stuck deliveries (8)")
    first = await olga.labels()
    await olga.press("▶")
    assert (
        len([x for x in first if MARKET in x])
        + len([x for x in await olga.labels() if MARKET in x])
        == 8
    )
