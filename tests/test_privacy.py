"""The file with everything that is held about a person, and what is left of those forgotten."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.domain.alerts import Alert, AlertKind, guessing, limit_reached
from bot.domain.claims import new_claim, show_claim_code
from bot.domain.closures import Closure
from bot.domain.history import HistoryEntry, HistoryEvent
from bot.domain.ids import PersonId
from bot.domain.lifecycle import State
from bot.domain.limits import Limit
from bot.domain.person import Person
from bot.ports.database import Database, Transaction
from bot.usecases.export import held_about
from tests.support.chats import MARKET, OPERATOR, Chats
from tests.support.core import ANNA, BEN, START
from tests.support.databases import a_delivery
from tests.support.phones import TOWER, Phone, said
from tests.support.sixty import parcels

SENTENCE = "Everything I hold about you, except codes that open a door."


@pytest.fixture
async def anna(world: Chats) -> Phone:
    anna = await world.phone("Anna", username="anna_of_austin")
    await anna.open()
    return anna


async def book(anna: Phone, *who: str) -> None:
    await anna.text("/send")
    await anna.press(MARKET, "Medium", *(who or ("Myself",)), "Add a note")
    await anna.text("for the <aunt>")
    await anna.press("Reserve")


async def files(phone: Phone) -> list[dict[str, Any]]:
    """The files that lie in the chat."""
    return [m["document"] for m in await phone.messages() if "document" in m]


async def exported(world: Chats, phone: Phone) -> tuple[str, dict[str, Any]]:
    """The text of the file that is sent for *Show everything*, and what it says."""
    await phone.text("/privacy")
    await phone.press("Show everything")
    [sent] = await files(phone)
    stored = world.telegram.files.by_id(sent["file_id"])
    text = stored.content.decode()
    return text, json.loads(text)


async def test_everything_held_is_sent_as_a_json_file_with_one_sentence(
    world: Chats, anna: Phone
) -> None:
    await book(anna)
    _, held = await exported(world, anna)
    [sent] = await files(anna)
    assert (sent["file_name"], sent["mime_type"]) == ("lockerbot-export.json", "application/json")
    assert SENTENCE in await anna.cards()
    await anna.sees("What I store about you")
    assert held["person"]["username"] == "anna_of_austin"
    assert held["conversation"]["errand"] == "privacy"
    [parcel] = held["deliveries"]
    assert (parcel["note"], parcel["you_are"]) == ("for the <aunt>", ["recipient", "sender"])
    assert [line["event"] for line in parcel["history"]] == ["requested", "reserved"]
    assert {card["about"] for card in held["messages"]} >= {"screen", f"delivery:{parcel['id']}"}


async def test_asked_for_twice_the_file_is_there_once_and_below_everything_else(
    world: Chats, anna: Phone
) -> None:
    await exported(world, anna)
    before = (await anna.messages())[-1]["message_id"]
    await anna.press("Show everything")
    [_] = await files(anna)
    assert (await anna.messages())[-1]["message_id"] > before
    assert said((await anna.messages())[-1]) == SENTENCE


async def test_no_code_that_opens_a_door_is_in_the_file(world: Chats, anna: Phone) -> None:
    await book(anna)
    await anna.press("Get drop-off code")
    code = await anna.code()
    text, held = await exported(world, anna)
    assert held["deliveries"][0]["code"]["kind"] == "drop_off"
    assert code.rsplit("/", 1)[1] not in text
    assert "codes and links that open a door" in held["left_out"]


async def test_the_claim_that_one_may_forward_is_in_ones_own_file_alone(
    world: Chats, anna: Phone
) -> None:
    ben = await world.phone("Ben")
    await ben.open()
    made = a_delivery("open", sender=anna.id, state=State.REQUESTED, recipient_name="Cleo")
    gone = a_delivery("mine", sender=anna.id, recipient=ben.id, state=State.COLLECTED, note="eggs")
    claims = [new_claim(each.id) for each in (made, gone)]

    async def write(tx: Transaction) -> None:
        for each, claim in zip((made, gone), claims, strict=True):
            await tx.add_delivery(each)
            await tx.save_claim(claim)
        words = HistoryEntry(gone.id, world.clock.now(), HistoryEvent.PROBLEM, anna.id, "it stinks")
        told = HistoryEntry(gone.id, world.clock.now(), HistoryEvent.MESSAGE, OPERATOR, "aired")
        await tx.record(words)
        await tx.record(told)

    await world.database.run(write)
    hers, _ = await exported(world, anna)
    his, held = await exported(world, ben)
    assert show_claim_code(claims[0].code) in hers
    assert "it stinks" in hers
    for secret in (claim.link for claim in claims):
        assert secret not in his
    for of_anna in ("anna_of_austin", "it stinks", str(anna.id)):
        assert of_anna not in his
    assert [line.get("detail") for line in held["deliveries"][0]["history"]] == [None, "aired"]


async def test_each_of_250_parcels_is_in_the_file(world: Chats, anna: Phone) -> None:
    made = await parcels(world, anna.id, anna.id, State.STORED, 250)
    _, held = await exported(world, anna)
    assert {parcel["id"] for parcel in held["deliveries"]} == {delivery.id for delivery in made}
    assert len(made) == 250


async def test_what_one_did_in_deliveries_of_others_is_in_the_file(world: Chats) -> None:
    olga = await world.phone("Olga")
    await olga.open()
    other = a_delivery("other", sender=OPERATOR)

    async def write(tx: Transaction) -> None:
        await tx.add_delivery(other)
        now = world.clock.now()
        await tx.record(HistoryEntry(other.id, now, HistoryEvent.CLOSED, olga.id, "lost keys"))
        await tx.record(HistoryEntry(other.id, now, HistoryEvent.CLOSED, OPERATOR, "found keys"))
        await tx.raise_alert(Alert("door:other", AlertKind.DOOR, now, seen_at=now, seen_by=olga.id))
        for _ in range(3):
            await tx.note_wrong_try(olga.id, now, asked=True)

    await world.database.run(write)
    _, held = await exported(world, olga)
    [there] = held["done_in_deliveries_of_others"]
    assert [line["detail"] for line in there["history"]] == ["lost keys"]
    [alert] = held["alerts"]
    assert (alert["kind"], alert["seen_by_you_at"] is not None) == ("door", True)
    assert held["wrong_claim_codes_of_a_day"]["asked"] == 3


async def test_the_file_goes_with_everything_else_when_they_are_forgotten(
    world: Chats, anna: Phone
) -> None:
    await exported(world, anna)
    await anna.press("Forget me", "Yes, forget me")
    assert await files(anna) == []
    assert await anna.cards() == ["Done. I know nothing about you any more."]


async def test_a_file_older_than_48_hours_is_blanked_when_they_are_forgotten(
    world: Chats, anna: Phone
) -> None:
    await exported(world, anna)
    await world.turn(49 * 3600)
    await anna.press("Forget me", "Yes, forget me")
    assert await files(anna) == []
    assert not any(SENTENCE in card for card in await anna.cards())


async def test_operators_read_the_words_of_a_forgotten_person_no_longer(
    world: Chats, anna: Phone
) -> None:
    olga = await world.phone("Olga", id=OPERATOR)
    await olga.open()
    await book(anna)
    [delivery] = await world.deliveries(anna)
    await anna.forge(f"help:{delivery.id}:{delivery.revision}")
    await anna.text("the aunt lives at 12 Elm Street")
    await olga.sees("12 Elm Street")
    [delivery] = await world.deliveries(anna)

    async def end(tx: Transaction) -> None:
        found = await tx.delivery(delivery.id)
        assert found is not None
        await tx.save_delivery(replace(found, state=State.CANCELLED, locker=None, request=None))

    await world.database.run(end)
    await anna.text("/privacy")
    await anna.press("Forget me", "Yes, forget me")
    assert await world.person(anna) is None
    assert not any("Elm Street" in card for card in await olga.cards())
    assert any("Somebody reports a problem" in card for card in await olga.cards())


async def test_alerts_about_a_forgotten_person_name_them_no_longer(database: Database) -> None:
    cleo = PersonId(7_000_000_001)

    async def before(tx: Transaction) -> None:
        await tx.save_person(Person(cleo, "Cleo"))
        known_as = tx.known_as(cleo)
        assert known_as != tx.known_as(BEN)
        for alert in (
            guessing(START, cleo, known_as),
            limit_reached(START, cleo, known_as, Limit.HOLDS, 12),
            guessing(START, cleo, str(cleo)),  # as an earlier version called it
            guessing(START, BEN, tx.known_as(BEN)),
        ):
            await tx.raise_alert(alert)

    await database.run(before)
    await database.run(lambda tx: tx.forget_person(cleo))
    alerts = await database.look(lambda tx: tx.alerts())
    assert str(cleo) not in repr(alerts)
    assert {(alert.kind, alert.person) for alert in alerts} == {
        (AlertKind.GUESSING, None),
        (AlertKind.LIMIT, None),
        (AlertKind.GUESSING, BEN),
    }
    assert len(alerts) == 3
    [limit] = [alert for alert in alerts if alert.kind is AlertKind.LIMIT]
    assert limit.detail == {"limit": "holds", "most": 12}, "of what, is nobody's"


async def test_words_in_alerts_and_history_of_another_version_are_forgotten_too(
    database: Database,
) -> None:
    got = a_delivery("got", sender=BEN, recipient=ANNA)

    async def before(tx: Transaction) -> None:
        await tx.save_person(Person(ANNA, "Anna"))
        await tx.add_delivery(got)
        for event, by, detail in (
            ("problem", ANNA, "my hat was wet"),
            ("complained_in_verse", ANNA, "o hat, o rain"),
            ("complained_in_verse", BEN, "o hat"),
            ("requested", ANNA, "small"),
        ):
            await tx.record(HistoryEntry(got.id, START, event, by, detail))  # type: ignore[arg-type]  # names that no enum has any more
        words = {"text": "my hat was wet"}
        # As migration 0003 leaves the alerts of earlier versions: nobody's.
        await tx.raise_alert(
            Alert("problem:got:1", AlertKind.PROBLEM, START, delivery=got.id, detail=words)
        )

    await database.run(before)
    await database.run(lambda tx: tx.forget_person(ANNA))
    alert = await database.look(lambda tx: tx.alert("problem:got:1"))
    history = await database.look(lambda tx: tx.history(got.id))
    assert alert is not None
    assert alert.text == ""
    assert [entry.detail for entry in history] == [None, None, "o hat", "small"]


async def test_what_an_operator_closed_is_in_their_file_and_theirs_no_longer_once_forgotten(
    database: Database,
) -> None:
    over, standing = (Closure(n, TOWER, START, by=OPERATOR, words=f"Reason {n}") for n in (1, 2))
    olga = Person(OPERATOR, name="Olga")

    async def close_open_and_close(tx: Transaction) -> None:
        await tx.save_person(olga)
        await tx.close(over)
        await tx.reopen(over.id, START, OPERATOR)
        await tx.close(standing)

    await database.run(close_open_and_close)
    held = await database.look(lambda tx: held_about(tx, olga, START))
    told = held["closed_or_opened_for_booking"]
    assert [each["your_words"] for each in told] == ["Reason 1", "Reason 2"]
    assert [each["ended_by_you"] for each in told] == [True, False]

    await database.run(lambda tx: tx.forget_person(OPERATOR))
    assert await database.look(lambda tx: tx.closures_of(OPERATOR)) == []
    [now] = await database.look(lambda tx: tx.closures())
    assert (now.by, now.words) == (None, "Reason 2")
    await database.run(lambda tx: tx.reopen(standing.id, START, ANNA))
    left = await database.look(lambda tx: tx.closures_at(TOWER, 9))
    assert [(each.by, each.words) for each in left] == [(None, None), (None, None)]
