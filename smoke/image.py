"""`python -m smoke.image`: builds the image where no registry is reached, and tries a bot in it.

Guarantees: the image is made by the Containerfile that everybody uses, on a base that is Debian's
own, and is kept in build/image, with nothing of this machine's settings. The bot is started as the
image says, by its user, with a root that can't be written; the story of `faults` is told through it
from outside, and SIGTERM ends it. Needs root, `debootstrap` and `buildah`, and reaches Debian's
packages and an index of Python's.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import uvloop

from crash.plug import free_ports
from smoke import tree
from smoke.machine import handed_in
from smoke.outside import STEPS, Failed, ended, healthy, outside, phones, started, told
from smoke.tree import Inside

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path("build/image")
IMAGE = "localhost/lockerbot"
_BASE = f"{IMAGE}-base"
_BUILDER = f"{IMAGE}-builder"
_APT = ("apt-get", "install", "--yes", "--no-install-recommends", "-qq")
_LEFT_OUT = (
    "./var/cache/apt/*",
    "./var/lib/apt/lists/*",
    "./var/log/*",
    "./usr/share/man/*",
    "./usr/share/locale/*",
    "./usr/share/doc/*/changelog*",
    "./dev/*",
    "./etc/resolv.conf",
    "./etc/hosts",
)
"""Of a base: what Debian's packages bring and no bot reads. Licences stay."""


def buildah(*words: str) -> str:
    """What it printed; images and containers are in build/image alone."""
    place = BUILD.resolve()
    where = ("--storage-driver=vfs", f"--root={place}/storage", f"--runroot={place}/run")
    done = subprocess.run(["buildah", *where, *words], stdout=subprocess.PIPE, text=True)
    done.check_returncode()
    return done.stdout.strip()


def based() -> None:
    """Two images of a Debian: with Python, and with pip as well to build by."""
    root = tree.copied("base")
    sees = Inside(environment={"DEBIAN_FRONTEND": "noninteractive"})
    tree.ran(root, ["apt-get", "update", "-qq"], sees)
    tree.ran(root, [*_APT, "python3", "ca-certificates"], sees)
    _imported(root, _BASE)
    tree.ran(root, [*_APT, "python3-venv", "python3-pip"], sees)
    _imported(root, _BUILDER)
    shutil.rmtree(root)


def _imported(root: Path, name: str) -> None:
    archive = BUILD / "base.tar"
    left_out = [f"--exclude={each}" for each in _LEFT_OUT]
    words = ["tar", "--create", f"--file={archive}", f"--directory={root}", "--anchored"]
    subprocess.run([*words, "--wildcards", *left_out, "."], check=True)
    container = buildah("from", "scratch")
    buildah("add", container, str(archive), "/")
    buildah("commit", "--rm", container, name)
    archive.unlink()


def built() -> None:
    """The image, by the Containerfile, on those."""
    seen = handed_in(BUILD.resolve())
    volumes = [f"--volume={source}:{place}:ro" for place, source in seen.items()]
    buildah(
        "build",
        "--isolation=chroot",
        "--pull-never",
        "--format=docker",
        f"--build-arg=BASE={_BASE}",
        f"--build-arg=BUILDER={_BUILDER}",
        f"--tag={IMAGE}",
        *volumes,
        str(ROOT),
    )


def nothing_kept(root: Path) -> None:
    """See that what was handed in is not in the image at `root`. Raises Failed."""
    for place in handed_in(BUILD.resolve()):
        kept = root / place.relative_to("/")
        if kept.exists() and kept.read_bytes():
            raise Failed(f"the image has this machine's {place}")


def said_of(image: str) -> Mapping[str, Any]:
    """What the image says about how it is run."""
    kept: Mapping[str, Any] = json.loads(buildah("inspect", "--type=image", image))["Docker"]
    config: Mapping[str, Any] = kept["config"]
    return config


def size(image: str) -> int:
    """Its files, in bytes."""
    [told_of] = json.loads(buildah("images", "--json", image))
    container = buildah("from", "--pull-never", told_of["id"])
    try:
        root = buildah("mount", container)
        listed = subprocess.run(
            ["du", "--summarize", "--block-size=1", root],
            capture_output=True,
            text=True,
            check=True,
        )
        return int(listed.stdout.split()[0])
    finally:
        buildah("rm", container)


async def tried(root: Path, says: Mapping[str, Any]) -> None:
    """Run a bot in the image whose files are at `root`. Raises Failed."""
    user, group = map(int, says["User"].split(":"))
    held = _volumes(root, says)
    [port] = free_ports(1)
    async with outside(port) as world:
        environment = dict(each.split("=", 1) for each in says["Env"]) | world.settings
        inside = Inside(user, group, says["WorkingDir"], environment, kept=held, read_only=True)
        words = [*says["Entrypoint"], *says["Cmd"]]
        probe = says["Healthcheck"]["Test"][1:]
        if await _code(root, probe, inside) != 1:
            raise Failed("the health check passes where no bot is")
        async with started(tree.command(root, words, inside)) as bot:
            print(f"the bot was healthy after {await healthy(world):.1f} s")
            _unwritable(bot.pid, user)
            if await _code(root, probe, inside):
                raise Failed("the health check fails where a bot is")
            await told(world, await phones(world), STEPS)
            await ended(bot)
        print("SIGTERM ended it with 0")
    written = sorted(path.name for each in held.values() for path in each.iterdir())
    if written != ["lockerbot.db"]:
        raise Failed(f"in its volume there are {written}")


def _volumes(root: Path, says: Mapping[str, Any]) -> dict[Path, Path]:
    """A new folder for each volume, owned as the image has it."""
    held = {}
    for volume in says["Volumes"]:
        folder = BUILD / "volumes" / volume.strip("/")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        of_the_image = (root / volume.strip("/")).stat()
        os.chown(folder, of_the_image.st_uid, of_the_image.st_gid)
        folder.chmod(of_the_image.st_mode & 0o777)
        held[Path(volume)] = folder
    return held


def _unwritable(pid: int, user: int) -> None:
    status = dict(
        line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    if status["Uid"].split() != [str(user)] * 4 or int(status["CapEff"], 16):
        raise Failed(f"it runs as {status['Uid']} with the capabilities {status['CapEff']}")
    mounts = [line.split() for line in Path(f"/proc/{pid}/mounts").read_text().splitlines()]
    [root] = [options for _, at, _, options, *_ in mounts if at == "/"][-1:]
    if "ro" not in root.split(","):
        raise Failed("its root can be written")


async def _code(root: Path, words: Sequence[str], inside: Inside) -> int:
    async with started(tree.command(root, words, inside)) as process:
        return await process.wait()


def main() -> None:
    """The command."""
    BUILD.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    based()
    print(f"the bases were made in {time.monotonic() - began:.0f} s", flush=True)
    began = time.monotonic()
    built()
    print(f"the image was built in {time.monotonic() - began:.0f} s", flush=True)
    for image in (_BASE, IMAGE):
        print(f"{image}: {size(image) / 1e6:.0f} MB")
    container = buildah("from", "--pull-never", IMAGE)
    try:
        root = Path(buildah("mount", container))
        nothing_kept(root)
        uvloop.run(tried(root, said_of(IMAGE)))
    finally:
        buildah("rm", container)


if __name__ == "__main__":
    try:
        main()
    except (Failed, subprocess.CalledProcessError) as error:
        sys.exit(str(error))
