"""A database of 0.1.0 with people's parcels in it, brought up to date: nothing is lost.

Written by plain SQL against the first migration alone, as that version left it.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

import psycopg
import pytest

from bot.domain.alerts import AlertKind
from bot.domain.card import SCREEN, Card, Lane, alert_subject
from bot.domain.delivery import Delivery, RequestKind, Trouble
from bot.domain.ids import DeliveryId, PersonId, TowerId
from bot.domain.lifecycle import State
from bot.domain.openers import Opener
from bot.domain.tower import Hours
from bot.ports.codes import WrongTries
from bot.ports.database import Database, Transaction
from bot.workers.outbox import Outbox
from bot.workers.signals import Signals
from sandbox.clock import Clock
from storage import migrate, migrating, open_database
from storage.sealing import Sealer
from storage.tables.rows import stamp
from storage.urls import sqlite_path
from tests.support.databases import KEYS
from tests.support.scenes import NOW

ANNA, BEN, OPERATOR = PersonId(7000000001), PersonId(2), PersonId(3)
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
    _row("by_link000", "rented", locker=38, code_until=AT + 9),
    _row("hold_over0", "rented", locker=39, reservation=7),
    _row("link_over0", "rented", locker=40),
    _row("pick_up000", "stored", locker=41, recipient=BEN),
    _row("older00000", "rented", locker=35, changed_at=AT + 1),  # a locker that two came by
    _row("collected0", "collected", locker=35, ended_at=AT, collected_at=AT),
    _row("cancelled0", "cancelled", locker=32, ended_at=AT),
    _row("lapsed0000", "lapsed", locker=33),
    _row("no_locker0", "no_locker", elsewhere="0100000000000102"),
    _row("closed0000", "closed", locker=34),
    _row("two0000000", "reserved", locker=36, changed_at=AT + 3),  # and another, without a parcel
    _row("former0000", "releasing", locker=36, changed_at=AT + 2, want="release", want_due=AT),
    _row("leftovers0", "stored", locker=37, want_due=AT, want_by=BEN, want_attempts=3),
    {
        "id": "full000000",
        "sender": ANNA,
        "tower": "00000000000000bb",
        "size": "small",
        "state": "stored",
        "version": 17,
        "revision": 9,
        "recipient": BEN,
        "recipient_name": "Бен 📦",
        "handed_over_by": BEN,
        "low": 1,
        "larger_allowed": 0,
        "note": "o'clock; -- ?%s",
        "locker": 3,
        "locker_name": "12",
        "locker_size": "x-large",
        "trying": 4,
        "reservation": 9_000_000_000,
        "want": "pick_up_token",
        "want_due": AT + 20,
        "want_attempts": 4,
        "want_by": BEN,
        "created_at": AT + 1,
        "changed_at": AT + 2,
        "held_until": AT + 3,
        "occupied_at": AT + 4,
        "heard_at": AT + 5,
        "code_until": AT + 6,
        "collect_until": AT + 7,
        "collected_at": AT + 8,
        "ended_at": AT + 9,
        "overdue_at": AT + 10,
        "alarm_at": AT + 11,
        "reminders_sent": 1,
        "extensions": 2,
        "taken_back": 1,
        "door_reports": 3,
        "trouble": "harbor_away",
        "successor": "next000000",
        "elsewhere": "00000000000000cc",
    },
]
RENAMED = {"trying": "candidate", "heard_at": "reported_at", "alarm_at": "deadline_at"}
ASKED = {"want": "kind", "want_due": "run_at", "want_by": "by", "want_attempts": "failures"}
GONE = {"ended_at"}
"""Nobody asked for it."""
CARDS = [
    (ANNA, SCREEN, 5, None, "text", 3, 3, 0, "aa", AT, 0, None),
    (ANNA, "delivery:reserved00", 6, 4, "text", 7, 6, 7, "bb", AT, 1, None),
    (ANNA, "code:rented0000", 8, None, "photo", 2, 2, 0, "cc", None, 0, None),
    (BEN, "delivery:stored0000", None, None, "text", 1, 0, 1, "", AT, 0, AT),
    (BEN, SCREEN, 9, None, "text", 1, 1, 0, "dd", AT, 0, None),
    (BEN, "delivery:collected0", 9, None, "text", 1, 1, 0, "ee", AT, 0, None),  # the same message
    (BEN, "delivery:two0000000", 12, 9, "photo", 1, 1, 0, "ff", AT, 0, None),  # 9 is in use
    (BEN, "delivery:former0000", 13, 11, "text", 1, 1, 0, "gg", AT, 0, None),
    (BEN, "delivery:leftovers0", None, 11, "text", 1, 1, 0, "", AT, 0, None),  # 11 is to go once
]
PEOPLE = {
    "id": ANNA,
    "name": "Anna",
    "language": "pl",
    "language_chosen": 1,
    "username": "anna",
    "reachable": 0,
    "quiet_from": "22:00:00",
    "quiet_until": "07:30:00",
    "low_locker": 1,
    "larger_allowed": 0,
    "reminders": 0,
    "last_tower": TOWER,
    "last_size": "large",
}
TOWERS = {
    "id": TOWER,
    "place": 0,
    "name": "Market",
    "address": "1 Road",
    "city": "Austin",
    "latitude": 30.25,
    "longitude": -97.75,
    "zone": "America/Chicago",
    "hours": '{"0":[["08:00:00","20:30:00"]]}',
    "location": 77,
}

ZONELESS = {"id": "0100000000000102", "place": 1, "zone": "UTC"}
"""What Harbor had said nothing of, or what nobody knew."""


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
            insert(
                "history", {"delivery": delivery["id"], "number": 1, "at": AT, "event": "requested"}
            )
        for card in CARDS:
            names = "chat subject message previous form wanted shown ring_at digest due_at failures"
            insert("cards", dict(zip((*names.split(), "sending_since"), card, strict=True)))
        text = sealer.seal(CODE, "rented0000 code text")
        code = {"kind": "drop_off", "form": "token", "holder": ANNA, "text": text}
        moments = {"issued_at": AT, "expires_at": AT + 60, "revealed": 1}
        insert("codes", {"delivery": "rented0000", **code, **moments})
        for name, kind in (("by_link000", "drop_off"), ("pick_up000", "pick_up")):
            link = {"text": sealer.seal(CODE, f"{name} code text"), "kind": kind, "form": "link"}
            insert("codes", {"delivery": name, "holder": ANNA, **link, **moments})
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
        told = {"chat": OPERATOR, "subject": "alert:harbor", "message": 14, "form": "text"}
        counted = {"wanted": 1, "shown": 1, "ring_at": 0, "digest": "hh", "failures": 0}
        insert("cards", told | counted)
        insert("people", PEOPLE)
        insert("towers", TOWERS)
        insert("towers", TOWERS | ZONELESS)
        insert("wrong_tries", {"person": BEN, "tries": 4, "blocked_until": AT})
        insert("alerts", {"key": "harbor", "raised_at": AT, "detail": "{}"})
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
        assert {each.state for each in found.values()} == set(State) - {State.PREPARED}
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
            "former0000": RequestKind.RELEASE,
            "full000000": RequestKind.PICK_UP_TOKEN,
        }
        assert len({request.id for request in requests.values()}) == 5
        assert (requests["requested0"].failures, requests["rented0000"].by) == (2, ANNA)
        assert requests["releasing0"].run_at < NOW, "at once, as it was"
        assert stamp(requests["requested0"].run_at) == AT + 5
        later = NOW.replace(year=NOW.year + 1)
        leased = await database.run(lambda tx: tx.lease_requests(later, later, 9))
        assert {each.delivery.id for each in leased} == set(requests)


async def test_a_delivery_keeps_what_its_doors_were_opened_by(old_url: str) -> None:
    async with _opened(old_url) as database:
        found = await _all(database)
        openers = {name: (x.drop_off_opener, x.pick_up_opener) for name, x in found.items()}
        assert openers["rented0000"] == (Opener.TOKEN, None), "by its code"
        assert openers["by_link000"] == (Opener.LINK, Opener.LINK), "by its code"
        assert openers["hold_over0"] == (Opener.TOKEN, None), "only for a token one reserves"
        assert openers["link_over0"] == (None, None), "unknown: as configured"
        assert openers["pick_up000"] == (None, Opener.LINK)
        assert openers["requested0"] == (None, None)
        code = await database.look(lambda tx: tx.code(DeliveryId("by_link000")))
        assert code is not None
        assert (code.text, code.form, code.digits, code.request) == (CODE, Opener.LINK, None, None)


async def test_every_column_of_a_delivery_comes_along(old_url: str) -> None:
    async with _opened(old_url) as database:
        found = await _all(database)
    for row in DELIVERIES:
        after = found[row["id"]]
        for column, written in row.items():
            if column in GONE or (
                row["id"] in LOST_THEIR_LOCKER and column in ("locker", "trouble")
            ):
                continue
            if column in ASKED:
                asked = getattr(after.request, ASKED[column]) if after.request else written
                assert _stored(asked) == written, (row["id"], column)
            else:
                value = getattr(after, RENAMED.get(column, column))
                kept = str(written) if column in NOW_TEXT else written
                assert _stored(value) == kept, (row["id"], column)


NOW_TEXT = ("reservation",)
LOST_THEIR_LOCKER = ("older00000", "former0000")


def _stored(value: Any) -> Any:
    """As a row holds it."""
    if isinstance(value, datetime):
        return stamp(value)
    return int(value) if isinstance(value, bool) else value


async def test_a_locker_that_two_had_is_left_to_the_one_whose_parcel_is_in_it(
    old_url: str,
) -> None:
    async with _opened(old_url) as database:
        found = await _all(database)
        assert found["stored0000"].locker == 35
        assert found["two0000000"].locker == 36, "else to the one that changed last"
        for name in LOST_THEIR_LOCKER:
            assert (found[name].locker, found[name].trouble) == (None, Trouble.REFUSED)
        for taken in (35, 36):
            live = await database.look(lambda tx, door=taken: tx.live_at(TowerId(TOWER), door))
            assert len(live) == 1


async def test_operators_are_told_of_a_delivery_that_lost_its_locker(old_url: str) -> None:
    async with _opened(old_url) as database:
        alerts = await database.look(lambda tx: tx.alerts())
        raised = [alert for alert in alerts if alert.kind is AlertKind.PROBLEM]
        assert {alert.delivery for alert in raised} == set(LOST_THEIR_LOCKER)
        found = await _all(database)
        for alert in raised:
            assert alert.delivery is not None
            delivery = found[alert.delivery]
            assert alert.key == f"problem:{delivery.id}:{delivery.revision}"
            assert (alert.raised_at, alert.ends_at) == (delivery.changed_at, None)
            assert "Two deliveries had the same locker" in alert.text
        later = NOW.replace(year=NOW.year + 1)
        due = await database.run(lambda tx: tx.lease_cards(later, later, 99))
        told = [card for card in due if card.subject.startswith("alert:")]
        assert {card.subject for card in told} == {alert_subject(alert.key) for alert in raised}
        assert {(card.chat, card.ring, card.message) for card in told} == {(OPERATOR, True, None)}


async def test_cards_keep_their_messages_and_what_was_owed_is_owed(old_url: str) -> None:
    async with _opened(old_url) as database:
        later = NOW.replace(year=NOW.year + 1)

        async def look(tx: Transaction) -> list[Card | None]:
            return [await tx.card(chat, subject) for chat, subject, *_ in CARDS]

        screen, reserved, code, stored, ben, shared, *replaced = await database.look(look)
        assert (screen.message, screen.owed, screen.digest) == (5, False, "aa")
        assert (reserved.message, reserved.owed, reserved.ring) == (6, True, True)
        assert (code.message, code.form, code.owed) == (8, "photo", False)
        assert (stored.message, stored.owed, stored.ring) == (None, True, True)
        assert sorted(str(card.message) for card in (ben, shared)) == ["9", "None"]
        assert (reserved.wanted, reserved.shown, reserved.failures) == (7, 6, 1)
        assert [card.message for card in replaced] == [12, 13, None]
        assert len({card.id for card in (screen, reserved, code, stored, ben, *replaced)}) == 8
        assert await database.look(lambda tx: tx.next_card_due()) is not None
        due = await database.run(lambda tx: tx.lease_cards(later, later, 99))
        subjects = {(card.chat, card.subject) for card in due}
        assert (ANNA, "old:4") in subjects, "the message that had been replaced is to go"
        assert {(ANNA, "delivery:reserved00"), (BEN, "delivery:stored0000")} <= subjects
        old = [card for card in due if card.subject.startswith("old:")]
        assert sorted((card.chat, card.message) for card in old) == [(BEN, 11), (ANNA, 4)]
        assert {card.lane for card in old} == {Lane.TIDYING}
        [anew] = [card for card in (ben, shared) if card.message is None]
        assert (anew.owed, anew.digest) == (True, ""), "shown anew"
        assert anew.subject in {card.subject for card in due if card.chat == BEN}


async def test_a_send_that_was_under_way_counts_as_possibly_doubled_and_is_sent(
    old_url: str,
) -> None:
    async with _opened(old_url) as database:
        nobody: Any = None
        clock = Clock(NOW + timedelta(minutes=5), stopped=True)
        outbox = Outbox(database, nobody, nobody, clock, Signals())
        await outbox.recover()
        if database.shared:
            lapsed = await database.look(lambda tx: tx.cards_lapsed(clock.now()))
            assert lapsed == 1
        else:
            assert outbox.tally.possible_doubles == 1
        due = await database.run(lambda tx: tx.lease_cards(clock.now(), clock.now(), 99))
        assert "delivery:stored0000" in {card.subject for card in due}


async def test_people_towers_and_alerts_are_as_they_were_and_tries_count_anew(old_url: str) -> None:
    async with _opened(old_url) as database:
        person = await database.look(lambda tx: tx.person(ANNA))
        assert person is not None
        for column, written in PEOPLE.items():
            value = getattr(person, column)
            kept = value.isoformat() if isinstance(value, time) else _stored(value)
            assert kept == written, column
        tower, zoneless = await database.look(lambda tx: tx.towers())
        assert (zoneless.zone, zoneless.name) == (None, TOWERS["name"])
        assert (tower.country, zoneless.country) == (None, None)
        assert tower.hours == {0: (Hours(time(8), time(20, 30)),)}
        for column in TOWERS.keys() - {"place", "hours"}:
            assert getattr(tower, column) == TOWERS[column], column
        since = NOW - timedelta(days=1)
        assert await database.look(lambda tx: tx.wrong_tries(BEN, since)) == WrongTries()
        await database.run(lambda tx: tx.note_wrong_try(BEN, NOW, asked=True))
        assert (await database.look(lambda tx: tx.wrong_tries(BEN, since))).asked == 1
        alert = await database.look(lambda tx: tx.alert("harbor"))
        assert alert is not None
        assert (alert.kind, stamp(alert.raised_at)) == (AlertKind.HARBOR, AT)


async def test_the_deadline_that_comes_first_is_known(old_url: str) -> None:
    async with _opened(old_url) as database:
        first = await database.look(lambda tx: tx.next_deadline())
        assert first is not None
        assert stamp(first) == AT + 9
        due = await database.look(lambda tx: tx.deliveries_due(first, 9))
        assert [each.id for each in due] == ["reserved00"]


async def test_bringing_up_to_date_again_changes_nothing(old_url: str) -> None:
    async with _opened(old_url) as database:
        before = await _all(database)
    assert await migrate(old_url) == []
    async with _opened(old_url) as database:
        assert await _all(database) == before


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
