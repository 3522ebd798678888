"""An alert as one language tells it: what its sentences are made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.alerts import Alert
from bot.domain.delivery import Delivery
from bot.domain.situation import AlertSituation
from wording.language import Words
from wording.moments import moment
from wording.sanitize import esc


@dataclass(frozen=True)
class Concern:
    """An alert as it is told in one language."""

    situation: AlertSituation
    words: Words

    @property
    def alert(self) -> Alert:
        """The alert itself."""
        return self.situation.alert

    @property
    def delivery(self) -> Delivery | None:
        """The delivery it is about, if any."""
        return self.situation.delivery

    @property
    def door(self) -> str:
        """The name on the door; its number at Harbor only where no name is known."""
        known = self.delivery.locker_name if self.delivery else None
        name = self.alert.locker_name or known
        number = "" if self.alert.locker is None else str(self.alert.locker)
        return esc(name) or number or "?"

    def time(self, at: datetime) -> str:
        """Local time at the tower; UTC, said so, where no tower is concerned."""
        told = self.situation
        return moment(self.words, at, told.tower, now=told.now, named=True)
