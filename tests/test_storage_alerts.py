"""Alerts in storage, on both databases; and those that an older version left there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from bot.domain.alerts import (
    Alert,
    AlertKind,
    guessing,
    orphan,
    problem_reported,
)
from bot.domain.ids import DeliveryId, LockerId, PersonId, TowerId
from bot.domain.tower import Locker, LockerStatus, Size
from bot.ports.database import Database
from storage import migrate, migrating, open_database
from storage.tables.rows import stamp
from storage.urls import sqlite_path
from tests.support.databases import KEYS, a_delivery

NOW = datetime(2026, 3, 1, 12, 31, tzinfo=UTC)
DAY = timedelta(days=1)
ANNA, BEN, OLGA = PersonId(7_000_000_001), PersonId(2), PersonId(9)
DELIVERY = a_delivery("7k2m9xq4tz")
ALERT = problem_reported(NOW, DELIVERY, ANNA, "it is w\u00e9t")
ORPHAN = orphan(
    NOW,
    Locker(LockerId(122), "22", TowerId("0100000000000101"), LockerStatus.OCCUPIED, Size.SMALL),
)


async def test_an_alert_is_raised_once_until_it_was_cleared(database: Database) -> None:
    assert await database.run(lambda tx: tx.raise_alert(ALERT))
    assert not await database.run(lambda tx: tx.raise_alert(replace(ALERT, raised_at=NOW + DAY)))
    assert await database.look(lambda tx: tx.alert(ALERT.key)) == ALERT
    assert await database.look(lambda tx: tx.alerts()) == [ALERT]
    assert await database.run(lambda tx: tx.clear_alert(ALERT.key, NOW + DAY))
    assert not await database.run(lambda tx: tx.clear_alert(ALERT.key, NOW + DAY))
    assert await database.look(lambda tx: tx.alerts()) == []
    cleared = await database.look(lambda tx: tx.alert(ALERT.key))
    assert cleared == replace(ALERT, cleared_at=NOW + DAY)
    again = problem_reported(NOW + 2 * DAY, DELIVERY, BEN, "still broken")
    assert await database.run(lambda tx: tx.raise_alert(again))
    assert await database.look(lambda tx: tx.alerts()) == [again]


async def test_an_alert_is_saved_over_whatever_was_known_of_it(database: Database) -> None:
    newer = replace(ALERT, detail={"text": "mended"}, cleared_at=NOW + DAY)
    for alert in (ALERT, newer, ALERT):
        await database.run(lambda tx, alert=alert: tx.save_alert(alert))
        assert await database.look(lambda tx: tx.alert(ALERT.key)) == alert


async def test_alerts_come_in_the_order_they_were_raised(database: Database) -> None:
    async def raise_them(tx):
        for number, key in enumerate(("c", "a", "b")):
            await tx.raise_alert(Alert(key, AlertKind.DOOR, NOW + number * DAY))

    await database.run(raise_them)
    alerts = await database.look(lambda tx: tx.alerts())
    assert [alert.key for alert in alerts] == ["c", "a", "b"]


async def test_an_alert_is_read_as_it_was_written(database: Database) -> None:
    seen = replace(ORPHAN, owner=OLGA, seen_at=NOW, seen_by=OLGA, release=True, refused=True)
    for alert in (ORPHAN, guessing(NOW, ANNA, "1f2e"), ALERT, seen):
        await database.run(lambda tx, alert=alert: tx.save_alert(alert))
        assert await database.look(lambda tx, key=alert.key: tx.alert(key)) == alert


async def test_what_stands_about_a_delivery_is_found_by_it(database: Database) -> None:
    other = problem_reported(NOW, a_delivery("other"), ANNA, "")
    over = replace(ALERT, key="over", cleared_at=NOW)
    later = replace(ALERT, key="later", raised_at=NOW + DAY)
    for alert in (later, ALERT, other, over, ORPHAN):
        await database.run(lambda tx, alert=alert: tx.save_alert(alert))
    assert await database.look(lambda tx: tx.alerts_about(DELIVERY.id)) == [ALERT, later]


async def test_an_alert_has_run_out_once_its_last_day_has_come(database: Database) -> None:
    ends = guessing(NOW, ANNA, "1f2e")
    for alert in (ends, replace(ends, key="over", cleared_at=NOW), ALERT):
        await database.run(lambda tx, alert=alert: tx.save_alert(alert))
    assert await database.look(lambda tx: tx.alerts_run_out(NOW + DAY - DAY / 99)) == []
    assert await database.look(lambda tx: tx.alerts_run_out(NOW + DAY)) == [ends]


# -- what an older version left

OLD = {
    "harbor": "{}",
    "odd:7k2m9xq4tz:releasing:out_of_service": "{}",
    "door:7k2m9xq4tz": "{}",
    "gone:7k2m9xq4tz": "{}",
    "overdue:7k2m9xq4tz:2": "{}",
    "problem:7k2m9xq4tz:7": '{"delivery":"7k2m9xq4tz","text":"w\\u00e9t"}',
    "problem:0123456789:7": '{"delivery":"0123456789","text":""}',
    "guessing:7000000001": '{"person":7000000001}',
    "orphan:0100000000000101/122": '{"tower":"0100000000000101","locker":122,"release":true}',
    "orphan:0100000000000101/3": '{"tower":"0100000000000101","locker":3}',
    "something:else": "{}",
}
ABOUT = DeliveryId("7k2m9xq4tz")


def _insert(url: str) -> None:
    raised, changed = stamp(NOW), stamp(NOW + DAY)
    statements: list[tuple[str, tuple[Any, ...]]] = [
        (
            "insert into alerts (key, raised_at, cleared_at, detail) values (?, ?, null, ?)",
            (key, raised, detail),
        )
        for key, detail in OLD.items()
    ]
    statements += [
        (
            """insert into deliveries (id, sender, tower, size, state, version, revision, low,
                   larger_allowed, failures, reminders_sent, extensions, taken_back,
                   door_reports, changed_at, trouble)
               values (?, 1, 'aa', 'small', ?, 1, 1, 0, 0, 0, 0, 0, 0, 0, ?, 'fits_not')""",
            (name, state, changed),
        )
        for name, state in (("7k2m9xq4tz", "stored"), ("0123456789", "collected"))
    ]
    path = sqlite_path(url)
    with closing(sqlite3.connect(path) if path else psycopg.connect(url)) as connection:
        for sql, values in statements:
            connection.execute(sql if path else sql.replace("?", "%s"), values)
        connection.commit()


async def test_alerts_of_an_older_version_say_what_they_are_about(
    bare_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        old = {name: known for name, known in migrating.known().items() if name < "0003"}
        before.setattr(migrating, "known", lambda: old)
        await migrate(bare_url)
    _insert(bare_url)
    assert "0003_alerts" in await migrate(bare_url)
    async with open_database(bare_url, keys=KEYS) as database:
        found = {alert.key: alert for alert in await database.look(lambda tx: tx.alerts())}
        delivery = await database.look(lambda tx: tx.delivery(ABOUT))
    assert set(OLD) - set(found) == {"something:else"}
    for alert in found.values():
        assert alert.key.startswith(alert.kind)
        assert (alert.delivery == ABOUT) == (ABOUT in alert.key)
    odd = found["odd:7k2m9xq4tz:releasing:out_of_service"]
    assert odd.status is LockerStatus.OUT_OF_SERVICE
    assert found["problem:7k2m9xq4tz:7"].text == "w\u00e9t"
    assert found["problem:7k2m9xq4tz:7"].ends_at is None
    assert found["problem:0123456789:7"].ends_at == NOW + 31 * DAY
    assert found["gone:7k2m9xq4tz"].ends_at == NOW + 30 * DAY
    assert found["guessing:7000000001"].person == ANNA
    assert found["guessing:7000000001"].ends_at == NOW + DAY
    orphans = [found[f"orphan:0100000000000101/{locker}"] for locker in (122, 3)]
    assert [(alert.tower, alert.locker, alert.release) for alert in orphans] == [
        ("0100000000000101", 122, True),
        ("0100000000000101", 3, False),
    ]
    assert delivery is not None
    assert delivery.trouble is None
