"""The command line, and the one place where core and edges are wired together."""

from cli.commands import main

__all__ = ["main"]
