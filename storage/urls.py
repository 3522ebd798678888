"""What a DATABASE_URL says.

Guarantees: what is said of one repeats nothing of it, since it may hold a password; one of which
libpq would repeat a part is refused here.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from storage.errors import StorageBroken

_POSTGRES = ("postgres", "postgresql")
_HOSTS = re.compile(r"(?:[^/@]*@)?([^/?]*)")
_HOST = re.compile(r"(?:\[[^\]]+\]|[^:@\[\]]*)(?::([0-9]{0,5}))?")
_STRAY_PERCENT = re.compile(r"%(?:00|(?![0-9A-Fa-f]{2}))")
_HIGHEST_PORT = 65535


def url_fault(url: str) -> str | None:
    """What is wrong with it, after its name; None: nothing."""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme in _POSTGRES:
        return _postgres_fault(url.partition("://")[2])
    path = unquote(parts.path.removeprefix("/"))
    if parts.scheme != "sqlite" or parts.netloc or not path or path == ":memory:":
        return "is to be sqlite:///file or postgresql://host/name"
    return None


def _postgres_fault(rest: str) -> str | None:
    """As libpq reads it: credentials end at the first @ before a slash, hosts at a / or ?."""
    if _STRAY_PERCENT.search(rest):
        return "has a % that stands for no sign; write %25 for the sign itself"
    hosts = _HOSTS.match(rest)
    assert hosts is not None, "it may match nothing"
    read = [_HOST.fullmatch(host) for host in hosts[1].split(",")]
    if all(each is not None and int(each[1] or 0) <= _HIGHEST_PORT for each in read):
        return None
    return (
        "has no host or port where one is to be; write postgresql://user:password@host:port/name,"
        " and in a password %40 for @ and %2F for /"
    )


def sqlite_path(url: str) -> Path | None:
    """The file of `sqlite:///file` (relative) or `sqlite:////file`; None for PostgreSQL.

    Raises StorageBroken for anything else.
    """
    if fault := url_fault(url):
        raise StorageBroken(f"DATABASE_URL {fault}")
    parts = urlsplit(url)
    return None if parts.scheme in _POSTGRES else Path(unquote(parts.path.removeprefix("/")))
