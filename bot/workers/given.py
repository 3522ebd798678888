"""What Harbor gave for a request and what could not be written down yet.

Guarantees: after a failure of our own, what Harbor has given is used at the next attempt, instead
of being asked for once more. It is kept by this process alone and holds what opens doors, so
nothing of it shows in a `repr`; of what nobody fetches the oldest goes first.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from bot.domain.delivery import HarborRequest

T = TypeVar("T")

MOST = 1024


class Given(Generic[T]):
    """See the module; by the request that it was given for."""

    def __init__(self) -> None:
        self._kept: dict[int, T] = {}

    def to(self, request: HarborRequest) -> T | None:
        """What Harbor gave for the request, if it has not been written down."""
        return self._kept.get(request.id)

    def keep(self, request: HarborRequest, given: T) -> None:
        """Harbor has given this for the request."""
        self._kept[request.id] = given
        if len(self._kept) > MOST:
            del self._kept[next(iter(self._kept))]

    def forget(self, request: HarborRequest) -> None:
        """It is written down, or of no use any more."""
        self._kept.pop(request.id, None)
