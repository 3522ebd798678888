"""The command line, and the one place where core and edges are wired together."""

import cli.without_rich  # noqa: F401  # before what imports the same libraries in full
from cli.entry import main

__all__ = ["main"]
