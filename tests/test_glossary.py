"""The catalogues speak by docs/glossary.md: its terms, and nothing that they replace."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

import pytest

from docs.check import ROOT
from wording import catalogues
from wording.language import LANGUAGES

GLOSSARY = (ROOT / "docs" / "glossary.md").read_text("utf-8")
_PLACEHOLDER = re.compile(r"\{\w+\}")
_PUNCTUATION = re.compile(r" [:;!?»]|« ")


def table(heading: str) -> list[list[str]]:
    """The rows of the table below a heading, without its head."""
    part = GLOSSARY.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def sentences(language: str) -> Iterator[str]:
    """Every sentence of a language, in all its plural forms; English is in the code."""
    for message in catalogues.extracted() if language == "en" else catalogues.read(language):
        words = message.id if language == "en" else message.string
        if message.id:
            yield from [words] if isinstance(words, str) else words


@functools.cache
def said(language: str) -> list[str]:
    """They are read where they are first asked for, not by each worker that collects tests."""
    return [*sentences(language)]


HEAD = next(line for line in GLOSSARY.splitlines() if line.startswith("| term |"))
COLUMNS = [cell.strip() for cell in HEAD.split("|")[2:-2]]
TERMS = [
    (row[0], language, term)
    for row in table("Terms")
    for language, term in zip(COLUMNS, row[1:-1], strict=True)
]
NOT_SAID = [
    (language, word.strip(), [one.strip() for one in save.split(",") if one.strip()])
    for language, words, _, save in table("Not said")
    for word in words.split("/")
]


def test_the_glossary_has_a_column_for_each_language() -> None:
    assert sorted(COLUMNS) == sorted(LANGUAGES)
    assert {language for language, _, _ in NOT_SAID} == {*LANGUAGES}


@pytest.mark.parametrize(("name", "language", "term"), TERMS)
def test_a_term_of_the_glossary_is_said(name: str, language: str, term: str) -> None:
    assert term, name
    assert any(term.casefold() in sentence.casefold() for sentence in said(language))


@pytest.mark.parametrize(("language", "word", "save"), NOT_SAID)
def test_what_the_glossary_replaces_is_not_said(language: str, word: str, save: list[str]) -> None:
    unwanted = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)
    assert [one for one in said(language) if unwanted.search(_without(one, save))] == []


def _without(sentence: str, allowed: list[str]) -> str:
    sentence = _PLACEHOLDER.sub("", sentence)
    for words in allowed:
        sentence = re.sub(re.escape(words), "", sentence, flags=re.IGNORECASE)
    return sentence


def test_a_line_of_french_does_not_break_before_its_punctuation() -> None:
    assert [one for one in said("fr") if _PUNCTUATION.search(one)] == []
