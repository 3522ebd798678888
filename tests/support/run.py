"""What a run of the tests takes place in: nothing of it is what any test is about.

Loops are uvloop's, as in the bot. Files are in memory where the machine has room there, so nobody
waits for a disk. Those who speak TLS know one authority, as they speak to nobody: to read all that
there are takes 20 ms for each client of each test. `sniffio` is known not to be installed: each of
httpx's locks would look for it anew through the whole path. A traceback in what a test logs is a
plain one: rich takes 20 ms to draw one of a few lines. Tests for which much is opened once are
one worker's, and begin first.
"""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import os
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from structlog.dev import ConsoleRenderer, plain_traceback

TOGETHER = ("test_page_", "test_sandbox_page", "test_twin_towns", "test_what_people_read")
"""How the names of files begin whose tests share what takes long to open."""
ONE_DATABASE = (
    "test_usecases",
    "test_open_by_link",
    "test_pages",
    "test_nobody_taps",
    "test_doors_left_out",
    "test_visit",
    "test_lost_links",
    "test_limits",
    "test_closed_hours",
    "test_what_the_log_tells",
    "test_outbox",
    "test_allocation",
    "test_records",
    "test_dialogue",
    "test_waiting_line",
    "test_parcel_names",
)
"""How the names of files begin whose tests hold on either database, on PostgreSQL for
`make test-more`: what differs between the two is storage's, whose tests are not among them."""
LONGEST = ("test_story_machine", "test_harbor_with_sandbox", "test_what_people_read")
"""The files with a test that would keep everybody waiting if it were among the last to begin."""
_MEMORY = Path("/dev/shm")
_ENOUGH = 2 << 30


def examples(few: int) -> int:
    """How many a property is tried on: `few` in `make test`, EXAMPLES times as many elsewhere."""
    return few * int(os.environ.get("EXAMPLES", "1"))


def pytest_configure(config: pytest.Config) -> None:
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    ConsoleRenderer.get_active().exception_formatter = plain_traceback
    if importlib.util.find_spec("sniffio") is None:
        sys.modules["sniffio"] = None  # type: ignore[assignment] # as the import system has it
    if "PYTEST_XDIST_WORKER" in os.environ:
        return  # the rest is in the environment that it was started with
    if "TMPDIR" not in os.environ and _roomy():
        os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)
    folder = tempfile.TemporaryDirectory(prefix="lockerbot-tests-")
    config.add_cleanup(folder.cleanup)
    os.environ["SSL_CERT_FILE"] = str(_one_authority(Path(folder.name)))


def _roomy() -> bool:
    """Whether files may be in memory; many a container has only 64 MB there."""
    there = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK)
    return there and shutil.disk_usage(_MEMORY).free > _ENOUGH


def _one_authority(folder: Path) -> Path:
    key, name = Ed25519PrivateKey.generate(), x509.Name([])
    begin, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2126, 1, 1, tzinfo=UTC)
    certificate = x509.CertificateBuilder(name, name, key.public_key(), 1, begin, end)
    path = folder / "authorities.pem"
    path.write_bytes(certificate.sign(key, None).public_bytes(Encoding.PEM))
    return path


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "[postgres" in item.name and item.path.name.startswith(ONE_DATABASE):
            item.add_marker(pytest.mark.long)
    items.sort(key=lambda item: not item.path.name.startswith(LONGEST))


def pytest_collection_finish() -> None:
    # Thousands of tests, and what they import, stay to the end: looking through them for garbage
    # again and again takes a ninth of the time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    if config.getvalue("dist") != "load":  # somebody has asked for another
        return None
    from xdist.scheduler import LoadScopeScheduling  # not there where nothing is distributed

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::")[0]
            return file if Path(file).name.startswith(TOGETHER) else nodeid

    return Scheduling(config, log)
