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
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from pydantic import SecretStr

from bot.domain.ids import LockerId, TowerId
from cli.settings import Settings
from harbor.wire import FreeCount, Locker, LockerToken, OpenRequest, Tower

if TYPE_CHECKING:
    from harbor.client import Harbor

T = TypeVar("T")
Row = dict[str, Any]

MASK = "••••••••"

app = typer.Typer(name="harbor", no_args_is_help=True, help="Speak to Harbor by hand.")


def _tower_id(text: str) -> str:
    if not re.fullmatch(r"[0-9A-Fa-f]{16}", text):
        raise typer.BadParameter("a tower id has 16 hexadecimal digits")
    return text.lower()


link_app = typer.Typer(no_args_is_help=True, help="Locker Open links, which open a door.")
app.add_typer(link_app, name="link")

TowerArgument = Annotated[str, typer.Argument(metavar="TOWER", callback=_tower_id)]
LockerArgument = Annotated[int, typer.Argument(metavar="LOCKER", min=0, help="id, not door name")]
LocationArgument = Annotated[int, typer.Argument(metavar="LOCATION", min=0, help="see towers")]
TypeArgument = Annotated[int, typer.Argument(metavar="TYPE", min=0, help="id, see availability")]
ReservationArgument = Annotated[str, typer.Argument(metavar="RESERVATION", help="see reserve")]
Keypad = Annotated[bool, typer.Option("--keypad", help="ask for digits, too")]
Low = Annotated[bool, typer.Option("--low", help="a low door alone")]
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
def cancel(
    tower: TowerArgument,
    locker: LockerArgument,
    reservation: ReservationArgument,
    as_json: AsJson = False,
) -> None:
    """Give a reserved locker back. The route is INFERRED: see HARBOR_ROUTES."""
    ids = (TowerId(tower), LockerId(locker), reservation)
    _ask(lambda harbor: harbor.cancel_reservation(*ids))
    row = {"tower_id": tower, "locker_id": locker, "reservation_id": reservation}
    _show_one({**row, "cancelled": True}, as_json)


@app.command()
def availability(location: LocationArgument, as_json: AsJson = False) -> None:
    """How many lockers of a location are free, by size."""
    found = _ask(lambda harbor: harbor.availability(location))
    rows: list[Row] = [
        {"type_id": each.type_id, "size": each.size_name, **_counted(each.count)}
        for each in found.by_size
    ]
    _show_rows([*rows, {"type_id": None, "size": "all", **_counted(found.count)}], as_json)


@app.command()
def sdk_token(as_json: AsJson = False, show_secrets: ShowSecrets = False) -> None:
    """Get a token for Harbor's SDK on a phone (scope tower_access)."""
    token = _ask(lambda harbor: harbor.phone_token())
    row = {"access_token": _opened(token.access_token, show_secrets)}
    _show_one({**row, "seconds": token.expires_in}, as_json)


@link_app.command("drop-off")
def drop_off_link(
    location: LocationArgument,
    type_id: TypeArgument,
    low: Low = False,
    keypad: Keypad = False,
    as_json: AsJson = False,
    show_secrets: ShowSecrets = False,
) -> None:
    """Have Harbor pick a locker, which is rented from then on, and make a link for it."""
    made = _ask(
        lambda harbor: harbor.open_drop_off_request(
            location, type_id, require_low=low, keypad=keypad
        )
    )
    _show_one(_link_row(made, show_secrets), as_json)


@link_app.command("pick-up")
def pick_up_link(
    locker: LockerArgument,
    keypad: Keypad = False,
    as_json: AsJson = False,
    show_secrets: ShowSecrets = False,
) -> None:
    """Make a link with which to take out what is in an occupied locker of ours."""
    made = _ask(lambda harbor: harbor.open_pick_up_request(LockerId(locker), keypad=keypad))
    _show_one(_link_row(made, show_secrets), as_json)


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
    """What `errand` brings back from the configured Harbor. Raises BadSetting, HarborError."""
    from harbor.client import Harbor

    async def run(harbor: Harbor) -> T:
        async with harbor:
            return await errand(harbor)

    return asyncio.run(run(Harbor(Settings.load().harbor)))


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
    row: Row = {
        "tower_id": tower,
        "locker_id": locker,
        "expires": token.expires.isoformat() if token.expires else None,
        "payload": _opened(token.payload, show),
        "payload_auth": _opened(token.payload_auth, show),
    }
    if show:
        parts = (tower, str(locker), row["payload"], row["payload_auth"])
        row["code"] = "HARBOR://OPEN/" + "/".join(parts).upper()
    return row


def _link_row(made: OpenRequest, show: bool) -> Row:
    return {
        "request_id": made.id,
        "tower_id": made.tower_id,
        "locker_id": made.locker_id,
        "link": _opened(made.link, show),
        "digits": _opened(made.digits, show),
    }


def _counted(count: FreeCount) -> Row:
    return {"free": count.free, "total": count.total}


def _opened(secret: SecretStr | None, show: bool) -> str | None:
    if secret is None:
        return None
    return secret.get_secret_value() if show else MASK


def _show_rows(rows: Sequence[Row], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    from rich.console import Console  # not loaded for the other commands
    from rich.table import Table

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
