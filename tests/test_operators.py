"""What operators see and what they can put right; and that nobody else can."""

from __future__ import annotations

import pytest

from bot.domain.alert_buttons import key_to_arg
from bot.domain.alerts import AlertKind
from bot.domain.ids import LockerId
from bot.domain.lifecycle import State
from bot.domain.openers import token_text
from bot.ports.database import Transaction
from bot.usecases.export import held_about
from tests.support.chats import MARKET, Chats
from tests.support.phones import Phone


async def book(anna: Phone) -> None:
    await anna.text("/send")
    await anna.press(MARKET, "Medium", "Send a link", "Reserve")


async def reported(anna: Phone) -> None:
    """A delivery of Anna's whose door was reported once."""
    await book(anna)
    await anna.press("Get drop-off code", "It did not open", *["Still closed"] * 3)
    await anna.press("Report this door")


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
    for _look in range(2):
        world.clock.turn(60)
        await world.watcher.turn()
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
    await olga.press("Doors reported (1)", MARKET)
    delivery = (await world.deliveries(anna))[0]
    await olga.sees(delivery.id, "Door reported 1×", "Drop-off code issued")


async def test_ending_a_delivery_asks_once_more_tells_the_sender_and_leaves_a_line(
    world: Chats, olga: Phone, anna: Phone
) -> None:
    await reported(anna)
    await olga.text("/ops")
    await olga.press("Stuck deliveries (1)", MARKET, "End the delivery")
    assert (await world.deliveries(anna))[0].state is State.RENTED
    await olga.press("Back", "End the delivery", "Yes, end it")
    delivery = (await world.deliveries(anna))[0]
    assert delivery.state is State.CLOSED
    await anna.sees("An operator has ended this delivery")
    await olga.sees("Ended by an operator (you)")


async def test_releasing_a_locker_gives_it_back_at_harbor(
    world: Chats, olga: Phone, anna: Phone
) -> None:
    await reported(anna)
    await olga.text("/ops")
    await olga.press("Stuck deliveries (1)", MARKET, "Release the locker", "Yes, release")
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
    await olga.press("Stuck deliveries (1)", MARKET, "Message both")
    rings = [await phone.rings() for phone in (anna, ben)]
    await olga.text("The <door> is being mended")
    for phone in (anna, ben):
        await phone.sees("An operator writes: The <door> is being mended")
    assert [await phone.rings() for phone in (anna, ben)] == [count + 1 for count in rings]


async def test_a_stray_locker_is_given_back_on_an_operators_word(world: Chats, olga: Phone) -> None:
    await stray(world)
    await olga.sees("Orphan locker", "no delivery here uses it")
    await olga.text("/ops")
    await olga.press("Orphan lockers (1)", MARKET, "Yes, release")
    await olga.sees("being released")
    await world.look()
    await world.tower.sync()
    await world.look()
    alerts = await world.database.look(lambda tx: tx.alerts())
    assert [alert.key for alert in alerts if alert.kind is AlertKind.ORPHAN] == []


async def test_the_alert_itself_leads_to_the_question(world: Chats, olga: Phone) -> None:
    await stray(world)
    await olga.press("Release the locker")
    await olga.sees("Release locker", MARKET)
    await olga.press("Back")
    assert await world.state(olga) == "ops/orphans"


async def waiting(world: Chats, anna: Phone) -> Phone:
    """A parcel of Anna's that waits for Ben, who is given back."""
    ben = await world.phone("Ben")
    await book(anna)
    await ben.open((await anna.claim())[0])
    await anna.press("Get drop-off code")
    await world.tower.put_in(await anna.code())
    await ben.sees("is waiting for you")
    return ben


async def overdue(world: Chats, olga: Phone, anna: Phone) -> Phone:
    """The same, not collected in time; the operator looks at it."""
    ben = await waiting(world, anna)
    await world.turn(73 * 3600)
    await olga.text("/ops")
    await olga.press("Stuck deliveries (1)", MARKET)
    return ben


async def test_a_delivery_that_holds_a_parcel_offers_every_way_out_and_no_end(
    world: Chats, olga: Phone, anna: Phone
) -> None:
    await overdue(world, olga, anna)
    labels = await olga.labels()
    for label in ("Fetch the parcel out", "Let it wait longer", "Let somebody else collect"):
        assert any(label in shown for shown in labels), labels
    for label in ("End the delivery", "Release the locker", "Get pick-up code"):
        assert not any(label in shown for shown in labels), labels


async def test_an_operator_lets_an_overdue_parcel_wait_longer_without_a_word(
    world: Chats, olga: Phone, anna: Phone
) -> None:
    ben = await overdue(world, olga, anna)
    await olga.press("Let it wait longer", "Yes, let it wait")
    await olga.sees("Time extended (you)")
    await ben.sees("is waiting for you", "only until")
    await olga.sees("This is settled", "has not been collected in time")


async def test_an_operator_gives_a_parcel_to_somebody_else(
    world: Chats, olga: Phone, anna: Phone
) -> None:
    ben = await overdue(world, olga, anna)
    await olga.press("Let somebody else collect")
    await olga.text("Ben has <moved>")
    await olga.press("Yes, a new link")
    link, _code = await olga.claim()
    await anna.sees("An operator lets somebody else collect it", "“Ben has <moved>”", link)
    await ben.sees("no longer yours to collect")
    cleo = await world.phone("Cleo")
    await cleo.open(link)
    await cleo.sees("is waiting for you")
    await olga.sees("Cleo is to collect the parcel from Anna now")


async def test_a_reason_is_for_the_question_at_which_it_was_typed(
    world: Chats, olga: Phone, anna: Phone
) -> None:
    ben = await overdue(world, olga, anna)
    await olga.press("Fetch the parcel out")
    await olga.text("The tower moves")
    await olga.press("Back", "Let it wait longer")
    await olga.sees("Let this parcel wait longer?", "Why?")
    await olga.press("Yes, let it wait")
    assert all("The tower moves" not in card for card in await ben.cards())


async def test_a_code_of_an_operator_that_ran_out_is_had_again_where_the_delivery_is_looked_at(
    world: Chats, olga: Phone, anna: Phone
) -> None:
    await overdue(world, olga, anna)
    await olga.press("Fetch the parcel out", "Yes, fetch it out")
    first = await olga.code()
    await world.turn(901)
    await olga.loses("HARBOR://OPEN/")
    await olga.press("Get pick-up code")
    second = await olga.code()
    assert second != first
    await world.tower.take_out(second)
    await anna.sees("An operator has fetched it out")


async def test_a_problem_is_open_then_seen_then_done_with_words_for_whoever_reported_it(
    world: Chats, olga: Phone, anna: Phone
) -> None:
    ben = await waiting(world, anna)
    await ben.press("Report a problem")
    await ben.text("It smells")
    await olga.sees("Somebody reports a problem", "“It smells”")
    await olga.text("/ops")
    await olga.press("Problems reported (1)")
    await olga.sees("🔴 Open (1)", "“It smells”")
    await olga.press("Seen", on=await olga.sees("Somebody reports a problem"))
    await olga.sees("Somebody reports a problem", "Seen by Olga")
    await olga.press("👁 Seen (1)", MARKET)
    await olga.sees("🆘 Ben: “It smells”")
    rings, annas = await ben.rings(), await anna.rings()
    await olga.press("The problem is dealt with")
    await olga.text("It has been aired")
    await olga.press("Yes, it is done")
    await olga.sees("dealt with by an operator (you): “It has been aired”")
    assert await world.database.look(lambda tx: tx.alerts()) == []
    await ben.sees("An operator writes: It has been aired")
    assert (await ben.rings(), await anna.rings()) == (rings + 1, annas)
    await olga.sees("This is settled", "“It smells”")
    await olga.press("Back", "✅ Done (1)")
    await olga.sees("✅ Done (1)", "“It smells”")


async def test_what_is_reported_again_after_it_was_seen_rings_again(
    world: Chats, olga: Phone, anna: Phone
) -> None:
    ben = await waiting(world, anna)
    for words in ("It smells", "It smells more"):
        rings = await olga.rings()
        await ben.press("Report a problem")
        await ben.text(words)
        assert await olga.rings() == rings + 1
        await olga.press("Seen", on=await olga.sees("Somebody reports", f"“{words}”"))
    await olga.sees("Reports so far: 2", "Seen by Olga")


async def test_of_two_operators_who_settle_a_problem_the_second_sees_that_it_is_done(
    world: Chats, olga: Phone, anna: Phone
) -> None:
    ben = await waiting(world, anna)
    await ben.press("Report a problem")
    await ben.text("It smells")
    await olga.press("The problem is dealt with")
    (alert,) = await world.database.look(lambda tx: tx.alerts())
    await world.database.run(lambda tx: tx.clear_alert(alert.key, world.clock.now()))
    await olga.press("Yes, it is done")
    assert "has changed in the meantime" in (await olga.toasts())[-1]
    await olga.sees("in the locker", "Recipient confirmed")


async def test_an_operator_writes_to_one_person_who_can_answer(
    world: Chats, olga: Phone, anna: Phone
) -> None:
    ben = await waiting(world, anna)
    await olga.text("/ops Ben")
    await olga.press(MARKET, "Write to the recipient")
    await olga.sees("What should Ben read?", "Nobody else reads it")
    rings, annas = await ben.rings(), await anna.rings()
    await olga.text("Is the <door> shut?")
    await olga.sees("Your message has been sent", "Message from an operator to the recipient (you)")
    message = await ben.sees("An operator writes: Is the <door> shut?")
    assert (await ben.rings(), await anna.rings()) == (rings + 1, annas)
    await ben.press("Report a problem", on=message)
    await ben.text("Yes it is")
    await olga.sees("Somebody reports a problem", "“Yes it is”")
    assert not any("door> shut" in card for card in await anna.cards())
    for phone in (anna, ben):
        export = await _export(world, phone)
        assert ("Is the <door> shut?" in export) is (phone is ben)


async def _export(world: Chats, phone: Phone) -> str:
    """All that is held about somebody."""

    async def look(tx: Transaction) -> str:
        person = await tx.person(phone.id)
        assert person is not None
        return str(await held_about(tx, person, world.clock.now()))

    return await world.database.look(look)


async def test_words_to_somebody_who_is_not_there_any_more_reach_nobody(
    world: Chats, olga: Phone, anna: Phone
) -> None:
    ben = await waiting(world, anna)
    await olga.text("/ops Ben")
    await olga.press(MARKET, "Write to the recipient")
    await ben.press("Let somebody else collect", "Yes, a new link")
    await olga.text("Are you there?")
    await olga.sees("no longer possible: it has changed in the meantime")
    for phone in (anna, ben):
        assert not any("Are you there?" in card for card in await phone.cards())


async def test_what_is_stale_is_opened_or_acted_on_all_at_once_after_a_question(
    world: Chats, olga: Phone, anna: Phone
) -> None:
    bens = [await waiting(world, anna) for _parcel in range(3)]
    await world.turn(73 * 3600)
    await olga.text("/ops")
    await olga.press("Lockers taken up long (3)")
    await olga.sees("Overdue (3)")
    await olga.press(MARKET, "Back", "Let all wait longer (3)")
    parcels = await world.deliveries(anna)
    await olga.sees("Let 3 parcels wait longer?", *[parcel.id for parcel in parcels])
    assert all(parcel.overdue_at for parcel in parcels)
    await olga.text("The street is closed")
    await bens[0].press("More time")  # which changes one of them
    await olga.press("Yes, let it wait")
    await olga.sees("Overdue (0)")
    assert (await olga.toasts())[-1] == (
        "Done for 2 deliveries. Left as they are, having changed: 1."
    )
    for ben in bens[1:]:
        await ben.sees("only until", "“The street is closed”")
    for parcel in parcels:
        lines = await world.database.look(lambda tx, id=parcel.id: tx.history(id))
        assert sum(line.event == "extended" for line in lines) == 1


async def test_all_who_wait_too_long_are_written_to_at_once(
    world: Chats, olga: Phone, anna: Phone
) -> None:
    await waiting(world, anna)
    await world.turn(73 * 3600)
    await olga.text("/ops")
    await olga.press("Lockers taken up long (1)", "Message all (1)")
    await olga.forge("all_ok")
    await olga.sees("What should the people of one delivery read?")
    await olga.text("Please come")
    await olga.press("Yes, send it")
    await anna.sees("An operator writes: Please come")


async def test_the_operators_own_screen_is_no_message_that_waits(olga: Phone) -> None:
    for _time in range(2):
        await olga.text("/ops")
        await olga.sees("Messages waiting: 0")


async def test_nobody_but_an_operator_sees_an_alert_to_its_end(
    world: Chats, olga: Phone, anna: Phone
) -> None:
    ben = await waiting(world, anna)
    await ben.press("Report a problem")
    await ben.text("It smells")
    [alert] = await world.database.look(lambda tx: tx.alerts())
    for data in (f"seen:{key_to_arg(alert.key)}", "empty:0100.7", "seen:nonsense"):
        await anna.forge(data)
    assert await world.database.look(lambda tx: tx.alerts()) == [alert]


async def test_of_an_orphan_is_told_how_the_delivery_that_asked_for_it_goes_on(
    world: Chats, olga: Phone, anna: Phone
) -> None:
    await book(anna)
    (delivery,) = await world.deliveries(anna)
    here = (world.tower.id, LockerId(await stray(world)))
    await olga.sees("Orphan locker", "Nothing here shows that the bot asked for it")
    await world.database.run(lambda tx: tx.vouch(*here, delivery.id, world.clock.now()))
    await world.look()
    await olga.sees("Orphan locker", f"delivery {delivery.id}, locker reserved")
    await anna.press("Get drop-off code")
    await olga.sees("Orphan locker", f"delivery {delivery.id}, to be dropped off")


async def test_what_lies_in_an_orphan_locker_is_fetched_out(world: Chats, olga: Phone) -> None:
    lockers = await world.lockers.lockers(world.tower.id)
    locker = next(locker for locker in lockers if locker.status == "available")
    token = await world.lockers.drop_off_token(world.tower.id, locker.id, 3000)
    await world.tower.put_in(token_text(world.tower.id, locker.id, token))
    await olga.sees(f"Orphan locker {locker.name}", "A parcel is inside")
    await olga.press("Fetch the parcel out")
    await olga.sees(f"locker {locker.name} at {MARKET}")
    await olga.press("Yes, fetch it out")
    await olga.sees("You are fetching this parcel out")
    await world.tower.take_out(await olga.code())
    await olga.sees("You have fetched it out")
    assert await world.lockers.assigned() == []
    await olga.forge(f"empty:{world.tower.id}.{locker.id}")
    await olga.sees("That is no longer possible")
    assert await world.database.look(lambda tx: tx.alerts()) == []


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
