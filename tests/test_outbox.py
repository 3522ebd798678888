"""The outbox: what is owed is shown once, truthfully, whatever Telegram does meanwhile.

The messenger here is a chat in memory that fails on demand; the real one is tested elsewhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.domain.card import SCREEN, Card, Lane, alert_subject, delivery_subject
from bot.domain.ids import MessageId, PersonId
from bot.domain.lifecycle import State
from bot.domain.message import Button, Message
from bot.domain.person import Person
from bot.ports.database import Database, Transaction
from bot.ports.errors import (
    MessageGone,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    TryLater,
    Unreachable,
)
from bot.usecases.cards import reach_changed
from bot.workers import outbox, showing
from bot.workers.loop import Loop
from bot.workers.outbox import Outbox, Tally
from bot.workers.signals import CARD_LEASE, Signals
from handlers.telegram import messenger, rate_limit
from handlers.telegram.transport import AiohttpRequest
from sandbox.clock import Clock
from tests.support.databases import listen, opened
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

    async def send(
        self, chat: PersonId, view: Message, *, silent: bool, lane: Lane = Lane.NEWS
    ) -> MessageId:
        await self._called("send silently" if silent else "send", chat)
        self.last += 1
        self.messages[chat, self.last] = view.html
        return MessageId(self.last)

    async def edit(
        self, chat: PersonId, message: MessageId, view: Message, *, lane: Lane = Lane.NEWS
    ) -> None:
        await self._called("edit", chat)
        if (chat, message) not in self.messages:
            raise MessageGone
        self.messages[chat, message] = view.html

    def digest(self, view: Message) -> str:
        return messenger.digest(view)

    async def remove(
        self, chat: PersonId, message: MessageId, form: str, *, lane: Lane = Lane.TIDYING
    ) -> None:
        await self._called("remove", chat)
        self.messages.pop((chat, message), None)

    def of(self, chat: PersonId) -> list[str]:
        return [text for (owner, _), text in self.messages.items() if owner == chat]


INSTEAD = Message("can't be shown")


@dataclass
class Truth:
    """What is true now, by subject."""

    views: dict[str, Message | None] = field(default_factory=dict)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event | None = None
    broken: set[str] = field(default_factory=set)

    async def present(self, card: Card) -> tuple[Message | None, bool]:
        view = self.views.get(card.subject)
        self.asked.set()
        if self.gate is not None:
            await self.gate.wait()
        if card.subject in self.broken:
            raise RuntimeError("a bug in what it says")
        return view, not card.ring

    async def instead(self, card: Card) -> Message:
        return INSTEAD


@dataclass
class Owed:
    """A bot's outbox on a database, which hears of what is marked there."""

    database: Database
    clock: Clock
    chats: Chats
    truth: Truth
    outbox: Outbox
    signals: Signals

    async def mark(self, chat: PersonId = ANNA, subject: str = SCREEN, *, ring: bool = False):
        now = self.clock.now()
        await self.database.run(lambda tx: tx.mark(chat, subject, now=now, ring=ring))

    async def turn(self) -> None:
        await turned(self.outbox)

    async def pulled(self) -> Outbox:
        """The plug is pulled on the bot, and what it held stays held; another that starts then."""
        self.signals.take_cards()
        again = self.another()
        await again.recover()
        return again

    def another(self, database: Database | None = None) -> Outbox:
        """Another process's outbox, which hears of nothing that is marked here."""
        return Outbox(database or self.database, self.chats, self.truth, self.clock, Signals())

    def watched(self) -> Watched:
        """The outbox at work on a database that is watched, as all of it sees it from now on."""
        watched: Any = Watched(self.database)
        self.outbox._database = self.outbox._showing._database = watched
        return watched

    async def card(self, chat: PersonId = ANNA, subject: str = SCREEN) -> Card:
        card = await self.database.look(lambda tx: tx.card(chat, subject))
        assert card is not None
        return card


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110  # what is waited for has no event
            await asyncio.sleep(0.001)


async def turned(outbox: Outbox) -> None:
    for _ in range(10):
        await outbox.turn()
        await outbox.settle()


@pytest.fixture
async def owed(database: Database) -> Owed:
    clock, chats, truth = Clock(START, stopped=True), Chats(), Truth({SCREEN: Message("one")})
    signals = Signals()
    listen(database, signals)
    outbox = Outbox(database, chats, truth, clock, signals)
    return Owed(database, clock, chats, truth, outbox, signals)


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
    assert await owed.database.look(lambda tx: tx.next_card_due()) is None


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
    again = await owed.pulled()
    await turned(again)
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
    again = await owed.pulled()
    if owed.database.shared:  # it may be another replica that is sending it
        await turned(again)
        assert owed.chats.of(ANNA) == []
        owed.clock.turn(CARD_LEASE.total_seconds())
    await turned(again)
    assert again.tally.possible_doubles == 1
    assert owed.chats.of(ANNA) == ["one"]


async def test_a_crash_in_the_middle_of_an_edit_is_no_possible_double(owed: Owed):
    await owed.mark()
    await owed.turn()
    owed.truth.views[SCREEN] = Message("two")
    await owed.mark()
    again = await owed.pulled()
    owed.clock.turn(CARD_LEASE.total_seconds())
    await turned(again)
    assert again.tally.possible_doubles == 0
    assert owed.chats.of(ANNA) == ["two"]


async def edited_and_not_written_down(owed: Owed) -> None:
    """Anna's screen says "one"; Telegram shows "two" there, which nobody has recorded."""
    await owed.mark()
    await owed.turn()
    owed.truth.views[SCREEN] = Message("two")
    await owed.mark()
    owed.chats.messages[ANNA, 1] = "two"
    owed.truth.views[SCREEN] = Message("one")


@pytest.mark.parametrize("taken_up", ["when found due", "with the next mark"])
async def test_an_edit_that_a_process_died_over_is_undone_where_the_truth_is_as_before(
    owed: Owed, taken_up: str
):
    await edited_and_not_written_down(owed)
    again = await owed.pulled()
    owed.clock.turn(CARD_LEASE.total_seconds())
    if taken_up == "with the next mark":
        await owed.mark()
        again = owed.outbox
    await turned(again)
    assert owed.chats.of(ANNA) == ["one"]


async def test_a_mark_that_many_cards_get_takes_up_an_edit_that_a_process_died_over(owed: Owed):
    await edited_and_not_written_down(owed)
    owed.signals.take_cards()
    owed.clock.turn(CARD_LEASE.total_seconds())
    await owed.database.run(lambda tx: tx.mark_about(SCREEN, now=owed.clock.now()))
    await owed.turn()
    assert owed.chats.of(ANNA) == ["one"]


async def test_an_edit_whose_answer_was_lost_is_undone_where_the_truth_is_as_before(owed: Owed):
    await edited_and_not_written_down(owed)
    owed.truth.views[SCREEN] = Message("two")
    owed.chats.failing = [TryLater("no answer")]
    await owed.turn()
    owed.truth.views[SCREEN] = Message("one")
    await owed.mark()
    await owed.turn()
    assert owed.chats.of(ANNA) == ["one"]


async def test_an_edit_that_was_refused_for_now_needs_no_undoing(owed: Owed):
    await shown_once(owed, "one")
    owed.truth.views[SCREEN] = Message("two")
    owed.chats.failing = [TryLater("flood", undone=True)]
    await owed.mark()
    await owed.turn()
    owed.truth.views[SCREEN] = Message("one")
    await owed.mark()
    await owed.turn()
    assert owed.chats.calls == ["send silently", "edit"], "which has not been done"


async def test_what_is_sent_for_a_message_that_is_gone_is_owed_though_it_was_refused_for_now(
    owed: Owed,
):
    await shown_once(owed, "one")
    owed.chats.messages.clear()
    owed.truth.views[SCREEN] = Message("two")
    owed.chats.failing = [MessageGone(), TryLater("flood", undone=True)]
    await owed.mark()
    await owed.turn()
    owed.truth.views[SCREEN] = Message("one")
    await owed.mark()
    await owed.turn()
    assert owed.chats.of(ANNA) == ["one"]


async def shown_once(owed: Owed, text: str) -> None:
    owed.truth.views[SCREEN] = Message(text)
    await owed.mark()
    await owed.turn()


async def replaced_by(owed: Owed, message: int) -> None:
    """Anna's screen is sent anew, which is written down, and no more is done."""
    await owed.mark()
    await owed.turn()
    await owed.mark(ring=True)
    [card] = owed.signals.take_cards()
    owed.chats.messages[ANNA, message] = "new"

    async def step(tx: Transaction) -> None:
        await tx.card_shown(card, message=MessageId(message), form="text", digest="new")
        assert card.message is not None
        await tx.take_away(ANNA, card.message, card.form, now=owed.clock.now())

    await owed.database.run(step)


async def test_a_crash_before_the_old_message_was_taken_away_takes_it_away_later(owed: Owed):
    await replaced_by(owed, 77)
    again = await owed.pulled()
    owed.clock.turn(CARD_LEASE.total_seconds())
    await turned(again)
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


@pytest.mark.parametrize("before", ["nothing", "a message", "a picture"])
async def test_a_card_that_can_not_be_made_says_so_and_shows_the_truth_once_it_can(
    owed: Owed, before: str
):
    if before != "nothing":
        owed.truth.views[SCREEN] = Message("was", qr="X" if before == "a picture" else None)
        await owed.mark()
        await owed.turn()
    owed.truth.views[SCREEN] = Message("now")
    owed.truth.broken.add(SCREEN)
    with capture_logs() as logs:
        await owed.mark(ring=True)
        await owed.mark(BEN, "another")
        owed.truth.views["another"] = Message("for Ben")
        await owed.turn()
        assert owed.chats.of(BEN) == ["for Ben"]
        assert owed.chats.of(ANNA) == [INSTEAD.html]
        for _ in range(3):
            owed.clock.turn(601)
            await owed.turn()
        assert owed.chats.of(ANNA) == [INSTEAD.html]
        assert "send" not in owed.chats.calls, "nothing rang"
    assert [entry["event"] for entry in logs] == ["card_not_shown"]
    assert (await owed.card()).owed
    owed.truth.broken.clear()
    owed.clock.turn(601)
    await owed.turn()
    assert owed.chats.of(ANNA) == ["now"]
    assert owed.chats.calls.count("send") == 1, "it rings when there is something to read"


async def test_what_telegram_refuses_is_replaced_by_a_sentence_until_it_does_not(owed: Owed):
    owed.chats.failing = [Refused("can't parse entities")]
    with capture_logs() as logs:
        await owed.mark()
        await owed.turn()
    assert owed.chats.of(ANNA) == [INSTEAD.html]
    assert [entry["event"] for entry in logs] == ["card_not_shown"]
    await owed.mark()
    await owed.turn()
    assert owed.chats.of(ANNA) == ["one"], "the next mark tries again at once"


async def test_where_nothing_at_all_may_be_said_nothing_is_said_in_its_place(owed: Owed):
    owed.chats.failing = [Misconfigured("the token"), Misconfigured("the token")]
    await owed.mark()
    await owed.turn()
    assert owed.chats.calls == ["send silently"]
    owed.clock.turn(601)
    await owed.turn()


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


async def test_an_alert_for_an_operator_who_is_not_there_stays_owed_until_they_come(owed: Owed):
    alert = alert_subject("harbor")
    owed.truth.views[alert] = Message("Harbor does not answer")
    owed.chats.failing = [Unreachable("never opened the bot")]
    await owed.mark(subject=alert, ring=True)
    await owed.turn()
    await owed.turn()
    assert owed.chats.calls == ["send"], "who is not there is not tried again at once"
    assert (await owed.card(subject=alert)).owed
    now = owed.clock.now()
    await owed.database.run(lambda tx: reach_changed(tx, ANNA, now=now))
    await owed.turn()
    assert owed.chats.of(ANNA) == ["Harbor does not answer"]
    assert owed.chats.calls == ["send", "send"], "and it rings"
    assert not (await owed.card(subject=alert)).owed


async def test_an_operator_of_whose_coming_nobody_heard_is_tried_now_and_then(owed: Owed):
    alert = alert_subject("harbor")
    owed.truth.views[alert] = Message("Harbor does not answer")
    owed.chats.failing = [Unreachable("never opened the bot")]
    await owed.mark(subject=alert, ring=True)
    await owed.turn()
    owed.clock.turn(601)
    await owed.turn()
    assert owed.chats.of(ANNA) == ["Harbor does not answer"]


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


async def test_a_chat_that_is_owed_several_cards_gets_them_all_from_one_signal(owed: Owed):
    owed.truth.views["code:x"] = Message("a code", qr="HARBOR://OPEN/1")
    loop = Loop("outbox", owed.clock, owed.outbox.turn, owed.signals.cards)
    running = asyncio.create_task(loop.run())

    async def both(tx: Transaction) -> None:
        await tx.mark(ANNA, SCREEN, now=START)
        await tx.mark(ANNA, "code:x", now=START)

    await owed.database.run(both)
    async with asyncio.timeout(10):
        while len(owed.chats.of(ANNA)) < 2:
            owed.chats.called.clear()
            await owed.chats.called.wait()
            await asyncio.sleep(0)
    loop.stop()
    await running
    await owed.outbox.settle()


async def test_an_answer_to_a_tap_goes_before_the_news_that_were_there_first(owed: Owed):
    for subject in ("news", "answer"):
        owed.truth.views[subject] = Message(subject)
    owed.chats.gate[ANNA] = asyncio.Event()
    await owed.mark()
    await owed.outbox.turn()
    await owed.chats.called.wait()
    await owed.mark(ANNA, "news")

    async def tap(tx: Transaction) -> None:
        tx.answers(ANNA)
        await tx.mark(ANNA, "answer", now=owed.clock.now())

    await owed.database.run(tap)
    await owed.outbox.turn()
    owed.chats.gate[ANNA].set()
    await owed.turn()
    assert owed.chats.of(ANNA) == ["one", "answer", "news"]


async def test_all_phones_ring_before_any_old_message_is_taken_away(owed: Owed):
    """Taking one away costs as much of what Telegram allows as a ring."""
    crowd = [PersonId(number) for number in range(100)]
    for ring in (False, True):
        for chat in crowd:
            await owed.mark(chat, ring=ring)
        owed.chats.calls.clear()
        await turned(owed.outbox)
    assert owed.chats.calls == ["send"] * 100 + ["remove"] * 100
    assert [owed.chats.of(chat) for chat in crowd] == [["one"]] * 100


async def test_what_rings_goes_before_what_changes_in_silence_in_whatever_chat(owed: Owed):
    crowd = [PersonId(number) for number in range(100)]
    about = ("rings", "changes")
    owed.truth.views = dict.fromkeys(about, Message("one"))
    for chat in crowd:
        for subject in about:
            await owed.mark(chat, subject)
    await turned(owed.outbox)
    owed.truth.views = dict.fromkeys(about, Message("two"))
    for chat in crowd:
        for subject in about:
            await owed.mark(chat, subject, ring=subject == "rings")
    owed.chats.calls.clear()
    for _ in range(3):
        await turned(owed.outbox)
    assert owed.chats.calls == ["send"] * 100 + ["edit"] * 100 + ["remove"] * 100


async def test_of_a_great_crowd_most_wait_in_the_database_and_a_tap_waits_for_none_of_them(
    owed: Owed, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(outbox, "_HELD", 70)
    crowd = [PersonId(number) for number in range(100, 300)]
    gate = asyncio.Event()
    owed.chats.gate = dict.fromkeys(crowd, gate)
    for chat in crowd[:130]:
        await owed.mark(chat)
    await owed.outbox.turn()
    for chat in crowd[130:]:
        await owed.mark(chat)
        await owed.outbox.turn()
    assert owed.outbox._waiting.size <= 130, "no more than there were before it was crowded"
    left = [(await owed.card(chat)).lease for chat in crowd]
    assert left.count(None) == 70

    async def tapped(tx: Transaction) -> None:
        tx.answers(ANNA)
        await tx.mark(ANNA, SCREEN, now=owed.clock.now())

    await owed.database.run(tapped)
    await owed.outbox.turn()
    await until(lambda: owed.chats.of(ANNA) == ["one"])
    gate.set()
    await until_shown(owed, crowd)
    assert owed.outbox.tally.possible_doubles == 0
    assert owed.chats.calls == ["send silently"] * 201


async def test_whoever_makes_a_thousand_cards_keeps_nobody_elses_tap_waiting(
    owed: Owed, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(outbox, "_HELD", 70)
    owed.chats.gate = {BEN: asyncio.Event()}

    async def tapped(chat: PersonId, subject: str, tx: Transaction) -> None:
        tx.answers(chat)
        await tx.mark(chat, subject, now=owed.clock.now())

    for number in range(300):
        await owed.database.run(partial(tapped, BEN, f"delivery:{number}"))
        await owed.outbox.turn()
    assert owed.outbox._waiting.size < 70
    await owed.database.run(partial(tapped, ANNA, SCREEN))
    await owed.outbox.turn()
    await until(lambda: owed.chats.of(ANNA) == ["one"])
    owed.chats.gate[BEN].set()
    while owed.outbox.busy:
        await turned(owed.outbox)
    assert owed.outbox._waiting.size == owed.outbox._waiting.urgent == 0


async def test_what_changes_while_it_rings_waits_for_the_rings_of_others(owed: Owed):
    crowd = [PersonId(number) for number in range(100)]
    gate = asyncio.Event()
    for chat in crowd:
        await owed.mark(chat, ring=True)
    owed.chats.gate = dict.fromkeys(crowd, gate)
    await owed.outbox.turn()
    await owed.chats.called.wait()
    owed.truth.views[SCREEN] = Message("two")
    begun = outbox._FOR_NEWS
    await until(lambda: len(owed.chats.calls) == begun)
    for chat in crowd:
        await owed.mark(chat)
    gate.set()
    for _ in range(3):
        await turned(owed.outbox)
    assert owed.chats.calls == ["send"] * 100 + ["edit"] * begun
    assert [owed.chats.of(chat) for chat in crowd] == [["two"]] * 100


async def test_rings_in_the_database_wait_for_nothing_that_is_held_and_could_wait(
    owed: Owed, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(outbox, "_HELD", 60)
    crowd = [PersonId(number) for number in range(240)]
    for chat in crowd:
        await owed.mark(chat)
    for _ in range(10):
        await turned(owed.outbox)
    owed.truth.views[SCREEN] = Message("two")
    owed.chats.calls.clear()
    for chat in crowd[:120]:
        await owed.mark(chat)
    gate = asyncio.Event()
    owed.chats.gate = dict.fromkeys(crowd[:120], gate)
    await owed.outbox.turn()  # held, and as many as can be under way
    for chat in crowd[120:]:
        await owed.mark(chat, ring=True)
    gate.set()
    while len(owed.chats.calls) < 360:
        await turned(owed.outbox)
    begun = outbox._FOR_NEWS
    assert owed.chats.calls[:begun] == ["edit"] * begun
    assert owed.chats.calls[begun : begun + 120] == ["send"] * 120


async def until_shown(owed: Owed, chats: list[PersonId]) -> None:
    """Each of them has its message; by no more than the outbox's own signals and moments."""
    async with asyncio.timeout(20):
        while [owed.chats.of(chat) for chat in chats] != [["one"]] * len(chats):
            await owed.signals.cards.wait()
            await owed.outbox.turn()
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


async def test_what_a_step_has_marked_is_shown_without_a_look_for_it(owed: Owed):
    await owed.turn()
    await owed.mark()
    watched = owed.watched()
    await owed.outbox.turn()
    await owed.outbox.settle()
    assert owed.chats.of(ANNA) == ["one"]
    assert watched.runs == 1, "what was shown is written down, and that is all"


async def test_what_nobody_here_has_marked_is_found_at_the_start(owed: Owed):
    await owed.mark()
    await owed.database.run(lambda tx: tx.free_cards())
    there = owed.another()
    await turned(there)
    assert owed.chats.of(ANNA) == ["one"]


async def test_a_change_while_a_card_is_put_off_is_shown_at_once(owed: Owed):
    owed.chats.failing = [TryLater("flood", 30)]
    await owed.mark()
    await owed.turn()
    owed.truth.views[SCREEN] = Message("two")
    await owed.mark()
    await owed.turn()
    assert owed.chats.of(ANNA) == ["two"]


async def test_an_old_message_that_can_not_be_taken_away_yet_waits_as_telegram_says(owed: Owed):
    await replaced_by(owed, 77)
    owed.chats.failing = [TryLater("flood", 30)]
    await owed.turn()
    [old] = await owed.database.look(lambda tx: tx.cards_about("old:1"))
    assert old.run_at == owed.clock.now() + timedelta(seconds=30)
    owed.clock.turn(31)
    await owed.turn()
    assert owed.chats.of(ANNA) == ["new"]


@pytest.mark.parametrize("error", [Refused("too old"), MessageGone("by whom?")])
async def test_an_old_message_that_can_never_be_taken_away_is_let_be(owed: Owed, error: Exception):
    await replaced_by(owed, 77)
    owed.chats.failing = [error]
    await owed.turn()
    assert await owed.database.look(lambda tx: tx.cards_about("old:1")) == []


async def test_someone_unreachable_for_whom_a_card_was_marked_meanwhile_is_tried_again(owed: Owed):
    owed.chats.gate[ANNA], owed.chats.failing = asyncio.Event(), [Unreachable("blocked")]
    await owed.mark()
    await owed.outbox.turn()
    await owed.chats.called.wait()
    await owed.mark()  # they are back, and asked for something
    owed.chats.gate.pop(ANNA).set()
    await owed.turn()
    assert owed.chats.of(ANNA) == ["one"]


async def test_a_late_answer_about_a_card_that_has_moved_twice_leaves_it_its_message(owed: Owed):
    """An edit is under way while the delivery gives way to another, and that to a third."""
    first, second, third = "delivery:1", "delivery:2", "delivery:3"
    for subject in (first, second, third):
        owed.truth.views[subject] = Message(f"about {subject}")
    await owed.mark(subject=first)
    await owed.turn()
    owed.truth.views[first] = Message("given up")
    owed.chats.gate[ANNA], owed.chats.called = asyncio.Event(), asyncio.Event()
    await owed.mark(subject=first)
    await owed.outbox.turn()
    await owed.chats.called.wait()
    for subject, to in ((first, second), (second, third)):
        await owed.database.run(
            lambda tx, a=subject, b=to: tx.move_card(ANNA, a, b, now=owed.clock.now())
        )
        await owed.mark(subject=subject, ring=True)  # the one given up is opened anew
    owed.chats.gate.pop(ANNA).set()
    await owed.turn()
    live = await owed.card(subject=third)
    assert live.message == 1
    assert owed.chats.messages[ANNA, 1] == "about delivery:3"
    assert "remove" not in owed.chats.calls
    assert sorted(owed.chats.of(ANNA)) == ["about delivery:2", "about delivery:3", "given up"]


# -- several processes on one database


@pytest.fixture
async def there(owed: Owed, postgres_url: str) -> AsyncIterator[Outbox]:
    """The outbox of another process, with a connection of its own."""
    async with opened(postgres_url) as database:
        yield owed.another(database)


on_postgres = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)


@on_postgres
@pytest.mark.parametrize("first", ["send", "edit"])
async def test_a_card_that_one_process_shows_is_shown_by_no_other(
    owed: Owed, there: Outbox, first: str
):
    if first == "edit":
        await owed.mark()
        await owed.turn()
    before = len(owed.chats.calls)
    owed.truth.views[SCREEN] = Message("two")
    owed.chats.gate[ANNA], owed.chats.called = asyncio.Event(), asyncio.Event()
    await owed.mark(ring=first == "send")
    await owed.outbox.turn()
    await owed.chats.called.wait()
    await turned(there)
    owed.chats.gate.pop(ANNA).set()
    await owed.turn()
    await turned(there)
    assert owed.chats.calls[before:] == [first]
    assert owed.chats.of(ANNA) == ["two"]
    assert there.tally == Tally()


@on_postgres
async def test_what_changes_while_another_process_is_sending_is_shown_by_that(
    owed: Owed, there: Outbox
):
    owed.chats.gate[ANNA] = asyncio.Event()
    await owed.mark(ring=True)
    await owed.outbox.turn()
    await owed.chats.called.wait()
    owed.truth.views[SCREEN] = Message("two")
    await owed.mark()
    await turned(there)
    assert await there.turn() is not None, "it looks again should the other die"
    owed.chats.gate[ANNA].set()
    await owed.turn()
    assert owed.chats.of(ANNA) == ["two"]
    assert owed.chats.calls == ["send", "edit"]


@on_postgres
async def test_of_many_cards_that_two_processes_find_each_is_sent_by_one(owed: Owed, there: Outbox):
    chats = [PersonId(number) for number in range(30)]
    for chat in chats:
        await owed.mark(chat)
    await owed.database.run(lambda tx: tx.free_cards())
    owed.signals.take_cards()
    await asyncio.gather(turned(there), turned(owed.another()))
    assert [owed.chats.of(chat) for chat in chats] == [["one"]] * 30
    assert owed.chats.calls == ["send silently"] * 30


async def test_a_send_that_a_process_died_over_is_taken_up_by_another_and_counted(owed: Owed):
    owed.chats.gate[ANNA] = asyncio.Event()
    await owed.mark()
    await owed.outbox.turn()
    await owed.chats.called.wait()
    there = owed.another()
    await turned(there)
    owed.chats.gate.pop(ANNA)
    owed.clock.turn(CARD_LEASE.total_seconds() - 1)
    await turned(there)
    assert owed.chats.of(ANNA) == []
    owed.clock.turn(1)
    await turned(there)
    assert owed.chats.of(ANNA) == ["one"]
    assert there.tally.possible_doubles == int(owed.database.shared), "else counted at the start"


async def test_a_send_whose_turn_ran_out_is_taken_away_again(owed: Owed):
    """Two have sent it: one message stays."""
    owed.chats.gate[ANNA] = asyncio.Event()
    await owed.mark()
    await owed.outbox.turn()
    await owed.chats.called.wait()
    late = owed.chats.gate.pop(ANNA)
    owed.clock.turn(CARD_LEASE.total_seconds())
    await turned(owed.another())
    late.set()
    await owed.turn()
    assert owed.chats.of(ANNA) == ["one"]
    assert (ANNA, (await owed.card()).message) in owed.chats.messages


async def test_a_card_that_waited_longer_than_its_turn_is_not_shown_by_two(owed: Owed):
    owed.truth.views["second"] = Message("second")
    owed.chats.gate[ANNA] = asyncio.Event()
    await owed.mark()
    await owed.outbox.turn()
    await owed.chats.called.wait()
    await owed.mark(ANNA, "second")
    await owed.outbox.turn()
    owed.clock.turn(CARD_LEASE.total_seconds())
    gate = owed.chats.gate.pop(ANNA)
    await turned(owed.another())
    gate.set()
    await owed.turn()
    assert owed.chats.of(ANNA).count("second") == 1


def test_no_call_to_telegram_outlasts_the_turn_it_is_made_in():
    longest = sum(AiohttpRequest().__dict__[f"_{name}"] for name in ("connect", "read", "write"))
    pool = 5.0
    assert showing._LEFT.total_seconds() > longest + pool + rate_limit.PATIENCE
    assert showing._LEFT.total_seconds() > showing._PATIENCE
    assert showing._LEFT < CARD_LEASE


# -- a database that fails


class Watched:
    """A database whose steps are counted, and fail while it is `broken`."""

    def __init__(self, database: Database) -> None:
        self._database, self.shared = database, database.shared
        self.replicas = database.replicas
        self.runs, self.broken = 0, False

    async def look(self, step: Any, *, one_statement: bool = False) -> Any:
        return await self._database.look(step, one_statement=one_statement)

    async def run(self, step: Any, **asked: bool) -> Any:
        self.runs += 1
        if self.broken:
            raise TryLater("disk full")
        return await self._database.run(step, **asked)


async def test_while_nothing_can_be_written_nothing_that_is_found_is_said(owed: Owed):
    await owed.mark()
    await owed.pulled()
    full = Watched(owed.database)
    full.broken = True
    outbox = owed.another(full)
    owed.clock.turn(CARD_LEASE.total_seconds())
    for _ in range(2):
        with pytest.raises(TryLater):
            await outbox.turn()
    assert owed.chats.calls == []
    full.broken = False
    await turned(outbox)
    assert owed.chats.of(ANNA) == ["one"]


async def test_a_send_that_could_not_be_written_down_once_is_not_sent_again(owed: Owed):
    watched = owed.watched()
    owed.chats.gate[ANNA] = asyncio.Event()
    await owed.mark()
    await owed.outbox.turn()
    await owed.chats.called.wait()
    watched.broken = True
    owed.chats.gate[ANNA].set()
    await until(lambda: watched.runs == 1)
    watched.broken = False
    await until(lambda: owed.clock.turn(1) and watched.runs == 2)
    await owed.turn()
    assert owed.chats.calls == ["send silently"]
    assert (await owed.card()).message == 1
    assert owed.outbox.tally.possible_doubles == 0


async def test_a_send_that_was_never_written_down_counts_as_possibly_doubled(owed: Owed):
    watched = owed.watched()
    owed.chats.gate[ANNA] = asyncio.Event()
    await owed.mark()
    await owed.outbox.turn()
    await owed.chats.called.wait()
    watched.broken = True
    owed.chats.gate[ANNA].set()
    await until(lambda: owed.clock.turn(1) and owed.outbox.tally.possible_doubles)
    await owed.outbox.settle()
    assert owed.outbox.busy, "nobody may ever signal anything again"
    watched.broken = False
    owed.clock.turn(CARD_LEASE.total_seconds())
    await owed.turn()
    assert owed.chats.calls == ["send silently"] * 2, "owed still, once its turn is over"


async def test_a_card_whose_failure_could_not_be_written_down_is_shown_when_its_turn_is_over(
    owed: Owed,
):
    await owed.turn()
    watched = owed.watched()
    watched.broken = True
    owed.chats.failing = [TryLater("away")]
    await owed.mark()
    await owed.outbox.turn()
    await owed.outbox.settle()
    with pytest.raises(TryLater):
        await owed.outbox.turn()
    watched.broken = False
    due = await owed.outbox.turn()
    assert due is not None, "nobody may ever signal anything again"
    assert due <= START + CARD_LEASE
    owed.clock.turn(CARD_LEASE.total_seconds())
    await owed.turn()
    assert owed.chats.of(ANNA) == ["one"]


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
        due = (await owed.card()).run_at
        assert due is not None
        gaps.append(due - before)
        owed.clock.turn((due - owed.clock.now()).total_seconds())
    assert gaps == sorted(gaps)
    assert gaps[0] == timedelta(seconds=1)
    assert gaps[-1] == timedelta(seconds=60)
