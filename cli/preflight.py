"""What must hold of settings, disk and database together, and what an operator should know before
others find out.

Guarantees: a key that opens nothing of what is stored, and SQLite on the disk of a platform
that does not keep it, are a BadSetting, in one line; nothing is changed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import structlog

from bot.ports.database import Database
from cli.complaints import BadSetting
from cli.settings import Settings
from harbor.access import TOWERS_BEGIN
from storage import opens_nothing, sqlite_path

log = structlog.get_logger()

A_GROUP = "is a group's id: alerts go to people, each by an id of their own; this one gets none"
NO_GROUP = "is a person's id, not a group's, which begin with -; nothing is told there"
NOT_IN_IT = "the bot is not in that group: add it there, or mend the id"
NOT_MET = "has not opened the bot yet: alerts wait until they press Start"


def _nowhere(_: Path, __: Mapping[str, str]) -> bool:
    return False


def _on_the_named_volume(file: Path, environ: Mapping[str, str]) -> bool:
    mounted = environ.get("RAILWAY_VOLUME_MOUNT_PATH")
    return bool(mounted) and file.is_relative_to(Path(str(mounted)).resolve())


def _on_a_mount(file: Path, _: Mapping[str, str]) -> bool:
    return any(os.path.ismount(folder) for folder in file.parents if folder != Path("/"))


FORGETFUL: dict[str, tuple[str, Callable[[Path, Mapping[str, str]], bool]]] = {
    "DYNO": ("Heroku", _nowhere),
    "RENDER": ("Render", _nowhere),
    "RAILWAY_ENVIRONMENT_ID": ("Railway", _on_the_named_volume),
    "FLY_APP_NAME": ("Fly.io", _on_a_mount),
    "K_SERVICE": ("Cloud Run", _nowhere),
    "VCAP_APPLICATION": ("Cloud Foundry", _nowhere),
}
"""Platforms whose disk is empty after each deployment: the variable that each sets, its name, and
how a file on a volume is known there. Railway names the volume in the environment; at Fly.io what
is mounted below the root is a volume; of the others' volumes no variable tells: none is seen."""


def check_disk(settings: Settings, environ: Mapping[str, str] = os.environ) -> None:
    """Raise BadSetting for SQLite on a platform's own disk, unless the setting allows it."""
    database = sqlite_path(settings.database_url)
    if database is None or settings.ephemeral_disk:
        return
    file = database.resolve()
    for variable, (platform, kept) in FORGETFUL.items():
        if environ.get(variable) and not kept(file, environ):
            raise BadSetting(
                f"DATABASE_URL: {platform} ({variable} is set) empties its disk at each deployment,"
                f" and {file} with it; set postgresql://…, or LOCKERBOT_EPHEMERAL_DISK=1 if the"
                " file is on a volume or may be lost"
            )


async def check_key(database: Database) -> None:
    """Raise BadSetting where codes and claims are stored and the keys open none of them."""
    if await opens_nothing(database):
        raise BadSetting(
            "LOCKERBOT_SECRET_KEY: opens nothing of what is stored; set the key that it was sealed"
            " with, and a new one only before it, separated by a comma"
        )


def of_another_environment(settings: Settings) -> str | None:
    """What is wrong where a tower of LOCKERBOT_TOWERS is another environment's, in one line."""
    ours = settings.harbor_environment
    for environment, digits in TOWERS_BEGIN.items():
        for tower in settings.only_towers or ():
            if environment != ours and tower.startswith(digits):
                return (
                    f"LOCKERBOT_TOWERS: tower {tower} is of Harbor's {environment} environment, and"
                    f" HARBOR_ENVIRONMENT is {ours}, where ids begin with {TOWERS_BEGIN[ours]}:"
                    " set the one or the other"
                )
    return None


def say_of_groups(settings: Settings) -> None:
    """At start, in the log: ids that are no person's where a person's belongs, and the reverse."""
    for setting, chat, _tower in settings.operators():
        if chat <= 0:
            log.warning("operator_is_no_person", setting=setting, chat=chat, why=A_GROUP)
    if settings.operator_group_id is not None and settings.operator_group is None:
        chat, setting = settings.operator_group_id, "OPERATOR_GROUP_ID"
        log.warning("operators_group_is_none", setting=setting, chat=chat, why=NO_GROUP)
