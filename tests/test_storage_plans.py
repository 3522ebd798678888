"""No question that is asked often makes SQLite read a table that only grows."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.domain.card import Card
from bot.domain.figures import week
from bot.domain.ids import DeliveryId, LockerId, MessageId, PersonId, TowerId
from bot.domain.person import Person
from bot.domain.records import Period
from storage import migrate
from storage.sealing import Sealer
from storage.tables import search
from storage.tables.transaction import SqlTransaction
from storage.urls import sqlite_path
from tests.support.records import happened, made

NOW = datetime(2026, 3, 1, 12, 31, tzinfo=UTC)
PERSON, TOWER, LOCKER = PersonId(1), TowerId("aa"), LockerId(1)
PERIOD = Period(NOW, NOW)
ZONED = {"Europe/Berlin": [TOWER, TowerId("bb")], "America/Chicago": [TowerId("cc")]}
WEEK = week(ZONED, NOW)
CARD = Card(1, PERSON, "screen", lease=2)


class Explaining:
    """A connection that finds nothing but notes how SQLite would have looked."""

    skip_locked = ""
    lateral = False

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw
        self.plans: list[str] = []

    async def execute(self, sql: str, values: Sequence[Any] = (), **_: Any) -> None:
        await self.fetch_all(sql, values)

    async def fetch_one(self, sql: str, values: Sequence[Any] = ()) -> None:
        await self.fetch_all(sql, values)

    async def fetch_all(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        self.plans += [row[3] for row in self._raw.execute(f"explain query plan {sql}", values)]
        return []


@pytest.fixture
async def explaining(sqlite_url: str) -> Iterator[Explaining]:
    await migrate(sqlite_url)
    with closing(sqlite3.connect(sqlite_path(sqlite_url))) as raw:
        yield Explaining(raw)


QUESTIONS = {
    "deliveries_by_sender, deliveries_by_recipient": lambda tx: tx.deliveries_of(PERSON, live=True),
    "deliveries_by_recipient, deliveries_by_sender": lambda tx: tx.deliveries_of(
        PERSON, live=False
    ),
    "deliveries_by_state": lambda tx: tx.deliveries_at_harbor(),
    "deliveries_by_state (at a tower)": lambda tx: tx.deliveries_at_harbor_in(TOWER),
    "deliveries_by_state (versions)": lambda tx: tx.versions_at_harbor(),
    "sqlite_autoindex_deliveries_1 (some)": lambda tx: tx.deliveries_with([DeliveryId("a")]),
    "deliveries_by_locker, deliveries_by_trying": lambda tx: tx.live_at(TOWER, LOCKER),
    "deliveries_by_trying, deliveries_by_locker": lambda tx: tx.deliveries_at(
        [(TOWER, LOCKER)], NOW
    ),
    "deliveries_requested": lambda tx: tx.lease_requests(NOW, NOW, 5),
    "deliveries_leased": lambda tx: tx.free_requests(),
    "deliveries_requested (min)": lambda tx: tx.next_request_due(),
    "deliveries_alarmed": lambda tx: tx.deliveries_due(NOW, 5),
    "deliveries_alarmed (min)": lambda tx: tx.next_deadline(),
    "deliveries_prepared": lambda tx: tx.prepared_at(PERSON, TowerId("a")),
    "alerts_about": lambda tx: tx.alerts_about(DeliveryId("x")),
    "deliveries_doors": lambda tx: tx.doors_reported(5),
    "sqlite_autoindex_deliveries_1": lambda tx: tx.delivery(DeliveryId("a")),
    "sqlite_autoindex_history_1": lambda tx: tx.history(DeliveryId("a")),
    "cards_owed": lambda tx: tx.lease_cards(NOW, NOW, 5),
    "cards_owed (min)": lambda tx: tx.next_card_due(),
    "cards_leased": lambda tx: tx.cards_lapsed(NOW),
    "cards_leased (all)": lambda tx: tx.free_cards(),
    "cards_by_subject": lambda tx: tx.cards_about("screen"),
    "cards_by_subject (mark)": lambda tx: tx.mark_about("screen", now=NOW),
    "cards_by_subject, alerts_about": lambda tx: tx.mark_about(
        "a", "b", now=NOW, alerts_of=DeliveryId("x")
    ),
    "cards_by_subject (mark prepared)": lambda tx: tx.mark_prepared([TOWER], now=NOW),
    "deliveries_by_state, cards_by_subject (prepared)": lambda tx: tx.mark_prepared(
        [TOWER], now=NOW
    ),
    "sqlite_autoindex_cards_1": lambda tx: tx.renew_card(CARD, NOW),
    "sqlite_autoindex_cards_1 (shown)": lambda tx: tx.card_shown(
        CARD, message=MessageId(1), form="text", digest=""
    ),
    "sqlite_autoindex_cards_2": lambda tx: tx.card(PERSON, "screen"),
    "sqlite_autoindex_drafts_1": lambda tx: tx.draft(PERSON),
    "sqlite_autoindex_deliveries_1 (read)": lambda tx: tx.read_delivery(DeliveryId("a"), PERSON),
    "people_by_username": lambda tx: tx.save_person(Person(PERSON, "Anna", username="anna")),
    "sqlite_autoindex_wrong_tries_1": lambda tx: tx.wrong_tries(PERSON, NOW),
    "wrong_tries_by_time": lambda tx: tx.all_wrong_tries(NOW),
    "sqlite_autoindex_claims_2": lambda tx: tx.claim_by_code("AAAA2222"),
    "sqlite_autoindex_claims_3": lambda tx: tx.claim_by_link("link"),
    "claims_by_page": lambda tx: tx.claim_by_page("page"),
    "deliveries_by_state (glimpses)": lambda tx: tx.glimpses(),
    "people_by_word, sqlite_autoindex_people_words_1": lambda tx: tx.people_named(["a", "b"], 5),
    "people_by_username (called)": lambda tx: tx.people_called("anna"),
    "people_unindexed": lambda tx: tx.unindexed_people(),
    "people_unindexed (index)": lambda tx: tx.index_people(5),
    "deliveries_ended_of_sender, deliveries_ended_of_recipient": lambda tx: tx.ended_of(
        [PERSON], [TOWER], 5
    ),
    "parcel_by_word, sqlite_autoindex_parcel_words_1": lambda tx: tx.ended_called(
        ["a", "b"], [TOWER], 5
    ),
    "deliveries_ended_at": lambda tx: tx.ended_at([TOWER], None, 5),
    "deliveries_ended_behind (doors)": lambda tx: tx.doors_called(["14", "a"]),
    "deliveries_ended_behind": lambda tx: tx.ended_at([TOWER, TOWER], "14", 5),
    "deliveries_by_creation": lambda tx: tx.delivery_records(PERIOD, None, None, 5),
    "deliveries_by_creation (more)": lambda tx: tx.delivery_records(PERIOD, [TOWER], made(), 5),
    "history_by_time": lambda tx: tx.event_records(PERIOD, None, None, 5),
    "history_by_time (more)": lambda tx: tx.event_records(PERIOD, [TOWER], happened(), 5),
    "deliveries_by_creation (first)": lambda tx: tx.first_booking(),
    "sqlite_autoindex_free_doors_1": lambda tx: tx.doors_by_hour(WEEK, ZONED),
    "free_doors_by_time": lambda tx: tx.towers_noted(NOW),
    "deliveries_with_photo": lambda tx: tx.photos_over(NOW, 5),
    "deliveries_by_sender, deliveries_by_recipient (photos)": lambda tx: tx.photos_of(PERSON),
    "closures_standing": lambda tx: tx.closures(),
    "waits_by_tower": lambda tx: tx.waits_at([TOWER]),
    "browsers_by_cookie": lambda tx: tx.browser("page", "cookie"),
}


COUNTS = {
    "deliveries_booked (tower=? AND created_at>? AND created_at<?)": lambda tx: tx.booked_by_day(
        WEEK, ZONED
    ),
    "deliveries_collected (tower=? AND collected_at>? AND collected_at<?)": (
        lambda tx: tx.collected_by_day(WEEK, ZONED)
    ),
}


@pytest.mark.parametrize("found", COUNTS)
async def test_what_is_counted_is_read_from_an_index_alone_and_only_of_its_towers_and_days(
    explaining: Explaining, found: str
) -> None:
    await COUNTS[found](SqlTransaction(explaining, Sealer(["key"])))
    looks = [plan for plan in explaining.plans if plan.startswith(("SEARCH", "SCAN"))]
    assert looks == [f"SEARCH deliveries USING COVERING INDEX {found}"] * 7 * len(ZONED)
    assert not any("TEMP B-TREE" in plan for plan in explaining.plans)


@pytest.mark.parametrize("indexes", QUESTIONS)
async def test_a_frequent_question_is_answered_by_its_index(
    explaining: Explaining, indexes: str
) -> None:
    await QUESTIONS[indexes](SqlTransaction(explaining, Sealer(["key"])))
    searches = [plan for plan in explaining.plans if plan.startswith(("SEARCH", "SCAN"))]
    for index in indexes.partition(" (")[0].split(", "):
        assert any(f"INDEX {index}" in plan for plan in searches), searches
    scans = [plan for plan in searches if plan.startswith("SCAN") and "INDEX" not in plan]
    tables = ("deliveries", "cards", "people", "claims", "history", "browsers", "free_doors")
    assert not [plan for plan in scans if plan.split()[1] in tables], scans


async def test_the_latest_of_very_many_parcels_of_one_name_are_read_from_an_index_alone(
    explaining: Explaining, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_FREQUENT", 0)
    monkeypatch.setattr(search.Search, "_spellings", _one_word)
    tx = SqlTransaction(explaining, Sealer(["key"]))
    await tx.ended_called(["a", "b"], [TOWER], 5)
    looks = [plan for plan in explaining.plans if plan.startswith(("SEARCH", "SCAN"))]
    found = [plan for plan in looks if "parcel_words USING COVERING INDEX parcel_by_word" in plan]
    assert [plan.partition(" (")[2] for plan in found][-2:] == [
        "word=? AND ended_at>?)",
        "word=? AND ended_at>?)",
    ], looks
    assert not any("deliveries" in plan for plan in looks), looks
    assert not any("TEMP B-TREE" in plan for plan in explaining.plans), explaining.plans


async def _one_word(_: search.Search, ends: Sequence[str]) -> list[str]:
    return [ends[0]]
