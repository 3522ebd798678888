"""What a DATABASE_URL says."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from storage.errors import StorageBroken

_POSTGRES = ("postgres", "postgresql")


def sqlite_path(url: str) -> Path | None:
    """The file of `sqlite:///file` (relative) or `sqlite:////file`; None for PostgreSQL.

    Raises StorageBroken for anything else, without repeating it: it may hold a password.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme in _POSTGRES:
        return None
    path = unquote(parts.path.removeprefix("/"))
    if parts.scheme != "sqlite" or parts.netloc or not path or path == ":memory:":
        raise StorageBroken("DATABASE_URL is to be sqlite:///file or postgresql://host/name")
    return Path(path)
