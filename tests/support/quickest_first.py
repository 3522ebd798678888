"""A plugin of pytest for `make mutants`: of a mutant's tests those first that are over soonest.

By what has been measured; most mutants are killed by a test of a few milliseconds, and would else
wait for those that open a database and a Harbor.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

MEASURED = Path("mutmut-stats.json")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In place; a test that has not been measured yet comes first."""
    spent = measured()
    items.sort(key=lambda item: spent.get(item.nodeid, 0.0))


@functools.cache
def measured() -> Mapping[str, float]:
    """Seconds of each test, by its name; nothing where none has been measured."""
    if not MEASURED.exists():
        return {}
    spent: Mapping[str, float] = json.loads(MEASURED.read_text("utf-8"))["duration_by_test"]
    return spent
