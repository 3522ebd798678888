"""What the demo's bot and Telegram said to each other, beside a test on its page that has failed.

Guarantees: methods, times and results alone, no words; where the sandbox does not answer, that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest

_LAST = 40


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Function, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Whether the page, the bot or the browser is to blame can't be seen from the page alone."""
    report: pytest.TestReport = yield
    demo = getattr(item, "funcargs", {}).get("demo")
    if report.failed and demo is not None:
        report.sections.append(("The bot and Telegram", _told(demo.page.url)))
    return report


def _told(page: str) -> str:
    try:
        entries = httpx.get(urljoin(page, "/telegram/sandbox/wire"), timeout=5).json()
    except httpx.HTTPError as error:
        return f"the sandbox does not answer: {type(error).__name__}"
    return "\n".join(map(_line, entries[-_LAST:]))


def _line(entry: Mapping[str, Any]) -> str:
    method = entry["path"].rpartition("/")[2]
    came = _updates(entry["response"]) if method == "getUpdates" else ""
    return f"{entry['at'][11:23]} {method} {entry['status']} {entry['milliseconds']} ms {came}"


def _updates(response: Any) -> str:
    """Which kinds of updates an answer brought."""
    found = response.get("result") if isinstance(response, dict) else None
    return " ".join(kind for update in found or () for kind in update if kind != "update_id")
