"""`python -m faults` (`make faults`): a table of what came of each fault; exit code 1 for any loss.

First the story is told without faults, to see which calls each step makes; then, for every such
call and every fault that its sandbox knows, with that fault.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from bot.domain.openers import Opener
from faults.story import story
from faults.trials import Outcome, Told, Trial, faults_of, tell

_SHORT = {
    Outcome.BY_ITSELF: "by itself",
    Outcome.AFTER_A_TAP: "another tap",
    Outcome.LOST: "lost",
    Outcome.NOT_MET: "not met",
}
Wrong = tuple[Trial, Sequence[str]]


def main() -> int:
    """Try, print; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__)
    parser.add_argument("--only", help="calls and faults whose name holds this, e.g. sendMessage")
    parser.add_argument("--jobs", type=int, default=4 * (os.cpu_count() or 1))
    asked = parser.parse_args()
    began, outcomes, wrong = time.monotonic(), Counter[tuple[str, str, str, Outcome]](), []
    with ProcessPoolExecutor(asked.jobs, mp_context=get_context("spawn")) as pool:
        for opener in (Opener.TOKEN, Opener.LINK):
            plain = pool.submit(tell, opener, {}).result()
            if plain.wrong:
                print(f"without any fault, by {opener}: {'; '.join(plain.wrong)}")
                return 1
            trials = [t for t in _all(opener, plain) if (asked.only or "") in f"{t.call} {t.said}"]
            planned = list(tellings(trials))
            done = pool.map(tell, [opener] * len(planned), planned)
            for telling, told in zip(planned, done, strict=True):
                alone: Mapping[Trial, Told] = {}
                if told.wrong or len(told.outcomes) < len(story(opener)):
                    each = list(telling.values())
                    again = pool.map(tell, [opener] * len(each), [{t.step: t} for t in each])
                    alone = dict(zip(each, again, strict=True))
                for number, trial in telling.items():
                    found = alone.get(trial, told)
                    outcome = found.outcomes.get(number, Outcome.LOST)
                    outcomes[trial.side, trial.call, trial.said, outcome] += 1
                    if trial in alone and found.wrong:
                        wrong.append((trial, found.wrong))
                        print(_said(trial, found.wrong), file=sys.stderr, flush=True)
    _print(outcomes, wrong, time.monotonic() - began)
    return int(bool(wrong))


def _all(opener: Opener, plain: Told) -> Iterator[Trial]:
    for step, calls in sorted(plain.calls.items()):
        for side, call in sorted(calls):
            for fault, parameters in faults_of(side, call):
                yield Trial(opener, step, side, call, fault, parameters)


def tellings(trials: Sequence[Trial]) -> Iterator[Mapping[int, Trial]]:
    """As few tellings as hold every trial, one at a step."""
    waiting: defaultdict[int, list[Trial]] = defaultdict(list)
    for trial in trials:
        waiting[trial.step].append(trial)
    while any(waiting.values()):
        yield {step: left.pop() for step, left in waiting.items() if left}


def _print(
    outcomes: Counter[tuple[str, str, str, Outcome]], wrong: Sequence[Wrong], seconds: float
) -> None:
    rows = sorted({(side, call, said) for side, call, said, _ in outcomes})
    print(f"{'call':<32}{'fault':<34}" + "".join(f"{_SHORT[o]:>12}" for o in Outcome))
    for side, call, said in rows:
        counts = "".join(f"{outcomes[side, call, said, o] or '·':>12}" for o in Outcome)
        print(f"{side + ' ' + call:<32}{said:<34}{counts}")
    for trial, what in wrong:
        print(_said(trial, what))
    total = {o: sum(n for key, n in outcomes.items() if key[3] is o) for o in Outcome}
    said = ", ".join(f"{n} {o}" for o, n in total.items())
    print(f"{sum(total.values())} faults in {seconds:.0f} s: {said}; {len(wrong)} went wrong")


def _said(trial: Trial, what: Sequence[str]) -> str:
    step = story(trial.opener)[trial.step].name
    head = f"WRONG by {trial.opener}, {step}: {trial.side} {trial.call} {trial.said}"
    return "\n    ".join([head, *what])


if __name__ == "__main__":
    sys.exit(main())
