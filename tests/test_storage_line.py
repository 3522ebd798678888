"""Who waits for SQLite's writer, and who goes first."""

from storage.line import STANDS_ASIDE, Line


def taken(line: Line[str]) -> list[str]:
    return [line.take() for _ in range(len(line))]


def test_the_urgent_go_first_and_equals_in_the_order_in_which_they_came() -> None:
    line: Line[str] = Line(lambda: 0.0)
    for name in ("news 1", "tap 1", "news 2", "tap 2"):
        line.put(name, urgent=name.startswith("tap"))
    assert line.urgent
    assert line.first() == "tap 1"
    assert taken(line) == ["tap 1", "tap 2", "news 1", "news 2"]
    assert line.first() is None
    assert not line.urgent


def test_nobody_stands_aside_for_ever() -> None:
    moment = 0.0
    line: Line[str] = Line(lambda: moment)
    line.put("news", urgent=False)
    for tap in range(4):
        moment = tap * STANDS_ASIDE / 2 + 0.001
        line.put(f"tap {tap}", urgent=True)
    assert taken(line) == ["tap 0", "tap 1", "news", "tap 2", "tap 3"]
