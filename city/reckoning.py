"""Each parcel's end, as people, the bot and the doors have it.

Guarantees: one that is not as it should be is a line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial

from bot.domain.delivery import Delivery
from bot.domain.ids import DeliveryId
from bot.domain.lifecycle import ENDS, State
from bot.ports.database import Transaction
from city.people import Life
from city.world import World


async def reckoned(
    world: World, lives: Sequence[Life], *, complete: bool
) -> tuple[Counter[str], list[str]]:
    """How many have ended how, and what is wrong. `complete`: the days are over, so that nothing is
    still to come."""
    ended: Counter[str] = Counter()
    wrong: list[str] = []
    behind = {
        door.parcel
        for tower in world.towers
        for door in world.harbor.registry.site(tower.id).tower.doors.values()
        if door.parcel
    }
    for life in lives:
        if not life.delivery:
            ended["not booked" if life.gave_up else "not begun"] += 1
            continue
        name = DeliveryId(life.delivery)
        found = await world.bot.database.look(partial(_read, name=name))
        if found is None:
            wrong.append(f"{name} is in no database")
            continue
        ended[found.state.value] += 1
        wrong += _differs(life, found, life.delivery in behind, complete)
    return ended, wrong


async def _read(tx: Transaction, name: DeliveryId) -> Delivery | None:
    return await tx.delivery(name)


def _differs(life: Life, found: Delivery, behind: bool, complete: bool) -> list[str]:
    """What the bot believes and what is not so."""
    name, told = life.delivery, found.state
    late = [f"{name} lies behind a door, and is {told}"] if behind and told in ENDS else []
    if told is State.COLLECTED and life.taken is None:
        late.append(f"{name} is collected, and nobody has taken it")
    if told is State.STORED and not behind and complete:
        late.append(f"{name} is stored, and behind no door")
    if life.synced is not None and life.rung is None and complete:
        late.append(f"{name} came in, and no phone has rung")
    return late
