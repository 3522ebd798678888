"""`lockerbot init`: asks for what the bot can't do without, and writes `.env`.

Guarantees: nothing is overwritten, and nothing written before every answer can be used; the file is
its owner's alone (0600) and reads back as it was answered; the secret key is made here, once, and
shown nowhere else. What the environment sets already is neither asked nor written.
"""

from __future__ import annotations

import io
import os
import re
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import typer
from dotenv import dotenv_values

from bot.ports.errors import Refused
from cli.complaints import BadSetting, complain
from cli.settings import Settings

FILE = Path(".env")
KEY = "LOCKERBOT_SECRET_KEY"
_PLAIN = re.compile(r"[A-Za-z0-9_.,:/@+=-]*")


@dataclass(frozen=True, slots=True)
class Question:
    """A setting by its name, and how it is asked for; `hidden`: not shown as it is typed."""

    setting: str
    words: str
    default: str | None = None
    hidden: bool = False


QUESTIONS = (
    Question("TELEGRAM_BOT_TOKEN", "The bot's token, from @BotFather", hidden=True),
    Question("HARBOR_ENVIRONMENT", "Harbor's environment (sandbox or production)", "sandbox"),
    Question("HARBOR_CLIENT_ID", "Harbor's client id"),
    Question("HARBOR_CLIENT_SECRET", "Harbor's client secret", hidden=True),
    Question("DATABASE_URL", "The database", "sqlite:///lockerbot.db"),
    Question("PUBLIC_URL", "The bot's address, https://…; empty: it polls", ""),
    Question("OPERATOR_CHAT_IDS", "Operators' Telegram ids, with commas; empty: none", ""),
)


def init() -> None:
    """Ask, and write. Raises BadSetting where `.env` is there, or an answer can't be used, and
    Refused where the answers end too early."""
    if os.path.lexists(FILE):
        raise BadSetting(f"{FILE}: is there already and will not be overwritten; edit it")
    answers = {each.setting: _asked(each) for each in QUESTIONS if not os.environ.get(each.setting)}
    if not os.environ.get(KEY):
        answers[KEY] = secrets.token_hex(32)
    _write(written({name: value for name, value in answers.items() if value}))
    typer.echo(f"wrote {FILE}. Keep a copy of {KEY} apart from backups; next: lockerbot check")


def _asked(question: Question) -> str:
    """Asks again where somebody sits there; raises BadSetting where a script answers, and Refused
    where nobody does."""
    there = sys.stdin.isatty()
    while True:
        answer = _typed(question, hidden=question.hidden and there)
        complaint = Settings.complaint(question.setting, answer) if answer else None
        if complaint is None:
            return answer
        if not there:
            raise BadSetting(complaint)
        complain(complaint)


def _typed(question: Question, *, hidden: bool) -> str:
    try:
        answer: str = typer.prompt(question.words, question.default, hide_input=hidden)
    except typer.Abort:
        typer.echo()  # leaves the line of the question
        raise Refused("no more answers: nothing is written") from None
    return answer.strip()


def written(answers: Mapping[str, str]) -> str:
    """The file's text. Raises BadSetting for a value that would not read back as it is."""
    text = "".join(f"{name}={_quoted(value)}\n" for name, value in answers.items())
    read = dotenv_values(stream=io.StringIO(text))
    for name, value in answers.items():
        if read.get(name) != value:
            raise BadSetting(f"{name}: can't stand in {FILE} as it is; set it in the environment")
    return text


def _quoted(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _write(text: str) -> None:
    try:
        descriptor = os.open(FILE, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        raise BadSetting(f"{FILE}: can't be made here ({error.strerror}); go elsewhere") from error
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        FILE.unlink()
        raise BadSetting(f"{FILE}: can't be written ({error.strerror}); make room") from error
