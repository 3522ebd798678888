"""How far along something is that takes its time."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Told how much is done, and of how much, from whatever thread does it."""


def unheard(done: int, total: int) -> None:
    """`Progress` that nobody watches."""
