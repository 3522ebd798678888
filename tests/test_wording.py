"""What the bot's words promise: every language, every time, every name from outside."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.tower import Size, Tower
from sandbox.telegram.text.html import parse_html, utf16_length
from tests.support.scenes import TOWER
from wording import catalogues
from wording.__main__ import main
from wording.language import LANGUAGES, speak
from wording.sanitize import (
    capital,
    coded,
    esc,
    esc_linked,
    esc_name,
    plain,
    plain_name,
    seen_units,
    units,
)

NOON = datetime(2026, 10, 1, 10, 31, tzinfo=UTC)  # a Thursday; 12:31 in Madrid
MADRID = TOWER  # 24 hours, kilometres
CHICAGO = replace(TOWER, zone="America/Chicago", country="US")
LONDON = replace(TOWER, zone="Europe/London", country="GB")
NOWHERE = replace(TOWER, zone=None)
WORDS = {language: speak(language) for language in LANGUAGES}
outside = st.text(max_size=300)


@pytest.mark.parametrize(
    ("code", "spoken"),
    [("de", "de"), ("de-AT", "de"), ("PL", "pl"), ("uk_UA", "uk"), ("pt-br", "fr"), (None, "fr")],
)
def test_a_language_code_finds_its_language_or_the_fallback(code: str | None, spoken: str) -> None:
    assert speak(code, "fr").language == spoken


def test_where_even_the_fallback_is_unknown_english_is_spoken() -> None:
    assert speak("tlh", "xx").language == "en"


def test_a_moment_is_told_as_people_say_it() -> None:
    words = WORDS["en"]

    def told(**ahead: float) -> str:
        return words.moment(NOON + timedelta(**ahead), MADRID, now=NOON)

    assert told(hours=2) == "14:31"
    assert told(days=1) == "Friday 12:31"
    assert told(days=7) == "8\u00a0Oct 12:31"
    assert told(days=-1) == "30\u00a0Sept 12:31"
    assert told(days=120) == "29\u00a0Jan\u00a02027 11:31"  # winter time by then


def test_a_date_is_written_as_each_language_writes_it() -> None:
    def told(language: str, days: int) -> str:
        return WORDS[language].moment(NOON + timedelta(days=days), MADRID, now=NOON)

    assert told("de", 7) == "8.\u00a0Okt. 12:31"
    assert told("de", 120) == "29.\u00a0Jan.\u00a02027 11:31"
    assert told("uk", 7) == "8\u00a0жовт. 12:31"


@pytest.mark.parametrize(
    ("country", "kilometres", "said"),
    [
        (None, 0.001, "10 m"),
        ("DE", 0.852, "850 m"),
        ("CA", 0.994, "990 m"),
        ("ES", 0.996, "1.0 km"),
        ("XX", 9.97, "10 km"),
        (None, 2928, "2,928 km"),
        ("US", 0.05, "150 ft"),
        ("US", 0.48, "0.3 mi"),
        ("US", 16.1, "10 mi"),
        ("GB", 0.05, "50 yd"),
        ("GB", 2.4, "1.5 mi"),
    ],
)
def test_a_distance_is_told_in_the_units_of_the_towers_country(
    country: str | None, kilometres: float, said: str
) -> None:
    assert WORDS["en"].distance(kilometres, country) == said.replace(" ", "\u00a0")


def test_a_distance_has_each_languages_own_decimal_point_and_never_breaks() -> None:
    assert WORDS["de"].distance(1.94, None) == "1,9\u00a0km"
    assert WORDS["uk"].distance(0.48, "US") == "0,3\u00a0милі"
    for words in WORDS.values():
        for country in (None, "US", "GB"):
            for far in (0.01, 0.5, 3, 42):
                assert not set(words.distance(far, country)) & {" ", "\u202f"}


def test_a_moment_names_its_zone_where_that_may_be_doubted() -> None:
    assert WORDS["en"].moment(NOON, MADRID, now=NOON, named=True) == "12:31 CEST"
    far = replace(TOWER, zone="America/Sao_Paulo")
    assert WORDS["en"].clock(NOON, far, named=True) == "07:31 UTC-03"


@pytest.mark.parametrize("tower", [NOWHERE, None])
def test_where_the_zone_is_unknown_it_is_utc_and_said_so(tower: Tower | None) -> None:
    assert WORDS["en"].clock(NOON, tower) == "10:31 UTC"
    assert WORDS["en"].moment(NOON + timedelta(days=1), tower, now=NOON) == "Friday 10:31 UTC"


def test_the_clock_is_that_of_the_towers_country_in_the_readers_language() -> None:
    evening = NOON + timedelta(hours=13)
    told = {code: words.clock(evening, CHICAGO) for code, words in WORDS.items()}
    assert told == {
        "en": "6:31\u00a0PM",
        "es": "6:31\u00a0p.\u00a0m.",
        "de": "6:31\u00a0PM",
        "fr": "6:31\u00a0PM",
        "pl": "6:31\u00a0PM",
        "uk": "6:31\u00a0пп",
    }
    assert {words.clock(evening, LONDON) for words in WORDS.values()} == {"00:31"}
    assert WORDS["en"].clock(NOON, CHICAGO, named=True) == "5:31\u00a0AM CDT"
    friday = WORDS["en"].moment(evening + timedelta(hours=12), CHICAGO, now=NOON)
    assert friday == "Friday 6:31\u00a0AM"
    midnight, noon = (WORDS["en"].time_of_day(time(hour), "US") for hour in (0, 12))
    assert (midnight, noon) == ("12:00\u00a0AM", "12:00\u00a0PM")


def test_today_is_the_towers_today() -> None:
    late = datetime(2026, 10, 1, 22, 30, tzinfo=UTC)  # already Friday in Madrid
    assert WORDS["en"].moment(late, MADRID, now=NOON) == "Friday 00:30"


def test_a_span_is_rounded_down_and_never_nothing() -> None:
    spans = [(30, "under a minute"), (299, "4 min"), (3600, "1 h"), (7500, "2 h 5 min")]
    spans += [(47 * 3600, "47 h"), (48 * 3600, "2 days")]
    for seconds, said in spans:
        assert WORDS["en"].span(timedelta(seconds=seconds)).replace("\u00a0", " ") == said


def test_no_line_breaks_between_a_number_and_its_unit() -> None:
    told = timedelta(hours=2, minutes=5)
    assert WORDS["en"].span(told) == "2\u00a0h\u00a05\u00a0min"
    assert WORDS["pl"].span(timedelta(days=3)) == "3\u00a0dni"
    for words in WORDS.values():
        for span in (timedelta(minutes=4), told, timedelta(days=5)):
            assert " " not in words.span(span)


def test_a_date_is_in_the_order_of_the_towers_country() -> None:
    later = NOON + timedelta(days=7)
    assert WORDS["en"].moment(later, CHICAGO, now=NOON) == "Oct\u00a08 5:31\u00a0AM"
    assert WORDS["en"].date(NOON, CHICAGO) == "Thu, Oct 1, 2026, 5:31\u00a0AM"
    for tower in (MADRID, LONDON, replace(LONDON, country="XX")):
        assert WORDS["en"].day(later, tower, now=NOON) == "8\u00a0Oct"
    assert WORDS["de"].day(later, CHICAGO, now=NOON) == "8.\u00a0Okt."


def test_english_is_printed_with_curly_apostrophes_but_for_the_buttons_that_were_promised() -> None:
    words = WORDS["en"]
    assert words._("This can't be {door}'s.", door="O'Neil") == "This can’t be O'Neil’s."
    assert words.n("one's", "all's", 2) == "all’s"
    assert words._("It doesn't fit") == "It doesn't fit"
    assert words._("I'm at the tower") == "I'm at the tower"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_knows_sizes_spans_and_moments(language: str) -> None:
    words = WORDS[language]
    assert len({words.size(size) for size in Size}) == len(Size)
    for count in (2, 5, 22):
        assert str(count) in words.span(timedelta(days=count))
    assert "18:00" in words.moment(datetime(2026, 10, 2, 16, tzinfo=UTC), MADRID, now=NOON)


def test_a_placeholder_that_a_translation_got_wrong_is_said_in_english() -> None:
    class Wrong:
        def gettext(self, message: str) -> str:
            return "{nome} está aquí"

    words = type(WORDS["en"])("en")
    words._catalogue = Wrong()  # type: ignore[assignment]  # a catalogue with a slip in it
    assert words._("{name} is here", name="Ben") == "Ben is here"


# -- what comes from outside


@given(outside)
def test_whatever_stands_in_a_message_is_text_and_no_longer_than_allowed(text: str) -> None:
    seen, entities = parse_html(f"<b>{esc(text)}</b>.")
    assert utf16_length(seen) <= 40 + 2 + 1  # and the isolating pair
    assert {entity["type"] for entity in entities} <= {"bold"}
    assert "\n" not in seen


@given(outside)
def test_a_name_reads_the_same_on_a_button_and_in_a_message(text: str) -> None:
    shown = parse_html(f".{esc(text)}")[0].replace("\u2060", "")
    assert shown == f".{plain(text)}".rstrip(" ")


def test_a_name_from_right_to_left_turns_nothing_else_around() -> None:
    assert plain("دانا") == "\u2068دانا\u2069"
    assert plain("\u202eAnna\u2066") == "Anna"


def test_towers_of_accents_and_unseen_signs_are_taken_down() -> None:
    assert plain("Z" + "\u0335" * 30) == "Z" + "\u0335" * 3
    assert plain("A\x00n\u200bn\na\t ") == "Ann a"
    assert plain("👨‍👩‍👧") == "👨‍👩‍👧"


def test_a_cut_is_shown_and_counts_as_telegram_counts() -> None:
    assert plain("😀" * 30, 11) == "😀" * 5 + "…"
    assert units(plain("😀" * 30, 11)) == 11
    assert seen_units("<b>&lt;😀</b>") == 3


def test_a_line_begins_with_a_large_letter() -> None:
    assert (capital("extra large"), capital("")) == ("Extra large", "")


# -- catalogues


def test_the_source_of_every_card_is_read_for_sentences() -> None:
    found = {message.id for message in catalogues.extracted() if message.id}
    assert "Get drop-off code" in found
    assert ("{count} day", "{count} days") in found


def _entry(source: str | tuple[str, str], translated: str | tuple[str, ...], **more: object):
    catalogue = Catalog(locale="pl")
    message = Message(source, "" if isinstance(source, str) else ("", ""))
    catalogue.add(source, translated, **more)
    return list(catalogues.entry_faults(message, catalogue.get(source), catalogue.num_plurals))


def test_a_check_finds_what_is_missing_fuzzy_or_full_of_holes() -> None:
    days = ("{count} day", "{count} days")
    assert _entry("Hello {name}", "Cześć {name}") == []
    assert _entry(days, ("jeden dzień", "{count} dni", "{count} dni")) == []
    assert _entry("Hello {name}", "") == ["missing"]
    assert _entry("Hello {name}", "Cześć {name}", flags=["fuzzy"]) == ["fuzzy"]
    assert _entry("Hello {name}", "Cześć {imię}") == ["placeholders differ"]
    assert _entry("Hello {name}", "Cześć") == ["placeholders differ"]
    assert _entry("Hello {name}", "Cześć {name") == ["placeholders differ"]
    assert _entry("<b>Hello</b>", "<b>Cześć") == ["markup differs"]
    assert _entry(days, ("{count} dzień", "{count} dni")) == ["has 2 plural forms instead of 3"]


@pytest.mark.long
def test_the_catalogues_are_made_carried_on_compiled_and_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(catalogues, "CATALOGUES", tmp_path)
    monkeypatch.setattr(catalogues, "TEMPLATE", tmp_path / "lockerbot.pot")
    assert main(["update"]) == 0
    before = catalogues.po("de").read_bytes()
    assert main(["check"]) == 1
    assert "de: missing: 'medium'" in capsys.readouterr().out
    assert main(["update"]) == 0
    assert catalogues.po("de").read_bytes() == before
    catalogues.po("de").write_bytes(
        before.replace(b'msgid "medium"\nmsgstr ""', b'msgid "medium"\nmsgstr "mittel"')
    )
    assert main(["update"]) == 0  # a translation is carried along
    assert main(["compile"]) == 0
    main(["check"])
    out = capsys.readouterr().out
    assert "de: missing: 'medium'" not in out
    assert "compiled" not in out


@pytest.mark.parametrize(
    "name",
    [
        "\u3164",
        "\u2800\u2800",
        "\u115f\u1160",
        "\u200d\u200c",
        "\ufe0f",
        "\u0301",
        "\U000e0041",
        "@durov",
        "call @durov now",
        "https://evil.example",
        "evil.com",
        "Ben (www.evil)",
        "t.me/evil",
        "EVIL.XYZ",
        "tg://user?id=1",
    ],
)
def test_a_name_that_cannot_be_seen_or_is_a_link_or_a_mention_is_nobodys(name: str) -> None:
    assert (plain_name(name), esc_name(name)) == ("", "")


@pytest.mark.parametrize("name", ["Dr.Smith", "/start", "#1 fan", "a.bank", "$BTC"])
def test_nothing_in_a_name_can_be_tapped(name: str) -> None:
    said = plain_name(name)
    assert said.replace("\u2060", "") == name
    assert re.search(r"\w\.\w|[/#$]\w", said) is None


@pytest.mark.parametrize(
    "name", ["Anna", "J. R. Smith", "O’Neil", "Ольга", "دانا", "李", "👩‍🚀", "..."]
)
def test_any_other_name_is_as_it_is(name: str) -> None:
    assert plain_name(name) == plain(name) != ""


TELEGRAM_LINKS = re.compile(
    r"""(?:[a-z]+://\S | @\w | [\#\uff03]\w | \$[A-Z] | (?<![\w/])/\w | \w\.\w
    | \d(?:[ ().-]{0,2}\d){6})""",
    re.VERBOSE | re.IGNORECASE,
)
"""What Telegram may make a link of, by its looks: more rather than less."""

LINKS = (
    "https://t.me/lockerbot?start=c_AAAAAAAAAAAAAAAAAAAAAA",
    "take it: t.me/lockerbot?start=c_A",
    "tg://resolve?domain=evil",
    "ton://transfer/x",
    "http://localhost/x",
    "evil.com",
    "EVIL.XYZ:8080/a?b=c#d",
    "приклад.укр",
    "10.0.0.1",
    "anna@example.org",
    "mailto:anna@example.org",
    "@durov",
    "(@durov)",
    "#parcel \uff03parcel",
    "$BTC",
    "/start and /operate",
    "+1 (512) 555-0175",
    "call 5125550175",
    "4111 1111 1111 1111",
    "12345678901234567890",
)


@pytest.mark.parametrize("words", LINKS)
def test_nothing_that_people_write_can_be_tapped_and_all_of_it_can_be_read(words: str) -> None:
    assert TELEGRAM_LINKS.search(words), "else this shows nothing"
    said = html.unescape(esc(words, 200))
    assert TELEGRAM_LINKS.search(said) is None
    assert said.replace("\u2060", "") == words


@given(st.text(alphabet="@#\uff03$/:.-() ab1é\u2060\u200d", max_size=30))
def test_whatever_stands_beside_whatever_none_of_it_can_be_tapped(words: str) -> None:
    assert TELEGRAM_LINKS.search(html.unescape(esc(words, 200))) is None


@pytest.mark.parametrize("words", ["https://example.org/a", "write to @support", "512 555 0175"])
def test_operators_may_send_people_links_and_what_is_to_be_copied_is_as_it_was(words: str) -> None:
    assert esc_linked(words) == words
    assert coded(words) == f"<code>{words}</code>"


@pytest.mark.parametrize("words", ["Door 22, 3rd floor. Hi!", "a - b / c", "50 $ & <more>", "…"])
def test_ordinary_words_are_as_they_were(words: str) -> None:
    assert esc(words) == html.escape(words)
