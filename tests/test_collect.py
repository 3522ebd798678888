"""A recipient claims a parcel and fetches it; whoever guesses is slowed down."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from bot.domain.claims import claim_payload
from bot.domain.ids import TowerId
from bot.domain.lifecycle import State
from tests.support.chats import MARKET, START, Chats
from tests.support.phones import AtTower, Phone
from tests.support.sixty import entries, sixty_parcels

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
DAY = timedelta(days=1)


async def book(anna: Phone, tower: str = MARKET) -> tuple[str, str]:
    """A delivery by claim, its drop-off code shown; the claim's link and code."""
    await anna.text("/send")
    await anna.press(tower, "Medium", "Send a link", "Reserve")
    link, code = await anna.claim()
    return link, code


async def put_in(world: Chats, anna: Phone, tower: TowerId | None = None) -> None:
    await anna.press("Get drop-off code")
    await AtTower(world, tower or world.tower.id).put_in(await anna.code())


async def test_a_claim_link_makes_its_first_reader_the_recipient(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    link, _ = await book(anna)
    await ben.open(link)
    await ben.sees("a parcel from Anna")
    (delivery,) = await world.deliveries(ben)
    assert delivery.recipient == ben.id
    assert len(await ben.cards()) == 1


async def test_a_parcel_goes_from_hand_to_hand(world: Chats, anna: Phone, ben: Phone) -> None:
    link, _ = await book(anna)
    await ben.open(link)
    rings = await ben.rings()
    await put_in(world, anna)
    await ben.sees("a parcel from Anna is waiting for you", "Locker")
    assert await ben.rings() == rings + 1
    await ben.press("Get pick-up code")
    await world.tower.take_out(await ben.code())
    assert [d.state for d in await world.deliveries(ben)] == [State.COLLECTED]
    await ben.loses("HARBOR://OPEN/")


async def test_a_typed_code_is_read_in_any_case_and_with_letters_that_look_alike(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    _, code = await book(anna)
    await ben.open()
    await ben.press("Collect a parcel")
    await ben.sees("Type the claim code")
    await ben.text(f" {code.lower().replace('0', 'o').replace('1', 'l')} ")
    await ben.sees("a parcel from Anna")


async def test_the_command_takes_a_code_along(world: Chats, anna: Phone, ben: Phone) -> None:
    _, code = await book(anna)
    await ben.open()
    await ben.text(f"/collect {code.replace('-', ' ')}")
    await ben.sees("a parcel from Anna")


async def test_a_code_typed_in_the_menu_is_read(world: Chats, anna: Phone, ben: Phone) -> None:
    _, code = await book(anna)
    await ben.open()
    await ben.text(code)
    await ben.sees("a parcel from Anna")


async def test_a_claim_works_once(world: Chats, anna: Phone, ben: Phone) -> None:
    link, code = await book(anna)
    cleo = await world.phone("Cleo")
    await ben.open(link)
    await cleo.open(link)
    await cleo.sees("That code or link is not valid")
    await cleo.text(code)
    await cleo.sees("4 more tries")
    assert await world.deliveries(cleo) == []


async def test_a_wrong_code_counts_down_and_then_waits_and_the_operators_hear_of_it(
    world: Chats, ben: Phone
) -> None:
    operator = await world.phone("Olga", id=9000)
    await operator.open()
    await ben.open()
    await ben.text("/collect")
    for left in ("4 more tries", "3 more tries", "2 more tries", "One more try"):
        await ben.text("AAAA-AAAA")
        await ben.sees(left)
    await ben.text("AAAA-AAAA")
    await ben.sees("Too many wrong codes", "⏳ 17:00 UTC (2 Mar)")
    await operator.sees("wrong claim code")


async def test_while_a_guesser_waits_even_the_right_code_is_not_read(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    _, code = await book(anna)
    await ben.open()
    for _try in range(5):
        await ben.text("/collect AAAA-AAAA")
    await ben.text(f"/collect {code}")
    await ben.sees("Too many wrong codes")
    await world.turn(31)
    await ben.text(f"/collect {code}")
    await ben.sees("a parcel from Anna")


async def test_what_is_no_code_at_all_is_answered_kindly(world: Chats, ben: Phone) -> None:
    await ben.open()
    await ben.text("/collect")
    await ben.text("hello? " * 300)
    await ben.sees("That code or link is not valid", "Type the claim code")
    await ben.sticker()
    await ben.sees("Type the claim code")


@pytest.mark.parametrize("words", ["{code}.", "Hi Ben, it is {code}, bye", "{dash}", "{link}"])
@pytest.mark.parametrize("place", ["menu", "the claim question", "the towers"])
async def test_a_claim_is_read_wherever_it_stands_and_wherever_one_is(
    world: Chats, anna: Phone, ben: Phone, words: str, place: str
) -> None:
    link, code = await book(anna)
    await ben.open()
    if place == "the claim question":
        await ben.text("/collect")
    elif place == "the towers":
        await ben.press("Send a parcel")
    await ben.text(words.format(code=code, link=f"for you: {link}", dash=code.replace("-", "—")))
    await ben.sees("a parcel from Anna")


async def test_a_claim_link_pasted_into_a_message_that_is_edited_is_read(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    link, code = await book(anna)
    await ben.open()
    sent = await ben.text("hello")
    await ben.edit(sent, f"here: {link}")
    await ben.sees("a parcel from Anna")
    link, code = await book(anna)
    await ben.text("/collect")
    await ben.press("Type a claim code")
    sent = await ben.text("AAAA-AAAA")
    await ben.edit(sent, code)
    await world.quiet()
    assert len(await world.deliveries(ben)) == 2


@pytest.mark.parametrize("words", ["sneakers", "Birthday", "the boots", "1234-5678"])
async def test_what_was_typed_where_no_code_was_asked_for_is_no_try(
    world: Chats, ben: Phone, words: str
) -> None:
    await ben.open()
    await ben.text(words)
    await ben.press("Send a parcel")
    await ben.text(words)
    await ben.sees(f"Nothing found for “{words}”")
    await ben.text("/collect")
    await ben.text("AAAA-AAAA")
    await ben.sees("4 more tries")


async def test_a_door_code_a_sticker_or_a_voice_message_is_answered_with_the_present_question_once(
    world: Chats, ben: Phone
) -> None:
    await ben.open()
    await ben.text("/collect")
    for _ in range(6):
        await ben.text("HARBOR://OPEN/0100000000000101/1F/0123ABCD")
        await ben.sticker()
        await ben.file("voice")
    assert [said for said in await ben.cards() if "Type the claim code" in said] == [
        await ben.screen()
    ]
    await ben.text("AAAA-AAAA")
    await ben.sees("4 more tries")


async def test_a_location_that_moves_moves_no_message(world: Chats, ben: Phone) -> None:
    await ben.open()
    await ben.press("Send a parcel")
    await ben.location(30.27, -97.74)
    before = [message["message_id"] for message in await ben.messages()]
    body = {
        "message_id": 1,
        "date": int(world.clock.now().timestamp()),
        "edit_date": int(world.clock.now().timestamp()),
        "chat": {"id": ben.id, "type": "private", "first_name": "Ben"},
        "from": {"id": ben.id, "is_bot": False, "first_name": "Ben"},
    }
    for tick in range(3):
        moved = {"latitude": 30.27 + tick / 100, "longitude": -97.74, "live_period": 900}
        world.telegram.tell("edited_message", body | {"location": moved}, ben.id)
        await world.quiet()
    assert [message["message_id"] for message in await ben.messages()] == before


async def test_several_parcels_in_one_tower_are_one_visit(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    for _parcel in range(2):
        link, _ = await book(anna)
        await ben.open(link)
        await put_in(world, anna)
    doors = [str(d.locker_name) for d in await world.deliveries(ben)]
    await ben.text("/collect")
    message = await ben.sees(f"{MARKET}, one visit: lockers")
    assert all(door in message["text"] for door in doors)


async def test_a_parcel_of_the_list_shows_its_card_below_everything_else(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    link, _ = await book(anna)
    await ben.open(link)
    await put_in(world, anna)
    await ben.text("/collect")
    await ben.press(MARKET)
    assert "is waiting for you" in await ben.screen()
    assert sum("is waiting for you" in card for card in await ben.cards()) == 1


async def test_a_parcel_on_its_way_is_listed_as_such(world: Chats, anna: Phone, ben: Phone) -> None:
    link, _ = await book(anna)
    await ben.open(link)
    await ben.text("/collect")
    await ben.sees("One is on its way")


async def test_a_link_opened_again_by_its_owner_leads_to_the_parcel(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    link, _ = await book(anna)
    await ben.open(link)
    await ben.open(link)
    await ben.sees("Your parcels to collect", "on its way")


async def open_own(anna: Phone, link: str) -> None:
    await anna.open(link)


async def type_own(anna: Phone, code: str) -> None:
    await anna.text(code)


@pytest.mark.parametrize(("use", "which"), [(open_own, 0), (type_own, 1)])
async def test_a_sender_is_asked_before_their_own_link_or_code_is_used_up(
    world: Chats, anna: Phone, ben: Phone, use: Callable[[Phone, str], Awaitable[None]], which: int
) -> None:
    claim = await book(anna)
    await use(anna, claim[which])
    await anna.sees("That is your own parcel's link. Collect it yourself?", MARKET)
    await anna.press("Back")
    (delivery,) = await world.deliveries(anna)
    assert delivery.recipient is None
    await ben.open(claim[0])
    await ben.sees("a parcel from Anna")


async def test_the_sender_can_collect_by_their_own_link(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    link, _ = await book(anna)
    await anna.open(link)
    await anna.press("Yes, I collect it")
    (delivery,) = await world.deliveries(anna)
    assert delivery.recipient == delivery.sender
    assert not (await anna.chat())["messages"][-1]["outgoing"], "the card comes below the link"
    await ben.open(link)
    await ben.sees("That code or link is not valid")


async def test_who_was_faster_than_the_senders_yes_collects(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    link, _ = await book(anna)
    await anna.open(link)
    await ben.open(link)
    await anna.press("Yes, I collect it")
    (delivery,) = await world.deliveries(anna)
    assert delivery.recipient == ben.id


async def test_the_senders_own_link_opened_while_booking_leads_back_to_the_booking(
    world: Chats, anna: Phone
) -> None:
    link, _ = await book(anna)
    await anna.text("/send")
    await anna.press(MARKET)
    await anna.open(link)
    await anna.press("Yes, I collect it")
    assert await world.state(anna) == "send/size"


async def test_a_link_whose_parcel_has_no_locker_yet_says_so_and_works_later(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    await anna.text("/send")
    await anna.press(MARKET, "✅ A larger", "Medium", "Send a link")
    await world.tower.take_all("medium")
    await anna.press("Reserve")
    (delivery,) = await world.deliveries(anna)
    assert delivery.state is State.NO_LOCKER
    claim = await world.database.look(lambda tx: tx.claim(delivery.id))
    assert claim is not None
    await ben.open(f"https://t.me/{world.application.bot.username}?start={claim_payload(claim)}")
    await ben.sees("That parcel has no locker yet. Keep the link")
    await ben.text(claim.code)
    await ben.sees("That parcel has no locker yet. Keep the link")
    assert await world.database.look(lambda tx: tx.all_wrong_tries(START - DAY)) == 0
    await anna.press("Try there")
    await ben.text(claim.code)
    await ben.sees("a parcel from Anna")


async def test_a_link_opened_while_booking_loses_nothing_of_the_booking(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    link, _ = await book(anna)
    await ben.open()
    await ben.press("Send a parcel", MARKET, "Large")
    await ben.open(link)
    await ben.sees("a parcel from Anna")
    await ben.sees("Who collects it?")
    assert (await world.draft(ben)).answers["size"] == "large"


async def test_sixty_parcels_that_wait_are_all_listed_and_counted(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    await ben.open()
    await sixty_parcels(world, anna.id, ben.id, State.STORED)
    await ben.text("/start")
    assert "🔑 Collect a parcel (60)" in await ben.labels()
    await ben.press("Collect a parcel")
    assert await entries(ben, "locker") == 60
