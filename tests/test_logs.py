"""What is logged holds no local variables, so no token and no code that stood in one."""

import logging

import pytest
import structlog

from cli.logs import set_up_logging


@pytest.fixture(autouse=True)
def put_back():
    root = logging.getLogger()
    handlers, level, configured = root.handlers[:], root.level, structlog.get_config()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**configured)


def fail_with(secret: str) -> None:
    raise RuntimeError("something broke")


@pytest.mark.parametrize("form", ["console", "json"])
@pytest.mark.parametrize("through", [structlog.get_logger, logging.getLogger])
def test_a_traceback_shows_where_and_not_with_what(form, through, capsys):
    set_up_logging("info", form)
    log = through("some.library")
    try:
        fail_with("".join(["42:", "the", "token"]))
    except RuntimeError:
        log.exception("it broke")
    said = capsys.readouterr().err
    assert "something broke" in said
    assert "fail_with" in said
    assert "42:thetoken" not in said


def test_libraries_that_write_requests_out_are_kept_quiet_at_debug_level(capsys):
    set_up_logging("debug", "json")
    logging.getLogger("httpx").info("GET http://host/bot42:token/getMe")
    logging.getLogger("telegram").debug("parameters with a code")
    assert capsys.readouterr().err == ""
