"""Several parcels, one visit: what opens each door comes when the one before was used."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.domain.codes import Code
from bot.domain.delivery import Delivery, RequestKind, Trouble, Turn
from bot.domain.ids import LockerId, PersonId, TowerId
from bot.domain.lifecycle import State
from bot.domain.openers import BY_TOKEN, Openers
from bot.domain.person import Person
from bot.ports.database import Database
from bot.ports.errors import Refused, TryLater
from bot.usecases.actor import NotPermitted
from bot.usecases.codes import ask_pick_up_code
from bot.usecases.collect import hand_over, take_back
from bot.usecases.export import held_about
from bot.usecases.operate import fetch
from bot.usecases.visit import collect_all, skip, stop
from tests.support.core import ANNA, BEN, NAMES, OPERATOR, Core, core_on, working
from tests.support.openers import BOTH_BY_LINK

ELSEWHERE = TowerId("0100000000000102")


@pytest.fixture
async def core(database: Database) -> AsyncIterator[Core]:
    async with core_on(database) as core:
        yield core


@pytest.fixture
async def here(sqlite_database: Database) -> AsyncIterator[Core]:
    """Where it is nothing which database there is."""
    async with core_on(sqlite_database) as core:
        yield core


async def waiting(core: Core, *openers: Openers, **wish: Any) -> list[Delivery]:
    """Parcels that wait for Ben, in the order of their doors."""
    made = [await core.stored(openers=each, recipient=BEN, **wish) for each in openers]
    return sorted(made, key=lambda each: int(each.locker_name or 0))


async def codes(core: Core, *deliveries: Delivery) -> list[Code | None]:
    """What is shown of each."""

    async def look(tx: Any) -> list[Code | None]:
        found = [await tx.code(each.id) for each in deliveries]
        return [code if code is not None and code.revealed else None for code in found]

    return await core.database.look(look)


async def shown(core: Core, *deliveries: Delivery) -> list[bool]:
    return [code is not None for code in await codes(core, *deliveries)]


async def turns(core: Core, *deliveries: Delivery) -> list[Turn | None]:
    return [(await core.now(each)).turn for each in deliveries]


async def begins(core: Core, delivery: Delivery, who: PersonId = BEN) -> None:
    await core.on(who, delivery, collect_all)
    await core.work()


async def empties(core: Core, delivery: Delivery) -> None:
    """The door is used, and that is seen; what is then owed is done."""
    await core.take_out(await core.now(delivery))
    core.clock.turn(1)
    await core.look()
    await core.work()


async def test_one_tap_and_each_code_comes_when_the_door_before_was_used(core: Core) -> None:
    first, second, third = await waiting(core, BY_TOKEN, BY_TOKEN, BY_TOKEN)
    await begins(core, third)
    assert await shown(core, first, second, third) == [True, False, False]
    await empties(core, first)
    assert await shown(core, first, second, third) == [False, True, False]
    await empties(core, second)
    assert await shown(core, first, second, third) == [False, False, True]
    await empties(core, third)
    over = [await core.now(each) for each in (first, second, third)]
    assert [(each.state, each.turn) for each in over] == [(State.COLLECTED, None)] * 3


async def test_of_a_parcel_before_its_turn_nothing_is_asked_at_harbor_and_nothing_changes(
    here: Core,
) -> None:
    parcels = await waiting(here, BY_TOKEN, BOTH_BY_LINK, BY_TOKEN)
    asked = Counter[int]()

    def counted(name: str) -> Any:
        async def call(tower: TowerId, locker: int, *rest: Any, **more: Any) -> Any:
            asked[locker] += 1
            return await getattr(here.lockers, name)(tower, locker, *rest, **more)

        return call

    names = ("pick_up_token", "pick_up_link")
    here.worker = working(here, **{name: counted(name) for name in names})
    before = [await here.now(each) for each in parcels[1:]]
    await begins(here, parcels[0])
    assert asked == {parcels[0].locker: 1}
    assert [await here.now(each) for each in parcels[1:]] == before
    for done, parcel in enumerate(parcels, 1):
        await empties(here, parcel)
        assert sum(asked.values()) == min(done + 1, 3)
    assert set(asked.values()) == {1}


@pytest.mark.parametrize("openers", [(BY_TOKEN, BOTH_BY_LINK), (BOTH_BY_LINK, BY_TOKEN)])
async def test_links_and_codes_follow_one_another(
    here: Core, openers: tuple[Openers, Openers]
) -> None:
    parcels = await waiting(here, *openers)
    await begins(here, parcels[0])
    forms = []
    for parcel in parcels:
        [code] = await codes(here, parcel)
        assert code is not None
        forms.append(code.form)
        await empties(here, parcel)
    assert forms == [parcel.pick_up_opener for parcel in parcels]


async def test_a_bot_that_is_started_again_goes_on_with_the_visit(core: Core) -> None:
    first, second = await waiting(core, BY_TOKEN, BY_TOKEN)
    await begins(core, first)
    await core.take_out(await core.now(first))
    core.clock.turn(1)
    await core.look()
    core.worker = working(core)
    await core.worker.recover()
    await core.work()
    assert await shown(core, second) == [True]


async def test_the_visit_begins_once_however_often_it_is_tapped(here: Core) -> None:
    first, second = await waiting(here, BY_TOKEN, BY_TOKEN)
    await begins(here, second)
    before = await codes(here, first)
    await begins(here, second)
    await begins(here, first)
    assert await codes(here, first) == before
    assert await shown(here, second) == [False]


async def test_one_parcel_alone_is_no_visit(here: Core) -> None:
    [only] = await waiting(here, BY_TOKEN)
    with pytest.raises(NotPermitted):
        await here.on(BEN, only, collect_all)
    assert await turns(here, only) == [None]


async def test_two_towers_are_two_visits(core: Core) -> None:
    near = await waiting(core, BY_TOKEN, BY_TOKEN)
    far = await waiting(core, BY_TOKEN, BY_TOKEN, tower=ELSEWHERE)
    await begins(core, near[0])
    await begins(core, far[0])
    assert await shown(core, *near, *far) == [True, False, True, False]
    for parcel in near:
        await empties(core, parcel)
    assert await shown(core, *far) == [True, False]


async def test_what_comes_in_between_joins_and_what_goes_in_between_is_passed_over(
    here: Core,
) -> None:
    first, second = await waiting(here, BY_TOKEN, BY_TOKEN)
    await begins(here, first)
    [late] = await waiting(here, BY_TOKEN)
    await here.on(BEN, second, ask_pick_up_code)
    await here.work()
    await empties(here, second)
    assert await turns(here, first, late) == [Turn.NOW, None]
    await empties(here, first)
    assert await shown(here, late) == [True]


async def test_a_door_that_stays_shut_is_left_out_and_can_be_tried_again(core: Core) -> None:
    first, second, third = await waiting(core, BY_TOKEN, BY_TOKEN, BY_TOKEN)
    await begins(core, first)
    [code] = await codes(core, first)
    await core.on(BEN, first, skip)
    await core.work()
    assert await shown(core, first, second, third) == [False, True, False]
    assert await turns(core, first, second) == [Turn.LEFT, Turn.NOW]
    await core.on(BEN, first, ask_pick_up_code)
    await core.work()
    assert await codes(core, first) == [code], "the same one again"
    await empties(core, first)
    assert await shown(core, second, third) == [True, False], "that was no turn of the visit"
    await empties(core, second)
    assert await shown(core, third) == [True]


async def test_what_was_left_out_is_part_of_the_next_visit(here: Core) -> None:
    first, second = await waiting(here, BY_TOKEN, BY_TOKEN)
    await begins(here, first)
    for parcel in (first, second):
        await here.on(BEN, parcel, skip)
        await here.work()
    assert await turns(here, first, second) == [Turn.LEFT, Turn.LEFT]
    assert await shown(here, first, second) == [False, False]
    here.clock.turn(60)
    await begins(here, second)
    assert await turns(here, first, second) == [Turn.NOW, Turn.LEFT]
    await empties(here, first)
    assert await turns(here, second) == [Turn.NOW]


async def test_what_harbor_refuses_is_left_out_and_its_card_rings(core: Core) -> None:
    first, second = await waiting(core, BY_TOKEN, BY_TOKEN)
    await core.all_shown()

    async def refuses(tower: TowerId, locker: LockerId, seconds: int) -> Any:
        if locker == first.locker:
            raise Refused("no")
        return await core.lockers.pick_up_token(tower, locker, seconds)

    core.worker = working(core, pick_up_token=refuses)
    await begins(core, first)
    left = await core.now(first)
    assert (left.turn, left.trouble, left.request) == (Turn.LEFT, Trouble.REFUSED, None)
    assert await shown(core, first, second) == [False, True]
    card = await core.card(BEN, first)
    assert card is not None
    assert card.ring
    core.worker = working(core)
    await core.on(BEN, first, ask_pick_up_code)
    await core.work()
    assert await shown(core, first) == [True]


async def test_whoever_is_refused_another_code_keeps_the_one_they_have_and_their_turn(
    here: Core,
) -> None:
    first, second = await waiting(here, BY_TOKEN, BY_TOKEN)
    await begins(here, first)

    async def refuses(*_: Any) -> Any:
        raise Refused("no")

    here.worker = working(here, pick_up_token=refuses)
    await here.on(BEN, first, ask_pick_up_code, fresh=True)
    await here.work()
    kept = await here.now(first)
    assert (kept.turn, kept.trouble) == (Turn.NOW, Trouble.REFUSED)
    assert await shown(here, first, second) == [True, False]


async def test_what_is_left_out_while_harbor_is_asked_is_not_asked_for_any_more(
    here: Core,
) -> None:
    first, second = await waiting(here, BY_TOKEN, BY_TOKEN)
    await here.on(BEN, first, collect_all)
    assert (await here.now(first)).asks is RequestKind.PICK_UP_TOKEN
    await here.on(BEN, first, skip)
    assert (await here.now(first)).asks is None
    await here.work()
    assert await shown(here, first, second) == [False, True]


async def test_what_is_left_out_while_harbor_is_away_does_not_stay_in_that_trouble(
    here: Core,
) -> None:
    first, _second = await waiting(here, BY_TOKEN, BY_TOKEN)

    async def away(*_: Any) -> Any:
        raise TryLater("away")

    here.worker = working(here, pick_up_token=away)
    await here.on(BEN, first, collect_all)
    for _ in range(3):
        await here.work()
        here.clock.turn(60)
    assert (await here.now(first)).trouble is Trouble.HARBOR_AWAY
    await here.on(BEN, first, skip)
    left = await here.now(first)
    assert (left.turn, left.trouble, left.request) == (Turn.LEFT, None, None)


async def test_of_a_code_that_was_left_out_it_is_remembered_that_it_may_still_open_the_door(
    here: Core,
) -> None:
    first, _second = await waiting(here, BY_TOKEN, BY_TOKEN)
    await begins(here, first)
    [code] = await codes(here, first)
    await here.on(BEN, first, skip)
    await here.on(ANNA, first, take_back)
    assert code is not None
    assert (await here.now(first)).old_code_until == code.expires_at


async def test_of_a_visit_nothing_is_in_the_export_of_whoever_does_not_make_it(
    here: Core,
) -> None:
    first, _second = await waiting(here, BY_TOKEN, BY_TOKEN)
    await begins(here, first)

    async def held(who: PersonId) -> dict[str, Any]:
        person, now = Person(who, NAMES[who]), here.clock.now()
        found = await here.database.look(lambda tx: held_about(tx, person, now))
        return next(each for each in found["deliveries"] if each["id"] == first.id)

    assert "visit_at" in await held(BEN)
    assert not {"turn", "visit_at"} & (await held(ANNA)).keys()


async def test_whoever_stops_keeps_the_present_code_and_nothing_comes_after_it(
    core: Core,
) -> None:
    first, second = await waiting(core, BY_TOKEN, BY_TOKEN)
    await begins(core, first)
    await core.on(BEN, first, stop)
    assert await shown(core, first) == [True]
    await empties(core, first)
    assert await shown(core, second) == [False]
    assert await turns(core, first, second) == [None, None]


async def test_a_code_asked_for_by_itself_begins_no_visit(here: Core) -> None:
    first, second = await waiting(here, BY_TOKEN, BY_TOKEN)
    await here.on(BEN, first, ask_pick_up_code)
    await here.work()
    await empties(here, first)
    assert await shown(here, second) == [False]


@pytest.mark.parametrize("taken", ["back", "on", "out"])
async def test_whose_parcel_is_no_longer_theirs_has_no_turn_any_more(
    here: Core, taken: str
) -> None:
    first, second = await waiting(here, BY_TOKEN, BY_TOKEN)
    await begins(here, first)
    if taken == "back":
        await here.on(ANNA, first, take_back)
    elif taken == "on":
        await here.on(BEN, first, hand_over)
    else:
        await here.on(OPERATOR, first, fetch)
    await here.work()
    assert await turns(here, first, second) == [None, None]
    assert (await here.now(second)).request is None


async def test_a_sender_takes_several_back_in_one_visit(here: Core) -> None:
    parcels = await waiting(here, BY_TOKEN, BY_TOKEN)
    for parcel in parcels:
        await here.on(ANNA, parcel, take_back)
    await begins(here, parcels[0], ANNA)
    await empties(here, parcels[0])
    [code] = await codes(here, parcels[1])
    assert code is not None
    assert code.holder == ANNA


async def test_nobody_else_leaves_out_or_stops(here: Core) -> None:
    first, _second = await waiting(here, BY_TOKEN, BY_TOKEN)
    await begins(here, first)
    for use_case in (skip, stop):
        with pytest.raises(NotPermitted):
            await here.on(ANNA, first, use_case)
    await here.on(BEN, first, stop)
    for use_case in (skip, stop):
        with pytest.raises(NotPermitted):
            await here.on(BEN, first, use_case)


async def test_ten_comes_after_nine(here: Core) -> None:
    parcels = await waiting(here, *[BY_TOKEN] * 5)
    await begins(here, parcels[-1])
    order = []
    for _ in parcels:
        [present] = [each for each in parcels if (await here.now(each)).turn is Turn.NOW]
        order.append(int(present.locker_name or 0))
        await empties(here, present)
    assert order == sorted(order)
