"""What is logged holds no local variables, so no token and no code that stood in one."""

import logging
import unicodedata

import pytest
import structlog

from cli.logs import set_up_logging


def fail_with(secret: str, why: str = "something broke") -> None:
    raise RuntimeError(why)


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


ESCAPES = {
    "clears the screen": "Anna\x1b[2J\x1b[H",
    "sets the title": "Anna\x1b]0;owned\x07",
    "eight bits": "Anna\x9b31m",
    "a line of its own": "Anna\n2026-11-28 [error] the door is open",
    "a return": "Anna\rroot",
    "another line": "Anna\u2028root",
    "turns round": "Anna\u202etoor",
    "backspace": "Anna\b\b\b\b",
    "half a character": "Anna\ud800",
}


@pytest.mark.parametrize("name", ESCAPES.values(), ids=ESCAPES)
@pytest.mark.parametrize("form", ["console", "json"])
def test_no_sequence_in_a_name_reaches_the_terminal(form, name, capsys):
    set_up_logging("info", form)
    log = structlog.get_logger("bot")
    log.info("met", name=name, names=[name], of={name: name}, **{name: 1})
    log.info(name)
    logging.getLogger("library").warning("met %s", name)
    log.warning("failed", error=ValueError(name))
    said = capsys.readouterr().err
    lines = said.removesuffix("\n").split("\n")
    assert len(lines) == 4
    assert all("Anna" in line for line in lines)
    assert all(
        unicodedata.category(each) not in ("Cc", "Cf", "Cs", "Zl") for each in "".join(lines)
    )


@pytest.mark.parametrize("form", ["console", "json"])
def test_no_sequence_in_the_text_of_an_exception_reaches_the_terminal(form, capsys):
    set_up_logging("info", form)
    try:
        fail_with("", "Anna\x1b[2J\u202e")
    except RuntimeError:
        structlog.get_logger("bot").exception("it broke")
        logging.getLogger("library").exception("it broke")
    said = capsys.readouterr().err
    assert said.count("Anna") >= 2
    assert "\x1b" not in said
    assert "\u202e" not in said


def test_names_in_any_language_are_read_as_they_are(capsys):
    set_up_logging("info", "console")
    structlog.get_logger("bot").info("met", name="Zoë Ґалаґан 李")
    assert "Zoë Ґалаґан 李" in capsys.readouterr().err


def test_libraries_that_write_requests_out_are_kept_quiet_at_debug_level(capsys):
    set_up_logging("debug", "json")
    logging.getLogger("httpx").info("GET http://host/bot42:token/getMe")
    logging.getLogger("telegram").debug("parameters with a code")
    assert capsys.readouterr().err == ""


PAGE = "/".join(("https://bot.example", "p", "AAAABBBBCCCCDDDDEEEEFF"))


@pytest.mark.parametrize("form", ["console", "json"])
@pytest.mark.parametrize("through", [structlog.get_logger, logging.getLogger])
def test_the_address_of_a_parcel_page_is_in_no_line_whoever_writes_it(form, through, capsys):
    set_up_logging("info", form)
    log = through("some.library")
    log.warning(f"GET {PAGE}?help HTTP/1.1")
    try:
        fail_with("", f"no answer for '{PAGE}'")
    except RuntimeError:
        log.exception("it broke")
    structlog.get_logger("bot").info("met", path=PAGE, at={"url": [PAGE]})
    said = capsys.readouterr().err
    assert said.count("/p/*") >= 4
    assert "AAAABBBB" not in said
