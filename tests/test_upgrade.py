"""A database of 0.1.0 with people's parcels in it, brought up to date: nothing is lost.

Written by plain SQL against the first migration alone, as that version left it.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from bot.domain.card import SCREEN, Card
from bot.domain.delivery import Delivery, RequestKind, Trouble
from bot.domain.ids import DeliveryId, PersonId
from bot.domain.lifecycle import State
from bot.ports.database import Database, Transaction
from storage import migrate, migrating, open_database
from storage.rows import stamp
from storage.sealing import Sealer
from storage.urls import sqlite_path
from tests.support.databases import KEYS
from tests.support.scenes import NOW

ANNA, BEN = PersonId(7000000001), PersonId(2)
AT = stamp(NOW)
TOWER = "0100000000000101"
CODE, CLAIM, LINK = "HARBOR://OPEN/X", "K7QF2M9X", "abcdefghijklmnopqrstuv"


def _row(name: str, state: str, **columns: Any) -> dict[str, Any]:
    basics = {
        "id": name,
        "sender": ANNA,
        "tower": TOWER,
        "size": "medium",
        "state": state,
        "version": 3,
        "revision": 2,
        "low": 0,
        "larger_allowed": 1,
        "want_attempts": 0,
        "created_at": AT,
        "changed_at": AT,
        "reminders_sent": 0,
        "extensions": 0,
        "taken_back": 0,
        "door_reports": 0,
    }
    return basics | columns


DELIVERIES = [
    _row("requested0", "requested", want="locker", want_due=AT + 5, want_attempts=2, trying=31),
    _row("reserved00", "reserved", locker=32, locker_name="32", held_until=AT, alarm_at=AT + 9),
    _row("rented0000", "rented", locker=33, want="drop_off_token", want_due=AT, want_by=ANNA),
    _row("releasing0", "releasing", locker=34, want="release"),
    _row("stored0000", "stored", locker=35, recipient=BEN, heard_at=AT + 7, collect_until=AT + 8),
    _row("older00000", "rented", locker=35, changed_at=AT + 1),  # a locker that two came by
    _row("collected0", "collected", locker=35, ended_at=AT, collected_at=AT),
    _row("cancelled0", "cancelled", locker=32, ended_at=AT),
    _row("lapsed0000", "lapsed", locker=33),
    _row("no_locker0", "no_locker", elsewhere="0100000000000102"),
    _row("closed0000", "closed", locker=34),
]
CARDS = [
    (ANNA, SCREEN, 5, None, "text", 3, 3, 0, "aa", AT, 0, None),
    (ANNA, "delivery:reserved00", 6, 4, "text", 7, 6, 7, "bb", AT, 1, None),
    (ANNA, "code:rented0000", 8, None, "photo", 2, 2, 0, "cc", None, 0, None),
    (BEN, "delivery:stored0000", None, None, "text", 1, 0, 1, "", AT, 0, AT),
    (BEN, SCREEN, 9, None, "text", 1, 1, 0, "dd", AT, 0, None),
    (BEN, "delivery:collected0", 9, None, "text", 1, 1, 0, "ee", AT, 0, None),  # the same message
]


@pytest.fixture
async def old_url(bare_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    with monkeypatch.context() as before:
        first = {name: known for name, known in migrating.known().items() if name < "0002"}
        before.setattr(migrating, "known", lambda: first)
        await migrate(bare_url)
    sealer = Sealer(KEYS)
    with _writing(bare_url) as insert:
        for delivery in DELIVERIES:
            insert("deliveries", delivery)
            insert("history", {"delivery": delivery["id"], "number": 1, "at": AT, "event": "requested"})
        for card in CARDS:
            names = "chat subject message previous form wanted shown ring_at digest due_at failures"
            insert("cards", dict(zip((*names.split(), "sending_since"), card, strict=True)))
        text = sealer.seal(CODE, "rented0000 code text")
        code = {"kind": "drop_off", "form": "token", "holder": ANNA, "text": text}
        moments = {"issued_at": AT, "expires_at": AT + 60, "revealed": 1}
        insert("codes", {"delivery": "rented0000", **code, **moments})
        claim = {
            "code": sealer.seal(CLAIM, "reserved00 claim code"),
            "link": sealer.seal(LINK, "reserved00 claim link"),
            "code_hash": sealer.hashes(CLAIM)[0],
            "link_hash": sealer.hashes(LINK)[0],
        }
        insert("claims", {"delivery": "reserved00", **claim})
        draft = {"chat": ANNA, "errand": "send", "step": "size", "version": 4}
        insert("drafts", {**draft, "answers": '{"tower":"x"}'})
        insert("updates", {"id": 77, "handled_at": AT})
    return bare_url


@contextlib.contextmanager
def _writing(url: str) -> Iterator[Any]:
    path = sqlite_path(url)
    raw: Any = sqlite3.connect(path) if path else psycopg.connect(url)
    mark = "?" if path else "%s"

    def insert(table: str, row: dict[str, Any]) -> None:
        marks = ", ".join([mark] * len(row))
        raw.execute(f"insert into {table} ({', '.join(row)}) values ({marks})", tuple(row.values()))

    with contextlib.closing(raw):
        yield insert
        raw.commit()


@contextlib.asynccontextmanager
async def _opened(url: str) -> Any:
    async with open_database(url, keys=KEYS) as database:
        yield database


async def _all(database: Database) -> dict[str, Delivery]:
    async def look(tx: Transaction) -> list[Delivery | None]:
        return [await tx.delivery(DeliveryId(row["id"])) for row in DELIVERIES]

    found = await database.look(look)
    return {each.id: each for each in found if each is not None}


async def test_every_delivery_of_0_1_0_is_there_in_its_state(old_url: str) -> None:
    async with _opened(old_url) as database:
        found = await _all(database)
        assert {each.state for each in found.values()} == set(State)
        assert {name: each.state.value for name, each in found.items()} == {
            row["id"]: row["state"] for row in DELIVERIES
        }
        assert found["requested0"].candidate == 31
        assert stamp(found["stored0000"].reported_at) == AT + 7
        assert stamp(found["reserved00"].deadline_at) == AT + 9
        history = await database.look(lambda tx: tx.history(DeliveryId("stored0000")))
        assert len(history) == 1


async def test_what_was_wanted_of_harbor_is_asked_for_still(old_url: str) -> None:
    async with _opened(old_url) as database:
        found = await _all(database)
        requests = {name: each.request for name, each in found.items() if each.request}
        assert {name: request.kind for name, request in requests.items()} == {
            "requested0": RequestKind.LOCKER,
            "rented0000": RequestKind.DROP_OFF_TOKEN,
            "releasing0": RequestKind.RELEASE,
        }
        assert len({request.id for request in requests.values()}) == 3
        assert (requests["requested0"].failures, requests["rented0000"].by) == (2, ANNA)
        later = NOW.replace(year=NOW.year + 1)
        leased = await database.run(lambda tx: tx.lease_requests(later, later, 9))
        assert {each.delivery.id for each in leased} == set(requests)


async def test_a_locker_that_two_had_is_left_to_the_one_whose_parcel_is_in_it(
    old_url: str,
) -> None:
    async with _opened(old_url) as database:
        found = await _all(database)
        assert found["stored0000"].locker == 35
        assert (found["older00000"].locker, found["older00000"].trouble) == (None, Trouble.REFUSED)


async def test_cards_keep_their_messages_and_what_was_owed_is_owed(old_url: str) -> None:
    async with _opened(old_url) as database:
        later = NOW.replace(year=NOW.year + 1)

        async def look(tx: Transaction) -> list[Card | None]:
            return [await tx.card(chat, subject) for chat, subject, *_ in CARDS]

        screen, reserved, code, stored, ben, shared = await database.look(look)
        assert (screen.message, screen.owed, screen.digest) == (5, False, "aa")
        assert (reserved.message, reserved.owed, reserved.ring) == (6, True, True)
        assert (code.message, code.form, code.owed) == (8, "photo", False)
        assert (stored.message, stored.owed, stored.ring) == (None, True, True)
        assert sorted(str(card.message) for card in (ben, shared)) == ["9", "None"]
        due = await database.run(lambda tx: tx.lease_cards(later, later, 99))
        subjects = {(card.chat, card.subject) for card in due}
        assert (ANNA, "old:4") in subjects, "the message that had been replaced is to go"
        assert {(ANNA, "delivery:reserved00"), (BEN, "delivery:stored0000")} <= subjects


async def test_codes_claims_drafts_and_handled_updates_are_as_they_were(old_url: str) -> None:
    async with _opened(old_url) as database:
        code = await database.look(lambda tx: tx.code(DeliveryId("rented0000")))
        claim = await database.look(lambda tx: tx.claim_by_link(LINK))
        draft = await database.look(lambda tx: tx.draft(ANNA))
        assert code is not None
        assert (code.text, code.holder, code.revealed) == (CODE, ANNA, True)
        assert claim is not None
        assert (claim.delivery, claim.code) == ("reserved00", CLAIM)
        assert (draft.step, draft.version, dict(draft.answers)) == ("size", 4, {"tower": "x"})
        opening = await database.run(lambda tx: tx.open_update(77, ANNA, NOW))
        assert not opening.fresh
        assert opening.screen == 5
