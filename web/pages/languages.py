"""In which language a browser is answered."""

from __future__ import annotations

from functools import lru_cache

from wording.language import LANGUAGES, Words, speak

_READ = 200
"""Characters of the header; more than that is not read."""


@lru_cache(256)
def spoken(accepted: str, fallback: str) -> Words:
    """The voice for an `Accept-Language` header: the language it likes best of those we speak."""
    wanted: list[tuple[float, str]] = []
    for part in accepted[:_READ].split(","):
        tag, _, quality = part.strip().partition(";")
        if (weight := _weight(quality)) > 0:
            wanted.append((weight, tag.strip().lower().partition("-")[0]))
    for _, language in sorted(wanted, key=lambda each: -each[0]):
        if language in LANGUAGES:
            return speak(language)
    return speak(fallback)


def _weight(quality: str) -> float:
    name, _, number = quality.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(number)
    except ValueError:
        return 0.0
