"""What marks a file of tests that drive a page in headless Chromium, one tab for all of them, and
how long they wait for what they expect."""

from __future__ import annotations

import pytest

from docs.screenshots import chromium

IN_A_BROWSER = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(chromium() is None, reason="no Chromium: chromium is not installed"),
]

PATIENCE_MS = 30_000
"""Of use on a machine that is at work: nothing takes so long."""
