"""Bots in processes of their own, kept to a processor, and what they use of it."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import resource
import signal
import sys
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import uvloop

from benchmarks.bots import Contestant

INSTALLED = "from harbor_lockerbot import main; import sys; sys.argv = ['lockerbot', 'run']; main()"
"""What the console script does for `lockerbot run`."""
# A program that is installed is compiled once, whatever this environment says.
_COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}


class Meter:
    """Tells what a bot's process has used of its processor."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    async def seconds(self) -> float:
        """CPU seconds since its start, of all its threads."""
        return await asyncio.to_thread(self._ask)

    def _ask(self) -> float:
        self._pipe.send("how much?")
        spent: float = self._pipe.recv()
        return spent


@contextlib.contextmanager
def at_work(contestant: Contestant, url: str, directory: Path, core: int | None) -> Iterator[Meter]:
    """The bot in its process, for as long as the block lasts, or until this process is killed."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_work, args=(contestant, url, directory, core, theirs), daemon=True
    )
    process.start()
    try:
        yield Meter(ours)
    finally:
        process.terminate()
        process.join()


def _work(contestant: Contestant, url: str, directory: Path, core: int | None, pipe: Pipe) -> None:
    if core is not None:
        os.sched_setaffinity(0, {core})
    threading.Thread(target=_tell, args=(pipe,), daemon=True).start()
    uvloop.run(contestant.bot(url, contestant.token, directory))


def _tell(pipe: Pipe) -> None:
    try:
        while pipe.recv():
            spent = resource.getrusage(resource.RUSAGE_SELF)
            pipe.send(spent.ru_utime + spent.ru_stime)
    except EOFError:  # nobody measures any more
        os.kill(os.getpid(), signal.SIGTERM)


@contextlib.asynccontextmanager
async def program(
    code: str, arguments: Sequence[str], environment: Mapping[str, str]
) -> AsyncIterator[int]:
    """Such a Python at work, for as long as the block lasts; its process's id."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        code,
        *arguments,
        env={**os.environ, **_COMPILED, **environment},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


def used(pid: int) -> float:
    """Seconds that a process has used of its processor, as Linux counts them."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> float:
    """Megabytes of memory that the process holds; nan where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return float("nan")
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextlib.contextmanager
def pinned(core: int | None) -> Iterator[None]:
    """Keep this process to one processor for as long as the block lasts."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def two_cores() -> tuple[int | None, int | None]:
    """One for the load and one for the bots, None where they can't be chosen."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    cores = sorted(os.sched_getaffinity(0))
    return (cores[0], cores[1]) if len(cores) > 1 else (None, None)
