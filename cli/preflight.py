"""What must hold of settings and database together, and what an operator should know before others
find out.

Guarantees: a key that opens nothing of what is stored is a BadSetting, in one line; nothing is
changed.
"""

from __future__ import annotations

from collections.abc import Iterator

import structlog

from bot.ports.database import Database
from cli.settings import BadSetting, Settings
from harbor.access import TOWERS_BEGIN
from storage import opens_nothing

log = structlog.get_logger()

A_GROUP = "is a group's id: alerts go to people, each by an id of their own; this one gets none"
NOT_MET = "has not opened the bot yet: alerts wait until they press Start"


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


def groups(settings: Settings) -> Iterator[int]:
    """The ids among OPERATOR_CHAT_IDS that are no person's."""
    return (chat for chat in settings.operator_chat_ids if chat <= 0)


def say_of_groups(settings: Settings) -> None:
    """At start, in the log."""
    for chat in groups(settings):
        log.warning("operator_is_no_person", setting="OPERATOR_CHAT_IDS", chat=chat, why=A_GROUP)
