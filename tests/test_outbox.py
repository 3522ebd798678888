"""The outbox: what is owed is shown once, truthfully, whatever Telegram does meanwhile.

The messenger here is a chat in memory that fails on demand; the real one is tested elsewhere.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.card import SCREEN, Card, delivery_subject
from bot.domain.ids import MessageId, PersonId
from bot.domain.lifecycle import State
from bot.domain.message import Button, Message
from bot.domain.person import Person
from bot.ports.database import Database
from bot.ports.errors import MessageGone, OutcomeUnknown, Refused, TryLater, Unreachable
from bot.workers.loop import Loop
from bot.workers.outbox import Outbox
from handlers.telegram import messenger
from sandbox.clock import Clock
from tests.support.scenes import a_delivery

ANNA, BEN = PersonId(1), PersonId(2)
START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@dataclass
class Chats:
    """Messages by chat and id; `failing` holds what the next calls raise, oldest first."""

    messages: dict[tuple[int, int], str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    failing: list[Exception] = field(default_factory=list)
    gate: dict[int, asyncio.Event] = field(default_factory=dict)
    called: asyncio.Event = field(default_factory=asyncio.Event)
    last: int = 0

    async def _called(self, what: str, chat: int) -> None:
        self.calls.append(what)
        self.called.set()
        if chat in self.gate:
            await self.gate[chat].wait()
        if self.failing:
            raise self.failing.pop(0)

    async def send(self, chat: PersonId, view: Message, *, silent: bool) -> MessageId:
        await self._called("send silently" if silent else "send", chat)
        self.last += 1
        self.messages[chat, self.last] = view.html
        return MessageId(self.last)

    async def edit(self, chat: PersonId, message: MessageId, view: Message) -> None:
        await self._called("edit", chat)
        if (chat, message) not in self.messages:
            raise MessageGone
        self.messages[chat, message] = view.html

    def digest(self, view: Message) -> str:
        return messenger.digest(view)

    async def remove(self, chat: PersonId, message: MessageId, form: str) -> None:
        await self._called("remove", chat)
        self.messages.pop((chat, message), None)

    def of(self, chat: PersonId) -> list[str]:
        return [text for (owner, _), text in self.messages.items() if owner == chat]


@dataclass
class Truth:
    """What is true now, by subject."""

    views: dict[str, Message | None] = field(default_factory=dict)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event | None = None

    async def present(self, card: Card) -> tuple[Message | None, bool]:
        view = self.views.get(card.subject)
        self.asked.set()
        if self.gate is not None:
            await self.gate.wait()
        return view, not card.ring


@dataclass
class Owed:
    database: Database
    clock: Clock
    chats: Chats
    truth: Truth
    outbox: Outbox

    async def mark(self, chat: PersonId = ANNA, subject: str = SCREEN, *, ring: bool = False):
        now = self.clock.now()
        await self.database.run(lambda tx: tx.mark(chat, subject, now=now, ring=ring))

    async def turn(self) -> None:
        for _ in range(5):
            await self.outbox.turn()
            await self.outbox.settle()

    def replica(self, truth: Truth | None = None, database: Database | None = None) -> Outbox:
        return Outbox(database or self.database, self.chats, truth or self.truth, self.clock)

    async def card(self, chat: PersonId = ANNA, subject: str = SCREEN) -> Card:
        card = await self.database.look(lambda tx: tx.card(chat, subject))
        assert card is not None
        return card


async def turned(outbox: Outbox) -> None:
    for _ in range(5):
        await outbox.turn()
        await outbox.settle()


@pytest.fixture
async def owed(database: Database) -> Owed:
    clock, chats, truth = Clock(START, stopped=True), Chats(), Truth({SCREEN: Message("one")})
    return Owed(database, clock, chats, truth, Outbox(database, chats, truth, clock))


async def test_what_is_owed_is_sent_once_and_then_edited(owed: Owed):
    await owed.mark()
    await owed.turn()
    owed.truth.views[SCREEN] = Message("two")
    await owed.mark()
    await owed.turn()
    assert owed.chats.of(ANNA) == ["two"]
    assert owed.chats.calls == ["send silently", "edit"]


async def test_a_card_that_would_look_the_same_is_left_alone(owed: Owed):
    for _ in range(3):
        await owed.mark()
        await owed.turn()
    assert owed.chats.calls == ["send silently"]
    assert owed.outbox.tally.unchanged == 2


async def test_ringing_sends_anew_and_takes_the_old_message_away(owed: Owed):
    await owed.mark()
    await owed.turn()
    owed.truth.views[SCREEN] = Message("in the locker")
    await owed.mark(ring=True)
    await owed.turn()
    assert owed.chats.of(ANNA) == ["in the locker"]
    assert owed.chats.calls == ["send silently", "send", "remove"]
    assert (await owed.card()).previous is None


async def test_three_changes_while_telegram_was_away_become_one_message(owed: Owed):
    owed.chats.failing = [TryLater("away")] * 3
    for text in ("one", "two", "three"):
        owed.truth.views[SCREEN] = Message(text)
        await owed.mark()
        await owed.turn()
        owed.clock.turn(0.1)
    owed.clock.turn(60)
    await owed.turn()
    assert owed.chats.of(ANNA) == ["three"]


async def test_telegrams_own_delay_is_kept(owed: Owed):
    owed.chats.failing = [TryLater("flood", 30)]
    await owed.mark()
    await owed.turn()
    owed.clock.turn(29)
    await owed.turn()
    assert owed.chats.of(ANNA) == []
    owed.clock.turn(2)
    await owed.turn()
    assert owed.chats.of(ANNA) == ["one"]


async def test_a_restart_repeats_nothing(owed: Owed):
    await owed.mark()
    await owed.turn()
    again = Outbox(owed.database, owed.chats, owed.truth, owed.clock)
    await again.recover()
    await again.turn()
    await again.settle()
    assert owed.chats.calls == ["send silently"]
    assert again.tally.possible_doubles == 0


async def test_a_send_whose_answer_was_lost_is_repeated_and_counted(owed: Owed):
    owed.chats.failing = [OutcomeUnknown("reset")]
    await owed.mark()
    await owed.turn()
    owed.clock.turn(5)
    await owed.turn()
    assert owed.chats.of(ANNA) == ["one"]
    assert owed.outbox.tally.possible_doubles == 1


async def test_a_crash_in_the_middle_of_a_send_is_found_at_the_next_start(owed: Owed):
    await owed.mark()
    card = await owed.card()
    await owed.database.run(
        lambda tx: tx.card_sending(card, owed.clock.now(), timedelta(seconds=60))
    )
    again = owed.replica()
    await again.recover()
    if owed.database.shared:  # it may be another replica that is sending it
        await turned(again)
        assert owed.chats.of(ANNA) == []
        owed.clock.turn(61)
    await turned(again)
    assert again.tally.possible_doubles == 1
    assert owed.chats.of(ANNA) == ["one"]


async def test_a_crash_before_the_old_message_was_taken_away_takes_it_away_later(owed: Owed):
    await owed.mark()
    await owed.turn()
    await owed.mark(ring=True)
    card = await owed.card()
    owed.chats.messages[ANNA, 77] = "new"
    await owed.database.run(
        lambda tx: tx.card_shown(card, message=MessageId(77), form="text", digest="new")
    )  # …and here the plug was pulled
    await owed.turn()
    assert owed.chats.of(ANNA) == ["new"]


async def test_nothing_to_show_takes_the_message_away(owed: Owed):
    await owed.mark()
    await owed.turn()
    owed.truth.views[SCREEN] = None
    await owed.mark()
    await owed.turn()
    assert owed.chats.of(ANNA) == []
    assert await owed.database.look(lambda tx: tx.card(ANNA, SCREEN)) is None


async def test_a_message_that_the_person_deleted_is_sent_anew(owed: Owed):
    await owed.mark()
    await owed.turn()
    owed.chats.messages.clear()
    owed.truth.views[SCREEN] = Message("two")
    await owed.mark()
    await owed.turn()
    assert owed.chats.of(ANNA) == ["two"]


async def test_a_view_of_another_form_replaces_the_message(owed: Owed):
    await owed.mark()
    await owed.turn()
    owed.truth.views[SCREEN] = Message("scan me", qr="HARBOR://OPEN/1")
    await owed.mark()
    await owed.turn()
    assert owed.chats.of(ANNA) == ["scan me"]
    assert owed.chats.calls == ["send silently", "send silently", "remove"]


async def test_somebody_who_blocked_the_bot_is_owed_nothing_and_known_as_out_of_reach(owed: Owed):
    await owed.database.run(lambda tx: tx.save_person(Person(ANNA, "Anna")))
    owed.chats.failing = [Unreachable("blocked")]
    await owed.mark()
    await owed.turn()
    person = await owed.database.look(lambda tx: tx.person(ANNA))
    assert person is not None
    assert not person.reachable
    owed.clock.turn(3600)
    await owed.turn()
    assert owed.chats.calls == ["send silently"]


async def test_a_card_that_telegram_refuses_does_not_hold_up_the_rest(owed: Owed):
    owed.chats.failing = [Refused("can't parse entities")]
    await owed.mark(ANNA)
    await owed.turn()
    await owed.mark(BEN)
    await owed.turn()
    assert owed.chats.of(BEN) == ["one"]
    owed.clock.turn(601)
    await owed.turn()
    assert owed.chats.of(ANNA) == ["one"]


async def test_a_chat_that_telegram_is_slow_for_delays_no_other(owed: Owed):
    owed.chats.gate[ANNA] = asyncio.Event()
    await owed.mark(ANNA)
    await owed.outbox.turn()
    await owed.mark(BEN)
    await owed.outbox.turn()
    for _ in range(1000):
        if owed.chats.of(BEN):
            break
        await asyncio.sleep(0.001)
    assert owed.chats.of(BEN) == ["one"]
    assert owed.chats.of(ANNA) == []
    owed.chats.gate[ANNA].set()
    await owed.turn()
    assert owed.chats.of(ANNA) == ["one"]


async def test_a_chat_that_is_owed_several_cards_gets_them_all_from_one_poke(owed: Owed):
    owed.truth.views["code:x"] = Message("a code", qr="HARBOR://OPEN/1")
    loop = Loop("outbox", owed.clock, owed.outbox.turn)
    owed.outbox.poke = loop.poke
    running = asyncio.create_task(loop.run())
    await owed.mark(ANNA)
    await owed.mark(ANNA, "code:x")
    loop.poke()
    async with asyncio.timeout(10):
        while len(owed.chats.of(ANNA)) < 2:
            owed.chats.called.clear()
            await owed.chats.called.wait()
            await asyncio.sleep(0)
    loop.stop()
    await running
    await owed.outbox.settle()


async def test_a_change_that_comes_while_a_message_is_under_way_is_not_lost(owed: Owed):
    owed.chats.gate[ANNA] = asyncio.Event()
    await owed.mark()
    await owed.outbox.turn()
    await owed.chats.called.wait()
    owed.truth.views[SCREEN] = Message("two")
    await owed.mark()
    owed.chats.gate[ANNA].set()
    await owed.turn()
    assert owed.chats.of(ANNA) == ["two"]


async def test_the_fast_path_shows_what_a_step_touched_without_a_turn(owed: Owed):
    await owed.mark()
    owed.outbox.touch([(ANNA, SCREEN)])
    await owed.outbox.settle()
    assert owed.chats.of(ANNA) == ["one"]


async def test_a_card_that_one_replica_sends_is_sent_by_no_other(owed: Owed):
    owed.chats.gate[ANNA] = asyncio.Event()
    await owed.mark(ring=True)
    await owed.outbox.turn()
    await owed.chats.called.wait()
    await turned(owed.replica())
    owed.chats.gate[ANNA].set()
    await owed.turn()
    assert owed.chats.calls == ["send"]


async def test_a_card_that_was_sent_while_another_replica_made_it_up_is_not_sent_again(owed: Owed):
    slow = Truth(owed.truth.views, gate=asyncio.Event())
    there = owed.replica(slow)
    await owed.mark(ring=True)
    await there.turn()
    await slow.asked.wait()
    await owed.turn()
    assert slow.gate is not None
    slow.gate.set()
    await turned(there)
    assert owed.chats.calls == ["send"]


async def test_what_changes_while_another_replica_is_sending_is_shown_afterwards(owed: Owed):
    owed.chats.gate[ANNA] = asyncio.Event()
    await owed.mark(ring=True)
    await owed.outbox.turn()
    await owed.chats.called.wait()
    owed.truth.views[SCREEN] = Message("two")
    await owed.mark()
    there = owed.replica()
    await turned(there)
    assert await there.turn() is not None, "it looks again should the other die"
    owed.chats.gate[ANNA].set()
    await owed.turn()
    assert owed.chats.of(ANNA) == ["two"]


async def test_a_send_that_a_replica_died_over_is_taken_up_by_another_and_counted(owed: Owed):
    owed.chats.gate[ANNA] = asyncio.Event()
    await owed.mark()
    await owed.outbox.turn()
    await owed.chats.called.wait()
    there = owed.replica()
    await turned(there)
    del owed.chats.gate[ANNA]
    owed.clock.turn(61)
    await turned(there)
    assert owed.chats.of(ANNA) == ["one"]
    assert there.tally.possible_doubles == 1


async def test_an_edit_that_arrives_after_a_newer_one_is_put_right(owed: Owed):
    await owed.mark()
    await owed.turn()
    owed.truth.views[SCREEN] = Message("two")
    await owed.mark()
    owed.chats.gate[ANNA], owed.chats.called = asyncio.Event(), asyncio.Event()
    await owed.outbox.turn()
    await owed.chats.called.wait()
    late = owed.chats.gate.pop(ANNA)
    owed.truth.views[SCREEN] = Message("three")
    await owed.mark()
    await turned(owed.replica())
    assert owed.chats.of(ANNA) == ["three"]
    late.set()
    await owed.turn()
    assert owed.chats.of(ANNA) == ["three"]


async def test_an_old_message_that_can_not_be_taken_away_yet_waits_as_telegram_says(owed: Owed):
    await owed.mark()
    await owed.turn()
    await owed.mark(ring=True)
    card = await owed.card()
    owed.chats.messages[ANNA, 77] = "new"
    await owed.database.run(
        lambda tx: tx.card_shown(card, message=MessageId(77), form="text", digest="new")
    )
    owed.chats.failing = [TryLater("flood", 30)]
    await owed.turn()
    due = (await owed.card()).due_at
    assert due is not None
    assert due - owed.clock.now() == timedelta(seconds=30)
    owed.clock.turn(31)
    await owed.turn()
    assert owed.chats.of(ANNA) == ["new"]


class Unwritable:
    """A database that can be read, and not be written to: a full disk."""

    shared = False

    def __init__(self, database: Database) -> None:
        self.look, self.tried = database.look, 0

    async def run(self, step: Any) -> Any:
        self.tried += 1
        raise TryLater("disk full")


async def test_while_nothing_can_be_written_nothing_is_said_and_the_loop_waits(owed: Owed):
    await owed.mark()
    full: Any = Unwritable(owed.database)
    outbox = owed.replica(database=full)
    await outbox.turn()
    await outbox.settle()
    with pytest.raises(TryLater):
        await outbox.turn()
    assert owed.chats.calls == []


async def test_the_senders_card_is_brought_up_to_date_once_the_recipients_has_rung(owed: Owed):
    delivery = a_delivery(State.STORED)  # from Anna, for Ben
    about_it = delivery_subject(delivery.id)
    owed.truth.views[about_it] = Message("being told")
    await owed.database.run(lambda tx: tx.add_delivery(delivery))
    await owed.mark(ANNA, about_it)
    await owed.turn()
    owed.truth.views[about_it] = Message("told")
    await owed.mark(BEN, about_it, ring=True)
    await owed.turn()
    assert owed.chats.of(BEN) == owed.chats.of(ANNA) == ["told"]
    assert owed.chats.calls == ["send silently", "send", "edit"]
    owed.truth.views[about_it] = Message("reminded")
    await owed.mark(BEN, about_it)
    await owed.turn()
    assert owed.chats.of(ANNA) == ["told"], "nothing rang"


def test_no_repr_of_a_message_shows_what_it_says():
    view = Message(
        "secret text", ((Button("copy", copy="secret code"),),), qr="HARBOR://OPEN/SECRET"
    )
    assert "secret" not in repr(view).lower()


async def test_backing_off_grows_and_then_stays(owed: Owed):
    owed.chats.failing = [TryLater("away")] * 20
    await owed.mark()
    gaps = []
    for _ in range(8):
        before = owed.clock.now()
        await owed.turn()
        due = (await owed.card()).due_at
        assert due is not None
        gaps.append(due - before)
        owed.clock.turn((due - owed.clock.now()).total_seconds())
    assert gaps == sorted(gaps)
    assert gaps[0] == timedelta(seconds=1)
    assert gaps[-1] == timedelta(seconds=60)
