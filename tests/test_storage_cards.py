"""Cards: what is owed to whose eyes, and whose turn it is to show it, on both databases."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from bot.domain.alerts import Alert, AlertKind
from bot.domain.card import Card, Lane, alert_subject, old_subject
from bot.domain.ids import DeliveryId, MessageId, PersonId
from bot.ports.database import Database, Transaction
from bot.workers.signals import CARD_LEASE, Signals
from storage import StorageUnavailable
from tests.support.databases import a_delivery, listen

NOW = datetime(2026, 3, 1, 12, 31, tzinfo=UTC)
ANNA, BEN = PersonId(7_000_000_001), PersonId(2)
SUBJECT = "delivery:a"
MINUTE = timedelta(minutes=1)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


async def mark(
    database: Database,
    seconds: float = 0,
    *,
    ring: bool = False,
    chat: PersonId = ANNA,
    subject: str = SUBJECT,
) -> Card:
    async def step(tx):
        await tx.mark(chat, subject, now=at(seconds), ring=ring)
        return await tx.card(chat, subject)

    return await database.run(step)


async def find(database: Database, subject: str = SUBJECT, chat: PersonId = ANNA) -> Card | None:
    return await database.look(lambda tx: tx.card(chat, subject))


async def lease(database: Database, seconds: float = 0, limit: int = 99) -> list[Card]:
    return await database.run(
        lambda tx: tx.lease_cards(at(seconds), at(seconds) + MINUTE, limit), one_statement=True
    )


async def show(database: Database, card: Card, message: int) -> Card | None:
    """What whoever holds the card's lease records."""
    return await database.run(
        lambda tx: tx.card_shown(card, message=MessageId(message), form="photo", digest="d1"),
        one_statement=True,
    )


async def marked_and_shown(database: Database, message: int = 11, **more: Any) -> Card:
    """A card with nothing owed and a message of its own."""
    wanted = await mark(database, **more)
    [card] = [card for card in await lease(database) if card.id == wanted.id]
    shown = await show(database, card, message)
    assert shown is not None
    return shown


async def is_due(database: Database, seconds: float = 0, limit: int = 99) -> list[Any]:
    """What is due then; nobody's turn is taken."""
    cards = await lease(database, seconds, limit)
    await database.run(lambda tx: tx.return_cards(cards))
    return [(card.chat, card.subject) for card in cards]


async def test_a_marked_card_is_made_and_owed_until_shown(database: Database) -> None:
    assert await find(database) is None
    card = await mark(database)
    assert card == Card(card.id, ANNA, SUBJECT, wanted=1, run_at=NOW, owed_since=NOW)
    assert card.owed
    assert card.sends
    assert await database.look(lambda tx: tx.next_card_due()) == NOW
    [mine] = await lease(database)
    shown = await show(database, mine, 11)
    assert shown is not None
    assert shown == await find(database)
    assert (shown.message, shown.form, shown.digest) == (11, "photo", "d1")
    assert (shown.wanted, shown.shown, shown.lease, shown.leased_until) == (1, 1, None, None)
    assert await is_due(database) == []
    assert await database.look(lambda tx: tx.next_card_due()) is None


async def test_a_card_marked_while_it_was_sent_stays_owed_and_its_senders(
    database: Database,
) -> None:
    await mark(database)
    [first] = await lease(database)
    await mark(database, 5)
    shown = await show(database, first, 11)
    assert shown is not None
    assert (shown.wanted, shown.shown, shown.lease) == (2, 1, first.lease)
    assert await is_due(database, 5) == [], "whoever is at it goes on"
    assert await show(database, shown, 11) == replace(shown, shown=2, lease=None, leased_until=None)


async def test_a_ring_stays_until_it_was_shown_and_is_not_repeated(database: Database) -> None:
    assert (await mark(database, ring=True)).ring
    assert (await mark(database)).ring
    [rung] = await lease(database)
    shown = await show(database, rung, 11)
    assert shown is not None
    assert not shown.ring
    assert (await mark(database, ring=True)).ring
    await mark(database)
    [again] = await lease(database)
    after = await show(database, again, 12)
    assert after is not None
    assert not after.ring


async def test_a_ring_asked_for_while_sending_is_still_to_come(database: Database) -> None:
    await mark(database)
    [quiet] = await lease(database)
    await mark(database, ring=True)
    shown = await show(database, quiet, 11)
    assert shown is not None
    assert shown.ring


async def test_the_longest_due_come_first(database: Database) -> None:
    await mark(database, 3)
    await mark(database, 1, subject="screen")
    await mark(database, 2, chat=BEN)
    await mark(database, 9, chat=PersonId(3))
    first = [(ANNA, "screen"), (BEN, SUBJECT), (ANNA, SUBJECT)]
    assert await is_due(database, 5) == first
    assert await is_due(database, 5, limit=1) == first[:1]
    assert await is_due(database, 9) == [*first, (3, SUBJECT)]
    assert await database.look(lambda tx: tx.next_card_due()) == at(1)


async def test_answers_go_before_news_and_news_before_tidying(database: Database) -> None:
    await database.run(lambda tx: tx.take_away(ANNA, MessageId(7), "text", now=at(0)))
    await mark(database, 1)

    async def tap(tx):
        tx.answers(BEN)
        await tx.mark(BEN, "screen", now=at(2))
        await tx.mark(ANNA, "screen", now=at(2))

    await database.run(tap)
    cards = await lease(database, 2)
    assert [(card.lane, card.chat, card.subject) for card in cards] == [
        (Lane.ANSWER, BEN, "screen"),
        (Lane.NEWS, ANNA, SUBJECT),
        (Lane.NEWS, ANNA, "screen"),
        (Lane.TIDYING, ANNA, "old:7"),
    ]


async def test_an_update_of_a_chat_answers_that_chat(database: Database) -> None:
    async def tap(tx):
        await tx.open_update(1, ANNA, NOW)
        await tx.mark(ANNA, "screen", now=NOW)
        await tx.mark(BEN, "screen", now=NOW)

    await database.run(tap)
    lanes = {card.chat: card.lane for card in await lease(database)}
    assert lanes == {ANNA: Lane.ANSWER, BEN: Lane.NEWS}


async def test_an_answer_that_is_owed_is_no_mere_news_for_being_marked_again(
    database: Database,
) -> None:
    async def tap(tx):
        tx.answers(ANNA)
        await tx.mark(ANNA, SUBJECT, now=NOW)

    await database.run(tap)
    assert (await mark(database)).lane is Lane.ANSWER
    [card] = await lease(database)
    await show(database, card, 11)
    assert (await mark(database)).lane is Lane.NEWS
    await database.run(tap)
    assert (await mark(database)).lane is Lane.ANSWER


async def test_marking_again_does_not_send_a_card_back_in_the_queue(database: Database) -> None:
    await mark(database, 0)
    await mark(database, 1, chat=BEN)
    await mark(database, 2)
    assert await is_due(database, 5) == [(ANNA, SUBJECT), (BEN, SUBJECT)]


async def test_a_card_put_off_waits_but_not_for_a_new_truth(database: Database) -> None:
    await mark(database)
    [card] = await lease(database)
    await database.run(lambda tx: tx.card_failed(card, at(60)))
    failed = await find(database)
    assert failed is not None
    assert (failed.failures, failed.lease, failed.run_at) == (1, None, at(60))
    assert await is_due(database, 59) == []
    assert await is_due(database, 60) == [(ANNA, SUBJECT)]
    assert (await mark(database, 7)).run_at == at(7)
    [again] = await lease(database, 7)
    shown = await show(database, again, 11)
    assert shown is not None
    assert shown.failures == 0


async def test_only_who_holds_the_lease_puts_a_card_off(database: Database) -> None:
    await mark(database)
    [late] = await lease(database)
    [holder] = await lease(database, 60)
    await database.run(lambda tx: tx.card_failed(late, at(999)))
    assert await find(database) == holder


async def test_a_shown_card_marked_again_is_due_from_then_on(database: Database) -> None:
    await marked_and_shown(database)
    assert (await mark(database, 50)).run_at == at(50)


# -- leases


async def test_a_card_is_leased_by_one_until_the_lease_is_over(database: Database) -> None:
    await mark(database)
    [mine] = await lease(database, 1)
    assert await lease(database, 60) == []
    assert await database.look(lambda tx: tx.next_card_due()) == at(61)
    [theirs] = await lease(database, 61)
    assert (theirs.id, theirs.lease == mine.lease) == (mine.id, False)
    assert await show(database, mine, 11) is None, "its turn was over"
    assert await find(database) == theirs
    shown = await show(database, theirs, 12)
    assert shown is not None
    assert shown.message == 12


async def test_a_lease_is_kept_as_long_as_its_holder_needs(database: Database) -> None:
    await mark(database)
    [card] = await lease(database)
    await mark(database, 30)
    renewed = await database.run(lambda tx: tx.renew_card(card, at(200)))
    assert renewed is not None
    assert (renewed.wanted, renewed.lease, renewed.leased_until) == (2, card.lease, at(200))
    assert await lease(database, 199) == []
    [other] = await lease(database, 200)
    assert await database.run(lambda tx: tx.renew_card(card, at(999))) is None
    assert await find(database) == other


async def test_what_was_not_begun_is_given_back_by_its_holder_alone(database: Database) -> None:
    await mark(database)
    [late] = await lease(database)
    [holder] = await lease(database, 60)
    await database.run(lambda tx: tx.return_cards([late]))
    assert await find(database) == holder
    await database.run(lambda tx: tx.return_cards([holder]))
    assert await is_due(database, 61) == [(ANNA, SUBJECT)]


async def test_a_send_under_way_is_found_after_a_crash(database: Database) -> None:
    await mark(database)
    assert await database.run(lambda tx: tx.free_cards()) == []
    [card] = await lease(database)
    [freed] = await database.run(lambda tx: tx.free_cards())
    assert freed == replace(card, lease=None, leased_until=None)
    assert freed.sends
    assert freed.owed
    assert await is_due(database) == [(ANNA, SUBJECT)]
    assert await database.run(lambda tx: tx.free_cards()) == []


async def test_sends_whose_lease_ran_out_are_counted_and_edits_are_not(database: Database) -> None:
    await marked_and_shown(database, 1, subject="edited")
    await marked_and_shown(database, 2, subject="rung")
    await mark(database, subject="edited")
    await mark(database, subject="rung", ring=True)
    await mark(database, subject="sent")
    assert len(await lease(database)) == 3
    assert await database.look(lambda tx: tx.cards_lapsed(at(59))) == 0
    assert await database.look(lambda tx: tx.cards_lapsed(at(60))) == 2
    await lease(database, 60)
    assert await database.look(lambda tx: tx.cards_lapsed(at(60))) == 0


async def test_of_two_who_lease_at_once_each_card_is_ones(database: Database) -> None:
    for chat in range(40):
        await mark(database, chat=PersonId(chat))
    told = await asyncio.gather(*(lease(database, limit=15) for _ in range(4)))
    ids = [card.id for cards in told for card in cards]
    assert len(ids) == len(set(ids))
    ids += [card.id for card in await lease(database)]
    assert len(ids) == len(set(ids)) == 40


# -- a lease that comes with the mark


async def test_where_cards_are_shown_a_mark_takes_the_turn_and_is_signalled(
    database: Database,
) -> None:
    signals = listen(database, Signals())
    card = await mark(database)
    assert (card.lease is None, card.leased_until) == (False, NOW + CARD_LEASE)
    assert signals.take_cards() == [card]
    again = await mark(database, 1)
    assert again.lease == card.lease, "whoever was signalled goes on"
    assert signals.take_cards() == []
    assert await lease(database, CARD_LEASE.total_seconds() - 1) == []


async def test_a_turn_that_ran_out_is_taken_by_the_next_mark(database: Database) -> None:
    signals = listen(database, Signals())
    card = await mark(database)
    later = await mark(database, CARD_LEASE.total_seconds())
    assert later.lease != card.lease
    assert signals.take_cards() == [later]


async def test_marks_about_a_subject_take_each_cards_turn_unless_somebody_is_at_it(
    database: Database,
) -> None:
    for chat in (ANNA, BEN):
        await marked_and_shown(database, chat=chat)
    signals = listen(database, Signals())
    anna = await mark(database)
    assert signals.take_cards() == [anna]
    await database.run(lambda tx: tx.mark_about(SUBJECT, now=at(1)))
    [ben] = signals.take_cards()
    assert (ben.chat, ben.wanted, ben.leased_until) == (BEN, 2, at(1) + CARD_LEASE)
    after = await find(database)
    assert after is not None
    assert (after.wanted, after.lease) == (3, anna.lease)


async def _raised(alert: Alert, tx: Transaction) -> bool:
    return await tx.raise_alert(alert)


async def test_marks_about_a_delivery_reach_the_alerts_about_it_that_stand(
    database: Database,
) -> None:
    kind, here = AlertKind.PROBLEM, DeliveryId("a")
    about, over = (Alert(key, kind, NOW, delivery=here) for key in ("about", "over"))
    other = Alert("other", kind, NOW, delivery=DeliveryId("b"))
    for message, alert in enumerate((about, over, other), start=1):
        await database.run(partial(_raised, alert))
        await marked_and_shown(database, message, subject=alert_subject(alert.key))
    await database.run(lambda tx: tx.clear_alert("over", NOW))
    await marked_and_shown(database)
    await database.run(lambda tx: tx.mark_about(SUBJECT, now=NOW, alerts_of=DeliveryId("a")))
    owed = sorted(card.subject for card in await lease(database, 60))
    assert owed == [alert_subject(about.key), SUBJECT]


async def test_marking_about_a_subject_makes_no_card(database: Database) -> None:
    await database.run(lambda tx: tx.mark_about(SUBJECT, now=NOW))
    assert await find(database) is None


async def test_the_senders_card_is_marked_if_there_is_one_and_it_is_anothers(
    database: Database,
) -> None:
    delivery = DeliveryId("a")
    await database.run(lambda tx: tx.add_delivery(a_delivery(delivery, sender=ANNA)))
    await database.run(lambda tx: tx.mark_sender(delivery, now=NOW, unless=BEN))
    assert await find(database) is None
    for chat in (ANNA, BEN):
        await marked_and_shown(database, chat=chat)
    await database.run(lambda tx: tx.mark_sender(delivery, now=NOW, unless=ANNA))
    assert await is_due(database) == []
    await database.run(lambda tx: tx.mark_sender(delivery, now=NOW, unless=BEN))
    assert await is_due(database) == [(ANNA, SUBJECT)]


# -- messages that are replaced


async def test_a_replaced_message_is_owed_a_removal_once(database: Database) -> None:
    await marked_and_shown(database)
    await mark(database)
    [card] = await lease(database)

    async def replaced(tx):
        await tx.card_shown(card, message=MessageId(12), form="text", digest="d2")
        await tx.take_away(ANNA, MessageId(11), "photo", now=NOW)
        await tx.take_away(ANNA, MessageId(11), "photo", now=NOW)

    await database.run(replaced)
    [old] = await lease(database)
    assert (old.chat, old.subject, old.message, old.form) == (ANNA, "old:11", 11, "photo")
    assert await database.run(lambda tx: tx.drop_card(old))
    assert await is_due(database) == []
    assert await find(database, old_subject(MessageId(11))) is None
    kept = await find(database)
    assert kept is not None
    assert kept.message == 12


async def test_a_message_is_one_cards(database: Database) -> None:
    await marked_and_shown(database, 11)
    await mark(database, subject="screen")
    [other] = await lease(database)
    with pytest.raises(StorageUnavailable):
        await show(database, other, 11)
    await marked_and_shown(database, 11, chat=BEN)


# -- cards that move


async def test_a_moved_card_takes_its_message_and_identity_along(database: Database) -> None:
    screen = await marked_and_shown(database, subject="screen")
    await database.run(lambda tx: tx.move_card(ANNA, "screen", SUBJECT, now=at(3)))
    moved = await find(database)
    assert moved == replace(screen, subject=SUBJECT, wanted=2, run_at=at(3), owed_since=at(3))
    assert await find(database, "screen") is None
    assert await is_due(database, 3) == [(ANNA, SUBJECT)]


async def test_a_card_that_takes_over_a_message_has_its_own_removed(database: Database) -> None:
    screen = await marked_and_shown(database, 11, subject="screen")
    await marked_and_shown(database, 12)
    await database.run(lambda tx: tx.move_card(ANNA, "screen", SUBJECT, now=at(3)))
    moved = await find(database)
    assert moved is not None
    assert (moved.id, moved.message, moved.owed) == (screen.id, 11, True)
    old = await find(database, "old:12")
    assert old is not None
    assert (old.message, old.lane, old.owed) == (12, Lane.TIDYING, True)


async def test_a_move_to_a_card_without_a_message_leaves_one_card(database: Database) -> None:
    screen = await marked_and_shown(database, 11, subject="screen")
    await mark(database)
    await database.run(lambda tx: tx.move_card(ANNA, "screen", SUBJECT, now=at(3)))
    assert await is_due(database, 3) == [(ANNA, SUBJECT)]
    moved = await find(database)
    assert moved is not None
    assert (moved.id, moved.message) == (screen.id, 11)


async def test_a_message_moved_to_a_card_that_is_being_sent_is_not_lost(
    database: Database,
) -> None:
    await marked_and_shown(database, 11, subject="screen")
    await mark(database)
    [sending] = await lease(database)
    await database.run(lambda tx: tx.move_card(ANNA, "screen", SUBJECT, now=NOW))
    assert await show(database, sending, 12) is None, "that card is no more: its message goes"
    moved = await find(database)
    assert moved is not None
    assert moved.message == 11


@pytest.mark.parametrize("there_is", [False, True])
async def test_a_move_from_a_card_that_is_not_there_marks_the_other_all_the_same(
    database: Database, there_is: bool
) -> None:
    if there_is:
        await marked_and_shown(database, 12)
    await database.run(lambda tx: tx.move_card(ANNA, "screen", SUBJECT, now=at(3)))
    marked = await find(database)
    assert marked is not None
    assert (marked.message, marked.owed) == (12 if there_is else None, True)
    assert await is_due(database, 3) == [(ANNA, SUBJECT)]


async def test_a_late_answer_finds_its_card_wherever_it_has_moved(database: Database) -> None:
    await marked_and_shown(database, 11, subject="delivery:1")
    await mark(database, subject="delivery:1")
    [editing] = await lease(database)
    for subject, to in (("delivery:1", "delivery:2"), ("delivery:2", "delivery:3")):
        await database.run(lambda tx, a=subject, b=to: tx.move_card(ANNA, a, b, now=at(1)))
    await mark(database, 2, subject="delivery:1")  # somebody opens the old one anew
    shown = await show(database, editing, 11)
    assert shown is not None
    assert (shown.subject, shown.message, shown.owed) == ("delivery:3", 11, True)
    assert shown.lease == editing.lease, "and its holder goes on with it"
    anew = await find(database, "delivery:1")
    assert anew is not None
    assert anew.message is None
    assert await is_due(database, 2) == [(ANNA, "delivery:1")], "nothing is taken away"


# -- cards that end


async def test_a_dropped_card_is_gone(database: Database) -> None:
    await marked_and_shown(database)
    await mark(database)
    [card] = await lease(database)
    assert await database.run(lambda tx: tx.drop_card(card), one_statement=True)
    assert await find(database) is None


async def test_a_card_marked_while_it_was_dropped_is_still_owed(database: Database) -> None:
    await marked_and_shown(database)
    await mark(database)
    [card] = await lease(database)
    await mark(database, 4)
    assert not await database.run(lambda tx: tx.drop_card(card), one_statement=True)
    emptied = await database.run(lambda tx: tx.empty_card(card), one_statement=True)
    assert emptied is not None
    assert emptied == await find(database)
    assert (emptied.message, emptied.digest, emptied.wanted, emptied.shown) == (None, "", 3, 2)
    assert emptied.lease == card.lease


async def test_only_who_holds_the_lease_drops_or_empties_a_card(database: Database) -> None:
    await mark(database)
    [late] = await lease(database)
    [holder] = await lease(database, 60)
    assert not await database.run(lambda tx: tx.drop_card(late))
    assert await database.run(lambda tx: tx.empty_card(late)) is None
    assert await find(database) == holder


async def test_the_cards_about_a_subject_are_those_of_all_chats(database: Database) -> None:
    for chat in (ANNA, BEN):
        await mark(database, chat=chat)
        await mark(database, chat=chat, subject="screen")
    about = await database.look(lambda tx: tx.cards_about(SUBJECT))
    assert [(card.chat, card.subject) for card in about] == [(BEN, SUBJECT), (ANNA, SUBJECT)]
