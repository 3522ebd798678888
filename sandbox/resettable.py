"""The protocol under a sandbox's server, with which an app can reset a connection.

Guarantees: to be handed to uvicorn as `http`; the app finds the means to reset at
`scope["extensions"]["sandbox.reset"]`, a function without arguments, and the other end then sees a
reset and no orderly end. Nothing else differs from uvicorn's own.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class Resettable(HttpToolsProtocol):
    """One connection; see the module."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own narrowing
        """Put the means to reset this connection into whatever scope the app gets."""
        super().connection_made(transport)
        app = self.app

        async def resettable(scope: Any, receive: Any, send: Any) -> None:
            scope.setdefault("extensions", {})["sandbox.reset"] = lambda: _reset(transport)
            await app(scope, receive, send)

        self.app = resettable


def _reset(transport: asyncio.Transport) -> None:
    """Close at once, so that the other end sees a reset and no orderly end."""
    at_once = struct.pack("ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
    transport.abort()
