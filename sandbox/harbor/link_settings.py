"""How Locker Open links behave where Harbor's evidence conflicts or is missing.

Guarantees: only values that the sandbox can play are accepted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from sandbox.harbor.schemas import LONGEST_DURATION

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """`hold_seconds`: how long a drop-off link is good; `cancelled`: the status of what didn't fit.

    Harbor said five minutes in 2026-02; an integration saw about 24 hours in 2025-12.
    """

    hold_seconds: float = 300.0
    cancelled: str = "cancelled"

    def shown(self) -> dict[str, Any]:
        """As the control side shows and accepts them."""
        return asdict(self)

    def changed(self, wanted: Mapping[str, Any]) -> LinkSettings:
        """The same with `wanted` put in. Raises ValueError."""
        for name, value in wanted.items():
            accepts = _ACCEPTED.get(name)
            if accepts is None:
                raise ValueError(f"links have no setting {name!r}")
            if not accepts(value):
                raise ValueError(f"{name} can't be {value!r}")
        return replace(self, **wanted)


def is_word(value: object) -> bool:
    """Whether `value` can stand for a status or a field's name."""
    return isinstance(value, str) and _WORD.fullmatch(value) is not None


def _is_hold(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and 1 <= value <= LONGEST_DURATION  # type: ignore[operator]  # a number


_ACCEPTED = {"hold_seconds": _is_hold, "cancelled": is_word}
