"""Trees of Debian, made by debootstrap, and processes that have one for their root.

Guarantees: whatever is mounted for a process is gone when it ends. It sees of this machine the
processes, five devices, how names are looked up, and the files that are bound in; and it is the
process that was started, so that a signal sent to it reaches no shell. Needs root.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

BUILD = Path("build/debian")
SUITE = "bookworm"
_NOTHING = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
_NAMES = (Path("/etc/resolv.conf"), Path("/etc/hosts"))
_BEGIN = """
set -eu
mount --make-rprivate /
mount --bind "$1" "$1"
"""
_DEVICES = """
mount -t proc proc "$1/proc"
mount -t tmpfs -o mode=755 dev "$1/dev"
for each in null zero full random urandom; do
    : > "$1/dev/$each"
    mount --bind "/dev/$each" "$1/dev/$each"
done
"""


@dataclass(frozen=True, slots=True)
class Inside:
    """How a process finds itself in a tree.

    `bound`: files and folders of this machine, read only, by their places in the tree; `kept`:
    folders likewise that it may write. With `read_only` nothing else is written but /tmp, which is
    empty then, and in memory.
    """

    user: int = 0
    group: int = 0
    at: str = "/"
    environment: Mapping[str, str] = field(default_factory=dict)
    bound: Mapping[Path, Path] = field(default_factory=dict)
    kept: Mapping[Path, Path] = field(default_factory=dict)
    read_only: bool = False


def bare() -> Path:
    """A bare Debian as debootstrap makes it, for copies only; made once."""
    made = BUILD / "bare"
    if not made.exists():
        half = BUILD / "bare.part"
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(parents=True)
        subprocess.run(["debootstrap", "--variant=minbase", SUITE, str(half)], check=True)
        half.rename(made)
    return made


def copied(name: str) -> Path:
    """A copy of the bare one, in the place of an older one of that name."""
    copy = BUILD / name
    shutil.rmtree(copy, ignore_errors=True)
    subprocess.run(["cp", "--archive", "--reflink=auto", str(bare()), str(copy)], check=True)
    return copy


def command(root: Path, words: Sequence[str], inside: Inside) -> list[str]:
    """What starts `words` in the tree at `root`, as root of this machine."""
    root = root.resolve()
    script = [_BEGIN]
    for place, source in _seen(root, inside).items():
        script.append(_bind(source, root / place.relative_to("/"), "ro"))
    for place, source in inside.kept.items():
        script.append(_bind(source, root / place.relative_to("/"), "rw"))
    script.append(_DEVICES)
    if inside.read_only:
        script.append('mount -t tmpfs -o mode=1777 tmp "$1/tmp"\nmount -o remount,bind,ro "$1"\n')
    script.append('exec chroot "$@"\n')
    given = [f"{name}={said}" for name, said in (_NOTHING | dict(inside.environment)).items()]
    lowered = [
        "setpriv",
        f"--reuid={inside.user}",
        f"--regid={inside.group}",
        "--clear-groups",
        "--no-new-privs",
        "--inh-caps=-all",
        "--bounding-set=-all",
    ]
    begin = ["env", "-i", f"--chdir={inside.at}", *given, *(lowered if inside.user else ()), *words]
    return ["unshare", "--mount", "sh", "-c", "".join(script), "sh", str(root), *begin]


def ran(root: Path, words: Sequence[str], inside: Inside) -> str:
    """What it printed. Raises CalledProcessError, having printed that."""
    done = subprocess.run(
        command(root, words, inside),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        print(done.stdout, end="")
    done.check_returncode()
    return done.stdout


def _seen(root: Path, inside: Inside) -> dict[Path, Path]:
    names = {each: each for each in _NAMES if each.exists()}
    seen = {**names, **inside.bound}
    for place in seen:
        if not (at := root / place.relative_to("/")).exists():
            at.parent.mkdir(parents=True, exist_ok=True)
            at.mkdir() if seen[place].is_dir() else at.touch()
    return seen


def _bind(source: Path, place: Path, how: str) -> str:
    from_, to = shlex.quote(str(source.resolve())), shlex.quote(str(place))
    return f"mount --bind {from_} {to}\nmount -o remount,bind,{how} {to}\n"
