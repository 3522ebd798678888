"""The command line, and the one place where core and edges are wired together."""

from bot.cli.commands import main

__all__ = ["main"]
