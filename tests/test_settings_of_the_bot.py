"""Settings: each is checked at start; a bad one is one line that says what to do."""

import pytest

from cli.settings import BadSetting, Settings, known_names
from wording.language import LANGUAGES

TOKEN = "42:for-tests-only"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in (*known_names(), *(field.upper() for field in Settings.model_fields)):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("TELEGRAM_BOT_TOKEN", "hello", "@BotFather"),
        ("TELEGRAM_API_URL", "telegram.org", "http(s)://"),
        ("DATABASE_URL", "mysql://x", "sqlite:///"),
        ("PUBLIC_URL", "http://example.com", "https://"),
        ("PORT", "eighty", "integer"),
        ("PORT", "70000", "65535"),
        ("OPERATOR_CHAT_IDS", "me", "integer"),
        ("LOG_LEVEL", "loud", "debug"),
        ("LOG_FORMAT", "xml", "json"),
        ("TELEGRAM_WEBHOOK_SECRET", "no spaces", "A-Z"),
        ("LOCKERBOT_SECRET_KEY", "short", "openssl"),
        ("LOCKERBOT_TOWERS", "12", "16 hexadecimal"),
        ("LOCKERBOT_TOWERS", "missing.toml", "TOML"),
        ("LOCKERBOT_RESERVATION_SECONDS", "1", "10"),
        ("LOCKERBOT_DROP_OFF_TOKEN_SECONDS", "x", "integer"),
        ("LOCKERBOT_PICK_UP_TOKEN_SECONDS", "99999999", "604800"),
        ("LOCKERBOT_STORAGE_HOURS", "0", "1"),
        ("LOCKERBOT_WATCH_SECONDS", "0", "0.5"),
        ("LOCKERBOT_MESSAGES_A_SECOND", "0", "1"),
        ("LOCKERBOT_MESSAGES_A_SECOND", "1001", "1000"),
        ("LOCKERBOT_OPENER", "key", "token"),
        ("LOCKERBOT_LOCALE", "tlh", "en"),
        ("DEMO_SECONDS", "soon", "number"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_with_what_to_do(monkeypatch, name, value, says):
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSetting) as refused:
        Settings.load()
    message = str(refused.value)
    assert message.startswith(f"{name}: ")
    assert says in message
    assert "\n" not in message


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_with_a_catalogue_can_be_the_one_for_everybody_else(monkeypatch, language):
    monkeypatch.setenv("LOCKERBOT_LOCALE", language)
    assert Settings.load().locale == language


def test_a_new_language_is_offered_without_a_word_here(monkeypatch):
    monkeypatch.setattr("cli.settings.LANGUAGES", ("en", "it"))
    monkeypatch.setenv("LOCKERBOT_LOCALE", "it")
    assert Settings.load().locale == "it"
    monkeypatch.setenv("LOCKERBOT_LOCALE", "de")
    with pytest.raises(BadSetting, match="LOCKERBOT_LOCALE: Input should be 'en' or 'it'"):
        Settings.load()


def test_no_secret_appears_in_what_is_said_about_it(monkeypatch):
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "not-a-token-but-secret")
    monkeypatch.setenv("LOCKERBOT_SECRET_KEY", "a-secret")
    with pytest.raises(BadSetting) as refused:
        Settings.load()
    assert "secret" not in str(refused.value).partition(":")[2]


def test_an_unknown_name_is_refused_with_the_nearest_known_one(monkeypatch):
    monkeypatch.setenv("LOCKERBOT_WATCH_SECOND", "5")
    with pytest.raises(BadSetting, match="LOCKERBOT_WATCH_SECONDS"):
        Settings.load()


def test_a_dot_env_file_is_read_and_its_slips_are_refused_too(tmp_path):
    (tmp_path / ".env").write_text("LOCKERBOT_STORAGE_HOURS=10\n")
    assert Settings.load().storage_hours == 10
    (tmp_path / ".env").write_text("LOCKERBOT_STORAGE_HOUR=10\n")
    with pytest.raises(BadSetting, match="LOCKERBOT_STORAGE_HOURS"):
        Settings.load()


def test_without_any_setting_the_defaults_of_the_contract_hold():
    settings = Settings.load()
    assert settings.database_url == "sqlite:///lockerbot.db"
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert settings.policy.reservation.total_seconds() == 300
    assert settings.policy.drop_off.total_seconds() == 3000
    assert settings.policy.pick_up.total_seconds() == 900
    assert settings.policy.storage.total_seconds() == 72 * 3600
    assert settings.policy.watch.total_seconds() == 5
    assert settings.only_towers is None


def test_what_is_needed_and_missing_is_said_with_where_to_get_it():
    with pytest.raises(BadSetting, match="@BotFather"):
        Settings.load().need("TELEGRAM_BOT_TOKEN")
    with pytest.raises(BadSetting, match="openssl rand"):
        Settings.load(telegram_bot_token=TOKEN).need("TELEGRAM_BOT_TOKEN", "LOCKERBOT_SECRET_KEY")


def test_towers_come_as_ids_or_as_a_file(monkeypatch, tmp_path):
    monkeypatch.setenv("LOCKERBOT_TOWERS", "010000000000010A, 0100000000000102")
    assert Settings.load().only_towers == ["010000000000010a", "0100000000000102"]
    (tmp_path / "towers.toml").write_text('[[towers]]\nid = "0100000000000103"\n')
    monkeypatch.setenv("LOCKERBOT_TOWERS", "towers.toml")
    assert Settings.load().only_towers == ["0100000000000103"]


def test_webhook_path_and_secret_stay_the_same_for_a_key_and_differ_for_another():
    one, same = (Settings.load(LOCKERBOT_SECRET_KEY="k" * 32) for _ in range(2))
    other = Settings.load(LOCKERBOT_SECRET_KEY="j" * 32)
    assert (one.webhook_path, one.webhook_secret) == (same.webhook_path, same.webhook_secret)
    assert one.webhook_path != other.webhook_path
    assert one.webhook_path.startswith("/telegram/")
    assert one.webhook_secret not in one.webhook_path
