"""A plugin of pytest for `make mutants`: the tests are collected once, and each mutant is a fork.

mutmut collects them anew for each mutant, which takes far longer than most mutants live. What is
forked here has run no test yet, so none is touched by what another mutant has done.

Guarantees: a mutant is killed where a test that reaches its function fails, or they take far longer
than without it; those that are over soonest come first. A function that is called while modules are
imported keeps its first form in a fork: its mutants are tried in an interpreter of their own,
against all tests. As many are tried at once as there are cores. Each verdict is written at once
where mutmut keeps its own; what was killed is not tried again.
"""

from __future__ import annotations

import fnmatch
import json
import os
import resource
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import pytest
from mutmut.configuration import config as mutmut_config
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.state import state

from tests.support.quickest_first import MEASURED, measured

NAMES, ALONE = "MUTANTS_TRIED", "MUTANT_ALONE"
"""The variables that say what is to be tried: patterns with blanks between them; or, in an
interpreter of its own, the one that is there from the beginning."""
_SURVIVED, _KILLED, _NO_TESTS = 0, 1, 33  # as mutmut says it
_PATIENCE, _LONGEST = 20, 900
"""How many times longer than without it the tests of a mutant may take, in processor time; and
seconds by the clock on the wall, which others make late."""


class _FirstFailure:
    """Ends the process of a mutant that is killed: what its test leaves behind goes with it."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not hasattr(report, "wasxfail"):
            os._exit(_KILLED)


class _Watch:
    """Which functions each test reaches, and how long it takes."""

    def __init__(self) -> None:
        self.reached: defaultdict[str, set[str]] = defaultdict(set)
        self.spent: dict[str, float] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.spent[report.nodeid] = self.spent.get(report.nodeid, 0.0) + report.duration

    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        for function in _hits():
            self.reached[function].add(item.nodeid)


def _hits() -> set[str]:
    """The functions that have been called since it was asked last."""
    found = set(state()._stats)
    state()._stats.clear()
    return found


mutmut_config()  # which reads it, while nothing is forked yet
if ALONE not in os.environ:
    set_mutant_under_test("stats")  # before anything of the bot is imported: that counts, too


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """In the place of the tests: first all of them as they are, then each mutant's."""
    if ALONE in os.environ:
        return None
    session.config.pluginmanager.unregister(name="terminalreporter")  # a dot for each test of each
    at_import = _hits()
    if _in_child(lambda: _measure(session)) != 0:
        raise pytest.UsageError("the tests fail without a mutant")
    measured.cache_clear()
    reached = json.loads(MEASURED.read_text("utf-8"))["tests_by_mangled_function_name"]
    tests = {item.nodeid: item for item in session.items}
    cores = ThreadPoolExecutor(os.cpu_count())
    begun = {}
    modules = {
        meta: json.loads(meta.read_text("utf-8")) for meta in Path("bot").glob("*/*.py.meta")
    }
    for meta in sorted(modules):
        for name in _to_try(modules[meta]["exit_code_by_key"]):
            function = name.partition("__mutmut_")[0]
            mine = [tests[each] for each in reached.get(function, ())]
            trial = cores.submit(_try, session, name, mine, alone=function in at_import)
            begun[trial] = meta, name
    to_come = Counter(meta for meta, _ in begun.values())
    for trial in as_completed(begun):
        meta, name = begun[trial]
        modules[meta]["exit_code_by_key"][name] = trial.result()
        meta.write_text(json.dumps(modules[meta]), "utf-8")
        to_come[meta] -= 1
        if not to_come[meta]:
            _say(meta, modules[meta]["exit_code_by_key"])
    return True


def _say(meta: Path, verdicts: Mapping[str, int | None]) -> None:
    left = sum(verdict in (_SURVIVED, _NO_TESTS) for verdict in verdicts.values())
    print(f"{meta}: {left} of {len(verdicts)} are left", file=sys.__stderr__, flush=True)


def _measure(session: pytest.Session) -> int:
    watch = _Watch()
    session.config.pluginmanager.register(watch)
    failed = _run(session, session.items)
    reached = {function: sorted(tests) for function, tests in watch.reached.items()}
    kept = {"tests_by_mangled_function_name": reached, "duration_by_test": watch.spent}
    MEASURED.write_text(json.dumps(kept), "utf-8")
    return failed


def _to_try(verdicts: Mapping[str, int | None]) -> list[str]:
    patterns = os.environ[NAMES].split()
    open_ = [n for n, verdict in verdicts.items() if verdict in (None, _SURVIVED, _NO_TESTS)]
    return [name for name in open_ if any(fnmatch.fnmatch(name, each) for each in patterns)]


def _try(session: pytest.Session, name: str, tests: Sequence[pytest.Item], *, alone: bool) -> int:
    verdict = _NO_TESTS
    if tests:
        spent = measured()
        quickest = sorted(tests, key=lambda item: spent[item.nodeid])
        seconds = 5 + int(_PATIENCE * sum(spent[item.nodeid] for item in tests))
        verdict = _in_child(lambda: _as(name, session, quickest), seconds)
    return _alone(name) if alone and verdict in (_SURVIVED, _NO_TESTS) else verdict


def _as(name: str, session: pytest.Session, tests: Sequence[pytest.Item]) -> int:
    set_mutant_under_test(name)
    session.config.pluginmanager.register(_FirstFailure())
    return _run(session, tests)


def _alone(name: str) -> int:
    """Against all tests, in an interpreter whose imports call it."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-x", *sys.argv[1:]],
        check=False,
        env=os.environ | {ALONE: name, "MUTANT_UNDER_TEST": name},
        capture_output=True,
    ).returncode


def _run(session: pytest.Session, tests: Sequence[pytest.Item]) -> int:
    """Killed where one of them fails."""
    for at, item in enumerate(tests):
        after = tests[at + 1] if at + 1 < len(tests) else None
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
    return _KILLED if session.testsfailed else _SURVIVED


def _in_child(act: Callable[[], int], seconds: int = 0) -> int:
    """How it ends in a process of its own, which may use the processor for so many seconds (0: for
    as many as it takes); by a signal, its number below nought."""
    child = os.fork()
    if child == 0:
        code = _KILLED
        try:
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, 1)
            os.dup2(nothing, 2)
            if seconds:
                resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
                signal.alarm(_LONGEST)
            code = act()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
