"""Settings: each is checked at start; a bad one is one line that says what to do."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.domain.ids import TowerId
from bot.domain.openers import BY_LINK, Opener, Openers
from bot.domain.policy import Policy
from bot.domain.tower import Tower
from cli.bootstrap import _say_what_differs
from cli.check import _noted
from cli.complaints import BadSetting
from cli.openers import demands, differing
from cli.settings import Settings, known_names, page_links
from tests.support.openers import BOTH_BY_LINK, MIXED
from wording.language import LANGUAGES

TOKEN = "42:for-tests-only"
SECRET = "{payload}/{payload_auth}"
FIRST, SECOND = "0100000000000101", "0100000000000102"


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
        ("TELEGRAM_API_URL", "http://telegram.example:port", "http(s)://"),
        ("DATABASE_URL", "mysql://x", "sqlite:///"),
        ("DATABASE_URL", "sqlite:///", "sqlite:///file"),
        ("PUBLIC_URL", "http://example.com", "https://"),
        ("PUBLIC_URL", "https://example.com:port", "http(s)://"),
        ("PUBLIC_URL", "https://[example.com", "http(s)://"),
        ("PORT", "eighty", "integer"),
        ("PORT", "70000", "65535"),
        ("OPERATOR_CHAT_IDS", "me", "integer"),
        (
            "OPERATOR_CHAT_IDS",
            "1000,99999999999999999999",
            "99999999999999999999 is no Telegram id",
        ),
        ("OPERATOR_CHAT_IDS", "0", "0 is no Telegram id"),
        ("OPERATOR_GROUP_ID", "ops", "integer"),
        ("OPERATOR_GROUP_ID", "-99999999999999999999", "copy it again"),
        ("HARBOR_ROUTES", '{"cancel', 'write {"cancel_reservation"'),
        ("HARBOR_ROUTES", "[cancel_reservation]", 'write {"cancel_reservation"'),
        ("LOCKERBOT_FIRST_REMINDER_HOURS", "72", "less than LOCKERBOT_STORAGE_HOURS (72)"),
        ("LOCKERBOT_LAST_REMINDER_HOURS", "100", "less than LOCKERBOT_STORAGE_HOURS (72)"),
        ("LOCKERBOT_AWAITED_REMINDER_HOURS", "0", "greater than or equal to 1"),
        ("LOCKERBOT_HOLD_WARNING_SECONDS", "300", "less than LOCKERBOT_RESERVATION_SECONDS (300)"),
        ("LOCKERBOT_PREPARED_WARNING_HOURS", "168", "less than LOCKERBOT_PREPARED_DAYS (7 days)"),
        ("LOCKERBOT_EXTENSION_HOURS", "none", "integer"),
        ("LOCKERBOT_EXTENSIONS", "-1", "greater than or equal to 0"),
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
        ("LOCKERBOT_OPENER", "key", "write token, link, or drop_off=token pick_up=link"),
        ("LOCKERBOT_OPENER", "token link", "write token, link"),
        ("LOCKERBOT_OPENER", "drop_off=token", "for each movement"),
        ("LOCKERBOT_OPENER", "drop_off=token drop_off=link", "for each movement"),
        ("LOCKERBOT_OPENER", "drop_off=token pick_up=link pick_up=link", "for each movement"),
        ("LOCKERBOT_OPENER", "drop_off=token pick_up=", "'' is no opener"),
        ("LOCKERBOT_OPENER", "keypad", "keypad = true"),
        ("LOCKERBOT_APP_NAME", "x" * 41, "1 to 40"),
        ("LOCKERBOT_APP_NAME", "Door\napp", "one line"),
        ("LOCKERBOT_APP_NAME", "   ", "1 to 40"),
        ("LOCKERBOT_LINK_SECONDS", "9", "10"),
        ("LOCKERBOT_PICK_UP_LINK_SECONDS", "a day", "integer"),
        ("LOCKERBOT_PREPARED_DAYS", "0", "1"),
        ("LOCKERBOT_APP_LINK", "https://app.example/", "{payload} once, after #"),
        ("LOCKERBOT_APP_LINK", f"http://app.example/#{SECRET}", "https://"),
        ("LOCKERBOT_APP_LINK", f"myapp://open#{SECRET}", "https://"),
        ("LOCKERBOT_APP_LINK", f"https:///open#{SECRET}", "host"),
        ("LOCKERBOT_APP_LINK", f"https://{{tower_id}}.example/#{SECRET}", "placeholders"),
        ("LOCKERBOT_APP_LINK", f"https://a.example:{{locker_id}}/#{SECRET}", "placeholders"),
        ("LOCKERBOT_APP_LINK", f"https://a.example:99999/#{SECRET}", "host"),
        ("LOCKERBOT_APP_LINK", "https://a.example/?p={payload}#{payload_auth}", "after #"),
        ("LOCKERBOT_APP_LINK", "https://a.example/{payload_auth}#{payload}", "after #"),
        ("LOCKERBOT_APP_LINK", f"https://a.example/#{SECRET}{{payload}}", "{payload} once"),
        ("LOCKERBOT_APP_LINK", f"https://a.example/{{door}}#{SECRET}", "placeholder {door}"),
        ("LOCKERBOT_APP_LINK", f"https://a.example/{{#{SECRET}", "a brace"),
        ("LOCKERBOT_APP_LINK", f"https://a.example/a b#{SECRET}", "without spaces"),
        ("LOCKERBOT_APP_LINK", f"https://a.example/{'x' * 2000}#{SECRET}", "2000"),
        ("LOCKERBOT_LOCALE", "tlh", "en"),
        ("LOCKERBOT_COUNTRY", "EU", "two letters"),
        ("LOCKERBOT_TRUSTED_PROXIES", "10.0.0.1, proxy", "addresses or networks"),
        ("LOCKERBOT_TRUSTED_PROXIES", "10.0.0.0/40", "addresses or networks"),
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


def test_reminders_and_extensions_are_what_is_set_and_else_what_they_were(monkeypatch):
    names = ("first_reminder", "last_reminder", "awaited_reminder", "hold_warning")
    names = (*names, "prepared_warning", "extension", "extensions")
    as_before, usual = Policy(), Settings.load().policy
    assert [getattr(usual, name) for name in names] == [getattr(as_before, name) for name in names]
    for name, value in (
        ("FIRST_REMINDER_HOURS", 10),
        ("LAST_REMINDER_HOURS", 2),
        ("AWAITED_REMINDER_HOURS", 3),
        ("HOLD_WARNING_SECONDS", 60),
        ("PREPARED_WARNING_HOURS", 5),
        ("EXTENSION_HOURS", 12),
        ("EXTENSIONS", 0),
    ):
        monkeypatch.setenv(f"LOCKERBOT_{name}", str(value))
    chosen = Settings.load().policy
    hours = [timedelta(hours=each) for each in (10, 2, 3)]
    assert [getattr(chosen, name) for name in names] == [
        *hours,
        timedelta(seconds=60),
        timedelta(hours=5),
        timedelta(hours=12),
        0,
    ]


def test_a_short_time_to_collect_or_hold_needs_no_reminder_set_anew(monkeypatch):
    monkeypatch.setenv("LOCKERBOT_STORAGE_HOURS", "1")
    monkeypatch.setenv("LOCKERBOT_RESERVATION_SECONDS", "60")
    monkeypatch.setenv("LOCKERBOT_PREPARED_DAYS", "1")
    policy = Settings.load().policy
    assert policy.hold_warning == timedelta(seconds=30)
    assert policy.prepared_warning == timedelta(hours=12)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_with_a_catalogue_can_be_the_one_for_everybody_else(monkeypatch, language):
    monkeypatch.setenv("LOCKERBOT_LOCALE", language)
    assert Settings.load().locale == language


def test_a_new_language_is_offered_without_a_word_here(monkeypatch):
    monkeypatch.setattr("cli.fields.LANGUAGES", ("en", "it"))
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


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://bot:hunter2%@host/name",
        "postgresql://bot:hunter2%00@host/name",
        "postgresql://bot:hunter2/@host/name",
        "postgresql://bot:a@hunter2@host/name",
        "postgresql://bot:hunter2@[::1]5432/name",
        "postgresql://bot:hunter2@[]/name",
        "postgresql://bot:hunter2@host:99999/name",
        "postgresql://hunter2\u2100:@host/name",
    ],
)
def test_of_an_address_of_postgresql_that_libpq_would_repeat_nothing_is_repeated(monkeypatch, url):
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(BadSetting, match=r"^DATABASE_URL: ") as refused:
        Settings.load()
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgres://",
        "postgresql:///name?host=/run/postgresql",
        "postgresql://%2Frun%2Fpostgresql/name",
        "postgresql://bot:a#b:c%40d@one:5432,two:,[::1]:5433/name?sslmode=require",
    ],
)
def test_whatever_libpq_can_read_is_an_address_of_postgresql(monkeypatch, url):
    monkeypatch.setenv("DATABASE_URL", url)
    assert Settings.load().database_url == url


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


@pytest.mark.parametrize("load", [Settings.load, Settings.load_what_can_be_used])
@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_dot_env_file_that_is_no_utf_8_is_said_in_a_line(tmp_path, load, encoding):
    (tmp_path / ".env").write_text("LOCKERBOT_BUSINESS_NAME=Pakete für alle\n", encoding)
    with pytest.raises(BadSetting) as refused:
        load()
    assert str(refused.value) == ".env: is not written in UTF-8; save it so"


@pytest.mark.parametrize("load", [Settings.load, Settings.load_what_can_be_used])
@pytest.mark.parametrize("slip", ["PORT: 8080", "TELEGRAM_BOT_TOKEN", 'PUBLIC_URL="https://a'])
def test_a_line_of_dot_env_that_sets_nothing_is_named_by_its_number_and_not_told(
    tmp_path, capsys, load, slip
):
    (tmp_path / ".env").write_text(f"# ours\n\nexport LOCKERBOT_STORAGE_HOURS=10\n{slip}\n")
    with pytest.raises(BadSetting) as refused:
        load()
    assert str(refused.value) == ".env, line 4: is not NAME=value; write it so"
    assert capsys.readouterr().err == ""


def test_a_value_of_which_no_text_can_be_made_is_named_and_not_told(monkeypatch):
    monkeypatch.setenv("HARBOR_CLIENT_SECRET", "hunter2\udcff")
    with pytest.raises(BadSetting) as refused:
        Settings.load()
    assert str(refused.value) == "HARBOR_CLIENT_SECRET: is not written in UTF-8; write it anew"


def test_without_any_setting_the_defaults_of_the_contract_hold():
    settings = Settings.load()
    assert settings.database_url == "sqlite:///lockerbot.db"
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert settings.policy.reservation.total_seconds() == 300
    assert settings.policy.drop_off.total_seconds() == 3000
    assert settings.policy.pick_up.total_seconds() == 900
    assert settings.policy.storage.total_seconds() == 72 * 3600
    assert settings.policy.watch.total_seconds() == 5
    assert settings.policy.openers == BOTH_BY_LINK
    assert settings.policy.link_hold.total_seconds() == 300
    assert settings.policy.link_lasts.total_seconds() == 86400
    assert settings.policy.prepared.days == 7
    assert settings.policy.prepared_warning.days == 1
    assert (settings.policy.app_name, settings.policy.app_link) == (None, None)
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


def test_unless_anybody_says_otherwise_all_doors_are_opened_by_link():
    assert Openers(Opener.LINK, Opener.LINK) == BY_LINK
    assert Settings.load().policy.openers == BY_LINK


@pytest.mark.parametrize(
    ("written", "drop_off", "pick_up"),
    [
        ("token", Opener.TOKEN, Opener.TOKEN),
        ("link", Opener.LINK, Opener.LINK),
        ("drop_off=token pick_up=link", Opener.TOKEN, Opener.LINK),
        ("  pick_up=token   drop_off=link ", Opener.LINK, Opener.TOKEN),
    ],
)
def test_openers_are_written_as_one_or_by_movement_in_either_order(
    monkeypatch, written, drop_off, pick_up
):
    monkeypatch.setenv("LOCKERBOT_OPENER", written)
    assert Settings.load().policy.openers == Openers(drop_off, pick_up)


def test_a_tower_of_the_file_may_say_its_own_opener_and_that_it_has_a_keypad(monkeypatch, tmp_path):
    (tmp_path / "towers.toml").write_text(
        f'[[towers]]\nid = "{FIRST}"\nopener = "drop_off=token pick_up=link"\n'
        f'[[towers]]\nid = "{SECOND}"\nkeypad = true\n'
    )
    monkeypatch.setenv("LOCKERBOT_TOWERS", "towers.toml")
    policy = Settings.load().policy
    assert policy.openers_at(TowerId(FIRST)) == MIXED
    assert policy.openers_at(TowerId(SECOND)) == Openers(Opener.LINK, Opener.LINK, keypad=True)


def test_operators_look_after_the_towers_that_name_them_or_after_all(monkeypatch, tmp_path):
    (tmp_path / "towers.toml").write_text(
        f'[[towers]]\nid = "{FIRST}"\noperators = [7, 8, -100]\n'
        f'[[towers]]\nid = "{SECOND}"\noperators = [8]\n'
    )
    monkeypatch.setenv("LOCKERBOT_TOWERS", "towers.toml")
    monkeypatch.setenv("OPERATOR_CHAT_IDS", "9,-200")
    policy = Settings.load().policy
    assert policy.operators_at(TowerId(FIRST)) == {7, 8, 9}
    assert policy.operators_at(TowerId(SECOND)) == {8, 9}
    assert policy.operators_at(None) == {9}
    assert policy.all_operators == {7, 8, 9}
    assert [policy.towers_of(who) for who in (9, 8, 7, 6)] == [
        None,
        {FIRST, SECOND},
        {FIRST},
        frozenset(),
    ]
    assert [policy.operates(who) for who in (9, 7, 6, -100)] == [True, True, False, False]
    assert policy.operates_at(8, TowerId(SECOND))
    assert not policy.operates_at(7, TowerId(SECOND))
    assert not policy.operates_at(7, None)


@pytest.mark.parametrize(("value", "group"), [("-1001234", -1001234), ("1234", None)])
def test_only_a_groups_id_is_the_operators_group(monkeypatch, value, group):
    monkeypatch.setenv("OPERATOR_GROUP_ID", value)
    assert Settings.load().policy.operator_group == group


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (f'id = "{FIRST}"\nopenr = "link"', "no key 'openr'; did you mean opener?"),
        (f'id = "{FIRST}"\nkeypads = true', "did you mean keypad?"),
        (f'id = "{FIRST}"\nkeypad = "yes"', "true or false"),
        (f'id = "{FIRST}"\noperators = 5', "operators is a list of Telegram ids"),
        (f'id = "{FIRST}"\noperators = ["5"]', "operators is a list of Telegram ids"),
        (f'id = "{FIRST}"\noperators = [true]', "operators is a list of Telegram ids"),
        (f'id = "{FIRST}"\noperators = [{10**20}]', f"{10**20} is no Telegram id"),
        (f'id = "{FIRST}"\noperator = [5]', "did you mean operators?"),
        (f'id = "{FIRST}"\nopener = "door"', f"tower {FIRST}: 'door' is no opener"),
        (f'id = "{FIRST}"\nopener = ["link"]', f"tower {FIRST}: "),
        (f'id = "{FIRST}"\n[[towers]]\nid = "{FIRST.upper()}"', "two [[towers]] tables"),
        ('opener = "link"', "no id"),
        ("id = 12", "16 hexadecimal"),
        ("id = = 12", "TOML"),
        (f'id = "{FIRST}"\n[[tower]]\n', "no key 'tower'; did you mean towers?"),
    ],
)
def test_a_slip_in_the_towers_file_is_one_line_that_says_what_to_do(
    monkeypatch, tmp_path, table, says
):
    (tmp_path / "towers.toml").write_text(f"[[towers]]\n{table}\n")
    monkeypatch.setenv("LOCKERBOT_TOWERS", "towers.toml")
    with pytest.raises(BadSetting) as refused:
        Settings.load()
    assert str(refused.value).startswith("LOCKERBOT_TOWERS: ")
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "template",
    [
        "https://app.example/open#{payload}/{payload_auth}",
        "https://app.example:8443/t/{tower_id}?door={locker_id}#p={payload}&a={payload_auth}",
        "https://app.example#{tower_id}.{locker_id}.{payload}.{payload_auth}",
    ],
)
def test_the_apps_link_names_what_opens_the_door_after_the_hash_only(monkeypatch, template):
    monkeypatch.setenv("LOCKERBOT_APP_NAME", "Door app")
    monkeypatch.setenv("LOCKERBOT_APP_LINK", template)
    policy = Settings.load().policy
    assert (policy.app_name, policy.app_link) == ("Door app", template)


def test_who_prepares_for_a_day_is_warned_half_a_day_before(monkeypatch):
    monkeypatch.setenv("LOCKERBOT_PREPARED_DAYS", "1")
    assert Settings.load().policy.prepared_warning.total_seconds() == 12 * 3600


def test_towers_of_one_location_that_open_differently_are_named(monkeypatch, tmp_path):
    (tmp_path / "towers.toml").write_text(
        f'[[towers]]\nid = "{FIRST}"\nopener = "token"\n[[towers]]\nid = "{SECOND}"\n'
    )
    monkeypatch.setenv("LOCKERBOT_TOWERS", "towers.toml")
    policy = Settings.load().policy
    apart = [tower(FIRST, 11), tower(SECOND, 12)]
    together = [tower(FIRST, 11), tower(SECOND, 11)]
    assert differing(apart, policy) is None
    assert differing(together, Policy()) is None
    said = differing(together, policy)
    assert said is not None
    assert all(word in said for word in (FIRST, SECOND, "Market", "write the same opener"))


def test_towers_that_turn_out_to_stand_together_later_are_logged_as_an_error():
    mixed = Policy(tower_openers={TowerId(FIRST): Openers(Opener.LINK, Opener.TOKEN)})
    with capture_logs() as logged:
        _say_what_differs([tower(FIRST, 11), tower(SECOND, 12)], mixed)
        assert not logged
        _say_what_differs([tower(FIRST, 11), tower(SECOND, 11)], mixed)
    (line,) = logged
    assert line["log_level"] == "error"
    assert FIRST in line["why"]


def test_the_examples_of_the_docs_can_be_used(monkeypatch, tmp_path):
    text = (Path(__file__).parent.parent / "docs" / "openers.md").read_text()
    for opener in re.findall(r'LOCKERBOT_OPENER="?([a-z_= ]+[a-z])', text):
        monkeypatch.setenv("LOCKERBOT_OPENER", opener)
        Settings.load()
    (link,) = re.findall(r'LOCKERBOT_APP_LINK="(.+)"', text)
    monkeypatch.setenv("LOCKERBOT_APP_LINK", link)
    (toml,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "towers.toml").write_text(toml)
    monkeypatch.setenv("LOCKERBOT_TOWERS", "towers.toml")
    policy = Settings.load().policy
    assert policy.app_link == link
    assert policy.openers_at(TowerId(SECOND)) == Openers(Opener.TOKEN, Opener.LINK, keypad=True)


def tower(which, location):
    where = {"address": "", "city": "", "latitude": None, "longitude": None, "zone": "UTC"}
    name = f"Market · {which[-4:]}"
    return Tower(TowerId(which), name, location=location, location_name="Market", **where)


@pytest.mark.parametrize(
    ("openers", "said"),
    [
        (BOTH_BY_LINK, {"link"}),
        (MIXED, {"link", "token"}),
        (Openers(Opener.TOKEN, Opener.TOKEN, keypad=True), {"token"}),
        (Openers(Opener.LINK, Opener.LINK, keypad=True), {"link", "keypad"}),
    ],
)
def test_each_opener_in_use_says_what_it_demands_of_people(openers, said):
    assert set(demands(Policy(openers=openers))) == said


def test_the_app_that_opens_by_token_is_named_or_said_to_have_no_name():
    assert "(Door app)" in demands(Policy(app_name="Door app"))["token"]
    assert "LOCKERBOT_APP_NAME" in demands(Policy())["token"]


def test_webhook_path_and_secret_stay_the_same_for_a_key_and_differ_for_another():
    one, same = (Settings.load(LOCKERBOT_SECRET_KEY="k" * 32) for _ in range(2))
    other = Settings.load(LOCKERBOT_SECRET_KEY="j" * 32)
    assert (one.webhook_path, one.webhook_secret) == (same.webhook_path, same.webhook_secret)
    assert one.webhook_path != other.webhook_path
    assert one.webhook_path.startswith("/telegram/")
    assert one.webhook_secret not in one.webhook_path


def test_trusted_proxies_are_addresses_and_networks(monkeypatch):
    monkeypatch.setenv("LOCKERBOT_TRUSTED_PROXIES", "10.0.0.1, 192.168.0.0/16, 2001:db8::/32")
    proxies = [str(network) for network in Settings.load().trusted_proxies]
    assert proxies == ["10.0.0.1/32", "192.168.0.0/16", "2001:db8::/32"]
    monkeypatch.delenv("LOCKERBOT_TRUSTED_PROXIES")
    assert Settings.load().trusted_proxies == []


def test_check_says_whether_there_are_parcel_pages(monkeypatch):
    assert dict(_noted(Settings.load()))["parcel pages"] == ""
    monkeypatch.setenv("PUBLIC_URL", "https://bot.example")
    assert dict(_noted(Settings.load()))["parcel pages"] == "https://bot.example/p/…"


def test_parcel_pages_are_where_the_public_address_is():
    assert page_links(None) == ""
    assert page_links("https://bot.example/b") == "https://bot.example/b/p/{page}"
