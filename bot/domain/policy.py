"""The policy by which lockers are held, as settings give it; one place for every duration."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.domain.codes import CodeForm
from bot.domain.ids import PersonId


@dataclass(frozen=True, slots=True)
class Policy:
    """How long things last, and who looks after what is stuck.

    `reservation`, `drop_off`, `pick_up`: what Harbor is asked for. `storage`: how long a parcel may
    wait; Harbor sets no end to that (harbor.md §4.5), so it is ours.
    """

    reservation: timedelta = timedelta(seconds=300)
    drop_off: timedelta = timedelta(seconds=3000)
    pick_up: timedelta = timedelta(seconds=900)
    storage: timedelta = timedelta(hours=72)
    extension: timedelta = timedelta(hours=24)
    extensions: int = 3
    first_reminder: timedelta = timedelta(hours=24)
    last_reminder: timedelta = timedelta(hours=6)
    hold_warning: timedelta = timedelta(seconds=90)
    watch: timedelta = timedelta(seconds=5)
    watch_idle: timedelta = timedelta(seconds=60)
    late_facts: timedelta = timedelta(days=7)
    opener: CodeForm = CodeForm.TOKEN
    operators: frozenset[PersonId] = frozenset()
