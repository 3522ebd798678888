"""The command line as a process: exit codes, one-line complaints, and ends in good order."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import signal
import sqlite3

import httpx
import pytest
import stamina

from bot.domain.claims import Claim
from bot.domain.ids import DeliveryId, TowerId
from bot.domain.tower import Tower
from cli.complaints import BadSetting
from cli.run import _served
from cli.sandbox_server import serving_sandbox
from sandbox.stage import create_stage
from storage import migrate
from tests.support.chats import free_port
from tests.support.commands import KEY, PATIENCE, finished, ran, started
from tests.support.databases import a_delivery, opened
from tests.support.harbor_stand_in import Heard, answer, stand_in
from tests.support.plain_http import plain_http
from web.app import create_app

FIRST, SECOND = "0100000000000101", "0100000000000102"


@pytest.mark.parametrize(
    ("missing", "says"),
    [
        ("TELEGRAM_BOT_TOKEN", "@BotFather"),
        pytest.param("LOCKERBOT_SECRET_KEY", "openssl", marks=pytest.mark.long),
        pytest.param("HARBOR_CLIENT_ID", "not set", marks=pytest.mark.long),
    ],
)
async def test_run_says_in_one_line_what_is_missing_and_ends_with_2(tmp_path, missing, says):
    code, _, complaint = await finished(tmp_path, "run", **{missing: ""})
    assert code == 2
    assert complaint.count("\n") == 1
    assert missing in complaint
    assert says in complaint


async def test_an_unknown_setting_is_refused_with_the_nearest_known_one(tmp_path):
    code, _, complaint = await finished(tmp_path, "migrate", LOCKERBOT_STORAGE_HOUR="1")
    assert code == 2
    assert "LOCKERBOT_STORAGE_HOURS" in complaint


@pytest.mark.long
async def test_migrate_can_be_repeated_and_backup_overwrites_nothing(tmp_path):
    assert (await finished(tmp_path, "migrate"))[0] == 0
    code, told, _ = await finished(tmp_path, "migrate")
    assert code == 0
    assert "up to date" in told
    copy = tmp_path / "copy.db"
    assert (await finished(tmp_path, "backup", str(copy)))[0] == 0
    assert sqlite3.connect(copy).execute("pragma integrity_check").fetchone() == ("ok",)
    code, _, complaint = await finished(tmp_path, "backup", str(copy))
    assert code == 1
    assert "overwritten" in complaint


async def test_check_names_what_works_and_ends_with_1_when_something_does_not(tmp_path):
    code, told, _ = await finished(tmp_path, "check")
    assert code == 1
    assert "NO" in told
    await migrate(f"sqlite:///{tmp_path}/bot.db")
    async with serving_sandbox(create_stage(limits=False)) as url:
        code, told, _ = await finished(tmp_path, "check", url=url)
    assert code == 0, told
    assert "@harbor_lockers_bot" in told
    assert "5 towers" in told
    assert "sandbox-token" not in told


@pytest.mark.long
async def test_run_says_once_at_start_which_operators_no_alert_reaches(tmp_path):
    async with (
        serving_sandbox(create_stage(limits=False)) as url,
        plain_http(base_url=f"{url}/telegram/sandbox") as phone,
    ):
        unmet = (await phone.post("/people", json={"first_name": "Otto"})).json()["id"]
        given = {"OPERATOR_CHAT_IDS": f"{unmet},-1001234", "LOG_FORMAT": "json"}
        async with started(tmp_path, "run", url=url, **given) as process:
            assert process.stderr is not None
            said = {}
            async with asyncio.timeout(PATIENCE):
                while len(said) < 2:
                    line = json.loads(await process.stderr.readline())
                    if line["event"].startswith("operator_"):
                        said[line["chat"]] = line
            process.send_signal(signal.SIGTERM)
            await process.communicate()
    assert "is a group's id" in said[-1001234]["why"]
    assert "press Start" in said[unmet]["why"]
    assert said[unmet]["level"] == "warning"


@pytest.mark.parametrize(
    "command",
    ["run", *(pytest.param(each, marks=pytest.mark.long) for each in ("check", "reseal"))],
)
async def test_a_key_that_opens_nothing_of_what_is_stored_ends_with_2_and_one_line(
    tmp_path, command
):
    async with opened(f"sqlite:///{tmp_path}/bot.db", ("the key it was sealed with",)) as database:
        sealed = DeliveryId("sealed0000")
        await database.run(lambda tx: tx.add_delivery(a_delivery(sealed)))
        await database.run(lambda tx: tx.save_claim(Claim(sealed, "ABCD2345", "x" * 22)))
    async with serving_sandbox(create_stage(limits=False)) as url:
        code, _, complaint = await finished(tmp_path, command, url=url, LOG_LEVEL="error")
    assert (code, complaint.count("\n")) == (2, 1)
    assert "LOCKERBOT_SECRET_KEY: opens nothing of what is stored" in complaint


@pytest.mark.long
async def test_towers_of_one_location_that_open_differently_end_run_and_check_with_2(tmp_path):
    (tmp_path / "towers.toml").write_text(
        f'[[towers]]\nid = "{FIRST}"\nopener = "token"\n[[towers]]\nid = "{SECOND}"\n'
    )
    locker = {"type": {"id": 1, "name": "small"}, "status": {"id": 1, "name": "available"}}
    doors = [
        {**locker, "id": n, "name": str(n), "towerId": t} for n, t in ((1, FIRST), (2, SECOND))
    ]

    def say(heard: Heard) -> bytes:
        if heard.path.startswith("/api/v1/locations/?"):
            return answer(200, [] if "skip=1" in heard.path else [{"id": 11, "name": "Market"}])
        return answer(200, doors if heard.path.endswith("/11/lockers") else [])

    async with serving_sandbox(create_stage(limits=False)) as url, stand_in(say) as harbor:
        given = {
            "LOCKERBOT_TOWERS": "towers.toml",
            "HARBOR_API_URL": harbor.url,
            "HARBOR_ACCOUNTS_URL": harbor.url,
        }
        await migrate(f"sqlite:///{tmp_path}/bot.db")
        code, _, complaint = await finished(tmp_path, "check", url=url, **given)
        assert (code, complaint.count("\n")) == (2, 1)
        assert "LOCKERBOT_TOWERS: towers" in complaint
        async with opened(f"sqlite:///{tmp_path}/bot.db", (KEY,)) as database:
            await database.run(lambda tx: tx.save_towers([tower(FIRST), tower(SECOND)]))
        code, _, complaint = await finished(tmp_path, "run", url=url, LOG_LEVEL="error", **given)
        assert (code, complaint.count("\n")) == (2, 1)
        assert "write the same opener and keypad for all of them" in complaint


def tower(which: str) -> Tower:
    where = {"address": "", "city": "", "latitude": None, "longitude": None, "zone": "UTC"}
    return Tower(TowerId(which), f"Market · {which[-4:]}", **where, location=11)


@pytest.mark.long
async def test_run_says_at_start_what_its_openers_demand(tmp_path):
    async with (
        serving_sandbox(create_stage(limits=False)) as url,
        started(tmp_path, "run", url=url, LOG_FORMAT="json") as process,
    ):
        assert process.stderr is not None
        async with asyncio.timeout(PATIENCE):
            line = json.loads(await process.stderr.readline())
        process.send_signal(signal.SIGTERM)
        await process.communicate()
    assert (line["event"], line["opener"]) == ("openers", "link")
    assert "App Clip" in line["link"]


async def test_harbor_by_hand_prints_one_json_value_and_no_log(tmp_path):
    def say(heard: Heard) -> bytes:
        return answer(200, {"id": 7} if heard.method == "POST" else [])

    async with stand_in(say) as harbor:
        where = {"HARBOR_API_URL": harbor.url, "HARBOR_ACCOUNTS_URL": harbor.url}
        code, told, complaint = await finished(
            tmp_path, "harbor", "reserve", FIRST, "5", "--json", **where
        )
    assert (code, complaint) == (0, "")
    assert json.loads(told)["reservation_id"] == 7


async def test_run_answers_a_person_and_sigterm_ends_it_in_time_with_0(tmp_path):
    async with (
        serving_sandbox(create_stage(limits=False)) as url,
        started(tmp_path, "run", url=url) as process,
        plain_http(base_url=f"{url}/telegram/sandbox", timeout=PATIENCE) as phone,
    ):
        person = (await phone.post("/people", json={"first_name": "Anna"})).json()["id"]
        await phone.post(f"/people/{person}/open", json={})
        async with asyncio.timeout(PATIENCE):
            chat = (await phone.get(f"/people/{person}/chat")).json()
            while all(message["outgoing"] for message in chat["messages"]):
                query = {"after": chat["revision"], "wait": 10}
                chat = (await phone.get(f"/people/{person}/chat", params=query)).json()
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            await process.wait()
        assert process.returncode == 0


async def answered(url: str, token: str | None = None) -> int | None:
    """The status, None where nobody listens."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        async with plain_http() as http:
            return (await http.get(url, headers=headers)).status_code
    except httpx.ConnectError:
        return None


@stamina.retry(on=httpx.ConnectError, attempts=None, timeout=PATIENCE, wait_max=0.1)
async def listening(url: str) -> None:
    async with plain_http() as http:
        await http.get(url)


@pytest.mark.long
async def test_metrics_are_open_on_loopback_else_by_token_and_can_have_a_port_of_their_own(
    tmp_path,
):
    port, apart = free_port(), free_port()
    at, there = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{apart}/metrics"
    given = {"PORT": str(port), "LOCKERBOT_METRICS_TOKEN": "a-token"}
    cases = [
        ({"HOST": "127.0.0.1"}, (200, 200, None, None)),
        ({"HOST": "0.0.0.0"}, (404, 200, None, None)),
        ({"HOST": "0.0.0.0", "LOCKERBOT_METRICS_PORT": str(apart)}, (404, 404, 200, 404)),
    ]
    async with serving_sandbox(create_stage(limits=False)) as url:
        for more, expected in cases:
            async with started(tmp_path, "run", url=url, **given, **more) as process:
                await listening(f"{at}/healthz")
                if "LOCKERBOT_METRICS_PORT" in more:
                    await listening(there)
                assert (
                    await answered(f"{at}/metrics"),
                    await answered(f"{at}/metrics", "a-token"),
                    await answered(there),
                    await answered(there.replace("metrics", "healthz")),
                ) == expected
                process.send_signal(signal.SIGTERM)
                await process.communicate()


@pytest.mark.long
async def test_a_token_that_telegram_does_not_know_is_said_and_never_shown(tmp_path):
    async with serving_sandbox(create_stage(limits=False)) as url:
        code, out, complaint = await finished(
            tmp_path, "run", url=url, TELEGRAM_BOT_TOKEN="43:unknown-token"
        )
    assert code == 1
    assert "TELEGRAM_BOT_TOKEN" in complaint
    assert "unknown-token" not in out + complaint


@pytest.mark.long
async def test_the_sandbox_says_where_it_is_and_ends_by_itself(tmp_path):
    code, told, _ = await finished(tmp_path, "sandbox", DEMO_SECONDS="0.5")
    assert code == 0
    assert re.search(r"http://127\.0\.0\.1:\d+/", told)


async def told_at_start(process: asyncio.subprocess.Process, lines: int) -> dict[str, str]:
    """The settings that a counterparty alone prints, after the line that says where it is."""
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        await process.stdout.readline()
        printed = [(await process.stdout.readline()).decode().strip() for _ in range(lines)]
    return dict(line.split("=", 1) for line in printed)


@pytest.mark.long
async def test_a_telegram_alone_prints_what_a_bot_needs_to_use_it(tmp_path):
    async with started(tmp_path, "sandbox", "telegram", "--port", "0") as process:
        told = await told_at_start(process, 2)
        url = f"{told['TELEGRAM_API_URL']}/bot{told['TELEGRAM_BOT_TOKEN']}/getMe"
        async with plain_http(timeout=PATIENCE) as http:
            assert (await http.get(url)).json()["ok"]


@pytest.mark.long
async def test_a_harbor_alone_prints_what_a_bot_needs_to_use_it(tmp_path):
    async with started(tmp_path, "sandbox", "harbor", "--port", "0") as process:
        told = await told_at_start(process, 4)
        assert told["HARBOR_API_URL"] == told["HARBOR_ACCOUNTS_URL"]
        form = {
            "grant_type": "client_credentials",
            "scope": "service_provider",
            "client_id": told["HARBOR_CLIENT_ID"],
            "client_secret": told["HARBOR_CLIENT_SECRET"],
        }
        path = "/realms/harbor/protocol/openid-connect/token"
        async with plain_http(timeout=PATIENCE) as http:
            grant = await http.post(told["HARBOR_ACCOUNTS_URL"] + path, data=form)
            assert grant.json()["access_token"]


@pytest.mark.long
async def test_a_port_that_is_taken_is_said_with_what_to_do(tmp_path):
    async with serving_sandbox(create_stage(limits=False)) as url:
        port = url.rpartition(":")[2]
        code, _, complaint = await finished(tmp_path, "sandbox", PORT=port)
        assert code == 2
        assert "PORT" in complaint
        code, _, complaint = await finished(tmp_path, "sandbox", "--port", port)
        assert code == 2
        assert f"--port {port}" in complaint
        code, _, complaint = await finished(tmp_path, "sandbox", "harbor", "--port", port)
        assert code == 2


async def test_a_host_that_is_not_this_machine_s_is_named_and_not_the_port():
    async with contextlib.AsyncExitStack() as stack:
        with pytest.raises(BadSetting, match=r"^LOCKERBOT_METRICS_HOST: 192\.0\.2\.1:0 "):
            await _served(stack, "LOCKERBOT_METRICS_", create_app(), "192.0.2.1", 0)


async def test_a_start_loads_nothing_that_only_a_terminal_would_show(tmp_path):
    tells = """
import sys
from cli.run import run
loaded = {name.partition(".")[0] for name in sys.modules}
print(sorted(loaded & {"structlog", "httpx", "rich", "pygments"}))
"""
    assert await ran(tmp_path, "-c", tells) == "['httpx', 'structlog']\n"
