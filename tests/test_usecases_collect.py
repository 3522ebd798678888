"""Claims under fire: two at once, guesses, links that were used, and parcels that moved on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from bot.domain.card import alert_subject
from bot.domain.claims import (
    CLAIM_LENGTH,
    LONG_CLAIM_LENGTH,
    Claim,
    Written,
    claim_payload,
)
from bot.domain.delivery import Delivery
from bot.domain.ids import PersonId
from bot.domain.lifecycle import State
from bot.domain.limits import FREE_TRIES, MANY_TRIES, UNASKED_TRIES
from bot.domain.person import Person
from bot.ports.database import Database
from bot.usecases.actor import NotPermitted
from bot.usecases.book import cancel, try_again
from bot.usecases.codes import ask_drop_off_code
from bot.usecases.collect import (
    NotYet,
    Own,
    Wait,
    Wrong,
    claim_by_chance,
    claim_by_code,
    claim_by_link,
    claim_own,
    hand_over,
)
from bot.usecases.extend import more_time
from bot.usecases.forget import forget
from tests.support.core import ANNA, BEN, CLEO, NAMES, OPERATOR, Core, core_on


@pytest.fixture
async def core(database: Database) -> AsyncIterator[Core]:
    async with core_on(database) as core:
        yield core


async def claim_of(core: Core, delivery: Delivery) -> Claim:
    claim = await core.database.look(lambda tx: tx.claim(delivery.id))
    assert claim is not None
    return claim


async def by_code(core: Core, who, code: str):
    return await core.act(who, claim_by_code, Person(who, NAMES[who]), code)


async def by_link(core: Core, who, payload: str):
    return await core.act(who, claim_by_link, Person(who, NAMES[who]), payload)


async def test_of_two_who_claim_at_the_same_moment_one_gets_it(core: Core):
    delivery = await core.request()
    claim = await claim_of(core, delivery)
    got = await asyncio.gather(
        by_code(core, BEN, claim.code), by_link(core, CLEO, claim_payload(claim))
    )
    [taken] = [one for one in got if isinstance(one, Delivery)]
    assert (await core.now(delivery)).recipient == taken.recipient
    assert [one for one in got if isinstance(one, Wrong)]


async def lapsed(core: Core) -> Delivery:
    delivery = await core.reserved()
    await core.pass_time(seconds=305)
    await core.look()
    return delivery


async def cancelled(core: Core) -> Delivery:
    delivery = await core.request()
    await core.on(ANNA, delivery, cancel)
    await core.work()
    return delivery


@pytest.mark.parametrize(("over", "state"), [(lapsed, State.LAPSED), (cancelled, State.CANCELLED)])
async def test_a_claim_is_good_again_once_the_sender_has_tried_again(
    core: Core, over: Callable[[Core], Awaitable[Delivery]], state: State
):
    delivery = await over(core)
    assert (await core.now(delivery)).state is state
    claim = await claim_of(core, delivery)
    assert await by_code(core, BEN, claim.code) == NotYet()
    assert await by_link(core, ANNA, claim_payload(claim)) == NotYet(), "nor is it theirs yet"
    await core.on(ANNA, delivery, try_again)
    assert isinstance(await by_link(core, BEN, claim_payload(claim)), Delivery)


async def test_nobody_uses_up_a_claim_that_they_forward_without_a_word(core: Core):
    delivery = await core.request()
    claim = await claim_of(core, delivery)
    assert await by_code(core, ANNA, claim.code) == Own(delivery.id)
    await core.claimed(delivery, BEN)
    await core.on(BEN, delivery, hand_over)
    claim = await claim_of(core, delivery)
    assert await by_link(core, BEN, claim_payload(claim)) == Own(delivery.id)
    cleo = Person(CLEO, NAMES[CLEO])
    assert await core.act(CLEO, claim_own, cleo, delivery.id) == Wrong(), "it is not theirs"
    ben = Person(BEN, NAMES[BEN])
    assert isinstance(await core.act(BEN, claim_own, ben, delivery.id), Delivery)


async def test_a_link_that_was_used_may_be_opened_again_and_again(core: Core):
    delivery = await core.request()
    payload = claim_payload(await claim_of(core, delivery))
    assert isinstance(await by_link(core, BEN, payload), Delivery)
    for _ in range(2 * FREE_TRIES):
        assert isinstance(await by_link(core, BEN, payload), Wrong)
    assert await core.alerts() == []


async def test_whoever_has_to_wait_for_the_next_code_may_still_use_a_link(core: Core):
    delivery = await core.request()
    for _ in range(FREE_TRIES):
        await by_code(core, BEN, "00000000")
    claim = await claim_of(core, delivery)
    assert isinstance(await by_code(core, BEN, claim.code), Wait)
    assert isinstance(await by_link(core, BEN, claim_payload(claim)), Delivery)


async def test_a_right_code_of_ones_own_making_wins_a_guesser_no_more_tries(core: Core):
    delivery = await core.request()
    for _ in range(FREE_TRIES - 1):
        await by_code(core, BEN, "00000000")
    claim = await claim_of(core, delivery)
    assert isinstance(await by_code(core, BEN, claim.code), Delivery)
    await core.on(BEN, delivery, hand_over)
    assert isinstance(await by_code(core, BEN, "00000000"), Wait)
    [alert] = await core.alerts()
    assert alert.startswith("guessing:")


async def test_who_guessed_wins_no_more_tries_by_being_forgotten(core: Core):
    for _ in range(FREE_TRIES):
        await by_code(core, BEN, "00000000")
    before = await core.alerts()
    assert await core.act(BEN, forget)
    assert isinstance(await by_code(core, BEN, "00000001"), Wait)
    assert await core.alerts() == before, "operators hear of it once"


async def test_a_day_after_the_last_wrong_code_all_tries_are_free_again(core: Core):
    for _ in range(FREE_TRIES):
        await by_code(core, BEN, "00000000")
    core.clock.turn(24 * 3600)
    assert await by_code(core, BEN, "00000000") == Wrong(FREE_TRIES - 1)


async def test_what_can_be_no_code_is_no_try(core: Core):
    for words in ("hello?", "HARBOR://OPEN/0123ABCD/4567CDEF", "thank you, that's great") * 3:
        assert await by_code(core, BEN, words) == Wrong()
    assert await by_code(core, BEN, "00000000") == Wrong(FREE_TRIES - 1)


async def test_a_code_that_was_not_asked_for_is_no_try_but_guessing_so_has_an_end(core: Core):
    delivery = await core.request()
    claim, ben = await claim_of(core, delivery), Person(BEN, NAMES[BEN])
    for _ in range(UNASKED_TRIES):
        assert await core.act(BEN, claim_by_chance, ben, Written(code="00000000")) is None
    right = Written(code=claim.code)
    assert await core.act(BEN, claim_by_chance, ben, right) is None, "not read there any more"
    assert await by_code(core, BEN, "00000000") == Wrong(FREE_TRIES - 1)
    by_link = Written(link=claim.link)
    assert isinstance(await core.act(BEN, claim_by_chance, ben, by_link), Delivery)


async def test_many_who_guess_refuse_nobody_and_operators_hear_of_it_once(core: Core):
    strangers = [PersonId(10_000 + number) for number in range(MANY_TRIES)]
    for stranger in strangers:
        await core.act(stranger, claim_by_code, Person(stranger, "?"), "00000000")
    assert await core.alerts() == ["many"]
    subject = alert_subject("many")
    await core.all_shown()
    claim = await claim_of(core, await core.request())
    assert len(claim.code) == LONG_CLAIM_LENGTH
    await by_code(core, CLEO, "00000000")
    card = await core.database.look(lambda tx: tx.card(OPERATOR, subject))
    assert card is not None
    assert card.wanted == card.shown, "told once"
    assert isinstance(await by_code(core, BEN, claim.code), Delivery)
    await core.pass_time(hours=26)
    assert await core.alerts() == []
    later = await core.request()
    assert len((await claim_of(core, later)).code) == CLAIM_LENGTH


async def test_what_was_handed_on_is_shown_as_it_is_to_whoever_handed_it_on_before(core: Core):
    delivery = await core.request()
    await core.claimed(delivery, BEN)
    await core.on(BEN, delivery, hand_over)
    old = await claim_of(core, delivery)
    await core.all_shown()
    await core.on(ANNA, delivery, hand_over)
    assert isinstance(await by_code(core, CLEO, old.code), Wrong)
    card = await core.card(BEN, delivery)
    assert card is not None
    assert card.wanted > card.shown, "it still shows a link that works no more"


async def test_a_parcel_that_got_a_successor_gets_no_second_one(core: Core):
    delivery = await core.reserved()
    await core.pass_time(seconds=301)
    core.clock.turn(5)
    await core.look()
    lapsed = await core.now(delivery)
    await core.on(ANNA, lapsed, try_again)
    with pytest.raises(NotPermitted):
        await core.on(ANNA, lapsed, try_again)


async def test_asking_for_more_time_takes_no_code_away_that_is_under_way(core: Core):
    delivery = await core.reserved()
    await core.on(ANNA, delivery, ask_drop_off_code)
    await core.on(ANNA, delivery, more_time)
    await core.work()
    code = await core.database.look(lambda tx: tx.code(delivery.id))
    assert code is not None
    assert code.revealed
