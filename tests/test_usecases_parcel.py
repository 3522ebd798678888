"""What people do about a parcel besides sending it: name, photo, map, slip, and finding it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.card import photo_subject
from bot.domain.delivery import MAX_PARCEL_NAME, Delivery, NoPhoto
from bot.domain.history import HistoryEvent
from bot.domain.ids import DeliveryId, PersonId
from bot.domain.lifecycle import State
from bot.usecases import find_own
from bot.usecases.actor import NotPermitted, NotYours
from bot.usecases.find_own import search_own
from bot.usecases.name_parcel import name_parcel
from bot.usecases.photo import (
    AT_ONCE,
    JUST_IN,
    add_photo,
    drop_photo,
    forget_photos,
    just_in,
    lose_photo,
    open_for_photo,
    show_photo,
)
from bot.usecases.place import show_map
from bot.usecases.slip import show_slip
from tests.support.desk import ANNA, BEN, CARA, NOW, OLGA, TOWER, Desk, one
from tests.support.scenes import OTHER

PHOTO, ANOTHER = "AgACAgIAAxkBAAIBQ2", "AgACAgIAAxkBAAIBQ3"
CARDS = {"Anna delivery:a", "Ben delivery:a", "Anna code:a", "Ben code:a"}


# -- its name


async def test_a_name_is_as_long_as_names_may_be_shows_in_silence_and_stands_in_no_history(
    desk: Desk,
) -> None:
    delivery = await desk.keep(one(State.STORED))
    named = await desk.act(ANNA, name_parcel, delivery, "x" * (MAX_PARCEL_NAME + 1))
    assert named.parcel_name == "x" * MAX_PARCEL_NAME
    assert await desk.owed() == CARDS
    assert await desk.history(delivery) == []


async def test_what_is_over_is_found_by_its_name_until_it_has_another_or_none(desk: Desk) -> None:
    delivery = await desk.keep(one(State.STORED))
    first = await desk.act(ANNA, name_parcel, delivery, "Mum's boots")

    async def called(word: str) -> bool:
        found = await desk.look(lambda tx: tx.ended_called([word], None, 9))
        return delivery.id in str(found)

    async def over(kept: Delivery) -> Delivery:
        changed: Delivery = await desk.database.run(
            lambda tx: tx.save_delivery(replace(kept, state=State.COLLECTED))
        )
        return changed

    first = await over(first)
    assert await called("boots")
    live = await desk.database.run(lambda tx: tx.save_delivery(replace(first, state=State.STORED)))
    unnamed = await desk.act(ANNA, name_parcel, live, "")
    assert unnamed.parcel_name is None
    await over(unnamed)
    assert not await called("boots")


async def test_only_its_sender_names_a_parcel(desk: Desk) -> None:
    delivery = await desk.keep(one(State.STORED))
    for who in (BEN, CARA, OLGA):
        with pytest.raises(NotYours):
            await desk.act(who, name_parcel, delivery, "mine")
    assert (await desk.now_of(delivery)).parcel_name is None


# -- its photo


async def test_a_photo_is_added_to_what_waits_and_the_latest_put_in_comes_first(
    desk: Desk,
) -> None:
    await desk.keep(
        one(State.STORED, "a", changed_at=NOW),
        one(State.STORED, "b", changed_at=NOW + timedelta(minutes=1)),
        one(State.RENTED, "c"),
        one(State.STORED, "d", recipient=ANNA.id),
    )
    assert [each.id for each in await desk.act(ANNA, open_for_photo)] == ["b", "a"]
    assert await desk.act(BEN, open_for_photo) == []


def test_an_unasked_photo_is_for_the_only_parcel_that_asks_if_that_was_put_in_just_now() -> None:
    asking = one(State.STORED, reported_at=NOW)
    answered = one(State.STORED, "b", reported_at=NOW, no_photo=NoPhoto.DECLINED)
    assert just_in([asking, answered], NOW + JUST_IN) == asking
    assert just_in([asking], NOW + JUST_IN + timedelta.resolution) is None
    assert just_in([asking, one(State.STORED, "c", reported_at=NOW)], NOW) is None
    assert just_in([answered], NOW) is None
    assert just_in([replace(asking, reported_at=None)], NOW) is None


async def test_a_photo_takes_the_place_of_another_and_can_be_taken_away(desk: Desk) -> None:
    delivery = await desk.keep(one(State.STORED, photo=PHOTO))
    replaced = await desk.act(ANNA, add_photo, delivery, ANOTHER)
    assert (replaced.photo, replaced.no_photo) == (ANOTHER, None)
    assert await desk.owed() == CARDS
    dropped = await desk.act(ANNA, drop_photo, replaced)
    assert (dropped.photo, dropped.no_photo) == (None, NoPhoto.DECLINED)
    again = await desk.act(ANNA, add_photo, dropped, PHOTO)
    assert await desk.now_of(delivery) == again
    assert (again.photo, again.no_photo) == (PHOTO, None)
    assert await desk.history(delivery) == []


async def test_only_its_sender_adds_a_photo_or_takes_it_away(desk: Desk) -> None:
    delivery = await desk.keep(one(State.STORED, photo=PHOTO))
    for act, *about in ((add_photo, ANOTHER), (drop_photo,)):
        with pytest.raises(NotYours):
            await desk.act(BEN, act, delivery, *about)
        with pytest.raises(NotPermitted):
            await desk.act(ANNA, act, replace(delivery, state=State.COLLECTED), *about)
    assert (await desk.now_of(delivery)).photo == PHOTO


async def test_a_photo_comes_below_everything_else_for_whoever_may_see_it(desk: Desk) -> None:
    delivery = await desk.keep(one(State.STORED, photo=PHOTO))
    await desk.act(BEN, show_photo, delivery)
    assert await desk.owed() == {"Ben photo:a rings"}
    assert await desk.history(delivery) == []
    with pytest.raises(NotYours):
        await desk.act(CARA, show_photo, delivery)


async def test_that_an_operator_was_shown_a_photo_is_written_down_once_while_it_is_there(
    desk: Desk,
) -> None:
    delivery = await desk.keep(one(State.STORED, photo=PHOTO, problem_reported=True))
    await desk.act(OLGA, show_photo, delivery)
    assert await desk.owed() == {"Olga photo:a rings"}

    async def written() -> list[tuple[Any, ...]]:
        return [(entry.event, entry.by, entry.at) for entry in await desk.history(delivery)]

    seen = (HistoryEvent.PHOTO_SEEN, OLGA.id, NOW)
    assert await written() == [seen]
    await desk.act(OLGA, show_photo, delivery)
    assert await written() == [seen, seen], "the first has not been shown to them yet"
    await desk.shown()
    await desk.act(OLGA, show_photo, delivery)
    assert await written() == [seen, seen]


async def test_a_photo_that_the_messenger_has_lost_is_forgotten_and_no_other(desk: Desk) -> None:
    delivery = await desk.keep(one(State.STORED, photo=PHOTO))

    async def lost(name: str, photo: str) -> None:
        await desk.database.run(lambda tx: lose_photo(tx, DeliveryId(name), photo, now=NOW))

    await lost("a", ANOTHER)
    await lost("nowhere", PHOTO)
    assert (await desk.now_of(delivery)).photo == PHOTO
    assert await desk.owed() == set()
    await lost("a", PHOTO)
    after = await desk.now_of(delivery)
    assert (after.photo, after.no_photo) == (None, NoPhoto.LOST)
    assert await desk.owed() == CARDS


async def test_photos_of_what_is_over_are_forgotten_and_taken_away_so_many_at_once(
    desk: Desk,
) -> None:
    past = NOW - timedelta.resolution
    over = [
        replace(one(State.COLLECTED, "a"), id=DeliveryId(f"over{number:03}"))
        for number in range(AT_ONCE + 1)
    ]
    kept = (
        one(State.STORED, "s", collect_until=past),
        one(State.COLLECTED, "n", collect_until=NOW),
    )
    await desk.keep(*over, photo=PHOTO, collect_until=past)
    for each in kept:
        await desk.keep(each, photo=PHOTO)
    await desk.database.run(lambda tx: tx.mark(BEN.id, photo_subject(over[0].id), now=NOW))
    await desk.shown()

    async def forget() -> int:
        count: int = await desk.database.run(lambda tx: forget_photos(tx, now=NOW))
        return count

    assert await forget() == AT_ONCE
    assert await desk.owed() == {"Ben photo:over000"}
    assert [(await desk.now_of(each)).photo for each in over] == [None] * AT_ONCE + [PHOTO]
    assert [await forget(), await forget()] == [1, 0]
    assert [(await desk.now_of(each)).photo for each in kept] == [PHOTO, PHOTO]


# -- its place and its slip


async def test_a_pin_comes_below_everything_else_for_whoever_goes_there(desk: Desk) -> None:
    delivery = await desk.keep(one(State.STORED))
    await desk.act(BEN, show_map, delivery)
    assert await desk.owed() == {"Ben map:a rings"}
    with pytest.raises(NotYours):
        await desk.act(CARA, show_map, delivery)
    with pytest.raises(NotPermitted):
        await desk.act(BEN, show_map, replace(delivery, state=State.COLLECTED))


async def forwards(desk: Desk) -> Delivery:
    return await desk.keep(one(State.STORED, recipient=None, recipient_name=None))


async def test_a_slip_comes_below_everything_else_in_its_readers_language(desk: Desk) -> None:
    delivery = await forwards(desk)
    await desk.act(ANNA, show_slip, delivery)
    assert await desk.owed() == {"Anna slip:a rings"}


async def test_a_slip_that_is_there_is_put_into_another_language_where_it_stands(
    desk: Desk,
) -> None:
    delivery = await forwards(desk)
    await desk.act(ANNA, show_slip, delivery)
    await desk.shown()
    await desk.act(ANNA, show_slip, delivery, "fr")
    assert await desk.owed() == {"Anna slip:a:fr"}
    await desk.shown()
    await desk.act(ANNA, show_slip, delivery, "fr")
    assert await desk.owed() == set(), "it is in that language"
    await desk.act(ANNA, show_slip, delivery)
    assert await desk.owed() == {"Anna slip:a:fr rings"}, "it comes again as it was"


async def test_a_language_that_the_bot_has_not_is_none_and_a_slip_may_begin_in_another(
    desk: Desk,
) -> None:
    delivery = await forwards(desk)
    await desk.act(ANNA, show_slip, delivery, "xx")
    assert await desk.owed() == {"Anna slip:a rings"}
    other = await desk.keep(one(State.STORED, "b", recipient=None, recipient_name=None))
    await desk.act(ANNA, show_slip, other, "pl")
    assert "Anna slip:b:pl rings" in await desk.owed()


async def test_each_of_two_who_forward_a_claim_has_a_slip_of_their_own(desk: Desk) -> None:
    delivery = await desk.keep(
        one(State.STORED, recipient=None, recipient_name=None, handed_over_by=BEN.id)
    )
    await desk.act(ANNA, show_slip, delivery)
    await desk.shown()
    await desk.act(BEN, show_slip, delivery, "de")
    assert await desk.owed() == {"Ben slip:a:de rings"}
    for who in (CARA, OLGA):
        with pytest.raises(NotYours):
            await desk.act(who, show_slip, delivery)
    with pytest.raises(NotPermitted):
        await desk.act(ANNA, show_slip, replace(delivery, recipient=CARA.id))


# -- finding one's own


async def test_people_find_their_own_parcels_by_each_other_by_name_tower_and_door(
    desk: Desk,
) -> None:
    await desk.database.run(lambda tx: tx.save_towers([TOWER, OTHER]))
    await desk.keep(
        one(State.STORED, "a", parcel_name="Boots", changed_at=NOW),
        one(State.RENTED, "b", recipient=None, recipient_name="Uncle Bob", tower=OTHER.id),
        one(State.COLLECTED, "c", sender=BEN.id, recipient=ANNA.id, recipient_name="Anna"),
        one(State.STORED, "d", sender=BEN.id, recipient=CARA.id, recipient_name="Cara"),
        one(State.REQUESTED, "e", recipient=None, recipient_name=None),
    )

    async def found(who: Any, query: str) -> list[str]:
        return [each.id for each in await desk.look(lambda tx: search_own(tx, who.id, query))]

    assert await found(ANNA, "ben") == ["a", "c"], "what is under way comes first"
    assert await found(ANNA, "uncle") == await found(ANNA, "market") == ["b"]
    assert await found(ANNA, "boots") == await found(BEN, "boots") == ["a"]
    assert await found(ANNA, "14 main ben") == ["a", "c"]
    assert await found(ANNA, "main cara") == []
    assert await found(BEN, "cara") == ["d"]
    assert await found(ANNA, "nothing") == []
    assert await found(CARA, "boots") == []


async def test_nobody_finds_a_parcel_by_an_id_or_a_username_or_by_their_own_name(
    desk: Desk,
) -> None:
    await desk.keep(one(State.STORED, recipient_name="a friend"))
    unknown = one(State.STORED, "b", recipient=PersonId(77), recipient_name=None, awaited=True)
    await desk.keep(unknown)

    async def found(query: str) -> int:
        return len(await desk.look(lambda tx: search_own(tx, ANNA.id, query)))

    assert await found("friend") == 1
    assert await found("ben") == 1, "whatever their sender calls them"
    for query in ("1", "2", "@anna", "anna"):
        assert await found(query) == 0, query


async def test_of_what_is_over_so_many_of_the_latest_are_looked_through(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find_own, "MOST_FOUND", 2)
    ended = [
        one(State.COLLECTED, name, parcel_name="Boots", changed_at=NOW - timedelta(days=days))
        for days, name in enumerate("abc")
    ]
    await desk.keep(*ended, one(State.STORED, "s", parcel_name="Boots"))
    found = await desk.look(lambda tx: search_own(tx, ANNA.id, "boots"))
    assert [each.id for each in found] == ["s", "a", "b"]
