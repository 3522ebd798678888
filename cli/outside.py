"""What `lockerbot check` sees from outside the bot: its clock beside others', and its own address.

Guarantees: whatever is asked ends within seconds; no address with a secret in it is asked or told.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from bot.ports.errors import EdgeError, Refused, TryLater
from handlers.telegram.probing import Webhook
from web.app import create_app
from web.serving import serving

PATIENCE = 5.0
"""Seconds for each step of an exchange."""
APART = timedelta(seconds=30)
"""How far a clock may be from others'. An answer's Date is to the second."""
FRESH = timedelta(minutes=10)
"""How long a failed delivery of Telegram's is news."""


class Untold(EdgeError):
    """It can't be told whether it works."""


# -- the clock


async def clock(others: Mapping[str, str]) -> str:
    """How far this machine's clock is from that of each of `others` (name → address).

    Raises Refused where it is too far, Untold where nobody tells the time. Whoever gives no answer
    is left out.
    """
    apart: dict[str, timedelta] = {}
    for name, url in others.items():
        with contextlib.suppress(httpx.HTTPError, ValueError):
            apart[name] = await _apart(url)
    if not apart:
        raise Untold("nobody to compare it with tells the time")
    told = ", ".join(f"{_seconds(by)} {name}'s" for name, by in apart.items())
    if max(map(abs, apart.values())) > APART:
        raise Refused(f"{told}: set this machine's clock (by NTP), codes and links are timed by it")
    return told


async def _apart(url: str) -> timedelta:
    """How far we are ahead of the Date of an answer; ValueError where there is none."""
    async with httpx.AsyncClient(timeout=PATIENCE) as http:
        before = datetime.now(UTC)
        answer = await http.get(url)
        ours = before + (datetime.now(UTC) - before) / 2
    theirs = parsedate_to_datetime(answer.headers.get("date", ""))
    return ours - (theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC))


def _seconds(by: timedelta) -> str:
    seconds = by.total_seconds()
    return f"{abs(seconds):.0f} s {'ahead of' if seconds >= 0 else 'behind'}"


# -- the public address


async def leads_here(public_url: str, host: str, port: int) -> str:
    """Whether `public_url`, asked from this machine, ends at `host`:`port`; raises Refused.

    Answers there itself while it asks, unless somebody does already: then that is to be a bot.
    """
    mark = secrets.token_urlsafe()
    async with _answering(mark, host, port) as alone:
        told = await _asked(f"{public_url}/livez")
    if alone and told.get("check") == mark:
        return f"leads to {host}:{port}"
    if alone:
        raise Refused(f"a bot answers there, but not at {host}:{port}: have your proxy lead there")
    return "a bot answers there"


@contextlib.asynccontextmanager
async def _answering(mark: str, host: str, port: int) -> AsyncIterator[bool]:
    async def shown() -> Mapping[str, Any]:
        return {"ok": True, "reasons": [], "check": mark}

    async with contextlib.AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(serving(create_app(live=shown), host=host, port=port))
        except OSError:
            yield False
        else:
            yield True


async def _asked(url: str) -> Mapping[str, Any]:
    try:
        async with httpx.AsyncClient(timeout=PATIENCE) as http:
            answer = await http.get(url)
            told = answer.json()
    except httpx.HTTPError as error:
        raise Refused(f"can't be reached: {str(error) or type(error).__name__}") from error
    except ValueError:
        told = None
    if not isinstance(told, dict) or "reasons" not in told:
        raise Refused(f"no bot answers there ({answer.status_code}): have your proxy lead to HOST")
    return told


# -- the webhook


def delivery(hook: Webhook, ours: str | None, now: datetime) -> str:
    """How Telegram delivers, and what `run` would change; `ours` None: by polling.

    Raises TryLater where Telegram lately could not.
    """
    waiting = f"; {hook.waiting} updates wait" if hook.waiting else ""
    if ours is None:
        gone = f"leads to {_host(hook.url)}: `run` takes it away and polls" if hook.url else ""
        return (gone or "none: the bot polls") + waiting
    if hook.url != ours:
        where = f"leads to {_host(hook.url)}" if hook.url else "not set yet"
        return f"{where}: `run` sets it to {_host(ours)}{waiting}"
    if hook.waiting and hook.failed_at is not None and now - hook.failed_at < FRESH:
        raise TryLater(f"Telegram can't deliver: {hook.why}{waiting}")
    return f"leads to {_host(ours)}{waiting}"


def _host(url: str) -> str:
    """Without the path, which is a secret."""
    try:
        return httpx.URL(url).host
    except httpx.InvalidURL:
        return "an address that can't be read"
