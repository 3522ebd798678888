"""Settings that can't be used are named in one line; the rest connects."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain.ids import LockerId, TowerId
from cli.complaints import BadSetting
from cli.settings import Settings
from harbor.access import ACCOUNTS_URLS, API_URLS
from harbor.client import Harbor
from harbor.errors import NotOffered
from harbor.routes import ROUTES, Certainty, routes_with
from tests.support.harbor_stand_in import answer, stand_in

TOWER, LOCKER = TowerId("0100000000000175"), LockerId(959)


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)  # so that nobody's .env is read


def test_harbors_own_hosts_are_the_default() -> None:
    assert Settings.load().harbor_environment == "sandbox"
    assert API_URLS["production"] == "https://api.harborlockers.com"
    assert ACCOUNTS_URLS["sandbox"] == "https://accounts.sandbox.harborlockers.com"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HARBOR_ENVIRONMENT", "prod"),
        ("HARBOR_API_URL", "ftp://harbor"),
        ("HARBOR_API_URL", "harbor"),
        ("HARBOR_ACCOUNTS_URL", "https://me:pw@harbor"),
        ("HARBOR_ROUTES", "nonsense = = 3"),
        ("HARBOR_ROUTES", '{"reserve": "POST /x"}'),
        ("HARBOR_ROUTES", '{"cancel_reservation": "POST nowhere"}'),
        ("HARBOR_ROUTES", '{"cancel_reservation": "POST /{client_secret}"}'),
        ("HARBOR_ROUTES", '{"cancel_reservation": "POST /{tower_id.__class__}"}'),
        ("HARBOR_WEBHOOK_ALGORITHM", "md5"),
    ],
)
def test_a_bad_setting_is_one_line_that_names_it(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSetting) as bad:
        Settings.load()
    said = str(bad.value)
    assert said.startswith(f"{name}: ")
    assert "\n" not in said
    assert "me:pw" not in said


@pytest.mark.parametrize("given", ["HARBOR_CLIENT_ID", "HARBOR_CLIENT_SECRET"])
def test_half_the_credentials_name_the_other_half(
    monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv(given, "something")
    with pytest.raises(BadSetting, match=r"HARBOR_CLIENT_(ID|SECRET): not set") as bad:
        _ = Settings.load().harbor
    assert given not in str(bad.value)


def test_the_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARBOR_CLIENT_SECRET", "hush-hush")
    monkeypatch.setenv("HARBOR_WEBHOOK_SECRET", "hush-hush")
    settings = Settings.load()
    assert "hush-hush" not in repr(settings)
    assert "hush-hush" not in repr(settings.harbor_signature)


def test_pushes_are_signed_as_the_settings_say(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.load().harbor_signature is None
    monkeypatch.setenv("HARBOR_WEBHOOK_SECRET", "shared")
    monkeypatch.setenv("HARBOR_WEBHOOK_SIGNATURE_HEADER", "X-Mac")
    monkeypatch.setenv("HARBOR_WEBHOOK_ALGORITHM", "HMAC-SHA-512")
    signature = Settings.load().harbor_signature
    assert signature is not None
    assert (signature.header, signature.algorithm) == ("X-Mac", "sha512")


async def test_a_client_is_connected_to_what_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stand_in(answer(200, [])) as server:
        monkeypatch.setenv("HARBOR_API_URL", f"{server.url}/harbor/")
        monkeypatch.setenv("HARBOR_ACCOUNTS_URL", server.url)
        monkeypatch.setenv("HARBOR_CLIENT_ID", "shop")
        monkeypatch.setenv("HARBOR_CLIENT_SECRET", "hush-hush")
        async with Harbor(Settings.load().harbor) as harbor:
            await harbor.assigned_lockers()
        assert server.calls[0].path == "/harbor/api/v1/users/me/assigned-lockers"


@pytest.mark.parametrize(
    "text",
    [
        '{"cancel_reservation": "POST /v2/{tower_id}/{locker_id}/cancel"}',
        'cancel_reservation = "post /v2/{tower_id}/{locker_id}/cancel"',
    ],
)
async def test_a_route_that_is_unknown_can_be_set(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("HARBOR_ROUTES", text)
    async with stand_in(answer(204, b"")) as server:
        async with server.harbor(routes=Settings.load().harbor_routes) as harbor:
            await harbor.cancel_reservation(TOWER, LOCKER, None)
        assert (server.calls[0].method, server.calls[0].path) == ("POST", f"/v2/{TOWER}/959/cancel")


async def test_a_route_that_is_switched_off_is_not_offered_and_nothing_is_sent() -> None:
    async with stand_in(answer(200, [])) as server:
        async with server.harbor(routes={"cancel_reservation": ""}) as harbor:
            with pytest.raises(NotOffered):
                await harbor.cancel_reservation(TOWER, LOCKER, 3)
        async with server.harbor() as harbor:
            with pytest.raises(NotOffered, match="reservation_id"):
                await harbor.cancel_reservation(TOWER, LOCKER, None)
        assert not server.calls
        assert not server.renewals


def test_what_harbor_has_confirmed_can_not_be_changed() -> None:
    for name, route in ROUTES.items():
        if route.certainty is Certainty.CONFIRMED:
            with pytest.raises(ValueError, match=name):
                routes_with({name: "GET /x"})
        else:
            assert routes_with({name: "PUT /x"})[name].method == "PUT"
            assert routes_with({name: "PUT /x"})[name].changes == route.changes
