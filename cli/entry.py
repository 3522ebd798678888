"""Where every command begins, and how it ends.

Guarantees: exit code 2 and one line for a setting or an argument that can't be used, 1 for what
does not work, 130 for what was interrupted, 0 otherwise. `lockerbot run`, which works for months,
loads nothing of the other commands.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from typing import NoReturn

from bot.ports.errors import EdgeError
from cli.complaints import BadSetting, fail
from harbor.errors import HarborError

_BOT = ["run"]


def main(words: Sequence[str] | None = None) -> NoReturn:
    """The console script; `words`: what is typed behind its name, if not what was typed."""
    typed = [*(sys.argv[1:] if words is None else words)]
    try:
        if typed == _BOT:
            from cli.run import start

            start()
            sys.exit(0)
        from cli.commands import command

        sys.exit(command(typed))
    except BadSetting as error:
        fail(str(error), 2)
    except (EdgeError, HarborError) as error:
        fail(str(error), 1)
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(130)
