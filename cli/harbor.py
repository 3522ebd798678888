"""The adapter by hand: `lockerbot harbor …`, for whoever wants to see what Harbor says.

Guarantees: tables for people, one JSON value on standard output with `--json`; exit code 0 when
Harbor did it, 1 when it said no or could not be asked, 2 for unusable settings or arguments.
What opens a door is printed only with `--show-secrets`.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, TypeVar

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from bot.domain.ids import LockerId, TowerId
from cli.logs import set_up_logging
from cli.settings import BadSetting, Settings
from harbor.client import Harbor
from harbor.errors import HarborError
from harbor.wire import Locker, LockerToken, Tower

T = TypeVar("T")
Row = dict[str, Any]

MASK = "••••••••"

app = typer.Typer(name="harbor", no_args_is_help=True)


@app.callback()
def _say_no_more_than_is_asked() -> None:
    """Speak to Harbor by hand."""
    set_up_logging("warning", None)  # on standard error: a script reads the rest


def _tower_id(text: str) -> str:
    if not re.fullmatch(r"[0-9A-Fa-f]{16}", text):
        raise typer.BadParameter("a tower id has 16 hexadecimal digits")
    return text.lower()


TowerArgument = Annotated[str, typer.Argument(metavar="TOWER", callback=_tower_id)]
LockerArgument = Annotated[int, typer.Argument(metavar="LOCKER", min=0, help="id, not door name")]
Seconds = Annotated[int, typer.Option("--seconds", min=1, help="how long it is to last")]
AsJson = Annotated[bool, typer.Option("--json", help="one JSON value, for scripts")]
ShowSecrets = Annotated[bool, typer.Option("--show-secrets", help="print what opens the door")]


@app.command()
def towers(as_json: AsJson = False) -> None:
    """Every tower, discovered by way of Harbor's locations."""
    _show_rows([_tower_row(tower) for tower in _ask(lambda harbor: harbor.towers())], as_json)


@app.command()
def lockers(tower: TowerArgument, as_json: AsJson = False) -> None:
    """All lockers of a tower."""
    found = _ask(lambda harbor: harbor.lockers(TowerId(tower)))
    _show_rows([_locker_row(locker) for locker in found], as_json)


@app.command()
def assigned(as_json: AsJson = False) -> None:
    """Every locker in our possession."""
    found = _ask(lambda harbor: harbor.assigned_lockers())
    _show_rows([_locker_row(locker) for locker in found], as_json)


@app.command()
def reserve(
    tower: TowerArgument, locker: LockerArgument, seconds: Seconds = 300, as_json: AsJson = False
) -> None:
    """Reserve an available locker."""
    made = _ask(lambda harbor: harbor.reserve(TowerId(tower), LockerId(locker), seconds))
    ids = {"tower_id": tower, "locker_id": locker}
    _show_one({**ids, "reservation_id": made.id, "seconds": seconds}, as_json)


@app.command()
def drop_off_token(
    tower: TowerArgument,
    locker: LockerArgument,
    seconds: Seconds = 3000,
    as_json: AsJson = False,
    show_secrets: ShowSecrets = False,
) -> None:
    """Get a token with which to put something in."""
    token = _ask(lambda harbor: harbor.drop_off_token(TowerId(tower), LockerId(locker), seconds))
    _show_one(_token_row(tower, locker, token, show_secrets), as_json)


@app.command()
def pick_up_token(
    tower: TowerArgument,
    locker: LockerArgument,
    seconds: Seconds = 900,
    as_json: AsJson = False,
    show_secrets: ShowSecrets = False,
) -> None:
    """Get a token with which to take out what is in an occupied locker of ours."""
    token = _ask(lambda harbor: harbor.pick_up_token(TowerId(tower), LockerId(locker), seconds))
    _show_one(_token_row(tower, locker, token, show_secrets), as_json)


@app.command()
def release(tower: TowerArgument, locker: LockerArgument, as_json: AsJson = False) -> None:
    """Give a rented locker back; it is available once its tower has been synced."""
    _ask(lambda harbor: harbor.release(TowerId(tower), LockerId(locker)))
    _show_one({"tower_id": tower, "locker_id": locker, "released": True}, as_json)


def _ask(errand: Callable[[Harbor], Awaitable[T]]) -> T:
    """What `errand` brings back from the configured Harbor; ends the command when it fails."""

    async def run(harbor: Harbor) -> T:
        async with harbor:
            return await errand(harbor)

    try:
        return asyncio.run(run(Harbor(Settings.load().harbor)))
    except BadSetting as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    except HarborError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


def _tower_row(tower: Tower) -> Row:
    place = tower.location
    return {
        "id": tower.id,
        "name": place.name,
        "address": place.address1,
        "city": place.city,
        "timezone": place.timezone,
        "location_id": place.id,
    }


def _locker_row(locker: Locker) -> Row:
    return {
        "id": locker.id,
        "name": locker.name,
        "tower_id": locker.tower_id,
        "size": locker.size_name,
        "low": locker.is_low,
        "status": locker.status_name,
    }


def _token_row(tower: str, locker: int, token: LockerToken, show: bool) -> Row:
    def opened(secret: SecretStr) -> str:
        return secret.get_secret_value() if show else MASK

    row: Row = {
        "tower_id": tower,
        "locker_id": locker,
        "expires": token.expires.isoformat() if token.expires else None,
        "payload": opened(token.payload),
        "payload_auth": opened(token.payload_auth),
    }
    if show:
        parts = (tower, str(locker), row["payload"], row["payload_auth"])
        row["code"] = "HARBOR://OPEN/" + "/".join(parts).upper()
    return row


def _show_rows(rows: Sequence[Row], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = Table()
    for name in rows[0] if rows else ["nothing"]:
        table.add_column(name.replace("_", " "), no_wrap=name.endswith("id"), overflow="fold")
    for row in rows:
        table.add_row(*map(_plain, row.values()))
    Console(markup=False, highlight=False).print(table)


def _show_one(row: Row, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(row, ensure_ascii=False))
        return
    for name, value in row.items():  # unboxed, so that a code can be copied in one piece
        typer.echo(f"{name.replace('_', ' '):<16}{_plain(value)}")


def _plain(value: Any) -> str:
    if value is None:
        return "—"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
