"""The list of mutants that may survive: each has a reason, and is known by what it changes."""

from __future__ import annotations

import pytest

from tests.support.mutants import LIST, Accepted, Mutant, as_toml, changed, read_list

SURVIVOR = Mutant("bot.domain.x.x_f__mutmut_3", 0, "bot.domain.x.f", "a = 1", "a = 2")


def test_every_mutant_that_may_survive_has_a_reason() -> None:
    listed = list(read_list(LIST.read_text("utf-8")))
    assert listed
    assert len(set(listed)) == len(listed)
    with pytest.raises(ValueError, match="no reason"):
        list(read_list(as_toml(SURVIVOR)))


def test_a_survivor_is_listed_as_it_is_printed() -> None:
    [listed] = read_list(as_toml(SURVIVOR).replace('"?"', '"it is the same"'))
    assert listed == Accepted("bot.domain.x.f", "a = 1", "a = 2", "it is the same")
    assert listed.covers(SURVIVOR)


def test_a_mutant_is_known_by_its_function_and_the_lines_it_changes() -> None:
    one = Accepted("bot.domain.x.f", "a = 1", "a = 3", "it is the same")
    assert not one.covers(SURVIVOR)
    assert Accepted("bot.domain.x.f", "", "", "all of it").covers(SURVIVOR)
    assert not Accepted("bot.domain.x.g", "", "", "all of it").covers(SURVIVOR)
    assert SURVIVOR.module == "bot.domain.x"
    assert Mutant("bot.domain.x.xǁCǁf__mutmut_1", 0, "bot.domain.x.C.f").module == "bot.domain.x"


def test_what_changes_is_told_line_by_line_without_where_it_stands() -> None:
    before = ["def …(x):", "    if x:", "        return 1", "    return 2"]
    after = ["def …(x):", "    if not x:", "        return 1", "    return 2"]
    assert changed(before, after) == ("if x:", "if not x:")
