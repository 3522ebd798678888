"""What the parcel page says, as it is written in tests/golden/pages, and how it is drawn."""

from __future__ import annotations

import re

import pytest
from starlette.requests import Request

from bot.domain.browsers import Unclaimed
from tests.support.pages_to_read import GOLDEN, RENEW, book, pages
from web.pages.drawing import Drawing
from web.pages.where import Where
from wording.language import LANGUAGES, speak
from wording.page.value import Page

HEAVIEST = 30_000
HOSTILE = "<script>alert(1)</script>&\"'"


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_say_what_is_written_down(language: str) -> None:
    written = (GOLDEN / f"{language}.txt").read_text(encoding="utf-8")
    assert book(speak(language)) == written, f"if that is meant: {RENEW}"


def test_what_anybody_sees_is_made_of_nothing_secret() -> None:
    names = set(Unclaimed.__dataclass_fields__)
    assert names == {"state", "tower", "now", "until", "overdue", "zones", "telegram", "here"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_line_of_a_page_holds_markup_or_begins_with_a_chats_sign(language: str) -> None:
    for name, page in pages(speak(language)):
        texts = (page.heading, *page.lead, *page.steps, *page.notes, *page.below, page.keypad)
        if page.story is not None:
            told = (page.story.heading, page.story.unfolds)
            texts = (*texts, *told, *page.story.earlier, *page.story.latest)
        for line in "\n".join(filter(None, texts)).splitlines():
            assert re.match(r"[\w“«„(¿¡]", line), (name, line)
            assert "<" not in line, (name, line)
            assert "&amp;" not in line, (name, line)


async def drawn(page: Page) -> str:
    request = Request({"type": "http", "headers": [], "method": "GET", "path": "/p/x"})
    answer = await Drawing(Where("https://bot.example")).page(request, page, token="a token")
    return bytes(answer.body).decode()


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_page_is_light_and_whole(language: str) -> None:
    for name, page in pages(speak(language)):
        html = await drawn(page)
        assert len(html.encode()) <= HEAVIEST, name
        assert html.count("<h1>") == 1, name
        assert html.startswith("<!doctype html>"), name
        for tag in (
            "main",
            "form",
            "button",
            "dl",
            "ol",
            "ul",
            "details",
            "footer",
            "svg",
            "style",
        ):
            assert html.count(f"<{tag}") == html.count(f"</{tag}>"), (name, tag)


async def test_whatever_a_text_says_is_escaped() -> None:
    [_, (_, page), *_] = pages(speak("en"))
    fields = dict.fromkeys(("title", "heading", "code", "digits", "spelled", "back"), HOSTILE)
    several = dict.fromkeys(("lead", "steps", "notes", "below"), (HOSTILE,))
    from dataclasses import replace

    html = await drawn(replace(page, **fields, **several))
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 11
