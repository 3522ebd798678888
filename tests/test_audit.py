"""What is concluded from a report on known weaknesses, and when nothing is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from docs.audit import NoData, read

WELL = {"name": "aiohttp", "version": "3.14.5", "vulns": []}
WEAK = {**WELL, "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.14.6"]}, {"id": "GHSA-2"}]}
UNKNOWN = {"name": "aiohttp", "skip_reason": "not found"}


def report(*releases: Any) -> str:
    return json.dumps({"dependencies": releases})


def test_each_known_weakness_is_told_with_what_mends_it() -> None:
    assert read(report(WELL, WEAK)) == (
        2,
        [
            "aiohttp 3.14.5: PYSEC-1, mended in 3.14.6",
            "aiohttp 3.14.5: GHSA-2, mended in no release yet",
        ],
    )


def test_a_known_weakness_counts_though_the_index_does_not_tell_of_all() -> None:
    checked, weaknesses = read(report(WEAK, UNKNOWN))
    assert (checked, len(weaknesses)) == (1, 2)


@pytest.mark.parametrize("told", ["", "{}", "[]", report(), report(UNKNOWN), report(WELL, UNKNOWN)])
def test_where_the_index_tells_nothing_nothing_is_concluded(told: str) -> None:
    with pytest.raises(NoData):
        read(told)
