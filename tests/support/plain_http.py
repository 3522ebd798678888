"""HTTP clients for servers of this machine.

Guarantees: no certificate is read, which takes a client longer than most tests take.
"""

from __future__ import annotations

from typing import Any

import httpx

from harbor.transport import TRUSTS_NOBODY


def plain_http(**options: Any) -> httpx.AsyncClient:
    """`httpx.AsyncClient` with these options, for http:// alone: it trusts nobody over TLS."""
    return httpx.AsyncClient(verify=TRUSTS_NOBODY, **options)
