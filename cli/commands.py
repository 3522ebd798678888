"""`lockerbot …`: every command, its words and its help.

Guarantees: SIGTERM and SIGINT end every command in good order; how each ends, `cli/entry.py` says.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Coroutine, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop

from bot.domain.records import RecordForm, RecordKind
from cli.complaints import NAME, BadSetting, fail
from cli.harbor import app as harbor_app
from cli.logs import set_up_logging
from cli.progress import progress
from cli.settings import Settings

app = typer.Typer(
    name=NAME,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _warnings_alone() -> None:
    """A command by hand shows what came of it; the log, on standard error, has what went wrong."""
    set_up_logging("warning", None)


app.add_typer(harbor_app, name="harbor", callback=_warnings_alone)
sandbox_app = typer.Typer(help="Harbor, Telegram, bot and page on this machine.")
app.add_typer(sandbox_app, name="sandbox")

_SANDBOX = ("fastapi", "python_multipart")
"""What nothing but the sandbox imports: an installed bot may lack them."""
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes any free one")]
PortOrSetting = Annotated[
    int | None,
    typer.Option("--port", min=0, max=65535, help="instead of PORT; 0 takes any free one"),
]


def _show_version(asked: bool) -> None:
    if asked:
        from cli.lifetime import release

        print(f"{NAME} {release()}")
        raise typer.Exit


@app.callback()
def whole(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="which one this is"),
    ] = False,
) -> None:
    """A Telegram bot that hands parcels over through Harbor lockers."""


@app.command()
def init() -> None:
    """Ask for what is needed, and write it to .env; overwrites nothing."""
    from cli.init import init as work

    work()


@app.command()
def run() -> None:
    """The bot, against the configured Telegram and Harbor."""
    from cli.run import start  # as `cli/entry.py` does where nothing else has been typed

    start()


@app.command()
def check() -> None:
    """Try every setting and both counterparties, and say what works."""
    from cli.check import check as work

    settings, wrong = Settings.load_what_can_be_used()
    set_up_logging(settings.log_level, settings.log_format)
    sys.exit(_finish(work(settings, wrong)))


@app.command()
def migrate() -> None:
    """Bring the database up to date; safe from several replicas at once."""
    from storage import migrate as work

    applied = _finish(work(_settings().database_url))
    print("\n".join(f"applied {name}" for name in applied) or "the database is up to date")


@app.command()
def backup(target: Annotated[Path, typer.Argument(metavar="FILE")]) -> None:
    """Copy the SQLite database to FILE while the bot is running."""
    from storage import back_up

    with _writing(target), progress("copying") as told:
        _finish(back_up(_settings().database_url, target, told))
    print(f"backed up to {target}")


@app.command()
def restore(source: Annotated[Path, typer.Argument(metavar="FILE")]) -> None:
    """Put the backup FILE in the place of the SQLite database; the bot must not be running."""
    from storage import StorageBroken
    from storage import restore as work

    try:
        with progress("copying") as told:
            kept = _finish(work(_settings().database_url, source, told))
    except StorageBroken as error:
        fail(str(error), 2)
    except OSError as error:
        fail(str(error), 1)
    print(f"restored from {source}" + (f"; what was there is now {kept}" if kept else ""))


@app.command()
def migrate_data(
    source: Annotated[str, typer.Argument(metavar="sqlite:///FILE")],
    target: Annotated[str, typer.Argument(metavar="postgresql://HOST/NAME")],
) -> None:
    """Copy all that SQLite keeps into an empty PostgreSQL; the bot must not be running."""
    from storage import StorageBroken
    from storage.moving import move

    set_up_logging("warning", None)
    try:
        with progress("copying") as told:
            counts = _finish(move(source, target, told))
    except StorageBroken as error:
        fail(str(error), 2)
    print(f"copied {sum(counts.values())} rows of {len(counts)} tables; set DATABASE_URL to it")


@app.command()
def reseal() -> None:
    """After a new first key in LOCKERBOT_SECRET_KEY: encrypt everything with it."""
    from cli.run import reseal as work

    print(f"{_finish(work(_settings()))} codes and claims encrypted with the first key")


@app.command()
def trace(delivery: Annotated[str, typer.Argument(metavar="DELIVERY", help="its id")]) -> None:
    """The life of one parcel, with times, and what it waits for now; reads only."""
    from cli.trace import trace as work

    _finish(work(_settings(), delivery))


@app.command()
def picture(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", show_default=False)] = None,
) -> None:
    """Replace the picture in the bot's profile by FILE, by LOCKERBOT_PICTURE, or by its own."""
    from cli.picture import picture as work

    _finish(work(_settings(), file))
    print("the bot has that picture now")


@app.command()
def audit() -> None:
    """Compare what is ours at Harbor with what is kept here; a line for each thing that is wrong,
    and exit code 1 if there is one. Reads only."""
    from cli.audit import audit as work

    _warnings_alone()
    wrong = _finish(work(Settings.load()))
    print("\n".join(wrong) or "nothing is wrong")
    sys.exit(int(bool(wrong)))


@app.command()
def export(
    target: Annotated[Path, typer.Argument(metavar="FILE")],
    since: Annotated[str, typer.Option("--from", help="the first day (UTC), or a moment")],
    until: Annotated[str, typer.Option("--to", help="the last day, or a moment; else now")] = "",
    form: Annotated[RecordForm, typer.Option("--format")] = RecordForm.CSV,
    of: Annotated[RecordKind, typer.Option("--of")] = RecordKind.DELIVERIES,
) -> None:
    """Write what was made, or what happened, in a span of time to FILE; reads only."""
    from cli.export import export as work

    with _writing(target):
        _finish(work(_settings(), target, of, form, since, until))
    print(f"exported to {target}")


@app.command()
def figures(
    target: Annotated[Path | None, typer.Argument(metavar="PICTURE.png")] = None,
    tower: Annotated[str, typer.Option("--tower", help="the id of one; else all together")] = "",
) -> None:
    """What the last seven days were like: booked, collected, hours in the locker, free doors; as a
    picture, too, where a file is named. Reads only."""
    from cli.figures import figures as work

    with _writing(target):
        _finish(work(_settings(), tower, target))


@sandbox_app.callback(invoke_without_command=True)
def sandbox(context: typer.Context, port: PortOrSetting = None) -> None:
    """Everything on one page, with nothing configured."""
    if lacking := [name for name in _SANDBOX if find_spec(name) is None]:
        told = f"without {', '.join(lacking)} there is none here"
        raise BadSetting(f"sandbox: {told}; install harbor-lockerbot[sandbox]")
    if context.invoked_subcommand is not None and port is not None:
        raise BadSetting(f"--port belongs behind {context.invoked_subcommand}")
    if context.invoked_subcommand is None:
        from cli.sandbox import play

        set_up_logging("warning", None)
        _finish(play(port))


@sandbox_app.command("harbor")
def sandbox_harbor(port: Port = 8081) -> None:
    """A Harbor alone."""
    from cli.sandbox import serve_harbor

    _finish(serve_harbor(port))


@sandbox_app.command("telegram")
def sandbox_telegram(port: Port = 8082) -> None:
    """A Telegram alone."""
    from cli.sandbox import serve_telegram

    _finish(serve_telegram(port))


def _settings() -> Settings:
    settings = Settings.load()
    set_up_logging(settings.log_level, settings.log_format)
    return settings


def _finish(work: Coroutine[Any, Any, Any]) -> Any:
    return uvloop.run(work)


@contextlib.contextmanager
def _writing(target: Path | None) -> Iterator[None]:
    """Ends the command where `target` can't be written; nothing is said of what grows beside it."""
    try:
        yield
    except OSError as error:
        said = f"{target}: can't be written ({error.strerror})" if error.strerror else str(error)
        fail(said, 1)


def command(words: Sequence[str]) -> Any:
    """Run what has been typed behind our name; the exit code. What can't be used ends with 2."""
    try:
        return app(words, prog_name=NAME, standalone_mode=False)
    except typer.TyperException as error:
        fail(_unusable(error), error.exit_code)


def _unusable(error: typer.TyperException) -> str:
    """What is wrong with what was typed, and where to read more; nothing where help has been
    shown instead."""
    told, context = error.format_message().rstrip("."), getattr(error, "ctx", None)
    if not told or context is None:
        return told
    return f"{told}; see {context.command_path} --help"
