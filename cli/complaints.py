"""How every command says what is wrong: on standard error, `lockerbot: …`, a line each."""

from __future__ import annotations

import sys
from typing import NoReturn

NAME = "lockerbot"


class BadSetting(Exception):
    """A setting is missing or can't be used; one line: its name, what is wrong, what to do."""


def complain(message: str) -> None:
    """Say it; several lines are several complaints."""
    for line in message.splitlines():
        print(f"{NAME}: {line}", file=sys.stderr)


def fail(message: str, code: int) -> NoReturn:
    """Complain, and end with this exit code."""
    complain(message)
    sys.exit(code)
