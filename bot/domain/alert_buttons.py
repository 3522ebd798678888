"""What a button on an alert does, and how it carries what the alert is about.

Guarantees: a door, and a key without dot or tilde, is read out of a button as it was written.
"""

from __future__ import annotations

from enum import StrEnum

from bot.domain.ids import LockerId, TowerId, read_id


class AlertAction(StrEnum):
    """What a button on an alert does; its button carries what the alert is about."""

    SEEN = "seen"
    """An operator has seen it; carries the alert's key, written by `key_to_arg`."""
    RELEASE_ORPHAN = "free"
    """Give back a locker that is ours at Harbor and unknown here: asks first; carries the door,
    written by `door_to_arg`."""
    EMPTY_ORPHAN = "empty"
    """Fetch out what lies in such a locker: asks first; carries the door, too."""
    BACK_IN_USE = "use"
    """A door that was left out of booking can be used again: asks first; carries the door, too."""


def door_to_arg(tower: TowerId | None, locker: LockerId | None) -> str:
    """A door as a button can carry it."""
    return f"{tower}.{locker}"


def arg_to_door(arg: str) -> tuple[TowerId, LockerId]:
    """The door that `door_to_arg` wrote as `arg`."""
    tower, _, locker = arg.partition(".")
    return TowerId(tower), LockerId(read_id(locker))


def key_to_arg(key: str) -> str:
    """A key as a button can carry it: no colon, no slash, and as short as it was."""
    return key.translate(_TO_ARG)


def arg_to_key(arg: str) -> str:
    """The key that `key_to_arg` wrote as `arg`."""
    return arg.translate(_TO_KEY)


_TO_ARG = str.maketrans(":/", ".~")
_TO_KEY = str.maketrans(".~", ":/")
