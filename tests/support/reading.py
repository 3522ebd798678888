"""`python -m tests.support.reading` writes the books of tests/golden anew.

A book holds every message about one subject, in English and in full; for each other language there
is one more, with a line for each message. A message that reads like an earlier one of its book is
only named.
"""

from __future__ import annotations

import asyncio
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.cards_to_read import card_books
from tests.support.project import LANGUAGES
from tests.support.screens_to_read import screen_books
from tests.support.telling import NAMED, Case, line, page

GOLDEN = Path(__file__).parents[1] / "golden"
RENEW = "python -m tests.support.reading"
OTHERS = tuple(language for language in LANGUAGES if language != "en")
LINKS = "links.txt"

Books = dict[str, list[Case]]
"""The cases by the name of their book, in reading order."""
Twins = Mapping[str, Case]
"""For the title of each case that reads like an earlier one in English, that one."""


async def open_books() -> Books:
    """Everything there is to read."""
    return {**card_books(), **await screen_books()}


def written(books: Books) -> dict[str, str]:
    """What each file of tests/golden is to hold."""
    twins = {name: _twins(cases) for name, cases in books.items()}
    files = {f"{name}.txt": _book(cases, twins[name]) for name, cases in books.items()}
    for language in OTHERS:
        files[f"{language}.txt"] = _lines(books, twins, language)
    files[LINKS] = "".join(f"{name}\n    {url}\n" for name, url in NAMED.items())
    return files


def _book(cases: Sequence[Case], twins: Twins) -> str:
    parts: list[str] = []
    for section in dict.fromkeys(case.section for case in cases):
        parts.append(f"== {section} ==\n")
        parts += _section([case for case in cases if case.section == section], twins)
    return "\n".join(parts)


def _section(cases: Sequence[Case], twins: Twins) -> list[str]:
    """Each new message in full, then those that read like another, by what they read like."""
    parts: list[str] = []
    alike: dict[str, list[str]] = {}
    for case in cases:
        twin = twins.get(case.title)
        if twin is None:
            parts.append(f"{case.name}\n{textwrap.indent(page(case), '    ')}\n")
            continue
        name = twin.name if twin.section == case.section else twin.title
        alike.setdefault(name, []).append(case.name)
    for name, names in alike.items():
        said = f"The same as “{name}”: {'; '.join(names)}."
        parts.append(textwrap.fill(said, 100, subsequent_indent="  ") + "\n")
    return parts


def _twins(cases: Sequence[Case]) -> Twins:
    first: dict[str, Case] = {}
    twins: dict[str, Case] = {}
    for case in cases:
        earlier = first.setdefault(page(case), case)
        if earlier is not case:
            twins[case.title] = earlier
    return twins


def _lines(books: Books, all_twins: Mapping[str, Twins], language: str) -> str:
    lines: list[str] = []
    for name, cases in books.items():
        lines += [f"== {name} ==", ""]
        twins = all_twins[name]
        for case in cases:
            twin, said = twins.get(case.title), line(case, language)
            if twin is None or said != line(twin, language):
                lines.append(f"{case.title} | {said}")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    """Write every file, and remove those that are no longer written."""
    files = written(asyncio.run(open_books()))
    GOLDEN.mkdir(exist_ok=True)
    for old in GOLDEN.glob("*.txt"):
        if old.name not in files:
            old.unlink()
    for name, text in files.items():
        (GOLDEN / name).write_text(text, encoding="utf-8")
    sys.stdout.write(f"{len(files)} files in {GOLDEN}\n")


if __name__ == "__main__":
    main()
