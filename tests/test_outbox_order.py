"""In what order the outbox shows what many are owed: what answers a tap, what rings, what changes.

Old messages are taken away last. A slow chat delays no other; of a crowd most wait in the database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import partial

import pytest

from bot.domain.card import SCREEN, Card
from bot.domain.ids import PersonId
from bot.domain.message import Message
from bot.ports.database import Transaction
from bot.workers import outbox
from tests.support.owed import ANNA, BEN, Owed, turned, until


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


class Turnstile(asyncio.Semaphore):
    """A gate that lets pass one for each release."""

    async def wait(self) -> None:
        await self.acquire()


async def test_what_waits_in_the_database_is_leased_many_at_a_time(
    owed: Owed, monkeypatch: pytest.MonkeyPatch
):
    """However few at a time Telegram lets pass."""
    monkeypatch.setattr(outbox, "_HELD", 64)
    leased, looks = owed.outbox._leased, []

    async def looked(now: datetime, limit: int, *, urgent: bool) -> Sequence[Card]:
        looks.append(limit)
        return await leased(now, limit, urgent=urgent)

    monkeypatch.setattr(owed.outbox, "_leased", looked)
    crowd, turnstile = [PersonId(number) for number in range(100, 300)], Turnstile(0)
    owed.chats.gate = dict.fromkeys(crowd, turnstile)
    owed.signals.crowded = True
    for chat in crowd:
        await owed.mark(chat)
    await owed.outbox.turn()
    for _ in range(100):
        owed.signals.cards.take()
        turnstile.release()
        await until(lambda: owed.signals.cards.is_set)
        await owed.outbox.turn()
    assert looks == [64, 32, 32, 32]
    for _ in range(100):
        turnstile.release()
    await until_shown(owed, crowd)


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
