"""Photos that senders add: how they come, who sees them, and when they are forgotten."""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from bot.domain.delivery import Delivery, NoPhoto
from bot.domain.history import HistoryEvent
from bot.domain.ids import PersonId
from bot.domain.lifecycle import State
from bot.domain.person import Person
from bot.ports.database import Database, Transaction
from bot.usecases.alerts import end_what_has_run_out
from bot.usecases.export import held_about
from bot.usecases.photo import JUST_IN, forget_photos, show_photo
from bot.usecases.report import report_problem
from tests.support import scenes
from tests.support.chats import MARKET, Chats
from tests.support.core import ANNA, BEN, START
from tests.support.databases import a_delivery
from tests.support.desk import OLGA, Desk, one
from tests.support.phones import Message, Phone, said

ASKS = "A photo helps whoever collects it"
ADDED = "The photo is added."
TITLE = "The sender's photo"
SEE = "📷 See the photo"
FILE_ID = "AgACAgIAAxkBAAIBQ2"


async def store(world: Chats, anna: Phone, *who: str) -> Delivery:
    """Anna puts a parcel in that anyone may claim."""
    before = {each.id for each in await world.deliveries(anna)}
    await anna.text("/send")
    await anna.press(MARKET, "Medium", *(who or ("Send a link",)), "Reserve")
    await anna.press("Get drop-off code")
    await world.tower.put_in(await anna.code())
    return next(each for each in await world.deliveries(anna) if each.id not in before)


async def store_for(world: Chats, anna: Phone, ben: Phone) -> Delivery:
    """The same, claimed by Ben."""
    delivery = await store(world, anna)
    await ben.open((await anna.claim())[0])
    await ben.sees("is waiting for you")
    return delivery


async def latest(world: Chats, phone: Phone) -> Delivery:
    return (await world.deliveries(phone))[0]


async def pictures(phone: Phone) -> list[Message]:
    """The bot's messages in the chat that show somebody's photo."""
    return [message for message in await phone.messages() if TITLE in said(message)]


async def test_it_is_asked_for_once_by_the_card_and_seen_by_whoever_collects(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    delivery = await store_for(world, anna, ben)
    await anna.sees(ASKS, "In locker")
    assert SEE not in await ben.labels(await ben.sees("is waiting for you"))
    rung = await anna.rings(), await ben.rings()
    await anna.photo()
    await anna.sees(ADDED, "This parcel has a photo", MARKET)
    await anna.loses(ASKS)
    await anna.press("‹ Back")
    await anna.sees("Whoever collects it in Telegram sees your photo", "In locker")
    assert await ben.rings() == rung[1], "a photo is no reason to ring"
    await ben.press(SEE)
    [shown] = await pictures(ben)
    assert shown["protected"]
    assert shown["silent"]
    assert shown["photo"][-1]["width"] == 320, "the largest there is"
    kept = await latest(world, anna)
    assert (kept.id, kept.photo) == (delivery.id, shown["photo"][-1]["file_id"])
    await ben.press("Get pick-up code")
    await ben.press(SEE)
    assert len(await pictures(ben)) == 1, "shown anew, not twice"
    await world.tower.take_out(await ben.code())
    await ben.loses(TITLE)
    assert SEE not in await ben.labels(await ben.sees("You have collected"))


async def test_no_button_is_needed_and_none_is_left_over_once_it_is_declined(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    await store_for(world, anna, ben)
    await anna.press("Add a photo")
    await anna.sees("Send a photo now", MARKET)
    await anna.press("Without a photo")
    await anna.loses(ASKS)
    assert not any("photo" in label for label in await anna.labels(await anna.sees("In locker")))
    assert (await latest(world, anna)).no_photo is NoPhoto.DECLINED
    await anna.photo()
    await anna.sees("Which parcel is this a photo of?")
    assert not await pictures(ben)


async def test_a_photo_is_replaced_and_taken_away_where_it_is_shown(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    await store_for(world, anna, ben)
    await anna.photo()
    await ben.press(SEE)
    [first] = await pictures(ben)
    await anna.photo()
    await anna.sees(ADDED)
    [second] = await pictures(ben)
    assert second["message_id"] == first["message_id"]
    assert second["photo"] != first["photo"]
    await anna.press("Remove the photo")
    await ben.loses(TITLE)
    assert SEE not in await ben.labels(await ben.sees("is waiting for you"))
    kept = await latest(world, anna)
    assert (kept.photo, kept.no_photo) == (None, NoPhoto.DECLINED)
    assert not any(ASKS in card for card in await anna.cards()), "never asked for twice"


async def test_where_a_card_has_eight_buttons_it_asks_by_words_and_a_photo_has_its_button(
    world: Chats, anna: Phone
) -> None:
    await (await world.phone("Olga", id=9000)).open()
    await store(world, anna)
    card = await anna.sees("In locker", "Nobody has claimed it yet", ASKS)
    assert len(await anna.labels(card)) == 8
    await anna.photo()
    await anna.press("‹ Back")
    card = await anna.sees("In locker", "sees your photo")
    labels = await anna.labels(card)
    assert len(labels) == 8
    assert "📷 Photo" in labels
    await anna.press("📷 Photo", "Remove the photo")
    assert "It doesn't fit" in await anna.labels(await anna.sees("In locker"))


async def test_of_several_parcels_it_is_asked_which(world: Chats, anna: Phone) -> None:
    first = await store(world, anna)
    second = await store(world, anna)
    await anna.photo()
    await anna.sees("Which parcel is this a photo of?", "Nobody is shown it before you say")
    for each in await world.deliveries(anna):
        assert each.photo is None
    await anna.press(f"Locker {first.locker_name} ·")
    await anna.sees("This parcel has a photo", f"locker {first.locker_name}")
    photos = {each.id: each.photo for each in await world.deliveries(anna)}
    assert photos[first.id]
    assert photos[second.id] is None
    assert "photo" not in (await world.draft(anna)).answers
    await anna.press("‹ Back")
    await anna.photo()
    await anna.sees(ADDED, f"locker {second.locker_name}")


async def test_long_after_the_drop_off_it_is_asked_whether_it_is_meant_for_that_parcel(
    world: Chats, anna: Phone
) -> None:
    await store(world, anna)
    await world.turn(JUST_IN.total_seconds() + 1)
    await anna.photo()
    await anna.sees("Which parcel is this a photo of?")
    await anna.press("‹ Back")
    assert (await latest(world, anna)).photo is None


async def test_one_that_waits_for_its_parcel_is_kept_as_privacy_says_until_the_question_is_left(
    world: Chats, anna: Phone
) -> None:
    await store(world, anna)
    await world.turn(JUST_IN.total_seconds() + 1)

    async def held() -> str:
        me = Person(anna.id, "Anna")
        return str(await world.database.look(lambda tx: held_about(tx, me, world.clock.now())))

    for way_out in ("‹ Back", "/privacy"):
        await anna.photo()
        photo = (await world.draft(anna)).answers["photo"]
        await anna.press("❔ Help")
        assert photo in await held(), "the question is come back to from help"
        await anna.press("‹ Back")
        assert photo in await held()
        await (anna.text if way_out.startswith("/") else anna.press)(way_out)
        assert photo not in await held()
    await anna.sees("while I ask which parcel it is of, until you answer or leave that question")


async def test_a_reminder_does_not_ask_again(world: Chats, anna: Phone, ben: Phone) -> None:
    await store_for(world, anna, ben)
    await anna.sees(ASKS)
    await world.turn(73 * 3600)
    await anna.loses(ASKS)
    assert (await latest(world, anna)).overdue_at


async def test_a_booking_is_come_back_to_after_a_photo(world: Chats, anna: Phone) -> None:
    await store(world, anna)
    await anna.text("/send")
    await anna.press(MARKET)
    before = await world.state(anna)
    await anna.photo()
    await anna.sees(ADDED)
    await anna.press("‹ Back")
    assert await world.state(anna) == before


async def test_what_is_no_photo_is_said_to_be_none_once_above_the_present_question(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    await store_for(world, anna, ben)
    no_photos = [partial(anna.file, kind) for kind in ("document", "video", "animation")]
    for send in (*no_photos, anna.sticker):
        await anna.text("/start")
        await send()
        await anna.sees("I can't use that", "What would you like to do?")
        await anna.press("Add a photo")
        await send()
        await anna.sees("I can't use that", "Send a photo now")
        assert sum("I can't use that" in card for card in await anna.cards()) == 1
    assert (await latest(world, anna)).photo is None
    await anna.file("voice")
    await anna.sees("Send a photo now")
    await anna.loses("I can't use that")
    await anna.photo()
    await anna.sees(ADDED)


async def test_what_is_no_photo_is_passed_over_where_nobody_is_asked_for_one(
    world: Chats, anna: Phone
) -> None:
    await anna.file("video")
    await anna.file("voice")
    assert not any("photo" in card for card in await anna.cards())


@pytest.mark.parametrize("asked", [True, False])
async def test_of_an_album_it_is_said_once_that_none_was_taken(
    world: Chats, anna: Phone, ben: Phone, asked: bool
) -> None:
    await store_for(world, anna, ben)
    if asked:
        await anna.press("Add a photo")
    sent = world.outbox.tally.sent
    await anna.album(4)
    await anna.sees("A parcel has one photo, sent by itself. None of these was kept.")
    assert world.outbox.tally.sent == sent + 1
    assert sum("None of these was kept" in card for card in await anna.cards()) == 1
    assert (await latest(world, anna)).photo is None
    await anna.photo()
    await anna.sees(ADDED)
    await anna.loses("None of these was kept")


async def test_a_photo_that_is_too_large_is_said_to_be(
    world: Chats, anna: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store(world, anna)
    monkeypatch.setattr("handlers.telegram.photos.LARGEST", 100)
    await anna.photo()
    await anna.sees("That photo is too large for me", "What would you like to do?")
    monkeypatch.undo()
    await anna.photo()
    await anna.sees(ADDED)


async def test_with_no_parcel_in_a_locker_it_is_said_what_photos_are_for(
    world: Chats, anna: Phone
) -> None:
    await anna.photo()
    await anna.sees("You can add a photo of a parcel that you have sent", "There is none now.")
    await store(world, anna, "Myself")
    await anna.photo()
    await anna.sees("There is none now.")


async def test_a_photo_among_the_words_of_a_problem_is_not_shown_to_the_recipient(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    await store_for(world, anna, ben)
    await anna.press("Report a problem")
    await anna.photo()
    await anna.sees("I can pass on words only. The photo was not kept.", "What is wrong?")
    assert (await latest(world, anna)).photo is None


async def test_a_photo_that_comes_too_late_is_kept_nowhere(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    await store_for(world, anna, ben)
    await anna.press("Add a photo")
    await ben.press("Get pick-up code")
    await world.tower.take_out(await ben.code())
    await anna.photo()
    await anna.sees("That is no longer possible: it has changed in the meantime.")
    assert (await latest(world, anna)).photo is None
    assert not any("button is from before" in card for card in await anna.cards())


async def test_a_claim_in_the_caption_of_a_photo_is_not_lost(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    await store(world, anna)
    await ben.open()
    cleo = await world.phone("Cleo")
    await store(world, ben)
    link, _ = await anna.claim()
    await ben.photo(f"for you {link}")
    await ben.sees("Ben, a parcel from Anna is waiting for you")
    await cleo.open()
    _, code = await ben.claim()
    await cleo.photo(code)
    await cleo.sees("Cleo, a parcel from Ben is waiting for you")


async def test_a_claim_in_a_caption_is_read_at_the_question_for_a_photo_too(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    cleo = await world.phone("Cleo")
    await cleo.open()
    await store(world, cleo)
    link, _ = await cleo.claim()
    await store_for(world, anna, ben)
    await anna.press("Add a photo")
    await anna.photo(link)
    await anna.sees("Anna, a parcel from Cleo is waiting for you")


async def test_operators_see_it_after_a_problem_was_reported_and_the_history_says_so(
    world: Chats, anna: Phone, ben: Phone, olga: Phone
) -> None:
    delivery = await store_for(world, anna, ben)
    await anna.photo()
    await olga.text(f"/ops {delivery.id}")
    assert SEE not in await olga.labels()
    await olga.forge(f"see:{delivery.id}:1")
    assert not await pictures(olga)
    await ben.press("Report a problem")
    await ben.text("It is torn open.")
    await olga.text(f"/ops {delivery.id}")
    await olga.press(SEE)
    assert len(await pictures(olga)) == 1
    await olga.press(SEE)
    history = await world.database.look(lambda tx: tx.history(delivery.id))
    seen = [entry for entry in history if entry.event is HistoryEvent.PHOTO_SEEN]
    assert [entry.by for entry in seen] == [olga.id], "looked at again while it is shown: once"
    await anna.press("History")
    await anna.sees("The photo was looked at (an operator)")
    await olga.press("The problem is dealt with", "Yes")
    await olga.loses(TITLE)


@pytest.mark.parametrize(
    "part", [{"handed_over_by": OLGA.id}, {"recipient": OLGA.id, "taken_back": True}]
)
async def test_an_operator_with_a_part_in_it_that_shows_no_photo_is_written_down_too(
    desk: Desk, part: dict[str, Any]
) -> None:
    delivery = await desk.keep(one(State.STORED, photo=FILE_ID, problem_reported=True, **part))
    await desk.act(OLGA, show_photo, delivery)
    assert [each.event for each in await desk.history(delivery)] == [HistoryEvent.PHOTO_SEEN]


async def test_an_operator_sees_it_no_longer_once_the_problem_has_run_out(desk: Desk) -> None:
    delivery = await desk.keep(one(State.COLLECTED, photo=FILE_ID))
    await desk.act(scenes.BEN, report_problem, delivery, "It is torn open.")
    await desk.act(OLGA, show_photo, await desk.now_of(delivery))
    await desk.shown()
    over = desk.now + timedelta(days=31)
    await desk.database.run(lambda tx: end_what_has_run_out(tx, desk.policy, now=over))
    assert not (await desk.now_of(delivery)).problem_reported
    assert f"Olga photo:{delivery.id}" in await desk.owed()


async def test_onlookers_never_see_it(world: Chats, anna: Phone, ben: Phone) -> None:
    delivery = await store_for(world, anna, ben)
    await anna.photo()
    await ben.press(SEE)
    await ben.press("Let somebody else collect", "Yes, a new link")
    await ben.loses(TITLE)
    cleo = await world.phone("Cleo")
    await cleo.open()
    for onlooker in (ben, cleo):
        for word in ("see", "photo"):
            await onlooker.forge(f"{word}:{delivery.id}:{delivery.revision + 2}")
        await onlooker.photo()
        assert not await pictures(onlooker)
    assert (await latest(world, anna)).photo


async def test_what_telegram_no_longer_has_is_said_in_a_plain_sentence_and_forgotten(
    world: Chats, anna: Phone, ben: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    await store_for(world, anna, ben)
    await anna.photo()
    await world.http.delete("/telegram/sandbox/files")
    await ben.press(SEE)
    await ben.sees("Telegram no longer has the photo of this parcel. Nothing else has changed.")
    kept = await latest(world, anna)
    assert (kept.photo, kept.no_photo) == (None, NoPhoto.LOST)
    assert SEE not in await ben.labels(await ben.sees("is waiting for you"))
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    await anna.press("‹ Back")
    assert not any(ASKS in card for card in await anna.cards())
    await ben.press("Get pick-up code")
    await world.tower.take_out(await ben.code())
    await ben.loses("Telegram no longer has the photo")


async def test_while_telegram_is_away_the_photo_is_owed_and_comes_once(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    await store_for(world, anna, ben)
    await anna.photo()
    await world.faults("telegram", {"name": "bad_gateway", "call": "sendPhoto", "times": 1})
    await ben.press(SEE)
    await world.turn(60)
    await ben.sees(TITLE)
    assert len(await pictures(ben)) == 1


async def test_a_parcel_that_moves_to_another_locker_takes_its_photo_along(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    old = await store_for(world, anna, ben)
    await anna.photo()
    kept = (await latest(world, anna)).photo
    await ben.press(SEE)
    await anna.forge(f"size:{old.id}:{(await latest(world, anna)).revision}:large")
    await ben.loses(TITLE)
    photos = {each.id: each.photo for each in await world.deliveries(anna)}
    assert photos.pop(old.id) is None
    assert list(photos.values()) == [kept]


async def test_the_name_of_the_file_is_in_no_log_and_no_repr(
    world: Chats,
    anna: Phone,
    ben: Phone,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    await store_for(world, anna, ben)
    await anna.photo()
    await ben.press(SEE)
    photo = (await latest(world, anna)).photo
    assert photo
    logged = capsys.readouterr().out
    assert "dropped_off" in logged
    assert photo not in caplog.text + logged
    assert photo not in repr(await latest(world, anna))
    await anna.press("‹ Back")
    await anna.photo()
    await anna.sees("Which parcel is this a photo of?")
    draft = await world.database.look(lambda tx: tx.draft(PersonId(anna.id)))
    assert draft.answers["photo"]
    assert draft.answers["photo"] not in repr(draft)


async def test_it_is_in_its_senders_export_and_in_nobody_elses(database: Database) -> None:
    delivery = a_delivery("p", sender=ANNA, recipient=BEN, state=State.STORED, photo=FILE_ID)
    await database.run(lambda tx: tx.add_delivery(delivery))
    hers = await database.look(lambda tx: held_about(tx, Person(ANNA, "Anna"), START))
    assert [each["photo"] for each in hers["deliveries"]] == [FILE_ID]
    his = await database.look(lambda tx: held_about(tx, Person(BEN, "Ben"), START))
    assert FILE_ID not in str(his)


async def test_it_is_forgotten_with_the_storage_time_and_with_its_sender(
    database: Database,
) -> None:
    day = timedelta(days=1)
    made = [
        a_delivery(
            "there", sender=BEN, state=State.STORED, collect_until=START - day, photo=FILE_ID
        ),
        a_delivery(
            "soon", sender=BEN, state=State.COLLECTED, collect_until=START + day, photo=FILE_ID
        ),
        a_delivery(
            "over", sender=BEN, state=State.COLLECTED, collect_until=START - day, photo=FILE_ID
        ),
        a_delivery(
            "hers", sender=ANNA, state=State.COLLECTED, collect_until=START + day, photo=FILE_ID
        ),
    ]

    async def with_photo() -> list[str]:
        found = await database.look(lambda tx: tx.deliveries_with([each.id for each in made]))
        return [each.id for each in found if each.photo is not None]

    async def add(tx: Transaction) -> None:
        for each in made:
            await tx.add_delivery(each)

    await database.run(add)
    assert await database.run(lambda tx: forget_photos(tx, now=START)) == 1
    assert await with_photo() == ["there", "soon", "hers"]
    assert await database.look(lambda tx: tx.photos_of(ANNA)) == ["hers"]
    await database.run(lambda tx: tx.forget_person(ANNA))
    assert await with_photo() == ["there", "soon"]
