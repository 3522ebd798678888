"""Whose bot it is, as people are told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Business:
    """As settings say; None: not told. `support` is a username, a number or an address, `privacy`
    where questions about what is stored go, or are answered; `terms` is an address."""

    name: str | None = None
    support: str | None = None
    privacy: str | None = None
    terms: str | None = None
