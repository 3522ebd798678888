"""A whole parcel as the log and the metrics tell it: what happened, why and how late; of nobody."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

import cli.lifetime
from cli.bootstrap import assembled
from cli.lifetime import Lifetime
from cli.logs import set_up_logging
from cli.run import receive
from cli.settings import Settings
from cli.system_clock import SystemClock
from tests.support.chat_edge import until
from tests.support.chats import MARKET, Phone
from tests.support.hooked import hooked
from tests.support.town import Somebody, Town

ANNA, BEN = 7_770_001_111, 7_770_002_222
NOTE = "handle with feathers"
CALLED = "Grandfather-clock"


@pytest.fixture
def said() -> io.StringIO:
    """All that is logged, at debug level: what is not said there is said nowhere."""
    root, said = logging.getLogger(), io.StringIO()
    set_up_logging("debug", "json")
    root.handlers = [handler := root.handlers[0]]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(said)
    return said


@pytest.fixture(params=["sqlite_url", "postgres_url"])
async def town(request: pytest.FixtureRequest, said: io.StringIO) -> AsyncIterator[Town]:
    async with hooked(request.getfixturevalue(request.param)) as world:
        yield Town(world)


def lines(told: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in told.splitlines() if line.startswith("{")]


def of(found: list[dict[str, Any]], event: str) -> list[dict[str, Any]]:
    return [line for line in found if line["event"] == event]


async def a_whole_parcel(town: Town) -> tuple[str, list[str]]:
    """From hand to hand: the delivery's id, and all that is nobody else's business."""
    anna = Somebody(await town.world.phone("Annabella", id=ANNA, username="annabella_x"))
    ben = Somebody(await town.world.phone("Benedikt", id=BEN))
    while (await town.world.towers.all()).at is None:
        pass  # on a busy machine the first reading may take longer than anybody waits
    await anna.opens_the_bot()
    await anna.taps("Send a parcel", MARKET, "Medium", "Send a link", "Add a note")
    await anna.says(NOTE)
    await anna.taps("Name it")
    await anna.says(CALLED)
    await anna.taps("Reserve")
    link, code = await anna.phone.claim()
    await ben.opens_the_bot(link)
    await anna.taps("Get drop-off code")
    dropping = await anna.scanned()
    await anna.puts_the_parcel_in()
    await town.a_few_seconds_pass()
    await ben.sees("is waiting for you")
    await ben.taps("Get pick-up code")
    picking = await ben.scanned()
    await ben.takes_the_parcel_out()
    await town.a_few_seconds_pass()
    await ben.sees("You have collected")
    [delivery] = await town.world.deliveries(anna.phone)
    secret = [part for text in (dropping, picking) for part in text.split("/")[-2:]]
    secret += [link.partition("start=")[2], *code.split("-"), code]
    nobodys = ["Annabella", "annabella_x", "Benedikt", NOTE, CALLED, str(ANNA), str(BEN)]
    return delivery.id, secret + nobodys


async def test_a_parcel_s_life_is_in_the_log_with_its_causes_and_nobody_s_words(
    town: Town, said: io.StringIO
) -> None:
    id_, hidden = await a_whole_parcel(town)
    scraped = (await town.world.http.get(f"{town.world.web}/metrics")).text
    told = said.getvalue()
    assert id_ in told
    for each in hidden:
        assert not re.search(rf"\b{re.escape(each)}\b", told, re.IGNORECASE), each
        assert not re.search(rf"\b{re.escape(each)}\b", scraped, re.IGNORECASE), each
    assert "t.me/" not in told + scraped

    found = lines(told)
    changes = of(found, "transition")
    assert [(line["before"], line["after"], line["cause"]) for line in changes] == [
        ("none", "requested", "requested"),
        ("requested", "reserved", "reserved"),
        ("reserved", "rented", "drop_off_issued"),
        ("rented", "stored", "dropped_off"),
        ("stored", "stored", "pick_up_issued"),
        ("stored", "collected", "collected"),
    ]
    assert {line["delivery"] for line in changes} == {id_}
    assert all(line["since"] >= 0 for line in changes[1:])
    assert "since" not in changes[0]
    assert {line["door"] for line in changes[1:]} == {changes[1]["door"]}

    calls = of(found, "harbor_call")
    assert [line["call"] for line in calls] == ["reserve", "drop_off_token", "pick_up_token"]
    assert all(line["status"] in (200, 201) and line["ms"] >= 0 for line in calls)
    assert all("{locker_id}" in line["route"] for line in calls)
    assert {line["delivery"] for line in calls} == {id_}

    rings = [line for line in of(found, "rung") if line.get("delivery") == id_]
    assert len(rings) == 5, "Ben who has claimed it; both when it is in, and when it is collected"
    assert all(0 <= line["late"] < 60 for line in rings)


async def test_a_run_begins_and_ends_with_one_line(sqlite_url: str, said: io.StringIO) -> None:
    async with hooked(sqlite_url) as world:
        await until(lambda: '"started"' in said.getvalue())
        assert '"stopped"' not in said.getvalue()
    found = lines(said.getvalue())
    [started], [stopped] = of(found, "started"), of(found, "stopped")
    assert started["bot"] == f"@{world.application.bot.username}"
    assert (started["mode"], started["database"]) == ("webhook", "sqlite")
    assert (started["harbor"], started["openers"]) == ("sandbox", "token")
    assert started["address"] in world.web
    assert started["version"]
    assert stopped["seconds"] >= 0
    assert not [line for line in found if line["event"].endswith("_unreachable")]


async def test_whoever_does_not_answer_at_the_start_is_said_soon_and_as_a_warning(
    sqlite_url: str, said: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli.lifetime.HEARD_OF_WITHIN <= 3
    monkeypatch.setattr(cli.lifetime, "HEARD_OF_WITHIN", 0.1)
    nobody = "http://127.0.0.1:9"
    settings = Settings.load(
        telegram_bot_token="42:sandbox",
        telegram_api_url=nobody,
        database_url=sqlite_url,
        LOCKERBOT_SECRET_KEY="a key for tests and nothing else",
        harbor_api_url=nobody,
        harbor_accounts_url=nobody,
        harbor_client_id="sandbox",
        harbor_client_secret="sandbox",
    )
    stop, lifetime = asyncio.Event(), Lifetime()
    async with assembled(settings, SystemClock()) as bot, lifetime.told(settings, bot):
        receiving = asyncio.create_task(receive(settings, bot, stop))
        await until(lambda: '"harbor_unreachable"' in said.getvalue())
        stop.set()
        await receiving
    found = lines(said.getvalue())
    for who in ("telegram_unreachable", "harbor_unreachable"):
        [line] = of(found, who)
        assert (line["level"], line["at"]) == ("warning", nobody)
    assert of(found, "started") == []
    assert "42:sandbox" not in said.getvalue()


async def test_one_tap_is_followed_to_harbor_and_back_by_one_id(
    town: Town, said: io.StringIO
) -> None:
    await a_whole_parcel(town)
    found = lines(said.getvalue())
    by_call = {line["call"]: line.get("update") for line in of(found, "harbor_call")}
    by_event = {line["cause"]: line.get("update") for line in of(found, "transition")}
    assert by_event["requested"] is not None
    assert by_call["reserve"] == by_event["reserved"] == by_event["requested"]
    assert by_call["drop_off_token"] == by_event["drop_off_issued"]
    assert by_call["pick_up_token"] == by_event["pick_up_issued"]
    assert len({by_event[name] for name in ("requested", "drop_off_issued", "pick_up_issued")}) == 3
    assert by_event["dropped_off"] is by_event["collected"] is None, "that was Harbor"


async def test_the_metrics_tell_what_happened_and_how_long_it_took(town: Town) -> None:
    await a_whole_parcel(town)
    await asyncio.sleep(0)
    answer = await town.world.http.get(f"{town.world.web}/metrics")
    samples = [s for family in text_string_to_metric_families(answer.text) for s in family.samples]

    def value(name: str, **labels: str) -> float:
        [found] = [
            s.value for s in samples if s.name == name and labels.items() <= s.labels.items()
        ]
        return float(found)

    stored = {"before": "rented", "after": "stored", "cause": "dropped_off"}
    assert value("lockerbot_transitions_total", **stored) == 1
    assert value("lockerbot_occupied_to_rung_seconds_count") == 1
    assert value("lockerbot_ring_delay_seconds_count") >= 3
    assert value("lockerbot_harbor_calls_total", call="reserve") == 1
    assert value("lockerbot_harbor_call_seconds_count", call="reserve") == 1
    assert value("lockerbot_telegram_calls_total", call="sendMessage", status="200") > 1
    assert value("lockerbot_deliveries", state="collected") == 1
    assert value("lockerbot_build_info", mode="webhook") == 1
    assert value("lockerbot_last_update_age_seconds") < 60
    assert value("lockerbot_oldest_card_owed_seconds") == 0
    assert value("lockerbot_failed_steps_total") == 0
    assert value("process_resident_memory_bytes") > 0


async def test_an_ordinary_tap_writes_no_line(town: Town, said: io.StringIO) -> None:
    phone: Phone = await town.world.phone("Annabella", id=ANNA)
    await phone.open()
    await town.world.quiet()
    said.truncate(said.seek(0))
    await phone.press("Settings")
    await phone.press("Back")
    await town.a_few_seconds_pass()
    assert [line for line in lines(said.getvalue()) if line["level"] != "debug"] == []
