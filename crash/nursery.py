"""`python -m crash.nursery`: starts bots in no time, by forking a process that has read all code.

Guarantees: a bot is a process of its own with nothing but what `crash.replica` would begin with;
its end is told with its exit code (negative: by that signal); when whoever asks has gone, or ends,
all bots are killed.

A line in is `{"log": path, "environment": {…}}`; lines out are `{"born": pid}`, in the order of
asking, and `{"dead": pid, "code": n}`.
"""

from __future__ import annotations

import json
import os
import random
import selectors
import signal
import sys
from collections.abc import Mapping
from typing import Any

from crash import replica


def main() -> None:
    """Until standard input ends."""
    waker, woken = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(waker, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken)
    selector = selectors.DefaultSelector()
    selector.register(waker, selectors.EVENT_READ)
    selector.register(0, selectors.EVENT_READ)
    living: set[int] = set()
    asked = b""
    while True:
        for key, _ in selector.select():
            read = os.read(key.fd, 65536)
            if key.fd == waker:
                continue
            if not read:
                for pid in living:
                    os.kill(pid, signal.SIGKILL)
                _bury(living, wait=True)
                return
            *lines, asked = (asked + read).split(b"\n")
            for line in lines:
                pid = _bear(json.loads(line))
                living.add(pid)
                _say(born=pid)
        _bury(living)


def _say(**what: int) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


def _bury(living: set[int], *, wait: bool = False) -> None:
    while living:
        pid, status = os.waitpid(-1, 0 if wait else os.WNOHANG)
        if pid == 0:
            return
        living.discard(pid)
        _say(dead=pid, code=os.waitstatus_to_exitcode(status))


def _bear(asked: Mapping[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(asked["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, at in enumerate((nothing, log, log)):
        os.dup2(at, number)
    os.closerange(3, 256)
    os.environ.clear()
    os.environ.update(asked["environment"])
    random.seed()
    code = 1
    try:
        replica.main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
