"""`.env.example` is as the settings are, and a copy of it changes nothing."""

from __future__ import annotations

import pytest
from dotenv import dotenv_values

from cli.complaints import BadSetting
from cli.settings import Settings
from docs.env_example import EXAMPLE, ROOT, example, rows

README = (ROOT / "README.md").read_text()
NEEDED = {"TELEGRAM_BOT_TOKEN", "HARBOR_CLIENT_ID", "HARBOR_CLIENT_SECRET", "LOCKERBOT_SECRET_KEY"}


def test_the_file_is_as_settings_and_readme_are():
    assert EXAMPLE.read_text() == example(README)


def test_every_setting_stands_in_it_once_and_the_needed_ones_are_open():
    named = [name for names, _, _ in rows(README) for name in names]
    assert sorted(named) == sorted(Settings.names())
    assert set(dotenv_values(EXAMPLE)) == NEEDED


def test_a_setting_that_the_readme_lacks_is_an_error():
    with pytest.raises(ValueError, match="LOCKERBOT_EPHEMERAL_DISK"):
        example(README.replace("| `LOCKERBOT_EPHEMERAL_DISK` |", "| its name |"))


def test_a_copy_changes_nothing_and_lacks_what_is_needed(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in Settings.names():
        monkeypatch.delenv(name, raising=False)
    untouched = Settings.load()
    (tmp_path / ".env").write_text(EXAMPLE.read_text())
    copied = Settings.load()
    assert copied == untouched
    with pytest.raises(BadSetting, match="TELEGRAM_BOT_TOKEN"):
        copied.need("TELEGRAM_BOT_TOKEN")
