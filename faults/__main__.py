"""`python -m faults` (`make faults`): a table of what came of each fault; exit code 1 for any loss.

What goes wrong is told as soon as it is known: a run that is cut short has not been in vain.

First the story is told without faults, to see which calls each step makes; then, for every such
call and every fault that its sandbox knows, with that fault. A run that is out of time says how
many faults it has left out: the order is drawn by the seed, so that what it tried is a fair sample.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context

from bot.domain.openers import Opener
from faults.story import story
from faults.trials import Outcome, Told, Trial, faults_of, tell

_SHORT = {
    Outcome.BY_ITSELF: "by itself",
    Outcome.AFTER_A_TAP: "another tap",
    Outcome.IN_TIME: "in time",
    Outcome.LOST: "lost",
    Outcome.NOT_MET: "not met",
}
Telling = Mapping[int, Trial]


@dataclass
class Report:
    """What came of every trial so far."""

    outcomes: Counter[tuple[str, str, str, Outcome]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    left_out: int = 0

    def note(self, trial: Trial, told: Told) -> None:
        """The trial's outcome in a telling of which it alone, or nothing, is to blame."""
        outcome = told.outcomes.get(trial.step, Outcome.LOST)
        self.outcomes[trial.side, trial.call, trial.said, outcome] += 1
        if told.wrong:
            step = story(trial.opener)[trial.step].name
            head = f"WRONG by {trial.opener}, {step}: {trial.side} {trial.call} {trial.said}"
            self.wrong.append("\n    ".join([head, *told.wrong]))
            print(self.wrong[-1], flush=True)


def main() -> int:
    """Try, print; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__)
    parser.add_argument("--only", default="", help="calls and faults whose name holds this")
    parser.add_argument("--jobs", type=int, default=4 * (os.cpu_count() or 1))
    parser.add_argument("--seconds", type=float, default=600, help="after which no more is tried")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    began, report = time.monotonic(), Report()
    chance = random.Random(asked.seed)  # noqa: S311 - only the order of what is tried
    with ProcessPoolExecutor(asked.jobs, mp_context=get_context("spawn")) as pool:
        planned: list[tuple[Opener, Telling]] = []
        openers = (Opener.TOKEN, Opener.LINK)
        for opener, plain in zip(openers, pool.map(tell, openers, [{}, {}]), strict=True):
            if plain.wrong:
                print(f"without any fault, by {opener}: {'; '.join(plain.wrong)}")
                return 1
            trials = [t for t in _all(opener, plain) if asked.only in f"{t.call} {t.said}"]
            chance.shuffle(trials)
            planned += [(opener, telling) for telling in tellings(trials)]
        chance.shuffle(planned)
        _try(pool, planned, report, began + asked.seconds)
    _print(report, time.monotonic() - began)
    return int(bool(report.wrong))


def _try(
    pool: ProcessPoolExecutor,
    planned: Sequence[tuple[Opener, Telling]],
    report: Report,
    deadline: float,
) -> None:
    """All of them until the deadline; what went wrong once more, each fault alone."""
    waiting: dict[Future[Told], tuple[Opener, Telling]] = {
        pool.submit(tell, opener, telling): (opener, telling) for opener, telling in planned
    }
    while waiting:
        again: dict[Future[Told], tuple[Opener, Telling]] = {}
        for done in as_completed(waiting):
            opener, telling = waiting[done]
            if time.monotonic() > deadline:
                for future in waiting:
                    future.cancel()
            if done.cancelled():
                report.left_out += len(telling)
                continue
            told = done.result()
            if told.wrong and len(telling) > 1:
                again |= {
                    pool.submit(tell, opener, {trial.step: trial}): (opener, {trial.step: trial})
                    for trial in telling.values()
                }
                continue
            for trial in telling.values():
                report.note(trial, told)
        waiting = again


def _all(opener: Opener, plain: Told) -> Iterator[Trial]:
    for step, calls in sorted(plain.calls.items()):
        for side, call in sorted(calls):
            for fault, parameters in faults_of(side, call):
                yield Trial(opener, step, side, call, fault, parameters)


def tellings(trials: Sequence[Trial]) -> Iterator[Telling]:
    """As few tellings as hold every trial, one at a step."""
    waiting: defaultdict[int, list[Trial]] = defaultdict(list)
    for trial in trials:
        waiting[trial.step].append(trial)
    while any(waiting.values()):
        yield {step: left.pop() for step, left in waiting.items() if left}


def _print(report: Report, seconds: float) -> None:
    outcomes = report.outcomes
    rows = sorted({(side, call, said) for side, call, said, _ in outcomes})
    print(f"{'call':<32}{'fault':<34}" + "".join(f"{_SHORT[o]:>12}" for o in Outcome))
    for side, call, said in rows:
        counts = "".join(f"{outcomes[side, call, said, o] or '·':>12}" for o in Outcome)
        print(f"{side + ' ' + call:<32}{said:<34}{counts}")
    total = {o: sum(n for key, n in outcomes.items() if key[3] is o) for o in Outcome}
    said = ", ".join(f"{n} {o}" for o, n in total.items())
    left = f", {report.left_out} left out for want of time" if report.left_out else ""
    print(f"{sum(total.values())} faults in {seconds:.0f} s: {said}{left}")
    print(f"{len(report.wrong)} went wrong")


if __name__ == "__main__":
    sys.exit(main())
