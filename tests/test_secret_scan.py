"""What the secret scan takes for a secret, and what it does not."""

import pytest

from docs.secret_scan import found_in

SECRETS = {
    "a bot token": "123456789:" + "A" * 35,
    "a private key": "-----BEGIN " + "RSA PRIVATE KEY-----",
    "a signed token": "eyJ" + "a" * 20 + ".eyJ" + "b" * 20 + "." + "c" * 20,
    "a GitHub token": "ghp_" + "a" * 36,
    "an AWS key": "AKIA" + "A" * 16,
    "a Slack token": "xoxb-" + "1" * 24,
    "a password in an address": "postgresql://bot:" + "p" * 16 + "@db.example/bot",
    "a set secret": "LOCKERBOT_SECRET_KEY=" + "0f" * 32,
}


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_is_found_by_its_look(kind: str) -> None:
    assert list(found_in(f"first\nx = '{SECRETS[kind]}'")) == [(2, kind)]
    assert list(found_in(f"{SECRETS[kind]}  # not a secret")) == []


@pytest.mark.parametrize(
    "line",
    [
        "LOCKERBOT_SECRET_KEY=$(openssl rand -hex 32)",
        "42:sandbox",
        "postgresql://user:password@host/name",
        "sha256:0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f",
    ],
)
def test_what_is_none_is_let_be(line: str) -> None:
    assert list(found_in(line)) == []
