"""A sender books a drop-off: tower, size, who collects, and the tap that reserves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.actions import Action
from bot.domain.ids import TowerId
from bot.domain.lifecycle import State
from bot.domain.openers import Opener, Openers
from bot.domain.policy import Policy
from bot.domain.tower import Low, Size
from bot.ports.database import Database
from bot.ports.errors import NotOffered
from handlers.errands.send.size import read_size
from tests.support.chats import MARKET, OPERATOR, Chats, chats
from tests.support.databases import opened
from tests.support.openers import BOTH_BY_LINK
from tests.support.phones import AtTower, Phone, buttons
from wording.language import speak

NEWCOMER = ("Send a parcel", MARKET, "Medium", "Send a link", "Reserve", "Get drop-off code")
RETURNING = ("Send again", "Send a link", "Reserve", "Get drop-off code")
BOOK = NEWCOMER[:-1]
FORWARD = NEWCOMER[:4]
HERE = (*FORWARD, "I'm at the tower")
FIRST, TWIN = "0100000000000101", "0100000000000106"


@pytest.fixture
async def linked(tmp_path: Path) -> AsyncIterator[Chats]:
    """Where Harbor's links open the doors."""
    policy = Policy(openers=BOTH_BY_LINK, operators=frozenset({OPERATOR}))
    async with (
        opened(f"sqlite:///{tmp_path}/linked.db") as database,
        chats(database, policy=policy) as world,
    ):
        yield world


@pytest.fixture
async def dora(linked: Chats) -> Phone:
    dora = await linked.phone("Dora")
    await dora.open()
    return dora


async def test_a_newcomer_sees_a_drop_off_code_after_six_taps(anna: Phone) -> None:
    assert len(NEWCOMER) <= 6
    await anna.press(*NEWCOMER)
    assert (await anna.code()).startswith("HARBOR://OPEN/")


async def test_who_has_sent_before_sees_a_drop_off_code_after_four_taps(anna: Phone) -> None:
    await anna.press(*BOOK)
    await anna.open()
    assert (await anna.labels())[0] == f"📦 Send again: {MARKET}, medium"
    assert len(RETURNING) <= 4
    await anna.press(*RETURNING)
    assert (await anna.code()).startswith("HARBOR://OPEN/")


async def test_by_link_a_newcomer_has_an_open_door_after_five_taps(
    linked: Chats, dora: Phone
) -> None:
    await dora.press(*HERE)
    assert len(HERE) <= 6
    await linked.tower.put_in(await dora.link())
    (delivery,) = await linked.deliveries(dora)
    assert delivery.state is State.STORED


async def test_by_link_who_has_sent_before_has_an_open_door_after_three_taps(
    linked: Chats, dora: Phone
) -> None:
    await dora.press(*HERE)
    await linked.tower.put_in(await dora.link())
    await dora.open()
    again = ("Send again", "Send a link", "I'm at the tower")
    assert len(again) <= 4
    await dora.press(*again)
    await linked.tower.put_in(await dora.link())
    assert [each.state for each in await linked.deliveries(dora)] == [State.STORED] * 2


@pytest.mark.parametrize(
    ("opener", "taps"),
    [(Opener.LINK, (*FORWARD, "Prepare")), (Opener.TOKEN, (*FORWARD, "Prepare for later"))],
)
async def test_what_is_prepared_holds_no_locker_and_one_tap_at_the_tower_opens_the_door(
    sqlite_database: Database, opener: Opener, taps: tuple[str, ...]
) -> None:
    policy = Policy(openers=Openers(opener, opener), operators=frozenset({OPERATOR}))
    async with chats(sqlite_database, policy=policy) as world:
        eve = await world.phone("Eve")
        await eve.open()
        await eve.press(*taps)
        assert len(taps) + 1 <= 6
        (delivery,) = await world.deliveries(eve)
        assert (delivery.state, delivery.locker) == (State.PREPARED, None)
        assert not await world.lockers.assigned()
        await world.turn(3600)
        await eve.tap(Action.AT_TOWER)
        code = await eve.link() if opener is Opener.LINK else await eve.code()
        await world.tower.put_in(code)
        (delivery,) = await world.deliveries(eve)
        assert delivery.state is State.STORED


async def test_the_last_screen_says_of_each_way_what_is_held(
    linked: Chats, dora: Phone, anna: Phone
) -> None:
    await dora.press(*FORWARD)
    held = await dora.screen()
    assert "Prepare: no locker is held." in held
    assert "Harbor says that it holds the locker for 5 min" in held
    assert (await dora.labels())[:2] == ["📦 Prepare", "🚪 I'm at the tower"]
    await anna.press(*FORWARD)
    held = await anna.screen()
    assert "Reserve a locker: a locker is held for 5 min" in held
    assert "Prepare for later: no locker is held." in held
    assert (await anna.labels())[:2] == ["✅ Reserve a locker", "📦 Prepare for later"]


async def test_who_has_prepared_something_can_be_sent_more_like_it(
    linked: Chats, dora: Phone
) -> None:
    await dora.press(*FORWARD, "Prepare")
    await dora.tap(Action.ONE_MORE)
    await dora.tap(Action.ONE_MORE)
    prepared = await linked.deliveries(dora)
    assert [each.state for each in prepared] == [State.PREPARED] * 3
    await dora.text("/parcels")
    assert len([label for label in await dora.labels() if MARKET[:10] in label]) == 3
    await dora.tap(Action.AT_TOWER)
    await linked.tower.put_in(await dora.link())
    await dora.tap(Action.NEXT)
    await linked.tower.put_in(await dora.link())
    states = sorted(each.state for each in await linked.deliveries(dora))
    assert states == [State.PREPARED, State.STORED, State.STORED]


async def test_twelve_parcels_go_in_one_after_the_other_in_thirty_taps(
    linked: Chats, dora: Phone
) -> None:
    taps = 0

    async def tap(verb: str) -> None:
        nonlocal taps
        taps += 1
        await dora.tap(verb)

    booked = ("Send a parcel", MARKET, "Small", "Send a link", "Prepare")
    await dora.press(*booked)
    for _ in range(11):
        await tap(Action.ONE_MORE)
    await linked.turn(1800)
    await tap(Action.AT_TOWER)
    await linked.tower.put_in(await dora.link())
    for _ in range(11):
        await linked.turn(200)
        await tap(Action.NEXT)
        await linked.tower.put_in(await dora.link())
    assert [each.state for each in await linked.deliveries(dora)] == [State.STORED] * 12
    assert len(booked) + taps <= 30


async def test_towers_of_a_place_are_one_place_by_link_and_the_card_names_the_tower(
    sqlite_database: Database,
) -> None:
    policy = Policy(openers=BOTH_BY_LINK, operators=frozenset({OPERATOR}))
    async with chats(sqlite_database, policy=policy, twin=True) as world:
        flo = await world.phone("Flo")
        await flo.open()
        await flo.press("Send a parcel")
        assert [label for label in await flo.labels() if MARKET in label] == [MARKET]
        await flo.press(MARKET)
        await flo.sees("2 towers stand here")
        both = [await world.towers.free(TowerId(tower)) for tower in (FIRST, TWIN)]
        small = sum(each.value[Size.SMALL] for each in both)
        assert f"Small · {small} free" in await flo.labels()
        await AtTower(world, TowerId(FIRST)).take_all()
        await flo.press("Small", "Send a link", "I'm at the tower")
        await flo.sees(f"{MARKET} · {TWIN[-4:]}")
        (delivery,) = await world.deliveries(flo)
        assert delivery.tower == TWIN
        await flo.open()
        assert f"📦 Send again: {MARKET}, small" in await flo.labels()
        await flo.press("Send a parcel")
        assert (await flo.labels())[0].startswith(f"🕘 {MARKET}")
        await flo.text(TWIN)
        assert len([label for label in await flo.labels() if MARKET in label]) == 1


async def test_by_token_each_tower_of_a_place_is_offered_by_itself(
    sqlite_database: Database,
) -> None:
    async with chats(sqlite_database, twin=True) as world:
        flo = await world.phone("Flo")
        await flo.open()
        await flo.press("Send a parcel")
        there = {label for label in await flo.labels() if MARKET in label}
        assert there == {f"{MARKET} · {tower[-4:]}" for tower in (FIRST, TWIN)}


async def test_where_harbor_has_no_open_requests_this_parcel_and_the_next_are_opened_by_token(
    linked: Chats, dora: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def none_here(*_: object, **__: object) -> None:
        raise NotOffered("no such call")

    monkeypatch.setattr(linked.lockers, "drop_off_link", none_here)
    await dora.press(*HERE)
    await linked.turn(2)
    assert (await dora.code()).startswith("HARBOR://OPEN/")
    (delivery,) = await linked.deliveries(dora)
    await dora.open()
    await dora.press(*FORWARD)
    assert (await dora.labels())[:2] == ["✅ Reserve a locker", "📦 Prepare for later"]
    await dora.press("Reserve a locker")
    later = next(each for each in await linked.deliveries(dora) if each.id != delivery.id)
    assert (later.state, later.drop_off_opener) == (State.RESERVED, Opener.TOKEN)


async def test_a_recipient_who_needs_a_low_door_is_spoken_of_before_anything_is_held(
    world: Chats, anna: Phone
) -> None:
    ben = await world.phone("Ben")
    await ben.open()
    await ben.text("/settings")
    await ben.press("Any door", "Rather a low door")
    await anna.press("Send a parcel", MARKET, "Medium", "Pick a person")
    await anna.pick(ben)
    await anna.sees("Ben needs a low door, so I look for no other.")
    await anna.press("Reserve a locker")
    (delivery,) = await world.deliveries(anna)
    assert delivery.low is Low.ONLY


async def test_the_screen_becomes_the_card_and_no_message_is_left_over(
    world: Chats, anna: Phone
) -> None:
    await anna.press(*BOOK)
    (card,) = await anna.cards()
    assert "Reserved until 11:05" in card
    assert await world.state(anna) == "none/none"


async def test_a_shared_location_lists_the_nearest_tower_first_with_its_distance(
    world: Chats, anna: Phone
) -> None:
    await anna.press("Send a parcel", "Nearest")
    assert await anna.labels() == ["📍 Share my location", "‹ Back", "❔ Help"]
    await anna.location(30.3051, -97.7276)
    labels = await anna.labels()
    assert labels[0] == "Hyde Park Hardware · 50 ft · 🚶 1 min"
    assert labels[1].startswith(f"{MARKET} · 3.1")
    assert labels[1].endswith(" mi")
    assert (await anna.chat())["keyboard"] is None
    assert "here" in (await world.draft(anna)).answers
    await anna.press("Hyde Park")
    assert "here" not in (await world.draft(anna)).answers


async def test_the_keys_below_a_question_lead_back_and_to_help(world: Chats, anna: Phone) -> None:
    await anna.press("Send a parcel", "Nearest")
    await anna.text("❔ Help")
    await anna.sees("How it works")
    await anna.press("Back")
    assert await world.state(anna) == "send/near"
    await anna.text("‹ Back")
    assert await world.state(anna) == "send/tower"


async def test_a_tower_is_found_by_a_part_of_its_address_in_any_case(anna: Phone) -> None:
    await anna.press("Send a parcel")
    await anna.text("DUVAL austin")
    assert [label for label in await anna.labels() if "Hyde" in label or "Congress" in label] == [
        "Hyde Park Hardware"
    ]
    await anna.text("nowhere at all <b>")
    await anna.sees("Nothing found for “nowhere at all <b>”")
    await anna.press("All towers")
    assert len([b for b in buttons((await anna.messages())[-1]) if "tower:" in b["callback_data"]])


async def test_a_closed_tower_says_so_in_the_list_and_on_its_own_screen(
    world: Chats, anna: Phone
) -> None:
    await world.turn(12 * 3600)  # 23:00 in Austin
    await anna.press("Send a parcel", "Hyde Park Hardware · closed until Tuesday 7:00 AM")
    await anna.sees("Closed now, opens Tuesday 7:00 AM")


async def test_towers_used_before_come_first(anna: Phone) -> None:
    await anna.press("Send a parcel", "Pearl", "Small", "Myself", "Reserve")
    await anna.text("/send")
    assert (await anna.labels())[0].startswith("🕘 Pearl")


async def test_a_size_that_is_full_says_so_and_offers_to_wait(world: Chats, anna: Phone) -> None:
    await world.tower.take_all("medium")
    await anna.press("Send a parcel", MARKET)
    await anna.press("Medium · full")
    assert (await anna.toasts())[-1] == "No locker of that size is free there just now."
    await anna.sees("Shall I tell you when one is free?", "Nothing is held at Harbor")
    await anna.press("Back")
    assert await world.state(anna) == "send/size"


async def test_a_full_size_on_a_button_of_an_earlier_version_only_says_so(
    world: Chats, anna: Phone
) -> None:
    await anna.press("Send a parcel", MARKET)
    await anna.forge("full")
    assert (await anna.toasts())[-1] == "No locker of that size is free there just now."
    assert await world.state(anna) == "send/size"


async def test_sizes_show_how_many_are_free_now(world: Chats, anna: Phone) -> None:
    await anna.press("Send a parcel", MARKET)
    before = [label for label in await anna.labels() if "free" in label]
    await anna.press("Small", "Myself", "Reserve")
    await world.turn(10)
    await anna.press("Menu", "Send a parcel", MARKET)
    after = [label for label in await anna.labels() if "free" in label]
    assert before != after
    assert before[1:] == after[1:]


async def test_when_harbor_is_away_the_screen_says_how_old_its_counts_are(
    world: Chats, anna: Phone
) -> None:
    await anna.press("Send a parcel", MARKET, "Back")
    await world.faults("harbor", {"name": "500", "call": "*", "times": None})
    world.clock.turn(600)
    await anna.press(MARKET)
    await anna.sees("Counted: 11:00 AM", "Harbor can't be reached")


async def test_low_and_larger_are_remembered(world: Chats, anna: Phone) -> None:
    await anna.press(
        "Send a parcel", MARKET, "◻️ Any door", "✅ A larger", "Medium", "Myself", "Reserve"
    )
    (delivery,) = await world.deliveries(anna)
    assert (delivery.low, delivery.larger_allowed) == (Low.RATHER, False)
    await anna.press("Menu", "Send a parcel", MARKET)
    assert {"✅ Rather a low door", "◻️ A larger one is fine"} <= set(await anna.labels())


async def test_low_has_three_positions_and_the_last_counts_low_doors_alone(
    world: Chats, anna: Phone
) -> None:
    await anna.press("Send a parcel", MARKET)
    every = [label for label in await anna.labels() if " free" in label]
    await anna.press("Any door", "Rather a low door")
    low = [label for label in await anna.labels() if " low free" in label]
    assert every
    assert low
    assert [label.replace(" low", "") for label in low] != every
    free = await world.towers.free(world.tower.id, low_only=True)
    counts = [f"{count} low free" for count in free.value.values() if count]
    assert counts == [label.partition(" · ")[2] for label in low]
    assert free.value[Size.X_LARGE] == 0
    await anna.press("Extra large · full")
    assert (await anna.toasts())[-1] == "No low locker of that size is free there just now."
    await anna.press("Back")
    await anna.press("Only a low door")
    assert [label for label in await anna.labels() if " free" in label] == every


@pytest.mark.parametrize(
    ("typed", "size"), [("medium", "medium"), ("XL", "x-large"), ("s", "small")]
)
async def test_a_typed_size_is_as_good_as_a_tapped_one(
    world: Chats, anna: Phone, typed: str, size: str
) -> None:
    await anna.press("Send a parcel", MARKET)
    await anna.text(typed)
    assert (await world.draft(anna)).answers["size"] == size
    await anna.sees("Who collects it?")


def test_sizes_are_read_in_the_persons_language() -> None:
    german = speak("de")
    assert read_size(german.size(Size.LARGE).upper(), german) is Size.LARGE
    assert read_size("enormous", german) is None


async def test_a_picked_person_who_knows_the_bot_is_told_here(world: Chats, anna: Phone) -> None:
    ben = await world.phone("Ben")
    await ben.open()
    await anna.press("Send a parcel", MARKET, "Medium", "Pick a person")
    await anna.pick(ben)
    await anna.sees("For Ben, whom this bot will tell.")
    await anna.press("Reserve")
    (delivery,) = await world.deliveries(anna)
    assert delivery.recipient == ben.id
    await ben.sees("a parcel from Anna")


async def test_a_picked_person_who_never_opened_the_bot_gets_a_link_by_the_senders_hands(
    world: Chats, anna: Phone
) -> None:
    cleo = await world.phone("Cleo")
    await anna.press("Send a parcel", MARKET, "Medium", "Pick a person")
    await anna.pick(cleo)
    await anna.sees("For Cleo, and nobody else", "you get a link to send them")
    await anna.press("Reserve")
    link, _ = await anna.claim()
    await cleo.open(link)
    await cleo.sees("a parcel from Anna")


@pytest.mark.parametrize("typed", ["@ben", "@nobody_knows"])
async def test_a_typed_username_only_yields_a_claim_link(
    world: Chats, anna: Phone, typed: str
) -> None:
    ben = await world.phone("Ben", username="ben")
    await ben.open()
    await anna.press("Send a parcel", MARKET, "Medium", "Pick a person")
    before = await ben.rings()
    await anna.text(typed)
    await anna.sees("I write to nobody because of a typed name", "You get a claim link")
    await anna.press("Reserve")
    (delivery,) = await world.deliveries(anna)
    assert (delivery.recipient, delivery.recipient_name) == (None, None)
    assert await anna.claim()
    assert await ben.rings() == before


async def test_whoever_has_left_the_bot_since_they_were_picked_has_the_parcel_when_they_are_back(
    world: Chats, anna: Phone
) -> None:
    ben = await world.phone("Ben")
    await ben.open()
    await anna.press("Send a parcel", MARKET, "Medium", "Pick a person")
    await anna.pick(ben)
    await ben.block()
    await anna.press("Reserve")
    (delivery,) = await world.deliveries(anna)
    assert (delivery.recipient, delivery.awaited) == (ben.id, True)
    assert await anna.claim()
    await ben.unblock()
    await ben.sees("a parcel from Anna")
    (delivery,) = await world.deliveries(anna)
    assert (delivery.recipient, delivery.awaited) == (ben.id, False)
    await anna.sees("For Ben, whom this bot will tell")


async def test_a_sender_whose_name_is_a_link_is_somebody(world: Chats) -> None:
    eve = await world.phone("https://evil.example")
    ben = await world.phone("Ben")
    await eve.open()
    await ben.open()
    await eve.press("Send a parcel", MARKET, "Medium", "Pick a person")
    await eve.pick(ben)
    await eve.press("Reserve")
    message = await ben.sees("a parcel from somebody")
    assert "evil" not in str(message)


async def test_picking_oneself_is_collecting_oneself(world: Chats, anna: Phone) -> None:
    await anna.press("Send a parcel", MARKET, "Medium", "Pick a person")
    await anna.pick(anna)
    await anna.press("Reserve")
    (delivery,) = await world.deliveries(anna)
    assert delivery.recipient == delivery.sender == anna.id


async def test_a_note_is_cut_shown_and_can_be_taken_back(world: Chats, anna: Phone) -> None:
    await anna.press("Send a parcel", MARKET, "Medium", "Myself", "Add a note")
    await anna.text("<i>fragile</i> " * 40)
    await anna.sees("A note has room for 200 characters", "📝 <i>fragile</i>")
    await anna.press("Change the note", "Without a note", "Reserve")
    (delivery,) = await world.deliveries(anna)
    assert delivery.note is None


async def test_back_leads_through_every_question_to_the_menu(world: Chats, anna: Phone) -> None:
    await anna.press("Send a parcel", MARKET, "Medium", "Myself", "Add a note")
    places = []
    while await world.state(anna) != "menu/menu":
        places.append(await world.state(anna))
        await anna.press("Back")
    assert places == ["send/note", "send/review", "send/who", "send/size", "send/tower"]


async def test_a_second_tap_on_back_goes_no_further(world: Chats, anna: Phone) -> None:
    await anna.press("Send a parcel", MARKET, "Medium")
    (message,) = await anna.messages()
    await anna.press("Back", on=message)
    await anna.forge("prev:who", on=message)
    assert await world.state(anna) == "send/size"


async def test_a_second_tap_on_reserve_reserves_nothing_more(world: Chats, anna: Phone) -> None:
    await anna.press(*BOOK)
    await anna.forge("reserve")
    (delivery,) = await world.deliveries(anna)
    assert delivery.state is State.RESERVED


async def test_a_tower_that_nobody_knows_can_not_be_forged(world: Chats, anna: Phone) -> None:
    await anna.press("Send a parcel")
    await anna.forge("tower:0123456789abcdef")
    assert await world.state(anna) == "send/tower"


async def test_nobody_knows_a_tower_while_harbor_was_never_reached(
    world: Chats, anna: Phone
) -> None:
    await world.faults("harbor", {"name": "500", "call": "*", "times": None})
    await anna.press("Send a parcel")
    await anna.sees("I know of no tower yet")


async def test_a_harbor_that_names_no_tower_is_not_said_to_be_out_of_reach(
    world: Chats, anna: Phone
) -> None:
    await world.faults("harbor", {"name": "empty_list", "call": "locations", "times": None})
    await anna.press("Send a parcel")
    await anna.sees("Harbor names no tower just now")
