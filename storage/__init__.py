"""The database edge: SQLite or PostgreSQL behind `bot.ports.database`. The only package with SQL.

Guarantees: a step that `run` returned from is on disk; a step that raised left no trace; SQL is
written once, in the dialect both databases share; codes and claims are never stored in the clear.
"""

from storage.backup import back_up
from storage.database import open_database
from storage.errors import StorageBroken, StorageUnavailable
from storage.migrating import known, migrate, missing
from storage.restore import restore
from storage.tables.codes import reseal
from storage.tables.sealed import opens_nothing
from storage.urls import sqlite_path, url_fault

__all__ = [
    "StorageBroken",
    "StorageUnavailable",
    "back_up",
    "known",
    "migrate",
    "missing",
    "open_database",
    "opens_nothing",
    "reseal",
    "restore",
    "sqlite_path",
    "url_fault",
]
