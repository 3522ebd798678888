"""The public address of the pages, and what follows from it: paths, origin, how cookies travel.

Guarantees: a cookie goes by https alone, but for an http address of this very machine.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from web.serving import is_loopback

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

PATH = "/p/"
COOKIE = "parcel"


@dataclass(frozen=True, slots=True)
class Where:
    """`url` is the public address; `framed_by` an origin that may frame the pages; `proxies` are
    believed when they say for whom they ask. Raises ValueError for http beyond this machine."""

    url: str
    framed_by: str | None = None
    proxies: Sequence[Network] = ()

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        here = parts.scheme == "http" and is_loopback(parts.hostname or "")
        if not self.secure and not here:
            raise ValueError("parcel pages need https")

    @property
    def secure(self) -> bool:
        """Whether people come by https."""
        return urlsplit(self.url).scheme == "https"

    @property
    def origin(self) -> str:
        """What a browser calls it."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    def cookie_path(self, secret: str) -> str:
        """The path of one parcel's page, as browsers see it."""
        return urlsplit(self.url).path.rstrip("/") + PATH + secret

    @property
    def framing(self) -> str:
        """Who may frame the pages, for a Content-Security-Policy."""
        return self.framed_by or "'none'"
