"""Cards: what is owed to whose eyes, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.domain.card import Card
from bot.domain.ids import MessageId, PersonId
from bot.ports.database import Database

NOW = datetime(2026, 3, 1, 12, 31, tzinfo=UTC)
ANNA, BEN = PersonId(7_000_000_001), PersonId(2)
SUBJECT = "delivery:a"
MINUTE = timedelta(minutes=1)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


async def mark(
    database: Database, seconds: float = 0, *, ring: bool = False, chat=ANNA, subject=SUBJECT
) -> Card:
    async def step(tx):
        await tx.mark(chat, subject, now=at(seconds), ring=ring)
        return await tx.card(chat, subject)

    return await database.run(step)


async def show(database: Database, card: Card, message: int) -> Card:
    async def step(tx):
        await tx.card_shown(card, message=MessageId(message), form="photo", digest="d1")
        return await tx.card(card.chat, card.subject)

    return await database.run(step)


async def due(database: Database, seconds: float = 0, limit: int = 99) -> list[tuple[int, str]]:
    found = await database.look(lambda tx: tx.cards_due(at(seconds), limit))
    return [(card.chat, card.subject) for card in found]


async def test_a_marked_card_is_made_and_owed_until_shown(database: Database) -> None:
    assert await database.look(lambda tx: tx.card(ANNA, SUBJECT)) is None
    card = await mark(database)
    assert card == Card(ANNA, SUBJECT, wanted=1, due_at=NOW)
    assert await due(database) == [(ANNA, SUBJECT)]
    shown = await show(database, card, 11)
    assert (shown.message, shown.form, shown.digest) == (11, "photo", "d1")
    assert (shown.wanted, shown.shown) == (1, 1)
    assert await due(database) == []
    assert await database.look(lambda tx: tx.next_card_due()) is None


async def test_a_card_marked_while_it_was_sent_stays_owed(database: Database) -> None:
    first = await mark(database)
    await mark(database, 5)
    shown = await show(database, first, 11)
    assert (shown.wanted, shown.shown) == (2, 1)
    assert await due(database, 5) == [(ANNA, SUBJECT)]


async def test_a_ring_stays_until_it_was_shown_and_is_not_repeated(database: Database) -> None:
    assert (await mark(database, ring=True)).ring
    rung = await mark(database)
    assert rung.ring
    assert not (await show(database, rung, 11)).ring
    again = await mark(database, ring=True)
    await mark(database)
    assert not (await show(database, again, 12)).ring


async def test_a_ring_asked_for_while_sending_is_still_to_come(database: Database) -> None:
    quiet = await mark(database)
    await mark(database, ring=True)
    assert (await show(database, quiet, 11)).ring


async def test_the_longest_due_come_first_one_a_chat(database: Database) -> None:
    await mark(database, 3)
    await mark(database, 1, subject="screen")
    await mark(database, 2, chat=BEN)
    await mark(database, 9, chat=PersonId(3))
    assert await due(database, 5) == [(ANNA, "screen"), (BEN, SUBJECT)]
    assert await due(database, 5, limit=1) == [(ANNA, "screen")]
    assert await due(database, 9) == [(ANNA, "screen"), (BEN, SUBJECT), (3, SUBJECT)]
    assert await database.look(lambda tx: tx.next_card_due()) == at(1)


async def test_marking_again_does_not_send_a_card_back_in_the_queue(database: Database) -> None:
    await mark(database, 0)
    await mark(database, 1, chat=BEN)
    await mark(database, 2)
    assert await due(database, 5) == [(ANNA, SUBJECT), (BEN, SUBJECT)]


async def test_a_postponed_card_waits_but_not_for_a_new_truth(database: Database) -> None:
    card = await mark(database)

    async def fail(tx):
        assert await tx.card_sending(card, NOW, MINUTE)
        await tx.card_postponed(card, at(60))
        return await tx.card(ANNA, SUBJECT)

    failed = await database.run(fail)
    assert (failed.failures, failed.sending_since, failed.due_at) == (1, None, at(60))
    assert await due(database, 59) == []
    assert await due(database, 60) == [(ANNA, SUBJECT)]
    assert (await mark(database, 7)).due_at == at(7)
    assert (await show(database, failed, 11)).failures == 0


async def test_a_shown_card_marked_again_is_due_from_then_on(database: Database) -> None:
    await show(database, await mark(database), 11)
    assert (await mark(database, 50)).due_at == at(50)


async def test_a_send_under_way_is_found_after_a_crash(database: Database) -> None:
    card = await mark(database)
    assert await database.look(lambda tx: tx.cards_interrupted()) == []
    await database.run(lambda tx: tx.card_sending(card, at(1), MINUTE))
    interrupted = await database.look(lambda tx: tx.cards_interrupted())
    assert interrupted == [replace(card, sending_since=at(1))]
    await show(database, card, 11)
    assert await database.look(lambda tx: tx.cards_interrupted()) == []


async def test_a_send_is_claimed_by_one_until_the_claim_is_over(database: Database) -> None:
    card = await mark(database)

    async def claim(seconds: float) -> bool:
        return await database.run(lambda tx: tx.card_sending(card, at(seconds), MINUTE))

    assert await claim(1)
    assert not await claim(2)
    assert await due(database, 60) == []
    assert await due(database, 61) == [(ANNA, SUBJECT)]
    assert await claim(61)
    await show(database, card, 11)
    assert not await claim(200), "it has been shown since it was read"


async def test_what_is_marked_during_a_send_is_due_right_after_it(database: Database) -> None:
    card = await mark(database)
    await database.run(lambda tx: tx.card_sending(card, at(1), MINUTE))
    later = await mark(database, 2)
    await database.run(lambda tx: tx.card_sending(later, at(3), MINUTE))
    await show(database, card, 11)
    assert await due(database, 4) == [(ANNA, SUBJECT)]


async def test_a_card_shown_by_two_at_once_is_owed_once_more(database: Database) -> None:
    card = await mark(database)
    await show(database, card, 11)
    overtaken = await show(database, card, 12)
    assert (overtaken.message, overtaken.previous, overtaken.digest) == (11, 12, "")
    assert overtaken.wanted > overtaken.shown


async def test_a_replaced_message_is_owed_a_removal(database: Database) -> None:
    await show(database, await mark(database), 11)
    same = await show(database, await mark(database), 11)
    assert same.previous is None
    replaced = await show(database, await mark(database), 12)
    assert (replaced.message, replaced.previous) == (12, 11)
    assert await due(database) == [(ANNA, SUBJECT)]
    await database.run(lambda tx: tx.card_tidied(replace(replaced, previous=MessageId(99))))
    assert await due(database) == [(ANNA, SUBJECT)]
    await database.run(lambda tx: tx.card_tidied(replaced))
    assert await due(database) == []
    assert (await mark(database)).previous is None


async def test_a_message_moved_to_a_card_that_is_being_sent_is_not_lost(
    database: Database,
) -> None:
    await show(database, await mark(database, subject="screen"), 11)
    sending = await mark(database)
    await database.run(lambda tx: tx.move_card(ANNA, "screen", SUBJECT, now=NOW))
    shown = await show(database, sending, 12)
    assert (shown.message, shown.previous) == (12, 11)


async def test_a_moved_card_takes_its_message_along(database: Database) -> None:
    await show(database, await mark(database, subject="screen"), 11)
    await database.run(lambda tx: tx.move_card(ANNA, "screen", SUBJECT, now=at(3)))
    moved = await database.look(lambda tx: tx.card(ANNA, SUBJECT))
    assert moved == Card(
        ANNA, SUBJECT, MessageId(11), form="photo", digest="d1", wanted=1, due_at=at(3)
    )
    assert await database.look(lambda tx: tx.card(ANNA, "screen")) is None


async def test_a_card_that_takes_over_a_message_has_its_own_removed(database: Database) -> None:
    await show(database, await mark(database, subject="screen"), 11)
    await show(database, await mark(database), 12)
    await database.run(lambda tx: tx.move_card(ANNA, "screen", SUBJECT, now=at(3)))
    moved = await database.look(lambda tx: tx.card(ANNA, SUBJECT))
    assert moved is not None
    assert (moved.message, moved.previous, moved.wanted, moved.shown) == (11, 12, 2, 1)


async def test_a_move_from_a_card_without_message_marks_the_other_all_the_same(
    database: Database,
) -> None:
    await show(database, await mark(database), 12)
    await database.run(lambda tx: tx.move_card(ANNA, "screen", SUBJECT, now=at(3)))
    moved = await database.look(lambda tx: tx.card(ANNA, SUBJECT))
    assert moved is not None
    assert (moved.message, moved.wanted, moved.shown) == (12, 2, 1)


async def test_a_dropped_card_is_gone(database: Database) -> None:
    card = await show(database, await mark(database), 11)
    await database.run(lambda tx: tx.drop_card(card))
    assert await database.look(lambda tx: tx.card(ANNA, SUBJECT)) is None


async def test_a_card_marked_while_it_was_dropped_is_still_owed(database: Database) -> None:
    card = await show(database, await mark(database), 11)
    await mark(database, 4)
    await database.run(lambda tx: tx.drop_card(card))
    kept = await database.look(lambda tx: tx.card(ANNA, SUBJECT))
    assert kept is not None
    assert (kept.message, kept.wanted, kept.shown) == (None, 2, 1)
    assert await due(database, 4) == [(ANNA, SUBJECT)]


async def test_a_card_dropped_before_it_was_tidied_is_kept_for_that(database: Database) -> None:
    await show(database, await mark(database), 11)
    card = await show(database, await mark(database), 12)
    await database.run(lambda tx: tx.drop_card(card))
    kept = await database.look(lambda tx: tx.card(ANNA, SUBJECT))
    assert kept is not None
    assert (kept.message, kept.previous) == (None, 11)
    assert await due(database) == [(ANNA, SUBJECT)]


async def test_the_cards_about_a_subject_are_those_of_all_chats(database: Database) -> None:
    for chat in (ANNA, BEN):
        await mark(database, chat=chat)
        await mark(database, chat=chat, subject="screen")
    about = await database.look(lambda tx: tx.cards_about(SUBJECT))
    assert [(card.chat, card.subject) for card in about] == [(BEN, SUBJECT), (ANNA, SUBJECT)]
