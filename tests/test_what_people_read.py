"""What people read, as it is written in tests/golden: every card and every question.

Where a sentence was changed on purpose, write the books anew (the failure says how), and read what
`git diff` says of them.
"""

from __future__ import annotations

import asyncio
import difflib
import re
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from tests.support.project import (
    LANGUAGES,
    CodeKind,
    Opener,
    Waiting,
    alert_kinds,
    card_table,
    places,
)
from tests.support.reading import GOLDEN, LINKS, OTHERS, RENEW, Books, open_books, written
from wording.language import speak
from wording.sanitize import read_out

BOOKS = (
    "sender",
    "recipient",
    "to_oneself",
    "onlooker",
    "code",
    "slip",
    "photo",
    "alerts",
    "waiting",
    "beginning",
    "booking",
    "collecting",
    "questions",
    "own_affairs",
    "operations",
    "practice",
)
FILES = (*(f"{name}.txt" for name in (*BOOKS, *OTHERS)), LINKS)
_MOST_LINES = 120
UNITS = ("minutes", "hours", "days")


@pytest.fixture(scope="module")
def books() -> Books:
    return asyncio.run(open_books())


@pytest.fixture(scope="module")
def files(books: Books) -> dict[str, str]:
    return written(books)


@pytest.mark.parametrize("name", FILES)
def test_people_read_what_is_written_down(files: dict[str, str], name: str) -> None:
    file = GOLDEN / name
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    if before != files[name]:
        pytest.fail(_difference(name, before, files[name]), pytrace=False)


def _difference(name: str, before: str, now: str) -> str:
    lines = list(
        difflib.unified_diff(
            before.splitlines(), now.splitlines(), f"written/{name}", f"read/{name}", lineterm=""
        )
    )
    shown = "\n".join(lines[:_MOST_LINES])
    more = f"\n… and {len(lines) - _MOST_LINES} lines more" if len(lines) > _MOST_LINES else ""
    return f"{shown}{more}\n\nIf that is meant: {RENEW}"


def test_every_file_is_one_that_is_compared(files: dict[str, str]) -> None:
    assert set(files) == set(FILES) == {file.name for file in GOLDEN.glob("*.txt")}


def test_every_case_has_a_title_of_its_own(books: Books) -> None:
    for cases in books.values():
        titles = Counter(case.title for case in cases)
        assert [title for title, count in titles.items() if count > 1] == []


def test_no_message_in_any_language_counts_down_in_words(books: Books) -> None:
    """Behind a moment, in brackets, or as how long ago: where it was wrong a minute later. Not so
    in practice, whose clock stands still."""
    real = [case for name, cases in books.items() if name != "practice" for case in cases]
    for language in LANGUAGES:
        words = speak(language)
        spans = {words.span(timedelta(**{unit: n})) for unit in UNITS for n in (1, 2, 3, 5, 21, 90)}
        said = "|".join({re.sub(r"\d+", r"\\d+", span) for span in spans})
        stale = re.compile(rf"\((?:{said})\)|\d+[\u00a0 ]\w+ ago|\bin \d+[\u00a0 ](?:min|h)\b")
        assert stale.search(f"18:00 ({words.span(timedelta(minutes=49))})")
        for case in real:
            view = case.views[language]
            found = stale.search(read_out(view.html)) if view is not None else None
            assert found is None, (case.title, language, found)


def covered(books: Books, *names: str) -> set[Any]:
    return {thing for name in names for case in books[name] for thing in case.covers}


def test_every_card_of_a_delivery_is_read(books: Books) -> None:
    assert card_table() <= covered(books, "sender", "recipient")
    to_oneself = {state for _, state in covered(books, "to_oneself")}
    assert to_oneself == {state for _, state in card_table()}


def test_every_kind_and_form_of_code_is_read(books: Books) -> None:
    assert covered(books, "code") == {(kind, form) for kind in CodeKind for form in Opener}


def test_every_alert_is_read_while_it_stands_and_once_it_is_over(books: Books) -> None:
    told = {(kind, standing) for kind in alert_kinds() for standing in (True, False)}
    assert told == covered(books, "alerts")


def test_a_wait_is_read_in_every_state(books: Books) -> None:
    assert covered(books, "waiting") == set(Waiting)


def test_every_place_of_the_conversation_is_read(books: Books) -> None:
    screens = BOOKS[BOOKS.index("beginning") :]
    assert places() - covered(books, *screens) == set()
