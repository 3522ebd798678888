"""The dashboard and the alert rules that are shipped: true of the bot, and each with what to do.

Prometheus itself checks the rules and scrapes a running bot; where Debian's package `prometheus` is
not installed that is skipped, and named in the summary.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shutil
import socket
from collections.abc import AsyncIterator
from math import isnan
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.support.chat_edge import until
from tests.support.chats import MARKET
from tests.support.hooked import hooked
from tests.support.plain_http import plain_http
from tests.support.town import Somebody, Town

ROOT = Path(__file__).parent.parent
RULES = ROOT / "deploy/prometheus-alerts.yml"
DASHBOARD = ROOT / "deploy/grafana-dashboard.json"
PLAYED = ROOT / "tests/support/alerts_that_fire.yml"

with_prometheus = pytest.mark.skipif(
    not (shutil.which("prometheus") and shutil.which("promtool")),
    reason="Debian's package prometheus is not installed",
)


def rules() -> list[dict[str, Any]]:
    [group] = yaml.safe_load(RULES.read_text())["groups"]
    return list(group["rules"])


def panels() -> list[dict[str, Any]]:
    board = json.loads(DASHBOARD.read_text())
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def asked_by(panel: dict[str, Any]) -> list[tuple[str, str]]:
    """What a panel asks Prometheus, and its legend."""
    return [
        (
            target["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*"),
            target["legendFormat"],
        )
        for target in panel["targets"]
    ]


def expressions() -> list[tuple[str, str]]:
    """Each expression as Prometheus is asked it, with what is written about its labels."""
    found = [(rule["expr"], json.dumps(rule["annotations"])) for rule in rules()]
    return found + [each for panel in panels() for each in asked_by(panel)]


def selectors(expr: str) -> list[tuple[str, str]]:
    """The series that an expression names: `(name, matchers)`."""
    return re.findall(r"\b((?:lockerbot|process)_\w+|up\b)(?:\{([^}]*)\})?", expr)


def test_each_alert_has_a_section_that_says_what_to_do_and_no_other_has_one() -> None:
    told = re.findall(r"^### (Lockerbot\w+)\n\n\S", (ROOT / "docs/operating.md").read_text(), re.M)
    assert told == [rule["alert"] for rule in rules()]
    assert all(rule["labels"]["severity"] in ("page", "warn") for rule in rules())


def test_every_panel_says_what_it_shows() -> None:
    assert len({panel["title"] for panel in panels()}) == len(panels())
    assert all(panel["description"] and panel["targets"] for panel in panels())


async def promtool(*words: str) -> None:
    process = await asyncio.create_subprocess_exec(
        "promtool", *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()


@with_prometheus
async def test_prometheus_can_read_the_rules_and_they_fire_when_they_should() -> None:
    await promtool("check", "config", str(ROOT / "deploy/prometheus.yml"))
    await promtool("test", "rules", str(PLAYED))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def prometheus(folder: Path, target: str) -> AsyncIterator[httpx.AsyncClient]:
    """A Prometheus as `deploy/prometheus.yml` has it, but for its haste and where the bot is."""
    config = yaml.safe_load((ROOT / "deploy/prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "250ms", "evaluation_interval": "250ms"}
    config["rule_files"] = [str(RULES)]
    config["scrape_configs"][0]["static_configs"] = [{"targets": [target]}]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with plain_http(base_url=f"http://127.0.0.1:{port}/api/v1") as http:
            yield http
    finally:
        process.terminate()
        await process.wait()


class NotReady(Exception):
    """Prometheus listens, and can't be asked yet."""


async def asked(http: httpx.AsyncClient, path: str, **query: str) -> Any:
    said = await http.get(path, params=query)
    if said.status_code == 503:
        raise NotReady
    answer = said.json()
    assert answer["status"] == "success", answer
    return answer["data"]


async def scraped(http: httpx.AsyncClient) -> None:
    """Return once Prometheus has read the bot, and gone through the rules."""
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(httpx.TransportError, NotReady, KeyError):
                groups = (await asked(http, "/rules"))["groups"]
                health = {rule["health"] for group in groups for rule in group["rules"]}
                [up] = (await asked(http, "/query", query="sum(up)"))["result"] or [None]
                if up is not None and up["value"][1] == "1" and health == {"ok"}:
                    return
            await asyncio.sleep(0.1)


NO_NEWS = {"Alerts that stand"}
"""Panels that are empty where all is well."""


@with_prometheus
@pytest.mark.long
async def test_prometheus_finds_all_that_is_named_and_after_a_parcel_every_panel_shows_something(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with hooked(sqlite_url) as world:
        await until(lambda: world.watcher.looked_at)
        async with prometheus(tmp_path, world.web.removeprefix("http://")) as http:
            await scraped(http)
            for expr, told in expressions():
                await asked(http, "/query", query=expr)
                await has_all(http, expr, told)
            await a_parcel(Town(world))
            for panel in panels():
                for expr, _ in asked_by(panel):
                    if panel["title"] in NO_NEWS:
                        assert await values(http, expr) == []
                    else:
                        await shows(http, panel["title"], expr)


async def a_parcel(town: Town) -> None:
    """From hand to hand, while Prometheus looks."""
    anna = Somebody(await town.world.phone("Anna"))
    ben = Somebody(await town.world.phone("Ben"))
    await anna.opens_the_bot()
    await anna.taps("Send a parcel", MARKET, "Medium", "Send a link", "Reserve")
    link, _ = await anna.phone.claim()
    await ben.opens_the_bot(link)
    await anna.taps("Get drop-off code")
    await anna.puts_the_parcel_in()
    await town.a_few_seconds_pass()
    await ben.sees("is waiting for you")
    await ben.taps("Get pick-up code")
    await ben.takes_the_parcel_out()
    await town.a_few_seconds_pass()
    await ben.sees("You have collected")


async def values(http: httpx.AsyncClient, expr: str) -> list[float]:
    """What Prometheus answers, but for what is no number."""
    found = (await asked(http, "/query", query=expr))["result"]
    return [value for each in found if not isnan(value := float(each["value"][1]))]


async def shows(http: httpx.AsyncClient, title: str, expr: str) -> None:
    """Return once it has a value: what has happened is known at the next scrape."""
    try:
        async with asyncio.timeout(20):
            while not await values(http, expr):  # noqa: ASYNC110  # Prometheus has no event
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"{title} shows nothing: {expr}") from None


async def has_all(http: httpx.AsyncClient, expr: str, told: str) -> None:
    """Every series of `expr` is there, with every label that it or its words name."""
    named = {name.strip() for by in re.findall(r"by \(([^)]*)\)", expr) for name in by.split(",")}
    named |= {a or b for a, b in re.findall(r"\$labels\.(\w+)|\{\{(\w+)\}\}", told)}
    found = selectors(expr)
    assert found, expr
    for name, matchers in found:
        # Whether anything was refused depends on the day; all else is there.
        kept = ",".join(each for each in matchers.split(",") if "status" not in each)
        series = await asked(http, "/series", **{"match[]": f"{name}{{{kept}}}"})
        assert series, f"nothing is called {name}{{{kept}}}"
        labels = {label for each in series for label in each} | {"le"}
        wanted = named | set(re.findall(r"(\w+)\s*[=!]=?~?\"", matchers))
        assert wanted <= labels, f"{name} has no {wanted - labels}"
