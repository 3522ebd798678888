"""What a scrape of the metrics tells, before it is put into Prometheus' form (`web/metrics.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.alerts import AlertKind
from bot.ports.calls import Calls
from bot.ports.upkeep import Counts
from bot.workers.journal import Journal
from bot.workers.showing import Tally


@dataclass(frozen=True, slots=True)
class Stuck:
    """What operators have to look after, counted. `alerts`: those that stand, by kind."""

    overdue: int = 0
    stuck: int = 0
    doors: int = 0
    alerts: Mapping[AlertKind, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """One scrape's worth of facts.

    `watcher_lag` and `update_age` are in seconds, None before the first look or update; `build` is
    what is run, and how. Where storage does not answer, `counts` is None and `stuck` says nothing.
    """

    counts: Counts | None
    tally: Tally
    watcher_lag: float | None
    harbor_ok: bool
    now: datetime | None = None
    stuck: Stuck = field(default_factory=Stuck)
    build: Mapping[str, str] = field(default_factory=dict)
    update_age: float | None = None
    telegram_ok: bool = True
    saving_ok: bool = True
    failed_steps: int = 0
    failed_turns: Mapping[str, int] = field(default_factory=dict)
    journal: Journal = field(default_factory=Journal)
    harbor: Calls = field(default_factory=Calls)
    telegram: Calls = field(default_factory=Calls)
