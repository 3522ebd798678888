"""A tower that an operator closes for booking, and opens again, over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.domain.closures import Closure
from bot.domain.ids import PersonId, TowerId
from bot.domain.lifecycle import State
from bot.ports.database import Database
from sandbox.harbor import seeds
from tests.support.chats import MARKET, OPERATOR, Chats, chats
from tests.support.openers import BOTH_BY_LINK
from tests.support.operators import ELSEWHERE, ODA, OTTO, with_otto
from tests.support.phones import TOWER, Phone
from wording.cards.closing import closed_said
from wording.language import LANGUAGES, speak
from wording.tower_names import LONGEST

WHY = "The pavement is being mended"


@pytest.fixture
async def world(sqlite_database: Database) -> AsyncIterator[Chats]:
    async with chats(sqlite_database, policy=with_otto(ODA)) as world:
        yield world


async def operator(world: Chats, name: str, id_: PersonId) -> Phone:
    phone = await world.phone(name, id=id_)
    await phone.open()
    return phone


async def at_tower(phone: Phone, name: str = MARKET) -> None:
    await phone.text("/ops")
    await phone.press("Towers", name)


async def closes(phone: Phone, why: str = WHY, name: str = MARKET) -> None:
    await at_tower(phone, name)
    await phone.press("Close for booking")
    if why:
        await phone.text(why)
    await phone.press("Yes, close it")


async def kept(world: Chats) -> list[Closure]:
    return list(await world.database.look(lambda tx: tx.closures_at(TOWER, 9)))


async def to_review(anna: Phone) -> None:
    await anna.text("/send")
    await anna.press(MARKET, "Medium", "Myself", "Add a note")
    await anna.text("Mind the cat")


async def test_a_tower_is_closed_with_a_sentence_after_a_second_question_and_opened_again(
    world: Chats, olga: Phone
) -> None:
    await at_tower(olga)
    await olga.press("Close for booking")
    await olga.sees(f"Close {MARKET} for booking?", "What should people read?")
    await olga.text(WHY)
    await olga.sees("People will read", f"“{WHY}”")
    assert await kept(world) == []
    await olga.press("Yes, close it")
    await olga.sees("Closed for booking", "by Olga", f"“{WHY}”")
    [closure] = await kept(world)
    assert (closure.by, closure.words, closure.ended_at) == (OPERATOR, WHY, None)
    await olga.press("Back")
    await olga.sees("🚫 closed for booking")
    await olga.press(MARKET, "Open for booking again")
    await olga.sees("again?", f"“{WHY}”")
    world.clock.turn(60)
    await olga.press("Yes, open it")
    await olga.sees("Last closed for booking", "by Olga", f"“{WHY}”")
    assert "Close for booking" in str(await olga.labels())
    [closure] = await kept(world)
    assert (closure.ended_by, closure.ended_at) == (OPERATOR, world.clock.now())


async def test_senders_see_a_closed_tower_in_the_list_and_why_and_cannot_take_it(
    world: Chats, olga: Phone, anna: Phone
) -> None:
    await closes(olga)
    await anna.text("/send")
    await anna.sees(f"🚫 {MARKET} is closed for booking just now.", f"“{WHY}”")
    label = next(each for each in await anna.labels() if MARKET in each)
    assert label.startswith("🚫")
    await anna.press(label)
    assert await world.state(anna) == "send/tower"
    said = (await anna.toasts())[-1]
    assert f"{MARKET} is closed for booking just now. Nothing is lost" in said
    assert f"“{WHY}”" in said
    other = next(each for each in await anna.labels() if "🚫" not in each)
    await anna.press(other)
    assert await world.state(anna) == "send/size"
    await at_tower(olga)
    await olga.press("Open for booking again", "Yes, open it")
    await anna.text("/send")
    await anna.press(MARKET)
    assert await world.state(anna) == "send/size"


async def test_without_a_sentence_it_is_closed_all_the_same(
    world: Chats, olga: Phone, anna: Phone
) -> None:
    await closes(olga, why="")
    await anna.text("/send")
    shown = await anna.sees(f"🚫 {MARKET} is closed for booking just now.")
    assert "“" not in str(shown)


async def test_a_long_sentence_is_cut_to_what_is_kept(world: Chats, olga: Phone) -> None:
    await closes(olga, why="x" * 250)
    [closure] = await kept(world)
    assert closure.words == "x" * 200


async def test_closed_at_the_last_question_nothing_of_the_errand_is_lost(
    world: Chats, olga: Phone, anna: Phone
) -> None:
    await to_review(anna)
    await closes(olga)
    for way in ("reserve", "prepare"):
        await anna.forge(way)
        assert await world.deliveries(anna) == []
        assert "Nothing is lost" in (await anna.toasts())[-1]
        await anna.sees(f"“{WHY}”", "Mind the cat")
    await anna.press("Another tower")
    other = next(each for each in await anna.labels() if "🚫" not in each)
    await anna.press(other, "Medium")
    assert await world.state(anna) == "send/review"
    await anna.sees("Mind the cat")
    await anna.press("Reserve a locker")
    [delivery] = await world.deliveries(anna)
    assert (delivery.note, delivery.recipient, delivery.tower == TOWER) == (
        "Mind the cat",
        anna.id,
        False,
    )


async def test_send_again_leads_to_the_list_where_the_last_tower_is_closed(
    world: Chats, olga: Phone, anna: Phone
) -> None:
    await anna.text("/send")
    await anna.press(MARKET, "Medium", "Myself", "Reserve")
    await closes(olga)
    await anna.open()
    await anna.press("Send again")
    assert await world.state(anna) == "send/tower"
    assert "closed for booking" in (await anna.toasts())[-1]


async def test_what_is_booked_goes_on_at_a_closed_tower_and_nothing_new_is_booked_there(
    world: Chats, olga: Phone, anna: Phone
) -> None:
    await anna.text("/send")
    await anna.press(MARKET, "Medium", "Myself", "Reserve")
    await closes(olga)
    [before] = await world.deliveries(anna)
    await anna.press("Another size", "Small")
    assert "closed for booking" in (await anna.toasts())[-1]
    assert await world.deliveries(anna) == [before]
    await anna.press("Back", "Get drop-off code")
    await world.tower.put_in(await anna.code())
    await anna.press("Get pick-up code")
    await world.tower.take_out(await anna.code())
    [after] = await world.deliveries(anna)
    assert after.state is State.COLLECTED


async def test_a_prepared_parcel_stays_prepared_where_its_tower_is_closed(
    world: Chats, olga: Phone, anna: Phone
) -> None:
    await anna.text("/send")
    await anna.press(MARKET, "Medium", "Myself", "Prepare")
    rings = await anna.rings()
    await closes(olga)
    await anna.sees("Prepared", f"🚫 {MARKET} is closed for booking just now.", f"“{WHY}”")
    assert await anna.rings() == rings, "in silence"
    [before] = await world.deliveries(anna)
    for act in ("I'm at the tower", "One more like this"):
        await anna.press(act)
        assert "Nothing is lost" in (await anna.toasts())[-1]
        assert await world.deliveries(anna) == [before]
    await at_tower(olga)
    await olga.press("Open for booking again", "Yes, open it")
    await anna.loses("closed for booking")
    await anna.press("I'm at the tower")
    [after] = await world.deliveries(anna)
    assert after.state is State.RENTED


async def test_an_old_button_begins_no_wait_at_a_tower_that_was_closed_meanwhile(
    world: Chats, olga: Phone, anna: Phone
) -> None:
    await world.tower.take_all("medium")
    await anna.text("/send")
    await anna.press(MARKET, "Medium · full · 🔔 tell me")
    await closes(olga)
    await anna.press("Tell me")
    said = (await anna.toasts())[-1]
    assert f"{MARKET} is closed for booking just now. Nothing is lost" in said
    assert f"“{WHY}”" in said
    assert await world.database.look(lambda tx: tx.waits_of(anna.id)) == []
    await at_tower(olga)
    await olga.press("Open for booking again", "Yes, open it")
    await anna.press("Tell me")
    assert len(await world.database.look(lambda tx: tx.waits_of(anna.id))) == 1


async def test_an_operator_of_another_tower_closes_and_opens_nothing_here(
    world: Chats, olga: Phone
) -> None:
    otto = await operator(world, "Otto", OTTO)
    await otto.forge(f"tower:{TOWER}")
    for place in ("tower", "close"):
        draft = replace(await world.draft(otto), errand="ops", step=place, answers={"tower": TOWER})
        await world.database.run(lambda tx, draft=draft: tx.save_draft(draft))
        for verb in ("close", "close_ok"):
            await otto.forge(verb)
            assert await kept(world) == []
            assert MARKET not in str(await otto.cards())
    await closes(olga)
    [closure] = await kept(world)
    answers = {"tower": TOWER, "closure": str(closure.id)}
    draft = replace(await world.draft(otto), errand="ops", step="reopen", answers=answers)
    await world.database.run(lambda tx: tx.save_draft(draft))
    await otto.sticker()
    assert WHY not in str(await otto.cards())
    await otto.forge("reopen_ok")
    assert await kept(world) == [closure]
    await closes(otto, name=(await names(world))[ELSEWHERE])
    assert await kept(world) == [closure]
    standing = await world.database.look(lambda tx: tx.closures())
    assert {each.tower for each in standing} == {TOWER, ELSEWHERE}


async def names(world: Chats) -> dict[TowerId, str]:
    return {tower.id: tower.name for tower in await world.database.look(lambda tx: tx.towers())}


async def test_whoever_is_no_operator_closes_nothing(world: Chats, anna: Phone) -> None:
    draft = replace(await world.draft(anna), errand="ops", step="close", answers={"tower": TOWER})
    await world.database.run(lambda tx: tx.save_draft(draft))
    for verb in ("close", "close_ok", "reopen", "reopen_ok", "use_ok", f"use:{TOWER}.1"):
        await anna.forge(verb)
    assert await kept(world) == []


async def test_of_two_operators_who_close_it_one_wins_and_the_other_sees_how_it_stands(
    world: Chats, olga: Phone
) -> None:
    oda = await operator(world, "Oda", ODA)
    for phone, why in ((olga, "Flood"), (oda, "Fire")):
        await at_tower(phone)
        await phone.press("Close for booking")
        await phone.text(why)
    await oda.press("Yes, close it")
    await olga.press("Yes, close it")
    assert "has changed in the meantime" in (await olga.toasts())[-1]
    await olga.sees("by Oda", "“Fire”")
    assert [closure.words for closure in await kept(world)] == ["Fire"]


async def test_an_operator_opens_only_what_they_were_asked_about(world: Chats, olga: Phone) -> None:
    oda = await operator(world, "Oda", ODA)
    await closes(olga, "Flood")
    for phone in (olga, oda):
        await at_tower(phone)
        await phone.press("Open for booking again")
    await oda.press("Yes, open it")
    world.clock.turn(1)
    await closes(oda, "Fire")
    await olga.press("Yes, open it")
    assert "has changed in the meantime" in (await olga.toasts())[-1]
    await olga.sees("Closed for booking", "by Oda", "“Fire”")
    assert [closure.ended_by for closure in await kept(world)] == [None, ODA]


async def test_by_link_a_place_is_closed_while_one_of_its_towers_is(
    sqlite_database: Database,
) -> None:
    async with chats(
        sqlite_database, policy=with_otto(ODA, openers=BOTH_BY_LINK), twin=True
    ) as world:
        olga, anna = await operator(world, "Olga", OPERATOR), await world.phone("Anna")
        await anna.open()
        await at_tower(olga, f"{MARKET} · 0106")
        await olga.press("Close for booking")
        await olga.sees("Harbor picks among the lockers of all towers of that place")
        await olga.press("Yes, close it")
        await anna.press("Send a parcel")
        label = next(each for each in await anna.labels() if MARKET in each)
        await anna.press(label)
        assert await world.state(anna) == "send/tower"
        assert (await anna.toasts())[-1].startswith(f"{MARKET} is closed for booking just now.")


async def test_whoever_taps_a_closed_tower_is_told_which_of_that_name_it_is(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    alike = seeds.LOCATIONS[1].model_copy(update={"name": MARKET})
    monkeypatch.setattr(seeds, "LOCATIONS", (seeds.LOCATIONS[0], alike, *seeds.LOCATIONS[2:]))
    which = f"{MARKET}, 410 Congress Avenue"
    async with chats(sqlite_database, policy=with_otto(ODA)) as world:
        olga, anna = await operator(world, "Olga", OPERATOR), await world.phone("Anna")
        await anna.open()
        await anna.text("/send")
        await anna.press(which, "Medium", "Myself", "Prepare")
        await closes(olga, name=which)
        await anna.text("/send")
        await anna.press(f"🚫 {which}")
        assert (await anna.toasts())[-1].startswith(f"{which} is closed for booking just now.")
        await anna.text("/start")
        await anna.press("Send again")
        assert (await anna.toasts())[-1].startswith(f"{which} is closed for booking just now.")


async def test_a_closed_tower_is_not_offered_where_another_is_full(
    world: Chats, olga: Phone, anna: Phone
) -> None:
    await anna.text("/send")
    await anna.press(MARKET, "Medium", "Myself")
    await world.tower.take_all()
    known = await names(world)
    for tower in known.values():
        if tower != MARKET:
            await closes(olga, name=tower)
    await anna.press("Reserve")
    [delivery] = await world.deliveries(anna)
    assert (delivery.state, delivery.elsewhere) == (State.NO_LOCKER, None)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sentence_fits_the_answer_to_a_button_in_every_language(language: str) -> None:
    words = speak(language)
    for name, why in ((MARKET, None), (MARKET, WHY), ("X" * LONGEST, "y" * 200)):
        said = closed_said(words, name, why)
        assert len(said) <= 200, said
        assert name in said
    short = closed_said(words, "Quay", "Flood")
    assert "Flood" in short
