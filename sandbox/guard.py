"""Who may play: pages that the sandbox itself served, at an address that it goes by.

Guarantees: a request that a web page of somebody else makes is refused (403), whatever it asks for;
the page and both control sides answer to loopback names and the host they were served at, and to no
other name that leads here (421). What bots call goes by any name: a container knows another one.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_API = re.compile(r"(/harbor|/telegram)?/(api/|realms/|bot[^/]*/|file/)")
_ANY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - names it, listens to nothing


class Guard:
    """An ASGI app before `app`, which is served at `host`."""

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app, self._host = app, host.lower().strip("[]")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse."""
        if scope["type"] == "http" and (refusal := self._refusal(scope)):
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        headers = Headers(scope=scope)
        asked, origin = headers.get("host", ""), headers.get("origin")
        if origin is not None and _host_of(origin) != asked.lower():
            return PlainTextResponse("another page's request", status_code=403)
        if _API.match(scope["path"]) or self._goes_by(asked):
            return None
        return PlainTextResponse("not by this name", status_code=421)

    def _goes_by(self, asked: str) -> bool:
        try:
            name = urlsplit(f"//{asked}").hostname or ""
        except ValueError:
            return False
        if name in ("localhost", self._host) or name.endswith(".localhost"):
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        # Where it listens at every address, people come by one of them; no page can make up such a
        # name for us.
        return address.is_loopback or self._host in _ANY_ADDRESS


def _host_of(origin: str) -> str | None:
    """None for what is no origin."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None
