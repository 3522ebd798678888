"""The policy by which lockers are held, as settings give it; one place for every duration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from bot.domain.business import Business
from bot.domain.ids import PersonId, TowerId
from bot.domain.limits import Limits
from bot.domain.openers import BY_TOKEN, Openers


@dataclass(frozen=True, slots=True)
class Policy:
    """How long things last, and who looks after what is stuck.

    `reservation`, `drop_off`, `pick_up`: what Harbor is asked for. `storage`: how long a parcel may
    wait; Harbor sets no end to that (harbor.md §4.5), so it is ours. `link_hold`: how long Harbor
    holds a locker for a drop-off link, `link_lasts`: how long a pick-up link is good; neither is
    asked for, and both are Harbor's to say (harbor.md §3.6). `prepared`: how long a parcel may stay
    prepared, `prepared_warning`: how long before its end the sender is told. `awaited_reminder`:
    how long a parcel lies there before its sender is reminded that whoever was picked has not come.

    `first_reminder`: how long after a parcel came in whoever collects it is reminded,
    `last_reminder`: how long before its time to collect ends. `hold_warning`: how long before the
    end of a hold the sender is warned. `extension`: by how much that time is extended,
    `extensions`: how often at most by those concerned.

    `orphan_grace`: after how long a locker that no delivery here knows of is given back by itself,
    where our own records show that we asked for it.

    A door that `door_reporters` different people have reported within `door_reported_within` is
    left out of booking until an operator says otherwise.

    `openers` count at every tower that `tower_openers` does not name. `app_name` is the app that
    opens by token, `app_link` the template of a link that hands a token over to it.

    `operators` look after every tower, those of `tower_operators` after the towers named alone.
    `operator_group` is a group that is told, too; being in it makes nobody an operator.

    `wait`: how long somebody waits for a locker at most, `head_start`: how long one that has become
    free is theirs before anybody else's in the bot, `waits`: for how many one person may wait,
    `wait_look`: how often Harbor is asked at most whether one is free where somebody waits.

    `limits` are one person's; `business` is whose bot it is.
    """

    reservation: timedelta = timedelta(seconds=300)
    drop_off: timedelta = timedelta(seconds=3000)
    pick_up: timedelta = timedelta(seconds=900)
    link_hold: timedelta = timedelta(seconds=300)
    link_lasts: timedelta = timedelta(hours=24)
    prepared: timedelta = timedelta(days=7)
    prepared_warning: timedelta = timedelta(days=1)
    storage: timedelta = timedelta(hours=72)
    extension: timedelta = timedelta(hours=24)
    extensions: int = 3
    first_reminder: timedelta = timedelta(hours=24)
    last_reminder: timedelta = timedelta(hours=6)
    awaited_reminder: timedelta = timedelta(hours=12)
    hold_warning: timedelta = timedelta(seconds=90)
    watch: timedelta = timedelta(seconds=5)
    watch_idle: timedelta = timedelta(seconds=60)
    late_facts: timedelta = timedelta(days=7)
    orphan_grace: timedelta = timedelta(minutes=30)
    door_reporters: int = 2
    door_reported_within: timedelta = timedelta(minutes=30)
    wait: timedelta = timedelta(days=1)
    head_start: timedelta = timedelta(minutes=5)
    waits: int = 3
    wait_look: timedelta = timedelta(seconds=30)
    openers: Openers = BY_TOKEN
    tower_openers: Mapping[TowerId, Openers] = field(default_factory=dict)
    app_name: str | None = None
    app_link: str | None = None
    operators: frozenset[PersonId] = frozenset()
    tower_operators: Mapping[TowerId, frozenset[PersonId]] = field(default_factory=dict)
    operator_group: PersonId | None = None
    limits: Limits = field(default_factory=Limits)
    business: Business = field(default_factory=Business)

    def openers_at(self, tower: TowerId) -> Openers:
        """What is configured to open the doors of `tower`."""
        return self.tower_openers.get(tower, self.openers)

    @property
    def all_operators(self) -> frozenset[PersonId]:
        """Whoever looks after any tower."""
        return self.operators.union(*self.tower_operators.values())

    def operators_at(self, tower: TowerId | None) -> frozenset[PersonId]:
        """Who looks after what is the matter at `tower`; None: at no tower, or at any."""
        if tower is None:
            return self.operators
        return self.operators | self.tower_operators.get(tower, frozenset())

    def operates(self, person: PersonId) -> bool:
        """Whether `person` is an operator, of some tower at least."""
        return person in self.operators or person in self.all_operators

    def operates_at(self, person: PersonId, tower: TowerId | None) -> bool:
        """Whether `person` looks after `tower`; None: after what is the matter at no tower."""
        return person in self.operators_at(tower)

    def towers_of(self, operator: PersonId) -> frozenset[TowerId] | None:
        """The towers that `operator` looks after; None: every one."""
        if operator in self.operators:
            return None
        theirs = self.tower_operators.items()
        return frozenset(tower for tower, people in theirs if operator in people)
