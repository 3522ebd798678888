"""How Locker Open links behave where Harbor's evidence conflicts or is missing.

Guarantees: only values that the sandbox can play are accepted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from pydantic.alias_generators import to_camel

from sandbox.harbor.schemas import LONGEST_DURATION, OpenRequestBody

AT_ONCE, BY_TOKEN = "at once", "by token"
DIGITS = ("answer", "webhook", "both", "nowhere")
_TAKEN = {name for field in OpenRequestBody.model_fields for name in (field, to_camel(field))}
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """`hold_seconds`: how long a drop-off link is good; `cancelled`: the status of what didn't fit.

    Harbor said five minutes in 2026-02; an integration saw about 24 hours in 2025-12. `keypad`:
    when a tower learns a request's code, and so what it opens for; `digits`: where the code is
    told, in answers under the name `digits_field`.
    """

    hold_seconds: float = 300.0
    cancelled: str = "cancelled"
    keypad: str = AT_ONCE
    digits: str = "both"
    digits_field: str = "keypadCode"

    @property
    def digits_in_answers(self) -> bool:
        """Whether the API tells a request's keypad code."""
        return self.digits in ("answer", "both")

    @property
    def digits_in_webhooks(self) -> bool:
        """Whether webhooks tell a request's keypad code."""
        return self.digits in ("webhook", "both")

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


_ACCEPTED: Mapping[str, Callable[[object], bool]] = {
    "hold_seconds": _is_hold,
    "cancelled": is_word,
    "keypad": lambda value: value in (AT_ONCE, BY_TOKEN),
    "digits": lambda value: value in DIGITS,
    "digits_field": lambda value: is_word(value) and value not in _TAKEN,
}
