"""What a benchmark hands back, and how it is shown and kept."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

Value = str | int | float | None


@dataclass(frozen=True, slots=True)
class Bench:
    """A title, how it was measured, and rows that all have the same keys, the columns."""

    title: str
    how: str
    rows: Sequence[dict[str, Value]]


def show(bench: Bench, console: Console) -> None:
    """As a table."""
    table = Table(title=bench.title, caption=bench.how, title_justify="left")
    for place, column in enumerate(bench.rows[0]):
        table.add_column(column, justify="right" if place else "left", overflow="fold")
    for row in bench.rows:
        table.add_row(*map(_shown, row.values()))
    console.print(table)


def keep(benches: dict[str, Bench], path: Path, began: dict[str, Value] | None = None) -> None:
    """As JSON: `{"benches": {name: {"title", "how", "rows", "machine"}}}`, those of other names as
    they were; `began`: the machine when the first of them began, if not now."""
    path.parent.mkdir(parents=True, exist_ok=True)
    there = json.loads(path.read_text("utf-8")).get("benches", {}) if path.exists() else {}
    where = began or machine()
    found = {name: {**asdict(bench), "machine": where} for name, bench in benches.items()}
    kept = {"machine": where, "benches": {**there, **found}}
    path.write_text(json.dumps(kept, indent=2), "utf-8")


def beside(ours: Sequence[float], peers: Sequence[float]) -> float:
    """What ours is of the peer's: the median of the ratios of the same rounds, so that a machine
    that is slower for a while is slower for both."""
    return statistics.median(one / other for one, other in zip(ours, peers, strict=True))


def machine() -> dict[str, Value]:
    """Where and when; the load tells whether anybody else was at work."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "processors": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
    }


def _shown(value: Value) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else value
