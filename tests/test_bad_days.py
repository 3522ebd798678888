"""Bad input and bad days: each has an answer in plain words, and the parcel gets there in the end.

What a single module answers for is tested beside it; here is what takes the whole bot.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from bot.domain.card import delivery_subject
from bot.domain.lifecycle import State
from bot.domain.tower import LockerStatus, Size
from bot.ports.database import Database
from bot.usecases.book import cancel
from tests.support.chats import MARKET, Chats, chats
from tests.support.core import ANNA, BEN, TOWER, Core
from tests.support.memory_chat import MemoryChat
from tests.support.phones import Message, Phone, buttons
from tests.support.playing import Bot
from tests.support.town import Somebody, Town

T = TypeVar("T")

BOOKS = ("Send a parcel", MARKET, "Medium", "Send a link", "Reserve")
HOSTILE = "\u202e<b>%s {name}</i>" + "مرحبا" + "\U0001f4e6" * 20
"""A name that turns text around, looks like markup, and like a gap to be filled."""


@pytest.fixture
def town(world: Chats) -> Town:
    return Town(world)


class Impatient(Phone):
    """A phone whose owner does the next thing without waiting for the bot to be done."""

    async def _act(self, name: str, body: dict[str, Any] | None = None) -> Message:
        path = f"/telegram/sandbox/people/{self.id}/{name}"
        answer = await self.world.http.post(path, json=body or {})
        assert answer.is_success, answer.text
        done: Message = answer.json() if answer.content else {}
        return done


async def impatient(world: Chats, name: str) -> Impatient:
    phone = await world.phone(name)
    return Impatient(world, phone.id, name)


async def books(phone: Phone, *labels: str) -> None:
    await phone.press(*(labels or BOOKS))


# -- time runs out


async def test_who_hesitates_until_the_reservation_is_over_is_told_and_can_try_again(
    town: Town,
) -> None:
    [anna] = await town.people("Anna")
    await anna.opens_the_bot()
    await anna.taps(*BOOKS)
    card = await anna.phone.sees("Reserved until")
    await town.minutes_pass(6)
    await town.a_few_seconds_pass()
    await anna.sees("The time ran out", "nothing is lost")
    await anna.phone.forge(_pressed(card, "Get drop-off code"), on=card)
    assert "Here is how it stands now" in (await anna.phone.toasts())[-1]
    await anna.taps("Try again", "Get drop-off code")
    await anna.sees("HARBOR://OPEN/")


async def test_a_pick_up_code_that_runs_out_at_the_door_is_replaced_by_a_tap(town: Town) -> None:
    anna, ben = await town.people("Anna", "Ben")
    await _in_the_locker(town, anna, ben)
    await ben.taps("Get pick-up code")
    code = await ben.scanned()
    await town.minutes_pass(16)
    refused = await town.world.http.post(
        f"/harbor/sandbox/towers/{town.world.tower.id}/hold", json={"code": code}
    )
    assert refused.json()["error"]["code"] == 107, "the tower says: message expired"
    await ben.no_longer_sees("HARBOR://OPEN/")
    await ben.taps("Get pick-up code")
    await ben.takes_the_parcel_out()
    await town.a_few_seconds_pass()
    await ben.sees("You have collected the parcel from Anna")


async def test_a_drop_off_code_that_runs_out_at_the_door_leads_to_another_locker(
    town: Town,
) -> None:
    [anna] = await town.people("Anna")
    await anna.opens_the_bot()
    await anna.taps(*BOOKS, "Get drop-off code")
    await town.minutes_pass(51)
    await town.a_few_seconds_pass()
    await anna.sees("The time ran out")
    await anna.no_longer_sees("HARBOR://OPEN/")
    await anna.taps("Try again", "Get drop-off code")
    await anna.puts_the_parcel_in()
    await town.a_few_seconds_pass()
    await anna.sees("In locker")


# -- people


async def test_the_sender_is_told_who_has_blocked_the_bot_and_when_they_are_back(
    town: Town,
) -> None:
    anna, ben = await town.people("Anna", "Ben")
    await _in_the_locker(town, anna, ben)
    await anna.sees("Ben has been told and can collect it")
    await ben.phone.block()
    await anna.sees("For Ben", "have blocked it")
    await ben.phone.unblock()
    await ben.opens_the_bot()
    await anna.sees("Ben has been told and can collect it")
    await ben.sees("a parcel from Anna is waiting for you")


async def test_the_sender_is_told_even_where_telegram_says_so_only_when_the_bot_writes(
    core: Core,
) -> None:
    """The outbox meets it first: no update has come."""
    chat = MemoryChat(core.clock)
    bot = Bot(core, chat)
    delivery = await core.stored(recipient=BEN, recipient_name="Ben")
    await bot.react()
    chat.blocked.add(BEN)
    subject = delivery_subject(delivery.id)
    await core.database.run(lambda tx: tx.mark(BEN, subject, now=core.clock.now(), ring=True))
    await bot.react()
    card = await core.card(ANNA, delivery)
    assert card is not None
    assert card.message is not None
    assert "Telegram doesn’t let me write to them" in chat.messages[ANNA][card.message].view.html


async def test_a_hostile_name_and_a_hostile_note_reach_the_recipient_and_harm_nobody(
    town: Town,
) -> None:
    [ben] = await town.people("Ben")
    anna = Somebody(await town.world.phone(HOSTILE, last_name="א" * 30))
    await anna.opens_the_bot()
    await anna.taps(*BOOKS[:-1], "Add a note")
    await anna.phone.text(HOSTILE * 40)
    await anna.taps("Reserve")
    await ben.opens_the_bot(await anna.reads_the_link())
    await ben.sees("a parcel from", "<b>%s {name}</i>")
    await anna.taps("Get drop-off code")
    await anna.puts_the_parcel_in()
    await town.a_few_seconds_pass()
    await ben.taps("Get pick-up code")
    await ben.takes_the_parcel_out()
    await town.a_few_seconds_pass()
    await ben.sees("You have collected the parcel from")
    assert "\u202e" not in "".join(await ben.phone.cards())


async def test_two_devices_that_reserve_at_once_get_one_locker(world: Chats) -> None:
    anna = await impatient(world, "Anna")
    await anna.open()
    await books(anna, *BOOKS[:-1])
    review = await anna.sees("You get a claim link and a claim code")
    await asyncio.gather(*(anna.press("Reserve", on=review) for _device in range(3)))
    await anna.sees("Reserved until")
    await world.quiet()
    assert len(await world.deliveries(anna)) == 1
    assert len(await world.lockers.assigned()) == 1


async def test_three_taps_for_a_code_ask_harbor_for_one_token(world: Chats) -> None:
    anna = await impatient(world, "Anna")
    await anna.open()
    await books(anna)
    card = await anna.sees("Reserved until")
    taps = (anna.press("Get drop-off code", on=card) for _device in range(3))
    await asyncio.gather(*taps)
    await anna.sees("HARBOR://OPEN/")
    await world.quiet()
    wire = (await world.http.get("/harbor/sandbox/wire")).json()
    assert sum("dropoff-locker-tokens" in call["path"] for call in wire) == 1
    assert sum("HARBOR://OPEN/" in card for card in await anna.cards()) == 1


# -- Harbor's bad days


@pytest.mark.long
@pytest.mark.parametrize(("fault", "times"), [("503", 3), ("reset_after", 1)])
@pytest.mark.parametrize(
    "call",
    ["tower_lockers", "reserve", "drop_off_token", "assigned_lockers", "pick_up_token", "token"],
)
async def test_whatever_call_of_harbor_fails_the_parcel_gets_there(
    town: Town, call: str, fault: str, times: int
) -> None:
    anna = await _about_to_choose(town)
    await town.world.faults("harbor", {"name": fault, "call": call, "times": times})
    await _from_hand_to_hand(town, anna)
    assert (await town.world.http.get("/harbor/sandbox/faults")).json()["on"] == []


async def test_a_locker_that_is_being_given_back_is_nobody_elses_yet(core: Core) -> None:
    await _leave_one(core)
    first = await core.reserved(larger_allowed=False)
    await core.on(ANNA, first, cancel)
    await core.work()
    assert await core.status(first) == "available", "Harbor has it back, and we have not seen so"
    second = await core.reserved(who=BEN, larger_allowed=False)
    assert second.state is State.NO_LOCKER
    core.clock.turn(1)
    await core.look()
    third = await core.reserved(who=BEN, larger_allowed=False)
    assert (third.state, third.locker) == (State.RESERVED, first.locker)


async def test_a_harbor_that_is_slow_for_one_delays_nobody_else(world: Chats) -> None:
    anna, ben = await impatient(world, "Anna"), await impatient(world, "Ben")
    await anna.open()
    await ben.open()
    await books(anna, *BOOKS[:-1])
    slow = {"name": "latency", "call": "reserve", "times": 1, "seconds": 5}
    await world.faults("harbor", slow)
    await anna.press("Reserve")
    await anna.sees("Looking for a locker")
    await books(ben)
    await ben.press("Get drop-off code")
    await ben.sees("HARBOR://OPEN/")
    [annas] = await world.deliveries(anna)
    assert annas.request is not None
    assert (annas.state, annas.request.failures) == (State.REQUESTED, 0), "still under way"
    world.clock.turn(5)
    await anna.sees("Reserved until")


# -- Telegram's bad days


@pytest.mark.long
@pytest.mark.parametrize("fault", ["reply_lost", "bad_gateway", "reset", "too_many_requests"])
@pytest.mark.parametrize(
    "call", ["sendMessage", "editMessageText", "sendPhoto", "deleteMessage", "getUpdates"]
)
async def test_whatever_call_of_telegram_fails_the_parcel_gets_there(
    town: Town, call: str, fault: str
) -> None:
    anna = await _about_to_choose(town)
    await town.world.faults("telegram", {"name": fault, "call": call, "times": 2})
    await _from_hand_to_hand(town, anna)
    assert (await town.world.http.get("/telegram/sandbox/faults")).json()["on"] == []


async def test_who_may_not_be_written_to_for_hours_has_not_been_told(world: Chats) -> None:
    anna, ben = await impatient(world, "Anna"), await impatient(world, "Ben")
    sender = Somebody(anna)
    await anna.open()
    for label in BOOKS:
        await anna.press(label)
        await world.quiet()
    await ben.open(await sender.reads_the_link())
    await ben.sees("a parcel from Anna")
    await world.quiet()
    await anna.press("Get drop-off code")
    hours = {"name": "too_many_requests", "call": "*", "times": None, "chat": ben.id}
    await world.faults("telegram", hours | {"retry_after": 4 * 3600})
    await sender.puts_the_parcel_in()
    world.clock.turn(6)
    await world.watcher.turn()
    await anna.sees("Ben", "is being told")
    await world.faults("telegram")
    world.clock.turn(4 * 3600 + 1)
    await ben.sees("is waiting for you")
    await anna.sees("Ben", "has been told")


async def test_a_telegram_that_is_slow_for_one_delays_nobody_else(world: Chats) -> None:
    anna, ben = await impatient(world, "Anna"), await impatient(world, "Ben")
    await anna.open()
    await anna.sees("What would you like to do?")
    slow = {"name": "slow", "call": "*", "times": None, "seconds": 5, "chat": anna.id}
    await world.faults("telegram", slow)
    await anna.press("Send a parcel")
    await ben.open()
    await books(ben)
    await ben.press("Get drop-off code")
    await ben.sees("HARBOR://OPEN/")
    assert "What would you like to do?" in await anna.screen()
    assert world.outbox.tally.postponed == 0, "still under way"
    await world.faults("telegram")
    world.clock.turn(5)
    await anna.sees("Which tower?")


async def test_a_telegram_slow_to_edit_takes_no_card_for_another_and_loses_none(
    database: Database,
) -> None:
    """Two sizes after one another, and then a tap on what was given up, while edits take long."""
    async with chats(database) as world:
        town, anna = Town(world), await impatient(world, "Anna")
        await anna.open()
        await books(anna)
        await anna.sees("Reserved until")
        slow = {"name": "slow", "call": "editMessageText", "times": None, "seconds": 1.5}
        await world.faults("telegram", slow)
        for size in ("Large · ", "Small · "):
            await _patiently(town, anna.press("Another size"))
            await _patiently(town, anna.press(size))
            await _patiently(town, anna.loses("Which size instead?"))
            await _patiently(town, anna.sees("Reserved until"))
        await anna.text("/parcels")
        await _patiently(town, anna.press("cancelled"))
        await world.faults("telegram")
        await _patiently(town, world.quiet())
        live = [each for each in await world.deliveries(anna) if each.state is State.RESERVED]
        assert [each.size for each in live] == [Size.SMALL]
        cards = [m for m in await anna.messages() if _offers(m, "Get drop-off code")]
        assert len(cards) == 1, "the card of the one that is under way"
        await _patiently(town, anna.press("Get drop-off code"))
        await _patiently(town, anna.sees("HARBOR://OPEN/"))


# -- how they get there


async def _in_the_locker(town: Town, anna: Somebody, ben: Somebody) -> None:
    await anna.opens_the_bot()
    await anna.taps(*BOOKS)
    await ben.opens_the_bot(await anna.reads_the_link())
    await anna.taps("Get drop-off code")
    await anna.puts_the_parcel_in()
    await town.a_few_seconds_pass()
    await ben.sees("is waiting for you")


async def _about_to_choose(town: Town) -> Phone:
    """Anna before the list of towers."""
    anna = await town.world.phone("Anna")
    await anna.open()
    await anna.press("Send a parcel")
    return Impatient(town.world, anna.id, anna.name)


async def _from_hand_to_hand(town: Town, anna: Phone) -> None:
    """The rest of the story, by people who wait a little whenever nothing happens.

    It begins when the bot's access token for Harbor has run out.
    """
    await town.minutes_pass(6)
    ben = await impatient(town.world, "Ben")
    for label in (*BOOKS[1:], "Get drop-off code"):
        await _patiently(town, anna.press(label))
    link, _ = await _patiently(town, anna.claim())
    await ben.open(link)
    await _patiently(town, Somebody(anna).puts_the_parcel_in())
    await _patiently(town, ben.press("Get pick-up code"))
    await _patiently(town, Somebody(ben).takes_the_parcel_out())
    await _patiently(town, ben.sees("You have collected the parcel from Anna"))
    await _patiently(town, anna.sees("Ben has collected it"))


async def _patiently(town: Town, doing: Coroutine[Any, Any, T]) -> T:
    """Let it be done, and time pass for as long as it is not."""
    task = asyncio.create_task(doing)
    while not (await asyncio.wait({task}, timeout=0.1))[0]:
        town.world.clock.turn(3)
    return task.result()


async def _leave_one(core: Core) -> None:
    """A single medium locker at the tower."""
    lockers = await core.lockers.lockers(TOWER)
    free = [x for x in lockers if x.size is Size.MEDIUM and x.status is LockerStatus.AVAILABLE]
    for locker in free[1:]:
        path = f"/sandbox/towers/{TOWER}/lockers/{locker.id}/status"
        (await core.control.post(path, json={"status": "out of service"})).raise_for_status()


def _offers(message: Message, label: str) -> bool:
    return any(label in button["text"] for button in buttons(message))


def _pressed(message: Message, label: str) -> str:
    """What a button of the message says to the bot."""
    return next(str(b["callback_data"]) for b in buttons(message) if label in b["text"])
