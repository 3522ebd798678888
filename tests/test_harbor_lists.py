"""What is said again is not read again; what is said otherwise is, wherever it stands."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harbor.client import LOCKER
from harbor.entries import PORTION, read_each
from harbor.errors import Broken
from tests.test_odd_harbor import Town, door, serving

Doors = list[dict[str, Any]]


def doors(count: int) -> Doors:
    return [door(number) for number in range(1, count + 1)]


async def test_an_answer_that_is_the_same_is_the_very_same_list() -> None:
    town = Town()
    town.lists["assigned"] = doors(3)
    async with serving(town) as (port, _):
        first = await port.assigned()
        assert await port.assigned() is first
        assert [each.id for each in first] == [1, 2, 3]


async def test_of_a_list_in_pages_all_must_be_the_same() -> None:
    town = Town()
    town.page, town.lists["assigned"] = 2, doors(5)
    async with serving(town) as (port, _):
        first = await port.assigned()
        assert await port.assigned() is first
        town.lists["assigned"][4] = door(5, name="moved")
        assert [each.name for each in await port.assigned()] == ["1", "2", "3", "4", "moved"]
        town.lists["assigned"] = doors(6)
        assert [each.id for each in await port.assigned()] == [1, 2, 3, 4, 5, 6]
        town.lists["assigned"] = doors(4)
        assert [each.id for each in await port.assigned()] == [1, 2, 3, 4]


async def test_of_a_long_list_that_has_changed_only_what_is_new_is_read_anew() -> None:
    town, count = Town(), PORTION * 2 + 1
    town.lists["assigned"] = doors(count)
    async with serving(town) as (port, _):
        before = await port.assigned()
        del town.lists["assigned"][0]
        town.lists["assigned"][PORTION] = door(PORTION + 2, status={"name": "occupied", "id": 4})
        after = await port.assigned()
        assert [each.id for each in after] == list(range(2, count + 1))
        changed = [each for each, was in zip(after, before[1:], strict=True) if each is not was]
        assert [(each.id, each.status.value) for each in changed] == [(PORTION + 2, "occupied")]


async def test_an_entry_that_can_not_be_read_is_counted_each_time_and_read_once_it_can_be() -> None:
    town = Town()
    town.lists["assigned"] = [door(1), door(2, towerId=7)]
    async with serving(town) as (port, _):
        for _ in range(2):
            assert [each.id for each in await port.assigned()] == [1]
            left_out = port.left_out()["assigned_lockers"]
            assert left_out is not None
            assert left_out.entries == 1
        town.lists["assigned"] = doors(2)
        assert [each.id for each in await port.assigned()] == [1, 2]
        assert port.left_out()["assigned_lockers"] is None


async def test_two_entries_of_one_id_are_both_what_they_say() -> None:
    town = Town()
    town.lists["assigned"] = [door(1), door(1, towerId="0100000000000002")]
    async with serving(town) as (port, _):
        first = await port.assigned()
        assert [each.tower[-1] for each in first] == ["1", "2"]
        town.lists["assigned"].append(door(9))
        assert [each.tower[-1] for each in await port.assigned()] == ["1", "2", "1"]


INSIDE = st.text('{},[]"\\ 1', max_size=9)
ENTRY = st.builds(
    lambda number, name, more: door(number, name=name, more=more),
    st.integers(1, 9),
    INSIDE,
    st.none() | INSIDE | st.lists(st.dictionaries(INSIDE, INSIDE, max_size=2), max_size=3),
)


@given(
    st.lists(ENTRY, max_size=6), st.lists(ENTRY, max_size=6), st.sampled_from([",", ", ", " ,\n"])
)
def test_braces_and_commas_inside_an_entry_end_none(
    before: Doors, after: Doors, comma: str
) -> None:
    async def read() -> None:
        known = None
        for entries in (before, [*after, *before]):
            body = json.dumps(entries, separators=(comma, ":")).encode()
            listed, known = await read_each(LOCKER, "lockers", body, known)
            assert listed.entries == [LOCKER.validate_python(entry) for entry in entries]

    asyncio.run(read())


@pytest.mark.parametrize(
    "body",
    [b'[{"id":1},{"id":2}', b'[{"id":1},]', b'[{"id":1},{"id":2}}]', b'{"id":1},{"id":2}', b"[}{]"],
)
async def test_what_is_cut_off_or_no_list_is_no_list_of_its_parts(body: bytes) -> None:
    with pytest.raises(Broken):
        await read_each(LOCKER, "lockers", body)


async def test_others_have_their_turn_while_a_long_list_is_read() -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    waiting = asyncio.create_task(others())
    await read_each(LOCKER, "lockers", json.dumps(doors(PORTION * 5)).encode())
    waiting.cancel()
    assert turns >= 5
