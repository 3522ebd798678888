"""HTTP clients for servers of this machine.

Guarantees: no certificate is read, which takes a client longer (40 ms) than most tests take.
"""

from __future__ import annotations

import ssl
from typing import Any

import httpx

_UNUSED = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def plain_http(**options: Any) -> httpx.AsyncClient:
    """`httpx.AsyncClient` with these options, for http:// alone: it trusts nobody over TLS."""
    return httpx.AsyncClient(verify=_UNUSED, **options)
