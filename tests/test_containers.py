"""What is shipped for containers and systemd, as far as it can be looked at without either.

systemd's own judge of hardening is asked where it is installed; else that is skipped, and named.
compose.yaml is held against the Compose Specification's schema (tests/support/compose_spec, which
has a licence of its own). No container is started here; `make image` builds the image, and runs a
bot in it.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import sys
import tomllib
from typing import Any

import jsonschema_rs
import pytest
import yaml

from cli.settings import Settings
from tests.support.chats import free_port
from tests.support.commands import ROOT
from web.app import create_app
from web.serving import serving

UNIT = (ROOT / "deploy/lockerbot.service").read_text()
CONTAINERFILE = (ROOT / "Containerfile").read_text()
PROBE = ("deploy/livez.py", "/opt/lockerbot/deploy/livez.py")
SCHEMA = ROOT / "tests/support/compose_spec/schema.json"
EXPOSURE = 20
"""In tenths, of a hundred."""


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return found


def complaints(written: dict[str, Any]) -> list[str]:
    """What the Compose Specification does not allow."""
    schema = jsonschema_rs.validator_for(json.loads(SCHEMA.read_text()))
    return [error.message for error in schema.iter_errors(written)]


async def probed(port: int) -> int | None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / PROBE[0]),
        env={"PORT": str(port), "http_proxy": "http://127.0.0.1:9"},
    )
    return await process.wait()


@pytest.mark.parametrize(("lives", "code"), [(True, 0), (False, 1)])
async def test_the_probe_of_the_image_says_what_livez_says(lives, code):
    async def said(answer: bool) -> dict[str, Any]:
        return {"ok": answer, "reasons": []}

    app = create_app(live=lambda: said(lives), health=lambda: said(not lives))
    async with serving(app) as url:
        assert await probed(int(url.rpartition(":")[2])) == code


async def test_the_probe_fails_where_nobody_listens():
    assert await probed(free_port()) == 1


def test_whatever_restarts_the_bot_asks_livez_alone():
    asked = json.loads(re.findall(r"^    CMD (\[.*\])$", CONTAINERFILE, re.MULTILINE)[0])
    assert asked == ["python", PROBE[1]]
    assert compose()["services"]["bot"]["healthcheck"]["test"] == ["CMD", *asked]
    for written in (UNIT, CONTAINERFILE, (ROOT / "compose.yaml").read_text()):
        assert not re.search("readyz|healthz", written)


def test_the_image_holds_every_package_of_the_wheel_and_runs_as_nobody_in_particular():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    packages.remove("harbor_lockerbot")  # in the image they lie as in the tree
    copied = dict(re.findall(r"^COPY (\w+) (\w+)$", CONTAINERFILE, re.MULTILINE))
    assert copied == {name: name for name in packages}
    let_in = (ROOT / ".containerignore").read_text()
    assert all(f"!{name}\n" in let_in for name in packages)
    assert re.search(r"^USER (?!0|root)\d+:\d+$", CONTAINERFILE, re.MULTILINE)
    assert not re.search("amd64|arm64|x86|TARGETARCH", CONTAINERFILE.partition("\nARG")[2])


def test_compose_is_as_its_specification_wants_it():
    assert complaints(compose()) == []


@pytest.mark.parametrize(
    ("at", "name", "wrong"),
    [
        (("services", "bot"), "helthcheck", {}),
        (("services", "bot"), "read_only", ["no"]),
        (("services", "database", "healthcheck"), "interval", 5),
        (("secrets", "metrics_token"), "env", "LOCKERBOT_METRICS_TOKEN"),
    ],
)
def test_the_specification_complains_of_what_compose_would_refuse(at, name, wrong):
    written = compose()
    part = written
    for step in at:
        part = part[step]
    part[name] = wrong
    assert complaints(written)


def test_compose_gives_the_bot_a_root_that_it_cannot_write_and_no_capabilities():
    services = compose()["services"]
    assert services["bot"]["read_only"] is True
    assert services["bot"]["cap_drop"] == ["ALL"]
    assert {name for name, service in services.items() if "profiles" in service} == {
        "prometheus",
        "grafana",
    }
    assert all(
        port.startswith("127.0.0.1:") for s in services.values() for port in s.get("ports", ())
    )
    assert set(services["bot"]["environment"]) <= set(Settings.names())
    for service in services.values():
        for mount in service.get("volumes", ()):
            source = mount.partition(":")[0]
            assert source in compose()["volumes"] or (ROOT / source).is_file()


def mounted(service: str) -> dict[str, str]:
    """Files of ours by their places in a service of compose's."""
    mounts = [each.split(":") for each in compose()["services"][service]["volumes"]]
    return {place[0]: source for source, *place in mounts if source.startswith("./")}


def test_under_compose_prometheus_finds_the_bot_and_grafana_prometheus_and_the_dashboard():
    services = compose()["services"]
    config = yaml.safe_load(
        (ROOT / mounted("prometheus")["/etc/prometheus/prometheus.yml"]).read_text()
    )
    [job] = config["scrape_configs"]
    port = services["bot"]["environment"]["LOCKERBOT_METRICS_PORT"]
    assert job["static_configs"] == [{"targets": [f"bot:{port}"]}]
    [secret] = services["prometheus"]["secrets"]
    assert job["authorization"]["credentials_file"] == f"/run/secrets/{secret}"
    assert [f"/etc/prometheus/{each}" for each in config["rule_files"]] == [
        place for place in mounted("prometheus") if place.endswith("alerts.yml")
    ]
    provisioned = {
        place.rpartition("/")[0].rpartition("/")[2]: yaml.safe_load((ROOT / source).read_text())
        for place, source in mounted("grafana").items()
        if place.startswith("/etc/grafana/provisioning/")
    }
    [source] = provisioned["datasources"]["datasources"]
    assert source["url"] == "http://prometheus:9090"
    [provider] = provisioned["dashboards"]["providers"]
    [dashboard] = [place for place in mounted("grafana") if place.endswith(".json")]
    assert dashboard.startswith(f"{provider['options']['path']}/")


@pytest.mark.skipif(
    not shutil.which("promtool"), reason="Debian's package prometheus is not installed"
)
def test_prometheus_can_read_what_compose_gives_it(tmp_path):
    for place, source in mounted("prometheus").items():
        shutil.copy(ROOT / source, tmp_path / place.rpartition("/")[2])
    config = tmp_path / "prometheus.yml"
    config.write_text(config.read_text().replace("/run/secrets/", f"{tmp_path}/"))
    (tmp_path / "metrics_token").touch()
    said = subprocess.run(
        ["promtool", "check", "config", str(config)], capture_output=True, text=True
    )
    assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="Debian's package systemd is not installed"
)
def test_systemd_finds_the_unit_hardly_exposed():
    said = subprocess.run(
        [
            "systemd-analyze",
            "security",
            "--no-pager",
            "--offline=true",
            f"--threshold={EXPOSURE}",
            str(ROOT / "deploy/lockerbot.service"),
        ],
        capture_output=True,
        text=True,
    )
    assert said.returncode == 0, said.stdout + said.stderr
    assert "Overall exposure level" in said.stdout


def test_a_setting_that_cannot_be_used_is_not_tried_again_and_again():
    assert "\nRestart=on-failure\n" in UNIT
    assert "\nRestartPreventExitStatus=2\n" in UNIT
