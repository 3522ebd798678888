"""Alerts: what operators are told without asking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Alert:
    """Something the operators are told once, and told again when it is over."""

    key: str
    raised_at: datetime
    cleared_at: datetime | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


class AlertAction(StrEnum):
    """What a button on an alert does; its button carries what the alert is about."""

    RELEASE_ORPHAN = "free"
    """Give back a locker that is ours at Harbor and unknown here: asks first; carries
    `<tower>.<locker>`."""
