"""What a sender reads while booking: how many lockers are free, and what the last tap brings.

Guarantees: a button that gets a locker is called the same wherever it stands, and beside it stands
what is held by it.
"""

from __future__ import annotations

from bot.domain.policy import Policy
from wording.language import Words


def free_said(words: Words, size: str, count: int, *, low_only: bool = False) -> str:
    """So many lockers of a size, whose name is given, are free."""
    if low_only:
        return words.n("{size} · {count} low free", "{size} · {count} low free", count, size=size)
    return words.n("{size} · {count} free", "{size} · {count} free", count, size=size)


def at_tower_way(words: Words, policy: Policy) -> tuple[str, str]:
    """The button of whoever stands at the tower where a link opens the door, and what it brings."""
    _, button = words._, words._("🚪 I'm at the tower")
    return button, _(
        "<b>{button}</b>: you get a locker at once, and a link that opens it. Harbor says that "
        "it holds the locker for {span}: tap when you are there.",
        button=button,
        span=words.span(policy.link_hold),
    )


def reserve_way(words: Words, policy: Policy) -> tuple[str, str]:
    """The same where a token does: a locker can be held on the way."""
    _, button = words._, words._("✅ Reserve a locker")
    return button, _(
        "<b>{button}</b>: a locker is held for {span}. Tap when you are near.",
        button=button,
        span=words.span(policy.reservation),
    )
