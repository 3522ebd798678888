"""Who asks, and how many wrong links they have tried.

Guarantees: an address is the socket's, unless a proxy that is trusted names another; the count is
of wrong links alone, in a window that slides, for a bounded number of addresses.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence

from starlette.requests import Request

from web.pages.where import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

FREE = 10
"""Wrong links of one address within `WINDOW` that are answered as any other."""
WINDOW = 600.0
ADDRESSES = 4096
"""How many are kept in mind; the one that was longest without a wrong link goes first."""
_ONE_HOUSEHOLD = 64
"""Bits of an IPv6 address that tell one line from another."""


def address_of(request: Request, proxies: Sequence[Network]) -> str:
    """The address from which `request` comes: the nearest that no trusted proxy vouches for."""
    here = request.client.host if request.client else ""
    found = _read(here)
    if found is None or not _trusted(found, proxies):
        return here
    named = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    for text in reversed(named):
        before = _read(text.strip())
        if before is None:
            break
        found = before
        if not _trusted(found, proxies):
            break
    return str(found)


def _read(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped if isinstance(mapped, ipaddress.IPv4Address) else address


def _trusted(address: Address, proxies: Sequence[Network]) -> bool:
    return any(address in network for network in proxies)


class WrongLinks:
    """Counts the wrong links of each address."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._tried: OrderedDict[str, deque[float]] = OrderedDict()

    def note(self, address: str) -> float | None:
        """One more; None while that is within bounds, else the seconds until it is again."""
        now, line = self._monotonic(), _line(address)
        tried = self._tried.setdefault(line, deque(maxlen=FREE + 1))
        self._tried.move_to_end(line)
        while tried and tried[0] <= now - WINDOW:
            tried.popleft()
        tried.append(now)
        while len(self._tried) > ADDRESSES:
            self._tried.popitem(last=False)
        return tried[0] + WINDOW - now if len(tried) > FREE else None

    def too_many(self, address: str) -> bool:
        """Whether one more would be out of bounds; asking is not counted."""
        since = self._monotonic() - WINDOW
        return sum(at > since for at in self._tried.get(_line(address), ())) >= FREE

    def __len__(self) -> int:
        return len(self._tried)


def _line(address: str) -> str:
    found = _read(address)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(found), _ONE_HOUSEHOLD), strict=False))
    return address
