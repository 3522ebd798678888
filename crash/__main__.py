"""`python -m crash --kills N --seed S` (`make crash`): counts, and exit code 1 for any loss.

Without `--mode` it goes through all of them, so many kills each, two modes at a time; while one
waits until leases have run out, the next begins.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from crash.databases import a_database
from crash.ledger import REACH, Ledger
from crash.modes import MODES
from crash.run import SILENCE, Run

_FAULTS_SHOWN = 40
_AT_ONCE = 2
"""Modes side by side, as long as they kill."""
_KILLED = "all kills are done"
"""The line by which a run says so: what follows is mostly waiting until leases have run out."""


def main() -> int:
    """Parse, run, print; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mode", choices=MODES, help="this one only")
    parser.add_argument(
        "--seconds", type=float, help="of peace before the first kill; 15 if none is to come"
    )
    parser.add_argument(
        "--reach", type=float, default=REACH, help="see crash.ledger; more on a busy machine"
    )
    asked = parser.parse_args()
    if asked.mode is None:
        return int(asyncio.run(_all()))
    return int(_one(asked))


async def _all() -> bool:
    """Every mode as a process of its own; whether any lost anything."""
    turn = asyncio.Semaphore(_AT_ONCE)

    async def one(mode: str) -> bool:
        command = (sys.executable, "-m", "crash", *sys.argv[1:], "--mode", mode)
        async with turn:
            process = await asyncio.create_subprocess_exec(
                *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
            )
            assert process.stdout is not None, "a pipe"
            said = await _until_said(process.stdout, _KILLED)
        rest, _ = await process.communicate()
        print((said + rest).decode(), flush=True)
        return process.returncode != 0

    return any(await asyncio.gather(*map(one, MODES)))


async def _until_said(said: asyncio.StreamReader, line: str) -> bytes:
    """What comes before this line, or all of it."""
    before = b""
    async for each in said:
        if each.decode().strip() == line:
            break
        before += each
    return before


def _one(asked: argparse.Namespace) -> bool:
    """One run; whether it lost anything."""
    mode, began = MODES[asked.mode], time.monotonic()
    seconds = asked.seconds if asked.seconds is not None else 0.0 if asked.kills else 15.0
    with (
        tempfile.TemporaryDirectory(prefix="lockerbot-crash-") as folder,
        a_database(mode.database, Path(folder)) as database_url,
    ):
        chance = random.Random(asked.seed)  # noqa: S311 - a game
        ledger = Ledger(reach=asked.reach)
        run = Run(database_url, mode, asked.kills, seconds, chance, Path(folder), ledger=ledger)
        run.on_quiet = lambda: print(_KILLED, flush=True)
        uvloop.run(run.all_of_it())
    spent = time.monotonic() - began
    print(
        f"{asked.mode}: {mode.replicas} replica(s), {asked.kills} kills, seed {asked.seed}, "
        f"{spent:.0f} s"
    )
    print(_told(run), flush=True)
    for fault in run.faults[:_FAULTS_SHOWN]:
        print(f"LOST: {fault}", file=sys.stderr)
    if more := len(run.faults[_FAULTS_SHOWN:]):
        print(f"LOST: and {more} more", file=sys.stderr)
    if run.faults:
        for number, log in enumerate(run.logs, 1):
            print(f"--- the log of bot {number}, its end ---\n{log[-4000:]}", file=sys.stderr)
    print(f"{len(run.faults)} failed" if run.faults else "nothing was lost", flush=True)
    return bool(run.faults)


def _told(run: Run) -> str:
    town, ledger = run.town, run.ledger
    states = ", ".join(f"{n} {state}" for state, n in sorted(run.deliveries.items()))
    alerts = ", ".join(f"{n} {kind}" for kind, n in sorted(run.alerts.items())) or "none"
    lines = [
        f"{town.taps if town else 0} taps, {len(run.confirmed)} updates confirmed, "
        f"{town.parcels_in if town else 0} parcels in, {town.parcels_out if town else 0} out; "
        f"deliveries: {states}",
        f"calls: {ledger.sends} sends, {ledger.edits} edits, {ledger.removals} removals; "
        f"{ledger.in_reach} of them within {ledger.reach:g} s of a kill, so perhaps cut off",
        f"edits in vain: {ledger.in_vain}, of which no kill explains {ledger.unexcused.total()} "
        "(may be 0: each needs a kill of its own before the last call was written down)",
        f"rang twice: {ledger.rang_twice}, of which neither a kill nor their reader explains "
        f"{len(ledger.rung_unexcused)} (may be 0)",
        f"messages that no card knows of (a send was cut off): {run.ghosts}, "
        f"of which no kill explains {run.ghosts_unexplained} (may be 0)",
        run.queries.told(),
        f"tracebacks in the bots' logs: {run.tracebacks} (may be 0)",
        f"alerts that stand at the end: {alerts}",
        f"quiet after {run.quiet_after:.1f} s; calls in the {SILENCE:g} s that followed: "
        f"{run.late_calls} (may be 0)",
    ]
    if run.router is not None:
        lines.append(f"router: {run.router.told()}")
    lines += run.struck.told()
    return "\n".join(f"  {line}" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
