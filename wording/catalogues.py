"""The catalogues on disk: sentences read from the code, carried into each language, compiled.

Guarantees: `faults` names everything that would make somebody read English by accident, or a
sentence with a hole in it; files change only when a sentence does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from copy import deepcopy
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from wording.language import CATALOGUES, DOMAIN, LANGUAGES

TRANSLATED = LANGUAGES[1:]
ROOT = Path(__file__).parents[1]
SOURCES = ("handlers", "wording")
MAPPING = Path(__file__).parent / "babel.cfg"
TEMPLATE = CATALOGUES / f"{DOMAIN}.pot"
_KEYWORDS = {"_": None, "n": (1, 2)}
_NOTES = ("NOTE:",)
_TAG = re.compile(r"</?[a-z]+[^>]*>")
_BORN = datetime(2025, 1, 1, tzinfo=UTC)
"""Instead of the present moment in the files' headers, so that they change only with content."""


def po(language: str) -> Path:
    """Where a language's sentences are written and read by people."""
    return CATALOGUES / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def extracted() -> Catalog:
    """Every sentence that the code says, with the file it is said in."""
    catalogue = _empty(None)
    with MAPPING.open(encoding="utf-8") as mapping:
        methods, options = parse_mapping_cfg(mapping)  # type: ignore[no-untyped-call]  # Babel's
    for source in SOURCES:
        for file, line, message, notes, context in extract_from_dir(
            ROOT / source, methods, options, keywords=_KEYWORDS, comment_tags=_NOTES
        ):
            catalogue.add(
                message,
                None,
                [(f"{source}/{file}", line)],
                auto_comments=notes,
                context=context,
            )
    return catalogue


def extract() -> None:
    """Write the template that translations are made from."""
    TEMPLATE.parent.mkdir(parents=True, exist_ok=True)
    TEMPLATE.write_bytes(_written(extracted()))


def update() -> None:
    """Carry new and changed sentences into each language's file; gone ones are dropped."""
    source = extracted()
    for language in TRANSLATED:
        catalogue = read(language)
        catalogue.update(deepcopy(source), no_fuzzy_matching=True, update_creation_date=False)
        catalogue.obsolete.clear()
        po(language).parent.mkdir(parents=True, exist_ok=True)
        po(language).write_bytes(_written(catalogue))


def compile_all() -> None:
    """Write what the bot itself reads."""
    for language in TRANSLATED:
        po(language).with_suffix(".mo").write_bytes(compiled(read(language)))


def read(language: str) -> Catalog:
    """A language's catalogue; an empty one where there is no file yet."""
    if not po(language).exists():
        return _empty(language)
    with po(language).open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def _empty(language: str | None) -> Catalog:
    return Catalog(
        locale=language,
        header_comment="# What the bot says; see wording/.",
        project=DOMAIN,
        version="1",
        msgid_bugs_address="none",
        last_translator="none",
        language_team="none",
        creation_date=_BORN,
        revision_date=_BORN,
        fuzzy=False,
    )


def compiled(catalogue: Catalog) -> bytes:
    """The machine's form of a catalogue, without what is fuzzy."""
    out = BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def _written(catalogue: Catalog) -> bytes:
    out = BytesIO()
    write_po(out, catalogue, width=100, sort_output=True, include_lineno=False)
    return out.getvalue()


def faults() -> list[str]:
    """What is wrong with the catalogues, one line each; none when all is well."""
    source = extracted()
    return [fault for language in TRANSLATED for fault in _faults_of(language, source)]


def _faults_of(language: str, source: Catalog) -> Iterator[str]:
    catalogue = read(language)
    for message in source:
        if message.id:
            for fault in entry_faults(message, catalogue.get(message.id), catalogue.num_plurals):
                yield f"{language}: {fault}: {_shown(message)}"
    machine = po(language).with_suffix(".mo")
    if not machine.exists() or machine.read_bytes() != compiled(catalogue):
        yield f"{language}: not compiled since it was changed"


def entry_faults(source: Message, entry: Message | None, plurals: int) -> Iterator[str]:
    """What is wrong with one language's entry for the sentence `source`."""
    if entry is None or not all(_forms(entry.string)):
        yield "missing"
        return
    if entry.fuzzy:
        yield "fuzzy"
    forms = _forms(entry.string)
    if source.pluralizable and len(forms) != plurals:
        yield f"has {len(forms)} plural forms instead of {plurals}"
    wanted = [_holes(text) for text in _forms(source.id)]
    if not all(_fits(_holes(form), wanted) for form in forms):
        yield "placeholders differ"
    tags = {tuple(sorted(_TAG.findall(text))) for text in _forms(source.id)}
    if any(tuple(sorted(_TAG.findall(form))) not in tags for form in forms):
        yield "markup differs"


def _fits(holes: set[str] | None, wanted: Iterable[set[str] | None]) -> bool:
    """A plural form may leave the count out ("one parcel"), never anything else."""
    everything = set().union(*(names or () for names in wanted))
    return holes is not None and holes <= everything and everything - holes <= {"count"}


def _holes(text: str) -> set[str] | None:
    """The placeholders in `text`, None where it can't be filled at all."""
    try:
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError:
        return None


def _forms(text: str | Iterable[str] | None) -> list[str]:
    return [text] if isinstance(text, str) else list(text or [""])


def _shown(message: Message) -> str:
    return repr(_forms(message.id)[0])
