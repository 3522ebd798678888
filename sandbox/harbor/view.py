"""What is to be seen of Harbor and its towers: the control side's state."""

from __future__ import annotations

from typing import Any

from sandbox.harbor.lockers import Locker
from sandbox.harbor.registry import Registry, Site
from sandbox.harbor.seeds import COLUMNS

PLACE = {"id", "name", "address1", "city", "lat", "lon", "timezone", "access_hours"}


def state(registry: Registry, *, automatic_sync: bool) -> dict[str, Any]:
    """Every tower with its doors, in the shape of docs/sandbox.md."""
    towers = [_tower(site) for site in registry.sites.values()]
    return {"automatic_sync": automatic_sync, "towers": towers}


def _tower(site: Site) -> dict[str, Any]:
    return {
        "id": site.seed.id,
        "name": site.seed.name,
        "location": site.seed.location.model_dump(include=PLACE, by_alias=True),
        "columns": len(COLUMNS),
        "keypad": site.seed.keypad,
        "unsynced": len(site.tower.log),
        "lockers": [_locker(site, locker) for locker in site.lockers.values()],
    }


def _locker(site: Site, locker: Locker) -> dict[str, Any]:
    seed, door = locker.seed, site.tower.doors[locker.id]
    return {
        "id": seed.id,
        "name": seed.name,
        "type": seed.type.name,
        "isLowLocker": seed.low,
        "column": seed.column,
        "row": seed.row,
        "height": seed.type.id,
        "status": locker.status.value,
        "door": "open" if door.open else "closed",
        "parcel": door.parcel,
    }
