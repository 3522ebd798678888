"""How the bots of a run are set up: on which database, how many, and how they hear of updates."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mode:
    """`database` is a kind of `crash.databases`; without `webhook` the bot polls."""

    database: str
    webhook: bool
    replicas: int = 1

    @property
    def shared(self) -> bool:
        """Whether other processes may be at work on the database, so that leases must run out."""
        return self.database != "sqlite"


MODES = {
    "postgres-webhook": Mode("postgres", webhook=True, replicas=2),
    "postgres-polling": Mode("postgres", webhook=False),
    "sqlite-webhook": Mode("sqlite", webhook=True),
    "sqlite-polling": Mode("sqlite", webhook=False),
}
"""By the name that `make crash MODE=…` takes, those that take longest first. Of two that poll
Telegram would refuse one."""
