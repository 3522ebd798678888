"""`lockerbot check` in this process: what it tells, whatever is amiss; and it makes nothing."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from bot.domain.alerts import no_links
from bot.ports.errors import Refused, TryLater
from cli.check import check
from cli.complaints import BadSetting
from cli.outside import Untold, clock, delivery, leads_here
from cli.sandbox_server import serving_sandbox
from cli.settings import Settings
from handlers.telegram.probing import Webhook
from sandbox.stage import create_stage
from storage import known, migrate
from tests.support.commands import KEY, settings
from tests.support.databases import opened
from tests.support.harbor_stand_in import Heard, answer, stand_in
from tests.support.plain_http import plain_http
from web.app import create_app
from web.serving import serving

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOOK = "https://bot.example/telegram/a-secret-path"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    for name in Settings.names():
        monkeypatch.delenv(name, raising=False)


@dataclass
class Told:
    code: int
    table: str
    complaints: list[str]

    def row(self, name: str) -> str:
        found = [line for line in self.table.splitlines() if f" {name} " in line[: len(name) + 4]]
        assert len(found) == 1, self.table
        return found[0]


@pytest.fixture
def said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Awaitable[Told]]:
    async def run(url: str = "http://127.0.0.1:9", **more: str) -> Told:
        given = settings(url) | {"DATABASE_URL": "sqlite:///bot.db"} | more
        with monkeypatch.context() as patched:
            for name, value in given.items():
                patched.setenv(name, value)
            try:
                code, complaints = await check(*Settings.load_what_can_be_used()), []
            except BadSetting as error:
                code, complaints = 2, str(error).splitlines()
        return Told(code, capsys.readouterr().out, complaints)

    return run


def contents(name: str) -> bytes:
    return Path(name).read_bytes()


async def test_what_is_at_odds_with_the_default_of_what_can_not_be_used_is_told_in_a_line(said):
    told = await said(LOCKERBOT_STORAGE_HOURS="three days", LOCKERBOT_FIRST_REMINDER_HOURS="100")
    assert told.code == 2
    assert [line.partition(":")[0] for line in told.complaints] == [
        "LOCKERBOT_STORAGE_HOURS",
        "LOCKERBOT_FIRST_REMINDER_HOURS",
    ]


async def test_every_problem_is_told_at_once_and_what_depends_on_it_is_not_tried(said, tmp_path):
    told = await said(
        TELEGRAM_BOT_TOKEN="",
        HARBOR_CLIENT_ID="",
        HARBOR_API_URL="https://{api_url}",
        LOCKERBOT_STORAGE_HOURS="0",
        LOCKERBOT_STORAGE_HOUR="1",
        PORT="eighty",
    )
    assert told.code == 2
    assert [line.partition(":")[0] for line in told.complaints] == [
        "LOCKERBOT_STORAGE_HOUR",
        "PORT",
        "LOCKERBOT_STORAGE_HOURS",
        "HARBOR_API_URL",
        "TELEGRAM_BOT_TOKEN",
        "HARBOR_CLIENT_ID",
    ]
    assert "has a placeholder in it" in told.complaints[3]
    assert "not tried" in told.row("Harbor")
    assert "for want of TELEGRAM_BOT_TOKEN" in told.row("Telegram")
    assert " yes " in told.row("database")
    assert os.listdir(tmp_path) == []


async def test_the_database_is_neither_made_nor_migrated_but_told_what_run_would_do(said, tmp_path):
    assert "`lockerbot run` makes it" in (await said()).row("database")
    assert os.listdir(tmp_path) == []
    await migrate("sqlite:///bot.db")
    assert "0 deliveries" in (await said()).row("database")
    keyless = await said(LOCKERBOT_SECRET_KEY="")
    assert "up to date; what is in it can't be read" in keyless.row("database")
    assert " unknown " in keyless.row("clock")
    last = sorted(known())[-1]
    with sqlite3.connect("bot.db") as database:
        database.execute("delete from migrations where name = ?", (last,))
    database.close()
    before = contents("bot.db")
    assert f"`lockerbot run` applies {last}" in (await said()).row("database")
    assert (os.listdir(tmp_path), contents("bot.db")) == (["bot.db"], before)
    elsewhere = await said(DATABASE_URL="sqlite:///nowhere/bot.db")
    assert "no folder to write to" in elsewhere.row("database")


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("TELEGRAM_TOKEN", "TELEGRAM_BOT_TOKEN"),
        ("BOT_TOKEN", "TELEGRAM_BOT_TOKEN"),
        ("TELEGRAM_BOTTOKEN", "TELEGRAM_BOT_TOKEN"),
        ("SECRET_KEY", "LOCKERBOT_SECRET_KEY"),
        ("HARBOR_CLIENTSECRET", "HARBOR_CLIENT_SECRET"),
    ],
)
async def test_a_needed_setting_under_another_name_is_told_with_the_right_one(said, name, right):
    told = await said(**{name: "hush-hush-hush-hush", right: ""})
    (line,) = told.complaints
    assert line.startswith(f"{right}: not set")
    assert f"({name} is set: rename it" in line
    assert "hush" not in told.table + line


async def test_a_slip_in_a_name_that_may_be_left_out_is_refused_and_a_foreign_one_told(said):
    told = await said(TELEGRAM_API_ULR="http://x", TELEGRAM_API_URL="", WEBHOOK_URL="https://x")
    assert told.complaints == [
        "TELEGRAM_API_ULR: there is no such setting; did you mean TELEGRAM_API_URL?"
    ]
    assert "set PUBLIC_URL" in told.row("WEBHOOK_URL")
    quiet = await said(WEBHOOK_URL="https://x", PUBLIC_URL="https://127.0.0.1:9")
    assert "WEBHOOK_URL" not in quiet.table


@pytest.mark.parametrize(
    ("environment", "tower", "fits"),
    [
        ("sandbox", "1000000000000001", False),
        ("production", "0100000000000101", False),
        ("sandbox", "0100000000000101", True),
        ("production", "1000000000000001", True),
        ("production", "0000000000000001", True),
    ],
)
async def test_a_tower_of_the_other_environment_is_refused(said, environment, tower, fits):
    told = await said(HARBOR_ENVIRONMENT=environment, LOCKERBOT_TOWERS=tower)
    assert told.code == (1 if fits else 2)
    assert any(f"tower {tower} is of Harbor's" in line for line in told.complaints) is not fits


async def test_a_tower_that_harbor_does_not_show_is_named(said):
    async with serving_sandbox(create_stage(limits=False)) as url:
        told = await said(url, LOCKERBOT_TOWERS="0100000000000101,01000000000000ff")
    assert told.code == 1
    assert "Harbor shows no tower 01000000000000ff" in told.row("Harbor")


async def test_the_webhook_is_told_as_telegram_sees_it_without_its_path(said):
    public = {"PUBLIC_URL": "https://127.0.0.1:9"}
    async with (
        serving_sandbox(create_stage(limits=False)) as url,
        plain_http(base_url=f"{url}/telegram/bot42:sandbox") as bot,
    ):
        polling = await said(url)
        unset = await said(url, **public)
        set_ = await bot.post("/setWebhook", json={"url": HOOK})
        assert set_.json()["ok"], set_.text
        elsewhere = await said(url, **public)
        taken = await said(url)
    assert "none: the bot polls" in polling.row("webhook")
    assert "not set yet: `run` sets it to 127.0.0.1" in unset.row("webhook")
    assert "leads to bot.example: `run` sets it to 127.0.0.1" in elsewhere.row("webhook")
    assert "`run` takes it away and polls" in taken.row("webhook")
    assert "a-secret-path" not in elsewhere.table + taken.table
    assert (unset.code, "can't be reached" in unset.row("public address")) == (1, True)


def test_a_delivery_that_failed_lately_is_told_with_telegrams_reason():
    failed = Webhook(HOOK, 3, NOW - timedelta(minutes=1), "Connection refused")
    with pytest.raises(TryLater, match="can't deliver: Connection refused; 3 updates wait"):
        delivery(failed, HOOK, NOW)
    assert (
        delivery(failed, HOOK, NOW + timedelta(hours=1)) == "leads to bot.example; 3 updates wait"
    )


async def test_a_clock_that_is_apart_from_others_is_refused():
    def dated(by: timedelta) -> bytes:
        return answer(200, date=format_datetime(datetime.now(UTC) + by, usegmt=True))

    async with (
        stand_in(dated(timedelta(0))) as right,
        stand_in(dated(timedelta(minutes=5))) as ahead,
        stand_in(answer(200)) as silent,
    ):
        assert "Harbor's" in await clock({"Harbor": right.url})
        with pytest.raises(Refused, match=r"(299|300|301) s behind Telegram's: set this machine's"):
            await clock({"Harbor": right.url, "Telegram": ahead.url})
        with pytest.raises(Untold, match="nobody"):
            await clock({"Harbor": silent.url, "Telegram": "http://127.0.0.1:9"})


async def test_the_public_address_is_to_lead_here():
    async def live():
        return {"ok": True, "reasons": []}

    async with (
        serving(create_app(live=live)) as bot,
        serving(create_app()) as nothing,
        stand_in(answer(502, b"<h1>Bad gateway</h1>")) as proxy,
    ):
        port = int(bot.rpartition(":")[2])
        assert await leads_here(bot, "127.0.0.1", port) == "a bot answers there"
        with pytest.raises(Refused, match="a bot answers there, but not at"):
            await leads_here(bot, "127.0.0.1", 0)
        with pytest.raises(Refused, match="no bot answers there"):
            await leads_here(nothing, "127.0.0.1", 0)
        with pytest.raises(Refused, match=r"no bot answers there \(502\)"):
            await leads_here(proxy.url, "127.0.0.1", 0)
    free = f"127.0.0.1:{port}"  # the bot that was there has ended
    assert await leads_here(f"http://{free}", "127.0.0.1", port) == f"leads to {free}"


async def test_check_says_of_each_operator_whether_alerts_reach_them(said):
    await migrate("sqlite:///bot.db")
    async with (
        serving_sandbox(create_stage(limits=False)) as url,
        plain_http(base_url=f"{url}/telegram/sandbox") as phone,
    ):
        met, unmet = [
            (await phone.post("/people", json={"first_name": name})).json()["id"]
            for name in ("Olga", "Otto")
        ]
        await phone.post(f"/people/{met}/open", json={})
        told = await said(url, OPERATOR_CHAT_IDS=f"{met},{unmet},-1001234")
        fine = await said(url, OPERATOR_CHAT_IDS=str(met))
    assert told.code == 1
    assert "has opened the bot" in told.row(f"operator {met}")
    assert "alerts wait until they press Start" in told.row(f"operator {unmet}")
    assert "is a group's id" in told.row("operator -1001234")
    assert fine.code == 0


async def test_check_names_the_mistakes_in_operators_of_some_towers_and_in_their_group(
    said, tmp_path
):
    await migrate("sqlite:///bot.db")
    stage = create_stage(limits=False)
    async with (
        serving_sandbox(stage) as url,
        plain_http(base_url=f"{url}/telegram/sandbox") as phone,
    ):
        met, both, unmet = [
            (await phone.post("/people", json={"first_name": name})).json()["id"]
            for name in ("Olga", "Oda", "Otto")
        ]
        for person in (met, both):
            await phone.post(f"/people/{person}/open", json={})
        group = (await phone.post("/groups", json={"title": "Operators"})).json()["id"]
        (tmp_path / "towers.toml").write_text(
            f'[[towers]]\nid = "0100000000000101"\noperators = [{met}, {both}, {unmet}, -100]\n'
        )
        given = {"LOCKERBOT_TOWERS": "towers.toml", "OPERATOR_CHAT_IDS": str(both)}
        told = await said(url, **given, OPERATOR_GROUP_ID=str(group))
        person = await said(url, **given, OPERATOR_GROUP_ID=str(met))
        stranger = await said(url, **given, OPERATOR_GROUP_ID="-999")
    assert told.code == 1
    assert "of 0100000000000101 only" in told.row(f"operator {met}")
    assert "need not be named" in told.row(f"operator {both}")
    assert "press Start" in told.row(f"operator {unmet}")
    assert "is a group's id" in told.row("operator -100")
    assert "the bot is in it" in told.row("operators' group")
    assert "is a person's id" in person.row("operators' group")
    assert "is not in that group" in stranger.row("operators' group")


async def test_check_says_what_each_opener_demands_of_people(said, tmp_path):
    (tmp_path / "towers.toml").write_text(
        '[[towers]]\nid = "0100000000000101"\nopener = "drop_off=token pick_up=link"\n'
        '[[towers]]\nid = "0100000000000102"\nkeypad = true\n'
    )
    await migrate("sqlite:///bot.db")
    given = {"LOCKERBOT_TOWERS": "towers.toml", "LOCKERBOT_APP_NAME": "Door app"}
    async with serving_sandbox(create_stage(limits=False)) as url:
        told = await said(url, **given)
        signed = await said(url, HARBOR_WEBHOOK_SECRET="shared", **given)
    assert told.code == 0, told.table
    assert "App Clip, Android needs the Locker Open app" in told.table
    assert "the app that has Harbor's SDK (Door app)" in told.table
    assert "drop_off=token pick_up=link" in told.table
    assert "Harbor seems to have them" in told.table
    assert "no HARBOR_WEBHOOK_SECRET: digits come only from Harbor's own answer" in told.table
    assert "a push whose signature holds" in signed.table


@pytest.mark.parametrize(
    ("says", "told"),
    [
        (answer(404, {"detail": "Not Found"}), "Harbor seems to have none"),
        (answer(404, {"detail": "Open request not found"}), "Harbor seems to have them"),
        (answer(404, b"<h1>not here</h1>"), "unknown"),
        (answer(405, {"detail": "Method Not Allowed"}), "unknown"),
        (answer(500, b""), "unknown"),
    ],
)
async def test_check_asks_harmlessly_whether_harbor_has_open_requests(said, says, told):
    await migrate("sqlite:///bot.db")

    def say(heard: Heard) -> bytes:
        assert heard.method == "GET"
        return says if "locker-open-requests" in heard.path else answer(200, [])

    async with serving_sandbox(create_stage(limits=False)) as url, stand_in(say) as harbor:
        table = await said(url, HARBOR_API_URL=harbor.url, HARBOR_ACCOUNTS_URL=harbor.url)
    assert table.code == 0, table.table
    assert told in table.row("open requests")


async def test_check_says_that_links_are_off_where_the_settings_or_harbor_have_said_so(said):
    await migrate("sqlite:///bot.db")
    off = {"HARBOR_ROUTES": '{"open_drop_off_request": ""}'}
    async with serving_sandbox(create_stage(limits=False)) as url:
        told = await said(url, **off)
        assert "switched off by HARBOR_ROUTES: doors are opened by tokens" in told.table
        async with opened("sqlite:///bot.db", (KEY,)) as database:
            await database.run(lambda tx: tx.raise_alert(no_links(datetime.now(UTC))))
        told = await said(url)
        assert "Harbor has none, as it last told the bot" in told.table
