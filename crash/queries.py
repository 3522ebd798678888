"""Callback queries: whether each was answered in the end, so that no button was left spinning.

Guarantees: pure. No kill excuses one that was not: whoever restarts must answer it. Only Telegram's
own time-out does: it has refused the answer, or the bots were done with the tap no sooner.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TOO_OLD = "query is too old"
_TAKEN_FOR = 15.0
"""Seconds for which Telegram takes an answer."""


class Queries:
    """Tell it of every update (`asked`, and once it is confirmed `taken`) and every call (`note`),
    in their order."""

    def __init__(self) -> None:
        self._open: dict[str, int] = {}
        self._asked_at: dict[int, tuple[str, float]] = {}
        self._late: set[str] = set()
        self.asked_for = self.again = 0

    def asked(self, update: int, body: Mapping[str, Any], at: float) -> None:
        """An update came into being, perhaps one that holds a query."""
        if (query := body.get("callback_query")) is not None:
            self.asked_for += 1
            self._open[query["id"]] = update
            self._asked_at[update] = query["id"], at

    def taken(self, update: int, at: float) -> None:
        """The update has been confirmed; so late, whoever last tried to answer came too late."""
        query, asked_at = self._asked_at.get(update, ("", at))
        if query in self._open and at - asked_at > _TAKEN_FOR:
            self._late.add(query)

    def note(self, method: str, asked: Mapping[str, Any], answer: Any) -> None:
        """A call and Telegram's answer to it."""
        if method != "answerCallbackQuery" or not isinstance(answer, Mapping):
            return
        query = str(asked.get("callback_query_id"))
        if answer.get("ok"):
            self.again += query not in self._open
            self._open.pop(query, None)
            self._late.discard(query)
        elif query in self._open and _TOO_OLD in str(answer.get("description")):
            self._late.add(query)

    @property
    def late(self) -> int:
        """How many could not be answered any more, as Telegram said."""
        return len(self._late)

    def faults(self) -> list[str]:
        """A line for each that nobody answered, though Telegram would have taken it."""
        return [
            f"the button of update {update} was never answered"
            for query, update in self._open.items()
            if query not in self._late
        ]

    def told(self) -> str:
        """One line for whoever reads the counts."""
        never = len(self._open) - len(self._late)
        return (
            f"buttons pressed: {self.asked_for}; answered twice: {self.again}, too late for "
            f"Telegram: {self.late}, never: {never} (may be 0)"
        )
