"""What a bot's log says of a run: words that somebody wrote, failures, lines that are no entry."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from hostile.spoiling import WORD

_UNTAKEN = ("update not taken", "update_not_taken")
_SHOWN = 400


def findings(lines: Iterable[str]) -> Counter[str]:
    """Each thing that must not stand in the log, and how often it does."""
    found: Counter[str] = Counter()
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            found[f"no entry: {line[:_SHOWN]}"] += 1
            continue
        event = str(entry.get("event", "?"))[:_SHOWN]
        if WORD in line:
            found[f"words in the log: {event.replace(WORD, '(word)')}"] += 1
        if "exception" in entry or entry.get("level") in ("error", "critical"):
            found[f"{event}: {_last_frame(entry)}"] += 1
        elif event in _UNTAKEN:
            found[f"{event}: {entry.get('error') or entry.get('why')}"] += 1
    return found


def events(lines: Iterable[str]) -> Counter[str]:
    """What else was said, and how often."""
    return Counter(_event(line) for line in lines)


def _event(line: str) -> str:
    try:
        entry = json.loads(line)
    except ValueError:
        return "?"
    return f"{entry.get('level')}: {str(entry.get('event'))[:_SHOWN]}"


def _last_frame(entry: dict[str, Any]) -> str:
    """The type of the exception, and where it was raised."""
    told = entry.get("exception")
    if not told or not isinstance(told, list):
        return str(entry.get("why") or entry.get("error") or "")[:_SHOWN]
    last = told[-1]
    frames = last.get("frames") or [{}]
    where = [f"{each.get('filename', '?')}:{each.get('lineno', '?')}" for each in frames[-2:]]
    return f"{last.get('exc_type')} at {' < '.join(reversed(where))}"
