"""A bar for what takes its time: on standard error, on a terminal alone, gone when it is done."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

Told = Callable[[int, int], None]
"""Takes how much is done, and of how much; from any thread."""


@contextlib.contextmanager
def progress(what: str) -> Iterator[Told]:
    """A bar for as long as the block lasts."""
    from rich.console import Console  # loaded by those few commands alone that show one
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Remaining(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as shown:
        task = shown.add_task(what, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)
