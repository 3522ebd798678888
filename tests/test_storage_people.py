"""People, drafts and handled updates, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from bot.domain.claims import new_claim
from bot.domain.history import HistoryEntry
from bot.domain.ids import PersonId, TowerId
from bot.domain.lifecycle import State
from bot.domain.person import Draft, Person
from bot.domain.tower import Size
from bot.ports.database import Database
from bot.ports.errors import Conflict
from bot.ports.people import Refusal
from tests.support.databases import a_delivery

NOW = datetime(2026, 3, 1, 12, 31, 7, 250001, tzinfo=UTC)
ANNA, BEN = PersonId(7_000_000_001), PersonId(2)


async def test_the_first_update_of_a_chat_finds_nobody_and_a_new_draft(database: Database) -> None:
    opening = await database.run(lambda tx: tx.open_update(10, ANNA, NOW))
    assert (opening.fresh, opening.person, opening.draft) == (True, None, Draft(ANNA))


async def test_an_update_is_fresh_only_once(database: Database) -> None:
    await database.run(lambda tx: tx.open_update(10, ANNA, NOW))
    again = await database.run(lambda tx: tx.open_update(10, ANNA, NOW))
    other = await database.run(lambda tx: tx.open_update(11, ANNA, NOW))
    assert (again.fresh, other.fresh) == (False, True)


async def test_an_update_whose_step_failed_is_fresh_again(database: Database) -> None:
    async def fails(tx):
        await tx.open_update(10, ANNA, NOW)
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        await database.run(fails)
    assert (await database.run(lambda tx: tx.open_update(10, ANNA, NOW))).fresh


async def test_an_update_opens_with_its_person_and_draft(database: Database) -> None:
    anna = Person(ANNA, "Anna", quiet_from=time(22), last_size=Size.LARGE)

    async def meet(tx):
        await tx.save_person(anna)
        await tx.save_person(Person(BEN, "Ben"))
        return await tx.save_draft(Draft(ANNA, "send", "size", {"tower": "aa", "page": 2}))

    draft = await database.run(meet)
    opening = await database.run(lambda tx: tx.open_update(1, ANNA, NOW))
    assert (opening.person, opening.draft, draft.version) == (anna, draft, 1)


async def test_of_two_who_saved_the_same_draft_the_second_is_told(database: Database) -> None:
    first = await database.run(lambda tx: tx.save_draft(Draft(ANNA, step="one")))
    second = await database.run(lambda tx: tx.save_draft(replace(first, step="two")))
    assert second.version == 2
    for stale in (Draft(ANNA, step="late"), replace(first, step="late")):
        with pytest.raises(Conflict):
            await database.run(lambda tx, stale=stale: tx.save_draft(stale))
    assert await database.look(lambda tx: tx.draft(ANNA)) == second


async def test_a_draft_that_was_forgotten_cannot_be_saved_again(database: Database) -> None:
    draft = await database.run(lambda tx: tx.save_draft(Draft(ANNA)))
    await database.run(lambda tx: tx.forget_person(ANNA))
    with pytest.raises(Conflict):
        await database.run(lambda tx: tx.save_draft(draft))


async def test_a_person_is_saved_over(database: Database) -> None:
    anna = Person(ANNA, "Anna", username="Anna_K", last_tower=TowerId("aa"), reachable=False)
    await database.run(lambda tx: tx.save_person(Person(ANNA, "Anne")))
    await database.run(lambda tx: tx.save_person(anna))
    assert await database.look(lambda tx: tx.person(ANNA)) == anna
    assert await database.look(lambda tx: tx.person(BEN)) is None


async def test_a_username_belongs_to_whoever_was_heard_of_last(database: Database) -> None:
    await database.run(lambda tx: tx.save_person(Person(ANNA, "Anna", username="parcel")))
    await database.run(lambda tx: tx.save_person(Person(BEN, "Ben", username="Parcel")))
    anna = await database.look(lambda tx: tx.person(ANNA))
    ben = await database.look(lambda tx: tx.person(BEN))
    assert anna is not None
    assert ben is not None
    assert (anna.username, ben.username) == (None, "Parcel")


async def test_forgetting_a_person_leaves_nothing_of_them_but_nameless_tries(
    database: Database,
) -> None:
    async def live(tx):
        await tx.save_person(Person(ANNA, "Anna"))
        await tx.save_draft(Draft(ANNA))
        await tx.mark(ANNA, "screen", now=NOW)
        await tx.mark(BEN, "screen", now=NOW)
        await tx.note_wrong_try(ANNA, NOW, asked=True)
        sent = a_delivery("sent", sender=ANNA, recipient_name="Ben", note="fragile")
        got = a_delivery("got", sender=BEN, recipient=ANNA, recipient_name="Anna", note="fragile")
        other = a_delivery("other", sender=BEN, recipient_name="Cleo", note="books")
        saved = [await tx.add_delivery(each) for each in (sent, got, other)]
        for each in saved:
            await tx.save_claim(new_claim(each.id))
        await tx.record(HistoryEntry(got.id, NOW, "problem", ANNA, "my hat was wet"))
        await tx.record(HistoryEntry(got.id, NOW, "message", BEN, "sorry"))
        return saved

    sent, got, other = await database.run(live)
    await database.run(lambda tx: tx.forget_person(ANNA))

    async def rest(tx):
        assert await tx.person(ANNA) is None
        assert (await tx.draft(ANNA)).version == 0
        assert await tx.card(ANNA, "screen") is None
        assert await tx.card(BEN, "screen") is not None
        assert (await tx.wrong_tries(ANNA, NOW - timedelta(days=1))).asked == 1, "a hash alone"
        assert await tx.claim(sent.id) is None
        assert await tx.claim(other.id) is not None
        assert [moment.detail for moment in await tx.history(got.id)] == [None, "sorry"]
        return [await tx.delivery(each.id) for each in (sent, got, other)]

    found = await database.look(rest)
    assert [(each.recipient_name, each.note) for each in found] == [
        (None, None),
        (None, None),
        ("Cleo", "books"),
    ]
    with pytest.raises(Conflict):  # read before, it would write the name back
        await database.run(lambda tx: tx.save_delivery(got))


async def test_text_that_no_database_can_hold_is_kept_as_well_as_can_be(database: Database) -> None:
    hostile = Person(ANNA, "a\0b\ud83dc\u202e\U0001f4e6" + "x" * 100_000)
    await database.run(lambda tx: tx.save_person(hostile))
    kept = await database.look(lambda tx: tx.person(ANNA))
    assert kept is not None
    assert kept.name == "a\ufffdb?c\u202e\U0001f4e6" + "x" * 100_000


async def test_a_draft_keeps_any_string(database: Database) -> None:
    draft = Draft(ANNA, answers={"note": "a\0b\ud83d", "list": [1, None, {"x": "ł"}]})
    saved = await database.run(lambda tx: tx.save_draft(draft))
    assert await database.look(lambda tx: tx.draft(ANNA)) == saved


async def test_whom_somebody_refuses_is_found_until_they_are_allowed_again(
    database: Database,
) -> None:
    cleo = PersonId(3)

    async def refuse(tx):
        await tx.save_person(Person(BEN, "Ben"))
        await tx.refuse(ANNA, BEN, NOW)
        await tx.refuse(ANNA, BEN, NOW + timedelta(days=1))  # once is enough
        await tx.refuse(ANNA, cleo, NOW + timedelta(hours=1))

    await database.run(refuse)
    assert await database.look(lambda tx: tx.refused(ANNA, BEN))
    assert not await database.look(lambda tx: tx.refused(BEN, ANNA))
    assert await database.look(lambda tx: tx.refusals_of(ANNA)) == [
        Refusal(cleo, NOW + timedelta(hours=1), None),
        Refusal(BEN, NOW, "Ben"),
    ]
    await database.run(lambda tx: tx.allow(ANNA, BEN))
    assert not await database.look(lambda tx: tx.refused(ANNA, BEN))


async def test_ones_own_refusals_are_forgotten_and_those_of_others_are_not(
    database: Database,
) -> None:
    async def refuse(tx):
        await tx.refuse(ANNA, BEN, NOW)
        await tx.refuse(BEN, ANNA, NOW)
        await tx.forget_person(ANNA)

    await database.run(refuse)
    assert not await database.look(lambda tx: tx.refused(ANNA, BEN))
    assert await database.look(lambda tx: tx.refused(BEN, ANNA))


async def test_what_is_kept_for_somebody_is_found_in_whatever_state(database: Database) -> None:
    kept = [
        a_delivery("kept", recipient=BEN, awaited=True),
        a_delivery("over", recipient=BEN, awaited=True, state=State.CANCELLED),
        a_delivery("theirs", recipient=BEN),
        a_delivery("other", recipient=ANNA, awaited=True),
    ]

    async def add(tx):
        for each in kept:
            await tx.add_delivery(each)

    await database.run(add)
    found = await database.look(lambda tx: tx.awaiting(BEN))
    assert [each.id for each in found] == ["kept", "over"]


async def test_the_part_of_somebody_forgotten_in_parcels_of_others_is_forgotten(
    database: Database,
) -> None:
    async def forget(tx):
        handed = a_delivery("handed", sender=BEN, handed_over_by=ANNA, picked_by=ANNA)
        await tx.add_delivery(handed)
        await tx.forget_person(ANNA)
        return await tx.delivery(handed.id)

    after = await database.run(forget)
    assert (after.handed_over_by, after.picked_by) == (None, None)
