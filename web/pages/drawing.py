"""A page's value as an answer: HTML by the one template, and the headers that go with it.

Guarantees: whatever a text says is escaped; nothing is loaded from anywhere, the style stands in
the page and is known to its policy by its hash; no answer may be indexed, framed by a stranger, or
name its address to whoever is linked to; what opens a door is kept by nobody (`no-store`).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path

import jinja2
from starlette.requests import Request
from starlette.responses import Response

from pictures.qr import symbol
from web.pages.where import Where
from wording.page.value import Page

REFRESH = 15
"""Seconds after which a page that shows how things stand is fetched again."""
_TEMPLATES = Path(__file__).parent / "templates"
_STYLE = (_TEMPLATES / "page.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_BY = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_TEMPLATES),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_TEMPLATE = _BY.get_template("page.html")


class Drawing:
    """Draws for one public address."""

    def __init__(self, where: Where) -> None:
        self._headers = _headers(where)

    async def page(
        self, request: Request, page: Page, *, status: int = 200, token: str = ""
    ) -> Response:
        """The answer that may be asked for again: 304 where the browser has it already."""
        body = await _drawn(page, token)
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {**self._headers, "Cache-Control": "private, no-cache", "ETag": tag}
        if page.lives:
            headers["Refresh"] = str(REFRESH)
        if status == 200 and tag in _known(request.headers):
            return Response(status_code=304, headers=headers)
        return Response(body, status, headers, "text/html")

    async def once(
        self, page: Page, *, status: int = 200, token: str = "", wait: float | None = None
    ) -> Response:
        """The answer that nobody keeps; `wait`: for how many seconds it is of no use to ask."""
        headers = {**self._headers, "Cache-Control": "no-store"}
        if wait is not None:
            headers["Retry-After"] = str(max(1, round(wait)))
        return Response(await _drawn(page, token), status, headers, "text/html")

    def elsewhere(self, location: str) -> Response:
        """To be fetched from `location` now (303)."""
        headers = {**self._headers, "Cache-Control": "no-store", "Location": location}
        return Response(status_code=303, headers=headers)


def _headers(where: Where) -> Mapping[str, str]:
    policy = (
        "default-src 'none'",
        f"style-src 'sha256-{_STYLE_HASH}'",
        "img-src data:",
        "form-action 'self'",
        "base-uri 'none'",
        f"frame-ancestors {where.framing}",
    )
    headers = {
        "Content-Security-Policy": "; ".join(policy),
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex, nofollow, noarchive, nosnippet",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Vary": "Accept-Language, Cookie",
        "Connection": "close",  # a page's places are not those of Telegram and Harbor
    }
    if where.secure:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    if where.framed_by is None:
        headers["X-Frame-Options"] = "DENY"
    return headers


async def _drawn(page: Page, token: str) -> bytes:
    picture = None
    if page.qr is not None:
        drawn = await asyncio.to_thread(symbol, page.qr)
        picture = f"data:image/png;base64,{base64.b64encode(drawn).decode()}"
    return _TEMPLATE.render(page=page, token=token, style=_STYLE, picture=picture).encode()


def _known(headers: Mapping[str, str]) -> set[str]:
    """What a browser has already."""
    tags = headers.get("if-none-match", "").split(",")
    return {tag.strip().removeprefix("W/") for tag in tags}
