"""Text into entities and entities into HTML, counted as Telegram counts."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sandbox.telegram.protocol.errors import ApiError
from sandbox.telegram.text.entities import formatted
from sandbox.telegram.text.html import parse_html, utf16_length
from sandbox.telegram.text.markdown import RESERVED, parse_markdown
from sandbox.telegram.text.rendering import as_html

PARCEL = "📦"
words = st.text(
    st.sampled_from("ab é€😀📦👨‍👩‍👧\n") | st.characters(exclude_categories=["Cs", "Cc"])
)


def entity(kind: str, offset: int, length: int, **more: Any) -> dict[str, Any]:
    return {"type": kind, "offset": offset, "length": length, **more}


def part(text: str, found: dict[str, Any]) -> str:
    """The text an entity covers."""
    units = text.encode("utf-16-le")
    return units[2 * found["offset"] : 2 * (found["offset"] + found["length"])].decode("utf-16-le")


HTML = [
    ("<b>a</b>", "a", [entity("bold", 0, 1)]),
    (f"{PARCEL}<i>{PARCEL}</i>", PARCEL * 2, [entity("italic", 2, 2)]),
    ("<b>a<i>b</i></b>", "ab", [entity("italic", 1, 1), entity("bold", 0, 2)]),
    ("&lt;b&gt; &amp;&quot;&#128230;&copy;", f'<b> &"{PARCEL}&copy;', []),
    ("<a href='http://a.example?x=1&amp;y'>a</a>", "a", [
        entity("text_link", 0, 1, url="http://a.example/?x=1&y")
    ]),
    ('<a href="tg://user?id=7">a</a>', "a", [entity("text_mention", 0, 1, user={"id": 7})]),
    ("<a href='nowhere'>a</a>", "a", []),
    ('<span class="tg-spoiler">a</span>', "a", [entity("spoiler", 0, 1)]),
    ("<TG-SPOILER>a</tg-spoiler>", "a", [entity("spoiler", 0, 1)]),
    ("<s>a</s><u>b</u>", "ab", [entity("strikethrough", 0, 1), entity("underline", 1, 1)]),
    ('<pre><code class="language-py">a</code></pre>', "a", [entity("pre", 0, 1, language="py")]),
    ("<pre>a</pre><code>b</code>", "ab", [entity("pre", 0, 1), entity("code", 1, 1)]),
    ("<blockquote expandable>a</blockquote>", "a", [entity("expandable_blockquote", 0, 1)]),
    ('<tg-emoji emoji-id="5">👍</tg-emoji>', "👍", [
        entity("custom_emoji", 0, 2, custom_emoji_id="5")
    ]),
    ("<b></b>", "", []),
    ('<tg-time unix="1647531900" format="wDT">22:45</tg-time>', "22:45", [
        entity("date_time", 0, 5, unix_time=1647531900, date_time_format="wDT")
    ]),
    ('<tg-time unix="1647531900">22:45</tg-time>', "22:45", [
        entity("date_time", 0, 5, unix_time=1647531900)
    ]),
    ('<tg-time format="r">a</tg-time>', "a", []),
    ('<tg-time unix="soon" format="r">a</tg-time>', "a", []),
    (f'<tg-time unix="{2**31}" format="r">a</tg-time>', "a", []),
]  # fmt: skip

MARKDOWN = [
    ("*a*", "a", [entity("bold", 0, 1)]),
    (f"{PARCEL}_{PARCEL}_", PARCEL * 2, [entity("italic", 2, 2)]),
    ("__a__ ~b~ ||c||", "a b c", [
        entity("underline", 0, 1), entity("strikethrough", 2, 1), entity("spoiler", 4, 1)
    ]),
    ("*a _b_*", "a b", [entity("italic", 2, 1), entity("bold", 0, 3)]),
    (r"\*a\* \\", r"*a* \ ".strip(), []),
    ("`a*b`", "a*b", [entity("code", 0, 3)]),
    ("```\na\n```", "a\n", [entity("pre", 0, 2)]),
    ("```py\na```", "a", [entity("pre", 0, 1, language="py")]),
    (r"[a](http://a.example/\))", "a", [entity("text_link", 0, 1, url="http://a.example/)")]),
    ("[a](tg://user?id=7)", "a", [entity("text_mention", 0, 1, user={"id": 7})]),
    ("![👍](tg://emoji?id=5)", "👍", [entity("custom_emoji", 0, 2, custom_emoji_id="5")]),
    (">a\n>b\nc", "a\nb\nc", [entity("blockquote", 0, 4)]),
    ("![22:45](tg://time?unix=1647531900&format=r)", "22:45", [
        entity("date_time", 0, 5, unix_time=1647531900, date_time_format="r")
    ]),
    ("![a](tg://time?unix=7)", "a", [entity("date_time", 0, 1, unix_time=7)]),
    (">a||", "a", [entity("expandable_blockquote", 0, 1)]),
    (">a\n>b||\nc", "a\nb\nc", [entity("expandable_blockquote", 0, 4)]),
]  # fmt: skip

BROKEN_HTML = [
    ("<b>a", 'Can\'t find end tag corresponding to start tag "b"'),
    ("é<p>a</p>", 'Unsupported start tag "p" at byte offset 2'),
    ("📦 < b", 'Unsupported start tag "" at byte offset 5'),
    ("a<b", "Unclosed start tag at byte offset 1"),
    ("é</b>", "Unexpected end tag at byte offset 2"),
    ("<b>é</i>", 'Unmatched end tag at byte offset 5, expected "</b>", found "</i>"'),
    ("<b>a</b", "Unclosed end tag at byte offset 4"),
    ("<a href=x y", 'Unclosed start tag "a" at byte offset 0'),
    ('<a href="x', "Unclosed start tag at byte offset 0"),
    ("<a href=x/>", "Unexpected end of name token at byte offset 8"),
    ('<a ="x">', 'Empty attribute name in the tag "a" at byte offset 0'),
    ("<span>a</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ("<tg-emoji emoji-id='x'>a</tg-emoji>", "Invalid custom emoji identifier specified"),
    ('<tg-time unix="7" format="q">a</tg-time>', "Invalid date format used"),
    ('<tg-time unix="7" format="tw">a</tg-time>', "Invalid date format used"),
    ('<tg-time unix="7" format="rt">a</tg-time>', "Invalid date format used"),
    ('<tg-time unix="7">a', 'Can\'t find end tag corresponding to start tag "tg-time"'),
]
BROKEN_MARKDOWN = [
    ("é*a", "Can't find end of Bold entity at byte offset 2"),
    ("_a", "Can't find end of Italic entity at byte offset 0"),
    ("||a", "Can't find end of Spoiler entity at byte offset 0"),
    ("`a", "Can't find end of Code entity at byte offset 0"),
    ("```py\na", "Can't find end of PreCode entity at byte offset 0"),
    ("[a", "Can't find end of TextUrl entity at byte offset 0"),
    ("[a](http://a.example", "Can't find end of a URL at byte offset 4"),
    ("a.b", "Character '.' is reserved and must be escaped with the preceding '\\'"),
    ("a>b", "Character '>' is reserved and must be escaped with the preceding '\\'"),
    ("!", "Character '!' is reserved and must be escaped with the preceding '\\'"),
    (">*a\nb", "Can't find end of Bold entity at byte offset 1"),
    ("![a](http://a.example)", "Invalid tg://emoji or tg://time URL specified"),
    ("![a](tg://time?unix=0)", "Invalid tg://emoji or tg://time URL specified"),
    ("![a](tg://time?unix=7&format=q)", "Invalid tg://emoji or tg://time URL specified"),
    ("![a]", "The entity must contain a tg://emoji or tg://time URL"),
]


@pytest.mark.parametrize(("text", "plain", "entities"), HTML)
def test_html_is_read_as_telegram_reads_it(
    text: str, plain: str, entities: list[dict[str, Any]]
) -> None:
    assert parse_html(text) == (plain, entities)


@pytest.mark.parametrize(("text", "plain", "entities"), MARKDOWN)
def test_markdown_is_read_as_telegram_reads_it(
    text: str, plain: str, entities: list[dict[str, Any]]
) -> None:
    assert parse_markdown(text) == (plain, entities)


@pytest.mark.parametrize(
    ("mode", "text", "description"),
    [("HTML", *row) for row in BROKEN_HTML] + [("MarkdownV2", *row) for row in BROKEN_MARKDOWN],
)
def test_what_is_not_well_formed_is_refused_in_telegrams_words(
    mode: str, text: str, description: str
) -> None:
    with pytest.raises(ApiError) as refused:
        formatted(text, mode, None)
    assert refused.value.description == f"Bad Request: can't parse entities: {description}"


WHEN = '<tg-time unix="7" format="r">in</tg-time>'


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (f"<b>a {WHEN} b</b>", ["bold", "date_time", "bold"]),
        (f"<i>{WHEN}</i>", ["date_time"]),
        ('<tg-time unix="7"><b>in</b></tg-time>', ["date_time"]),
        (f"<blockquote>{WHEN}</blockquote>", ["blockquote", "date_time"]),
        (f'<a href="http://a.example">to {WHEN}</a>', ["text_link"]),
        (f"<code>{WHEN} b</code>", ["code"]),
    ],
)
def test_a_moment_is_neither_bold_nor_within_a_link(text: str, kinds: list[str]) -> None:
    assert [found["type"] for found in formatted(text, "HTML", None)[1]] == kinds


@pytest.mark.parametrize(
    ("more", "description"),
    [
        ({"unix_time": 0}, "Invalid date specified"),
        ({"unix_time": "7"}, "Invalid date specified"),
        ({}, "Invalid date specified"),
        ({"unix_time": 7, "date_time_format": "rr"}, "Invalid date format used"),
        ({"unix_time": 7, "date_time_format": 7}, "Invalid date format used"),
    ],
)
def test_a_moment_that_is_none_is_refused(more: dict[str, Any], description: str) -> None:
    with pytest.raises(ApiError) as refused:
        formatted("in", "", [entity("date_time", 0, 2, **more)])
    assert refused.value.description == f"Bad Request: can't parse MessageEntity: {description}"


def test_a_moment_is_drawn_with_its_time_and_format() -> None:
    text, entities = formatted(f"<b>{WHEN}</b>", "HTML", None)
    assert as_html(text, entities) == (
        '<time datetime="1970-01-01T00:00:07Z" data-format="r">in</time>'
    )


@given(words)
@example("👨‍👩‍👧 & <b>")
def test_escaped_text_comes_back_as_it_was(text: str) -> None:
    assert parse_html(html.escape(text)) == (text, [])
    escaped = "".join(f"\\{char}" if char in RESERVED | {"\\"} else char for char in text)
    assert parse_markdown(escaped) == (text, [])


@given(words, words.filter(bool), words)
def test_an_entity_covers_what_was_marked(before: str, marked: str, after: str) -> None:
    text = f"{html.escape(before)}<b>{html.escape(marked)}</b>{html.escape(after)}"
    plain, (bold,) = parse_html(text)
    assert (part(plain, bold), bold["offset"]) == (marked, utf16_length(before))


@given(words, words.filter(bool), words)
def test_trimming_moves_the_entities_along(before: str, marked: str, after: str) -> None:
    source = f"  {html.escape(before)}<u>{html.escape(marked)}</u>{html.escape(after)}\n"
    plain, entities = formatted(source, "HTML", None)
    assert plain == plain.strip()
    underlined = [found for found in entities if found["type"] == "underline"]
    assert all(part(plain, found).strip() in marked for found in underlined)
    assert bool(underlined) == bool(marked.strip() or (before.strip() and after.strip()))


@given(words, st.lists(st.tuples(st.integers(0, 20), st.integers(1, 20)), max_size=6))
def test_what_is_shown_is_well_nested_and_only_the_text(
    text: str, spans: list[tuple[int, int]]
) -> None:
    shape = [entity("bold" if n % 2 else "spoiler", *span) for n, span in enumerate(spans)]
    shown = as_html(text, shape)
    open_tags: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: Any) -> None:
            open_tags.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert open_tags.pop() == tag

    Reader().feed(shown)
    assert not open_tags
    if all(utf16_length(char) == 1 for char in text):
        assert html.unescape(re.sub(r"<[^>]+>", "", shown)) == text


def test_nothing_that_is_shown_runs() -> None:
    text, entities = formatted(
        '<a href="javascript:alert(1)">x</a><b>&lt;script&gt;</b>', "HTML", None
    )
    assert as_html(text, entities) == "x<b>&lt;script&gt;</b>"
    link = [entity("text_link", 0, 1, url="javascript:alert(1)//http://")]
    assert as_html("x", link) == "x"
    quoted = [entity("text_link", 0, 1, url='https://a.example/"><script>')]
    assert "<script>" not in as_html("x", quoted)


def test_telegram_marks_commands_addresses_and_names_by_itself() -> None:
    text = f"{PARCEL} /start@bot https://a.example/b. @someone #tag a@b.example"
    plain, entities = formatted(text, "", None)
    assert [(found["type"], part(plain, found)) for found in entities] == [
        ("bot_command", "/start@bot"),
        ("url", "https://a.example/b"),
        ("mention", "@someone"),
        ("hashtag", "#tag"),
        ("email", "a@b.example"),
    ]
    assert formatted("<code>/start</code>", "HTML", None)[1] == [entity("code", 0, 6)]


def test_given_entities_must_fit_the_text() -> None:
    for offset, length, description in (
        (9, 1, "entity begins after the end of the text at UTF-16 offset 9"),
        (1, 1, "entity begins in a middle of a UTF-16 symbol at byte offset 4"),
        (
            0,
            1,
            "entity beginning at UTF-16 offset 0 ends in a middle of a UTF-16 symbol"
            " at byte offset 4",
        ),
    ):
        with pytest.raises(ApiError) as refused:
            formatted(f"{PARCEL}a", "", [entity("bold", offset, length)])
        assert refused.value.description == f"Bad Request: {description}"
