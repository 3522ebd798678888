"""Faults by name, in force for a call or for all of them, as often as asked.

Guarantees: only a known fault with known parameters can be set; a fault with `times` is taken
exactly that often.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class KnownFault:
    """A fault that can be asked for; `parameters` holds each parameter's default.

    A parameter among `choices` has no other values than those.
    """

    name: str
    description: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    choices: Mapping[str, Collection[Any]] = field(default_factory=dict)


@dataclass(slots=True)
class Fault:
    """A fault in force: for `call` ("*": every call), `times` more times (None: for good)."""

    name: str
    call: str
    times: int | None
    parameters: dict[str, Any]

    def shown(self) -> dict[str, Any]:
        """As the control side shows and accepts it."""
        return {"name": self.name, "call": self.call, "times": self.times, **self.parameters}


class Faults:
    """The registry of one counterparty: what is known, and what is in force."""

    def __init__(self, known: Sequence[KnownFault]) -> None:
        self.known = {fault.name: fault for fault in known}
        self.on: list[Fault] = []

    def put(self, wanted: Sequence[Mapping[str, Any]]) -> None:
        """Replace everything in force. Raises ValueError, changing nothing, at the first misfit."""
        self.on = [self._read(fault) for fault in wanted]

    def add(self, name: str, call: str = "*", times: int | None = None, **parameters: Any) -> None:
        """Put one more fault in force. Raises ValueError."""
        self.on.append(self._read({"name": name, "call": call, "times": times, **parameters}))

    def take(self, name: str, call: str = "*") -> dict[str, Any] | None:
        """The fault if it is in force for `call`, counting it down; else None.

        A mapping of its name and all its parameters, hence never empty.
        """
        for fault in self.on:
            if fault.name == name and fault.call in ("*", call):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.on.remove(fault)
                return {"name": name, **self.known[name].parameters, **fault.parameters}
        return None

    def clear(self) -> None:
        """Nothing is in force any more."""
        self.on = []

    def _read(self, wanted: Mapping[str, Any]) -> Fault:
        given = dict(wanted)
        name, call = given.pop("name", None), given.pop("call", "*")
        times = given.pop("times", None)
        known = self.known.get(str(name))
        if known is None:
            raise ValueError(f"no fault is called {name!r}")
        if not (isinstance(call, str) and call):
            raise ValueError("call is a call's name, or *")
        if times is not None and (not isinstance(times, int) or times < 1):
            raise ValueError("times is a number above zero, or null")
        for parameter, value in given.items():
            _check(known, parameter, value)
        return Fault(known.name, call, times, given)


def _check(known: KnownFault, parameter: str, value: object) -> None:
    if parameter not in known.parameters:
        raise ValueError(f"{known.name} has no parameter {parameter!r}")
    default = known.parameters[parameter]
    number = isinstance(default, int | float) and not isinstance(default, bool)
    fits = isinstance(value, int | float) if number else isinstance(value, type(default))
    if not fits:
        raise ValueError(f"{parameter} of {known.name} is to be like {default!r}")
    if parameter in known.choices and value not in known.choices[parameter]:
        raise ValueError(f"{parameter} of {known.name} can't be {value!r}")
