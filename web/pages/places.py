"""Places among the requests that are answered at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.exceptions import HTTPException


class Places:
    """Counts those that are taken."""

    def __init__(self) -> None:
        self._taken = 0

    @contextmanager
    def one(self, of: int) -> Iterator[None]:
        """Have one of so many; HTTPException 503 where all are taken."""
        if self._taken >= of:
            raise HTTPException(503)
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1
