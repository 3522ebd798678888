"""What Harbor's lists hold that can't be read: left out there, counted here.

Guarantees: of each list what its last answer held counts, and no earlier one; that entries are left
out is logged once, and once more when all of them can be read again; nothing quotes an entry.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import structlog

from bot.ports.lockers import LeftOut

log = structlog.get_logger(__name__)

LONGEST_WHY = 200
"""Characters of a reason that are kept."""


class Unreadable:
    """See the module; a list is a call and the id (of a tower, a location) it was made for."""

    def __init__(self) -> None:
        self._lists: dict[tuple[str, Any], LeftOut | None] = {}

    def note(self, call: str, about: Any, entries: int, why: str) -> None:
        """The last answer to `call` about that id held so many `entries` that can't be read."""
        before, now = self._lists.get((call, about)), None
        if entries:
            now = LeftOut(entries, why[:LONGEST_WHY])
        self._lists[call, about] = now
        if now is not None and before is None:
            log.warning("harbor.entries_left_out", call=call, about=about, count=entries, why=why)
        elif now is None and before is not None:
            log.info("harbor.all_entries_read", call=call, about=about)

    def keep(self, call: str, about: Collection[Any]) -> None:
        """Of the lists of `call`, those about other ids are there no more."""
        for name, id_ in list(self._lists):
            if name == call and id_ not in about:
                del self._lists[name, id_]

    def by_call(self) -> Mapping[str, LeftOut | None]:
        """All lists of a call together; None: all of their entries can be read."""
        calls: dict[str, LeftOut | None] = {}
        for (call, _), found in self._lists.items():
            before = calls.get(call)
            if before is not None and found is not None:
                calls[call] = LeftOut(before.entries + found.entries, before.why)
            else:
                calls[call] = before or found
        return calls
