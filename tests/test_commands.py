"""The commands that need nothing of the bot's: which version this is, completion, `init`."""

from __future__ import annotations

import io
import os
import pty
import re
import select
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from dotenv import dotenv_values
from typer.testing import CliRunner

from cli.commands import app
from cli.complaints import BadSetting
from cli.init import KEY, QUESTIONS, written
from cli.lifetime import release
from cli.settings import Settings
from tests.support.commands import PATIENCE, ROOT, in_this_process

TOKEN = "42:for-tests-only"
ANSWERS = (TOKEN, "production", "shop", "it's a #secret", "", "", "17, 18")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.names():
        monkeypatch.delenv(name, raising=False)


def answered(*answers: str):
    return CliRunner().invoke(app, ["init"], input="".join(f"{each}\n" for each in answers))


@pytest.mark.parametrize(
    ("words", "code", "about"),
    [
        (["run"], 2, "TELEGRAM_BOT_TOKEN"),
        (["harbor", "towers"], 2, "HARBOR_CLIENT_ID"),
        (["sandbox", "--port", "1", "harbor"], 2, "--port"),
        (["runs"], 2, "runs"),
        (["run", "--fast"], 2, "--fast"),
        (["export", "x.csv"], 2, "--from"),
        (["export", "--from", "lately", "x.csv"], 2, "lately"),
        (["export", "--from", "2026-11-01", "--format", "xls", "x.csv"], 2, "xls"),
        (["trace"], 2, "DELIVERY"),
        (["harbor", "lockers", "0100"], 2, "TOWER"),
        (["trace", "abc"], 1, "lockerbot.db"),
        (["backup", "x.db"], 1, "lockerbot.db"),
        (["picture", "x.png"], 1, "x.png"),
        (["init"], 1, "nothing is written"),
    ],
)
def test_whatever_is_wrong_a_command_says_it_in_one_line_of_one_form(
    monkeypatch, words, code, about
):
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", TOKEN if words[0] == "picture" else "")
    monkeypatch.setenv(KEY, "k" * 32 if words[0] == "trace" else "")
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    ended = in_this_process(*words)
    assert (ended.exit_code, ended.stderr.count("\n")) == (code, 1), ended.stderr
    assert ended.stderr.startswith("lockerbot: ")
    assert about in ended.stderr


def test_a_command_that_leads_to_others_shows_which_and_complains_of_nothing():
    ended = in_this_process("harbor")
    assert (ended.exit_code, ended.stderr) == (2, "")
    assert "lockerbot harbor" in ended.stdout
    assert "towers" in ended.stdout


def test_a_file_that_cannot_be_written_is_called_by_its_own_name(tmp_path):
    with closing(sqlite3.connect("lockerbot.db")) as there:
        there.execute("create table t (id)")
    ended = in_this_process("backup", "no/such/copy.db")
    assert ended.exit_code == 1
    said = "lockerbot: no/such/copy.db: can't be written (No such file or directory)\n"
    assert ended.stderr == said


def test_the_version_is_told():
    told = CliRunner().invoke(app, ["--version"])
    assert (told.exit_code, told.stdout) == (0, f"lockerbot {release()}\n")


def test_a_shell_can_complete_commands():
    typed = {"_LOCKERBOT_COMPLETE": "complete_bash", "COMP_WORDS": "lockerbot tra"}
    told = CliRunner().invoke(app, [], env=typed | {"COMP_CWORD": "1"}, prog_name="lockerbot")
    assert told.stdout.split() == ["trace"]


def test_init_writes_what_was_answered_for_its_owner_alone_with_a_key_of_its_own(tmp_path):
    told = answered(*ANSWERS)
    assert told.exit_code == 0, told.output
    assert stat.S_IMODE(Path(".env").stat().st_mode) == 0o600
    settings = Settings.load()
    assert settings.harbor.client_secret.get_secret_value() == "it's a #secret"
    assert settings.harbor_environment == "production"
    assert settings.operator_chat_ids == [17, 18]
    assert settings.public_url is None
    settings.need("TELEGRAM_BOT_TOKEN", KEY)
    assert len(settings.keys[0]) == 64
    assert settings.keys[0] not in told.output
    (tmp_path / ".env").rename(tmp_path / "first")
    answered(*ANSWERS)
    assert dotenv_values("first")[KEY] != dotenv_values(".env")[KEY]


@pytest.mark.parametrize("there", ["file", "link"])
def test_init_overwrites_nothing_and_follows_no_link(tmp_path, there):
    if there == "file":
        (tmp_path / ".env").write_text("PORT=1\n")
    else:
        (tmp_path / ".env").symlink_to(tmp_path / "elsewhere")
    told = answered(*ANSWERS)
    assert isinstance(told.exception, BadSetting)
    assert "will not be overwritten" in str(told.exception)
    assert not (tmp_path / "elsewhere").exists()
    assert there == "link" or (tmp_path / ".env").read_text() == "PORT=1\n"


def test_an_answer_that_cannot_be_used_is_refused_and_nothing_written():
    told = answered("no token", *ANSWERS[1:])
    assert isinstance(told.exception, BadSetting)
    assert str(told.exception).startswith("TELEGRAM_BOT_TOKEN: is no bot token")
    late = answered(*ANSWERS[:5], "http://bot.example", "")
    assert str(late.exception).startswith("PUBLIC_URL: must begin with https://")
    assert answered(TOKEN).exit_code == 1  # the answers ended
    assert os.listdir() == []


def test_what_the_environment_sets_is_neither_asked_nor_written(monkeypatch):
    monkeypatch.setenv(KEY, "k" * 32)
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", TOKEN)
    told = answered(*ANSWERS[1:])
    assert told.exit_code == 0, told.output
    assert not {KEY, "TELEGRAM_BOT_TOKEN"} & dotenv_values(".env").keys()


def test_a_value_that_would_not_read_back_is_refused():
    for value in ("back\\slash", 'quo"te', "a b", "#hash", "it's"):
        assert "A" in written({"A": value})
    with pytest.raises(BadSetting, match="set it in the environment"):
        written({"A": "${HOME}"})


def test_at_a_terminal_what_is_typed_as_a_secret_is_not_shown(tmp_path):
    terminal, other_end = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "cli", "init"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TERM": "dumb"},
        stdin=other_end,
        stdout=other_end,
        stderr=other_end,
        start_new_session=True,
    )
    os.close(other_end)
    try:
        shown = "".join(
            typed_after(terminal, question.words, answer)
            for question, answer in zip(QUESTIONS, ANSWERS, strict=True)
        )
        shown += typed_after(terminal, "next: lockerbot check", None)
        assert child.wait(PATIENCE) == 0
    finally:
        child.kill()
        child.wait()
        os.close(terminal)
    assert "production" in shown, "what is no secret is seen as it is typed"
    assert TOKEN not in shown
    assert "#secret" not in shown
    settings = dotenv_values(tmp_path / ".env")
    assert (settings["TELEGRAM_BOT_TOKEN"], settings["HARBOR_CLIENT_SECRET"]) == (TOKEN, ANSWERS[3])
    key = settings[KEY]
    assert key
    assert key not in shown


def typed_after(terminal: int, words: str, answer: str | None) -> str:
    """What was shown up to the end of these words, after which the answer is typed."""
    shown = ""
    while not re.search(rf"{re.escape(words)}.*(: |\n)", shown):
        ready, _, _ = select.select([terminal], [], [], PATIENCE)
        assert ready, shown
        shown += os.read(terminal, 4096).decode()
    if answer is not None:
        os.write(terminal, f"{answer}\n".encode())
    return shown
