"""What is heard of the sandbox Telegram: updates as they come and are confirmed, and calls.

Guarantees: whoever is heard notices nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from crash.ledger import Ledger
from crash.queries import Queries


def listen(telegram: Any, ledger: Ledger, queries: Queries, confirmed: set[int]) -> None:
    """Note every update and whether the bot confirms it, and every call that it makes."""
    updates, exchanged = telegram.updates, telegram.exchanged
    put, confirm = updates.put, updates.confirm

    def putting(some: Iterable[Any]) -> None:
        listed = list(some)
        for update in listed:
            ledger.told(update.id, update.chat)
            queries.asked(update.id, update.body, time.monotonic())
        put(listed)

    def confirming(update: Any) -> None:
        confirmed.add(update.id)
        ledger.taken(update.id, update.chat, time.monotonic())
        queries.taken(update.id, time.monotonic())
        confirm(update)

    def exchanging(way: str, verb: str, path: str, status: Any, *what: Any) -> None:
        if way == "in":
            ledger.note(time.monotonic(), path.removeprefix("/"), what[0], what[1])
            queries.note(path.removeprefix("/"), what[0], what[1])
        exchanged(way, verb, path, status, *what)

    updates.put, updates.confirm, telegram.exchanged = putting, confirming, exchanging
