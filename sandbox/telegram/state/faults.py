"""The faults this Telegram knows by name.

Guarantees: each can be limited to one method (or, for those of updates, one kind of update) by
`call`, and to one chat by `chat`.
"""

from __future__ import annotations

from typing import Any

from sandbox.faults import Faults, KnownFault

EVERY_CHAT = 0

KNOWN = (
    KnownFault("slow", "answers after so many seconds", {"seconds": 5.0, "chat": EVERY_CHAT}),
    KnownFault("bad_gateway", "answers 502 and does nothing", {"chat": EVERY_CHAT}),
    KnownFault("reset", "resets the connection and does nothing", {"chat": EVERY_CHAT}),
    KnownFault(
        "reply_lost", "does what was asked, then resets the connection", {"chat": EVERY_CHAT}
    ),
    KnownFault(
        "too_many_requests",
        "answers 429 and does nothing",
        {"retry_after": 3, "chat": EVERY_CHAT},
    ),
    KnownFault("repeated_updates", "brings a confirmed update once more", {"chat": EVERY_CHAT}),
    KnownFault(
        "reordered_updates",
        "holds an update back until the next one has gone before, or so many seconds passed",
        {"seconds": 2.0, "chat": EVERY_CHAT},
    ),
    KnownFault(
        "jumping_ids",
        "lets the next update id leap by so much, ahead or back",
        {"by": 1_000_000, "chat": EVERY_CHAT},
    ),
)


class ChatFaults(Faults):
    """The registry, minding which chat a fault is for."""

    def __init__(self) -> None:
        super().__init__(KNOWN)

    def take_in(self, name: str, call: str, chat: int) -> dict[str, Any] | None:
        """The fault's parameters if it is in force for `call` in `chat`, counting it down."""
        for fault in self.on:
            fits = fault.name == name and fault.call in ("*", call)
            if fits and fault.parameters.get("chat", EVERY_CHAT) in (EVERY_CHAT, chat):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.on.remove(fault)
                return {**self.known[name].parameters, **fault.parameters}
        return None
