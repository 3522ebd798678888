"""Alerts: what operators are told without asking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Alert:
    """Something the operators are told once, and told again when it is over."""

    key: str
    raised_at: datetime
    cleared_at: datetime | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
