"""One request for one page, and the cookie by which a browser is known again.

Guarantees: scripts can't read the cookie, other sites can't send it with a form, and it goes to the
address of this one parcel alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from bot.domain.browsers import may_be_cookie
from web.pages.where import COOKIE, Where
from wording.language import Words

_COOKIE_LASTS = 200 * 86400
"""Longer than any parcel waits; it is taken back when the parcel is no longer theirs."""


@dataclass(frozen=True, slots=True, repr=False)
class Visit:
    """A request for the page with the secret `page`, answered in one language; `form` is what it
    posts, once that is there."""

    request: Request
    page: str
    cookie: str | None
    words: Words
    form: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, request: Request, words: Words) -> Visit:
        """The visit that `request` is; what can't be a cookie of ours is none."""
        cookie = request.cookies.get(COOKIE)
        known = cookie if cookie is not None and may_be_cookie(cookie) else None
        return cls(request, request.path_params["page"], known, words)


def give_cookie(answer: Response, visit: Visit, where: Where, cookie: str) -> None:
    """Let the browser be known again."""
    answer.set_cookie(
        COOKIE,
        cookie,
        max_age=_COOKIE_LASTS,
        path=where.cookie_path(visit.page),
        secure=where.secure,
        httponly=True,
        samesite="lax",
    )


def take_cookie(answer: Response, visit: Visit, where: Where) -> None:
    """Let the browser forget it."""
    answer.delete_cookie(
        COOKIE,
        path=where.cookie_path(visit.page),
        secure=where.secure,
        httponly=True,
        samesite="lax",
    )
