"""`python -m smoke.debian`: follows docs/deploying.md in a bare Debian, from clone to running bot.

Guarantees: the blocks of the document are run as they stand, but for what only a real server has.
REPOSITORY is this one, as committed; what is to be written into `.env` names the two sandboxes;
where systemd would start the bot, it is started as the unit says, by its user, with a root that
can't be written; @BotFather is not asked. Through that bot the story of `faults` is told. While the
parcel is in its locker the bot is killed, backed up, and restored where no database is; what it has
then agrees with Harbor, nothing is owed, and the story goes on. In the end the bot is upgraded, as
the document says. Needs root and `debootstrap`, and reaches
Debian's packages and an index of Python's.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import uvloop
from pydantic import SecretStr

from crash import audit
from crash.databases import claims
from crash.plug import free_ports
from docs.blocks import Block, blocks
from harbor.access import Access
from harbor.client import Harbor
from harbor.lockers import HarborLockers
from smoke import tree
from smoke.machine import handed_in
from smoke.outside import (
    IN_THE_LOCKER,
    TAKEN_OUT,
    Failed,
    Outside,
    ended,
    healthy,
    outside,
    phones,
    started,
    told,
)
from smoke.tree import Inside
from storage import open_database

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs/deploying.md"
UNIT = "/etc/systemd/system/lockerbot.service"
MINUTES = 10
_SERVER = "A server with systemd"
_KEY = "openssl rand -hex 32\n"
_ENV = "/var/lib/lockerbot/.env"
_CLONE = "git clone REPOSITORY /opt/lockerbot"
_SYSTEMD = re.compile(r"^(?:systemctl|journalctl) .*$\n", re.MULTILINE)
_STATES = re.compile(r"^lockerbot_deliveries\{.*$", re.MULTILINE)


@dataclass(slots=True)
class Server:
    """A bare Debian at `root`, and how long what was done there took."""

    root: Path
    inside: Inside
    took: dict[str, float] = field(default_factory=dict)

    @property
    def database(self) -> Path:
        """Where the bot keeps its database, seen from here."""
        return self.root / "var/lib/lockerbot/lockerbot.db"

    async def typed(self, lines: str, what: str) -> str:
        """Run the lines of a block, without those that speak to systemd."""
        began = time.monotonic()
        lines = _SYSTEMD.sub("", lines).replace(_CLONE, "git clone /repository /opt/lockerbot")
        words = ["bash", "-euxc", lines]
        # Both sandboxes are served meanwhile.
        said = await asyncio.to_thread(tree.ran, self.root, words, self.inside)
        self.took[what] = time.monotonic() - began
        print(f"{what}: {self.took[what]:.0f} s", flush=True)
        return said

    def unit(self) -> tuple[list[str], Inside]:
        """What systemd would start, and how."""
        written = (self.root / UNIT.lstrip("/")).read_text()
        said: dict[str, str] = dict(re.findall(r"^(\w+)=(.+)$", written, re.MULTILINE))
        user, group = self._ids(said["User"])
        state = Path("/var/lib") / said["StateDirectory"]
        return said["ExecStart"].split(), Inside(
            user,
            group,
            said["WorkingDirectory"],
            dict(each.split("=", 1) for each in said["Environment"].split()),
            kept={state: self.root / state.relative_to("/")},
            read_only=said["ProtectSystem"] == "strict",
        )

    def _ids(self, name: str) -> tuple[int, int]:
        for line in (self.root / "etc/passwd").read_text().splitlines():
            known, _, user, group, *_ = line.split(":")
            if known == name:
                return int(user), int(group)
        raise Failed(f"there is no user {name}")


def _bare() -> Server:
    repository = tree.BUILD / "repository.git"
    shutil.rmtree(repository, ignore_errors=True)
    subprocess.run(["git", "clone", "--quiet", "--bare", str(ROOT), str(repository)], check=True)
    root = tree.copied("server")
    (root / "etc/systemd/system").mkdir(parents=True, exist_ok=True)  # any server has it
    seen = {Path("/repository"): repository, **handed_in(tree.BUILD.resolve())}
    return Server(root, Inside(environment={"DEBIAN_FRONTEND": "noninteractive"}, bound=seen))


def _blocks(heading: str) -> Iterator[Block]:
    return (each for each in blocks(DOCUMENT.read_text("utf-8")) if each.heading == heading)


def _filled(written: str, settings: Mapping[str, str]) -> str:
    """What `.env` says once these are written into its empty lines. Raises Failed."""
    for name, said in settings.items():
        written, found = re.subn(rf"^#?{name}=$", f"{name}={said}", written, flags=re.MULTILINE)
        if not found:
            raise Failed(f"{_ENV} has no line for {name}")
    return written


async def followed() -> None:
    """From the bare one to a bot restored and upgraded. Raises Failed, CalledProcessError."""
    server = _bare()
    [port] = free_ports(1)
    install, check, service, *_ = _blocks(_SERVER)
    async with outside(port) as world:
        began = time.monotonic()
        await server.typed(install.lines, "installing")
        key = (await server.typed(_secret_key(), "making a key")).split()[-1]
        env = server.root / _ENV.lstrip("/")
        env.write_text(_filled(env.read_text(), world.settings | {"LOCKERBOT_SECRET_KEY": key}))
        await server.typed(check.lines, "lockerbot check")
        await server.typed(service.lines, "the unit")
        async with _running(server, world) as bot:
            took = (time.monotonic() - began) / 60
            print(f"from nothing to a bot that is healthy: {took:.1f} minutes", flush=True)
            if took > MINUTES:
                raise Failed(f"that is more than {MINUTES} minutes")
            theirs = await phones(world)
            await told(world, theirs, IN_THE_LOCKER)
            before = await _states(world)
            bot.kill()
            await bot.wait()
        await _restored(server)
        async with _running(server, world):
            if not await world.until(world.at_rest, 60) or await _states(world) != before:
                raise Failed("after the restore it has other deliveries than before")
            await _audited(server, world, key)
            await told(world, theirs, TAKEN_OUT)
            await _audited(server, world, key)
        await server.typed(
            "".join(each.lines for each in _blocks("Upgrade and roll back")), "upgrading"
        )
        async with _running(server, world):
            pass


async def _restored(server: Server) -> None:
    """Back up what the killed bot has left, and restore it where nothing is."""
    back_up, restore, *_ = (each.lines for each in _blocks("Back up and restore") if not each.needs)
    await server.typed(back_up, "backing up")
    for each in server.database.parent.glob(f"{server.database.name}*"):
        each.unlink()
    await server.typed(restore, "restoring")


async def _audited(server: Server, world: Outside, key: str) -> None:
    """Hold what the bot has against Harbor. Raises Failed."""
    url = f"sqlite:///{server.database.resolve()}"
    access = Access(f"{world.url}/harbor", f"{world.url}/harbor", "sandbox", SecretStr("sandbox"))
    async with open_database(url, keys=[key], migrate=False) as database, Harbor(access) as harbor:
        faults = await audit.nothing_is_owed(database)
        faults += await audit.every_locker_has_its_delivery(database, HarborLockers(harbor))
        faults += audit.no_message_is_shared(await asyncio.to_thread(claims, url))
    if faults:
        raise Failed("\n".join(faults))
    print("the audit is clean", flush=True)


def _secret_key() -> str:
    [found] = [each.lines for each in blocks(DOCUMENT.read_text("utf-8")) if each.lines == _KEY]
    return found


@contextlib.asynccontextmanager
async def _running(server: Server, world: Outside) -> AsyncIterator[asyncio.subprocess.Process]:
    """The bot; if it has not been killed, it ends as it should."""
    words, inside = server.unit()
    async with started(tree.command(server.root, words, inside)) as bot:
        print(f"the bot was healthy after {await healthy(world):.1f} s", flush=True)
        yield bot
        if bot.returncode is None:
            await ended(bot)
        elif bot.returncode != -signal.SIGKILL:
            raise Failed(f"the bot ended by itself, with {bot.returncode}")


async def _states(world: Outside) -> list[str]:
    return _STATES.findall(await world.metrics())


if __name__ == "__main__":
    try:
        uvloop.run(followed())
    except (Failed, subprocess.CalledProcessError) as error:
        sys.exit(str(error))
