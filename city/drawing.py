"""The page of a run: figures, plots of them by hour, and the runs before it beside one another.

Guarantees: pure; one file without anything from elsewhere; no word of the plan goes into it but
numbers, so nothing needs care.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

Value = str | int | float | None
Series = Sequence[tuple[float, float]]

_WIDTH, _HEIGHT, _LEFT, _BELOW = 900, 190, 52, 24
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;
  color:#1d2433}
h1{font-size:1.5rem}h2{font-size:1.05rem;margin:1.8rem 0 .3rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
td,th{padding:.2rem .8rem .2rem 0;text-align:right;border-bottom:1px solid #e3e6ee}
td:first-child,th:first-child{text-align:left}
svg{width:100%;height:auto;background:#fafbfd;border:1px solid #e3e6ee}
.wrong{color:#a3160b}
"""


def plot(title: str, series: Series, unit: str, *, mark: float | None = None) -> str:
    """A line over the days; `mark` is drawn across it."""
    if not series:
        return ""
    last, most = series[-1][0] or 1, max(max(y for _, y in series), mark or 0) or 1

    def at(x: float, y: float) -> str:
        across = _LEFT + x / last * (_WIDTH - _LEFT - 8)
        down = 8 + (1 - y / most) * (_HEIGHT - _BELOW - 8)
        return f"{across:.1f},{down:.1f}"

    line = " ".join(at(x, y) for x, y in series)
    days = "".join(
        f'<text x="{at(day * 24, 0).split(",")[0]}" y="{_HEIGHT - 6}" font-size="12">'
        f"day {day + 1}</text>"
        for day in range(int(last // 24) + 1)
    )
    across = ""
    if mark is not None:
        one, other = at(0, mark).split(","), at(last, mark).split(",")
        across = (
            f'<line x1="{one[0]}" y1="{one[1]}" x2="{other[0]}" y2="{other[1]}"'
            ' stroke="#a3160b" stroke-dasharray="5 4"/>'
        )
    return (
        f"<h2>{escape(title)}</h2>"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">'
        f'<text x="4" y="18" font-size="12">{most:,.4g} {escape(unit)}</text>'
        f'<text x="4" y="{_HEIGHT - _BELOW}" font-size="12">0</text>{days}{across}'
        f'<polyline points="{line}" fill="none" stroke="#2456c7" stroke-width="1.5"/></svg>'
    )


def table(rows: Sequence[Mapping[str, Value]]) -> str:
    """Rows that all have the same keys."""
    if not rows:
        return ""
    head = "".join(f"<th>{escape(name)}</th>" for name in rows[0])
    body = "".join(
        f"<tr>{''.join(f'<td>{_shown(value)}</td>' for value in row.values())}</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def page(
    title: str,
    figures: Mapping[str, Value],
    plots: Sequence[str],
    runs: Sequence[Mapping[str, Value]],
    wrong: Sequence[str],
) -> str:
    """All of it."""
    rows: list[dict[str, Value]] = [{"": name, " ": value} for name, value in figures.items()]
    lines = "".join(f"<li>{escape(line)}</li>" for line in wrong[:50])
    faults = f'<h2>Not as it should be: {len(wrong)}</h2><ul class="wrong">{lines}</ul>'
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style><h1>{escape(title)}</h1>"
        f"{table(rows)}{faults if wrong else '<p>Every parcel is accounted for.</p>'}"
        f"{''.join(plots)}<h2>This run and those before it</h2>{table(runs)}</html>"
    )


def _shown(value: Value) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else escape(value)
