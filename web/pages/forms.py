"""Which POST counts: one that comes from the page itself, and carries its token.

Guarantees: a token is a keyed hash, of the page's secret for who has not claimed it (the page is
the same for all of them), of the cookie too for who has; a browser that says that the request comes
from another site is refused whatever it carries.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

LARGEST_FORM = 4096
_FORM = "application/x-www-form-urlencoded"


class Tokens:
    """Makes tokens and knows them again."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def token(self, page: str, cookie: str | None = None) -> str:
        """What a form on the page carries, for whoever has this cookie, if any."""
        what = f"{page}\n{cookie or ''}".encode()
        return hmac.new(self._key, what, hashlib.sha256).hexdigest()[:32]

    def fits(self, shown: str, page: str, cookie: str | None = None) -> bool:
        """Whether that is it."""
        return hmac.compare_digest(shown.encode(), self.token(page, cookie).encode())


def from_here(headers: Mapping[str, str], origin: str) -> bool:
    """Whether a browser may have sent this from the page itself.

    `Origin` is "null" there, since the page sends no referrer; a browser that is old enough to say
    nothing at all has only the token to show.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return headers.get("origin", "null") in ("null", origin)


async def read_form(request: Request) -> Mapping[str, str]:
    """The fields of a form. Raises HTTPException 413 for a long one, 400 for anything else, and
    ClientDisconnect."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise HTTPException(400)
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_FORM:
            raise HTTPException(413)
    try:
        return dict(parse_qsl(body.decode(), max_num_fields=16))
    except ValueError:
        raise HTTPException(400) from None
