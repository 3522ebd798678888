"""`python -m hostile --updates N --seed S` (`make hostile`): counts; exit code 1 for any finding.

Half of the updates go in by polling, half by the webhook, each to a bot of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from hostile.run import Flood


def main() -> int:
    """Parse, run, print; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m hostile", description=__doc__)
    parser.add_argument("--updates", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--way", choices=("polling", "webhook"), help="one of them only")
    asked = parser.parse_args()
    ways = (asked.way,) if asked.way else ("polling", "webhook")
    failed = False
    for way in ways:
        failed |= _one(way, asked.updates // len(ways), asked.seed)
    return int(failed)


def _one(way: str, updates: int, seed: int) -> bool:
    """One run; whether anything was found."""
    with tempfile.TemporaryDirectory(prefix="lockerbot-hostile-") as name:
        flood = Flood(Path(name), updates, seed, webhook=way == "webhook")
        asyncio.run(flood.run())
    print(f"{way}: {updates} updates in {flood.seconds:.0f} s, seed {seed}")
    before, warm, after = flood.memory
    print(f"  memory: {before:.0f} MiB before, {warm:.0f} after a fifth, {after:.0f} after all")
    if flood.answers:
        said = ", ".join(f"{n} x {code}" for code, n in flood.answers.items())
        print(f"  answered: {said}; brought again after a connection ended: {flood.cut_off}")
    for event, count in flood.events.most_common():
        print(f"  {count:>7} {event}")
    for finding, count in flood.findings.most_common():
        print(f"FOUND {count} x {finding}", file=sys.stderr)
    print("nothing was found" if not flood.findings else f"{len(flood.findings)} findings")
    return bool(flood.findings)


if __name__ == "__main__":
    sys.exit(main())
