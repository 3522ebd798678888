"""What Sentry is told of a fault: where and of which kind, and not with what."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from pydantic import SecretStr
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from bot.ports.errors import TryLater
from cli.complaints import BadSetting
from cli.logs import set_up_logging
from cli.reporting import Reports
from cli.run import reporting
from cli.settings import Settings

DSN = "https://0123456789abcdef@sentry.example/42"
CODE = "K7QF-2M9X"
LINK = "https://lockeropen.com/o?t=abcdef"


class Kept(Transport):
    """Keeps what would be sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[Envelope] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        self.sent.append(envelope)


@pytest.fixture
def kept() -> Iterator[Kept]:
    kept = Kept()
    reports = Reports(DSN, release="1.2.3", environment="sandbox", transport=kept)
    set_up_logging("info", "json", reports)
    yield kept
    reports.close()


def opens_a_door(code: str) -> None:
    opened: dict[str, str] = {}
    link = LINK
    try:
        opened[code + link]
    except KeyError as error:
        raise ValueError(f"no door opens by {code}") from error


def fails() -> Exception:
    try:
        opens_a_door(CODE)
    except ValueError as error:
        return error
    raise AssertionError


def told(kept: Kept) -> tuple[dict[str, Any], str]:
    """The one event, and every byte of it."""
    [envelope] = kept.sent
    event: Any = envelope.get_event()
    return event, envelope.serialize().decode()


def test_a_fault_is_told_by_kind_and_place_and_with_nothing_that_was_in_it(kept: Kept) -> None:
    log = structlog.get_logger("bot")
    log.exception(
        "request_failed",
        delivery="abcdefghij",
        request="pick_up_token",
        why=CODE,
        exc_info=fails(),
    )
    event, said = told(kept)
    first, second = event["exception"]["values"]
    assert (first["type"], second["type"]) == ("KeyError", "ValueError")
    frames = second["stacktrace"]["frames"]
    assert [frame["function"] for frame in frames] == ["fails", "opens_a_door"]
    assert {frame["module"] for frame in frames} == {__name__}
    assert event["tags"] == {
        "line": "request_failed",
        "delivery": "abcdefghij",
        "request": "pick_up_token",
    }
    assert (event["release"], event["environment"]) == ("1.2.3", "sandbox")
    for hidden in (CODE, LINK, "no door opens", __file__, "/"):
        assert hidden not in json.dumps(event["exception"]), hidden
    assert CODE not in said
    assert LINK not in said
    for absent in ("request", "breadcrumbs", "user", "modules", "extra"):
        assert not event.get(absent)
    assert not event.get("server_name")
    assert not any(key in frame for frame in frames for key in ("vars", "abs_path", "context_line"))


def test_what_a_library_logs_is_told_without_its_words(kept: Kept) -> None:
    logging.getLogger("asyncio").error("the door opens by %s", CODE, exc_info=fails())
    event, said = told(kept)
    assert event["tags"] == {"line": "a library's log"}
    assert CODE not in said
    assert "the door" not in said


def test_what_is_no_fault_is_not_told(kept: Kept) -> None:
    structlog.get_logger("bot").error("nothing_saved", why="the disk is full")
    structlog.get_logger("bot").info("transition", delivery="abc")
    logging.getLogger("aiohttp").warning("slow")
    assert kept.sent == []


def test_a_circle_of_causes_ends(kept: Kept) -> None:
    one, other = TryLater("one"), TryLater("other")
    one.__cause__, other.__cause__ = other, one
    structlog.get_logger("bot").error("step failed", exc_info=one)
    event, _ = told(kept)
    assert len(event["exception"]["values"]) == 2


def test_nobody_is_told_unless_it_is_asked_for() -> None:
    with reporting(Settings.load()) as reports:
        assert reports is None
    with reporting(Settings.load(sentry_dsn=SecretStr(DSN))) as reports:
        assert reports is not None


@pytest.mark.parametrize("dsn", ["sentry.example", "https://sentry.example/42", "https://k@host/"])
def test_what_is_no_dsn_is_refused_and_not_repeated(dsn: str) -> None:
    with pytest.raises(BadSetting, match="SENTRY_DSN: is no DSN") as refused:
        Settings.load(sentry_dsn=dsn)
    assert dsn not in str(refused.value)
