"""`python -m tests.support.mutants [NAME…]` (`make mutants`): is every mutant of the core killed?

mutmut changes the functions of bot/domain and bot/usecases one little thing at a time; the tests
that reach the function are run against each (tests/support/each_mutant.py). What survives is either
a test that is missing or a change that makes no difference; the latter are listed, with a reason
each, in tests/surviving_mutants.toml.

Guarantees: exit code 1 if a mutant survived that is not listed, or if one is listed without a
reason or in vain. A mutant is known by its function and the lines it changes, not by its number,
which moves with every edit.

NAME is a mutant or a pattern ("bot.domain.claims*"); without any, all are meant. What was killed is
not tried again until its function changes, so a run that was stopped goes on where it was, in the
folder mutants/.
"""

from __future__ import annotations

import difflib
import json
import os
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
MUTATED = ROOT / "mutants"
LIST = ROOT / "tests" / "surviving_mutants.toml"
_SURVIVED, _NO_TESTS = 0, 33
_MAKE = """
from mutmut.__main__ import copy_also_copy_files, copy_src_dir, create_mutants, setup_source_paths
copy_src_dir()
copy_also_copy_files()
setup_source_paths()
create_mutants(1)
"""
_PLAIN = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "CI": "1"}
"""Plugins cost more than most of these tests; and Hypothesis, where it is told that this is a run
of many, draws the same examples each time and has no patience to lose."""
_SEPARATOR = "ǁ"


@dataclass(frozen=True)
class Mutant:
    """A function with one thing changed in it: from `was` to `now`, a line or a few."""

    name: str
    verdict: int | None
    function: str
    was: str = ""
    now: str = ""

    @property
    def module(self) -> str:
        """Where its function is."""
        return self.name.partition(f".x{_SEPARATOR}")[0].partition(".x_")[0]


@dataclass(frozen=True)
class Accepted:
    """Why a mutant may survive; without `was` and `now` all of the function may."""

    function: str
    was: str
    now: str
    reason: str

    def covers(self, mutant: Mutant) -> bool:
        """Whether it is about that mutant."""
        return self.function == mutant.function and (
            not self.was or (self.was, self.now) == (mutant.was, mutant.now)
        )


def main(names: Sequence[str]) -> int:
    """Mutate, run, compare; the exit code."""
    MUTATED.mkdir(exist_ok=True)
    subprocess.run([sys.executable, "-c", _MAKE], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    subprocess.run(_command(), check=True, cwd=MUTATED, env=_environment(names))
    found = list(mutants())
    accepted = list(read_list(LIST.read_text("utf-8")))
    left = [m for m in found if m.verdict in (_SURVIVED, _NO_TESTS)]
    new = [m for m in left if not any(a.covers(m) for a in accepted)]
    vain = [a for a in accepted if not any(a.covers(m) for m in left)]
    vain = [
        a for a in vain if any(m.function == a.function and m.verdict is not None for m in found)
    ]
    print(_table(found, left, new))
    for mutant in new:
        print(as_toml(mutant))
    print("".join(f"listed in vain: {a.function}: {a.was} -> {a.now}\n" for a in vain), end="")
    print(f"{len(new)} survived that are not listed in {LIST.relative_to(ROOT)}")
    return int(bool(new or vain))


def _command() -> list[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["mutmut"]
    chosen = settings["pytest_add_cli_args_test_selection"]
    ours = ["-q", "-p", "tests.support.each_mutant"]
    asks = [*settings["pytest_add_cli_args"], *ours, *chosen]
    return [sys.executable, "-m", "pytest", "--rootdir=.", "--tb=native", *asks]


def _environment(names: Sequence[str]) -> dict[str, str]:
    tried = {"MUTANTS_TRIED": " ".join(names or ["*"]), "PYTHONPATH": str(MUTATED)}
    return os.environ | _PLAIN | tried


def mutants() -> Iterator[Mutant]:
    """Every mutant there is, with its verdict."""
    for meta in sorted(MUTATED.glob("bot/*/*.py.meta")):
        source = meta.with_suffix("")
        functions = _functions(source.read_text("utf-8"))
        for name, verdict in json.loads(meta.read_text("utf-8"))["exit_code_by_key"].items():
            mangled = name.rpartition(".")[2]
            bare = mangled.rpartition("__mutmut_")[0]
            module = name[: -len(mangled)]
            said = bare.strip(_SEPARATOR).removeprefix("x_").removeprefix(f"x{_SEPARATOR}")
            was, now = changed(functions[f"{bare}__mutmut_orig"], functions[mangled])
            yield Mutant(name, verdict, module + said.replace(_SEPARATOR, "."), was, now)


def _functions(source: str) -> dict[str, list[str]]:
    """The lines of each function, by its name, without the one that names it."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    deep = 0
    for line in source.splitlines():
        words = line.split("(")[0].split()
        if words[-2:-1] == ["def"] and "__mutmut_" in words[-1]:
            deep = len(line) - len(line.lstrip())
            lines = found[words[-1]] = [line.replace(words[-1], "…")]
        elif line and len(line) - len(line.lstrip()) <= deep and line.lstrip()[0] != ")":
            lines = []  # what follows is another function's
        else:
            lines.append(line)
    return found


def changed(before: Sequence[str], after: Sequence[str]) -> tuple[str, str]:
    """The lines that differ, each in one line."""
    was: list[str] = []
    now: list[str] = []
    for line in difflib.ndiff(list(before), list(after)):
        side = {"- ": was, "+ ": now}.get(line[:2])
        if side is not None and line[2:].strip():
            side.append(line[2:].strip())
    return " ".join(was), " ".join(now)


def read_list(text: str) -> Iterator[Accepted]:
    """What is accepted, group by group. Raises ValueError for a group without a reason."""
    for group in tomllib.loads(text).get("accepted", ()):
        if not group.get("reason", "").strip(" ?"):
            raise ValueError(f"no reason is given for {group}")
        for entry in group["mutants"]:
            function, was, now = entry if len(entry) == 3 else (*entry, "", "")
            yield Accepted(function, was, now, group["reason"])


def as_toml(mutant: Mutant) -> str:
    """The lines that would list it, its reason still to be given."""
    entry = ", ".join(json.dumps(part, ensure_ascii=False) for part in _triple(mutant))
    return f'# {mutant.name}\n[[accepted]]\nreason = "?"\nmutants = [[{entry}]]\n'


def _triple(mutant: Mutant) -> tuple[str, str, str]:
    return mutant.function, mutant.was, mutant.now


def _table(found: Sequence[Mutant], left: Sequence[Mutant], new: Sequence[Mutant]) -> str:
    """A line for each module that was tried."""
    tried = Counter(m.module for m in found if m.verdict is not None)
    survived, unlisted = Counter(m.module for m in left), Counter(m.module for m in new)
    lines = [f"{'module':<32}{'mutants':>9}{'tried':>9}{'survived':>9}{'unlisted':>9}"]
    every = Counter(m.module for m in found)
    for module in tried:
        counts = (every[module], tried[module], survived[module], unlisted[module])
        lines.append(f"{module:<32}" + "".join(f"{count:>9}" for count in counts))
    sums = [
        sum(counts[module] for module in tried) for counts in (every, tried, survived, unlisted)
    ]
    return "\n".join([*lines, f"{'all':<32}" + "".join(f"{each:>9}" for each in sums)])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
