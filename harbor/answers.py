"""What an answer of Harbor's means: a pure function of status, headers and body.

Guarantees: every status leads to the body or to exactly one of our errors; a call that changes
something is never called Unavailable once it may have been carried out; Harbor's own words are
kept, shortened, and cleared of anything long enough to be a code or a token.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from harbor.errors import (
    Broken,
    HarborError,
    NotAllowed,
    NotFound,
    OutcomeUnknown,
    Refused,
    Unavailable,
)

T = TypeVar("T")

NOT_NOW = frozenset({408, 425, 429})
SECRETS = re.compile(r"[0-9A-Fa-f]{24,}|eyJ[\w.-]+|[\w.~+/-]{40,}=*")
LONGEST_DETAIL = 300
LONGEST_DELAY = 3600.0


def settle(
    call: str,
    environment: str,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    changes: bool,
    now: datetime,
) -> bytes:
    """The body of a successful answer; else raises what the answer means for `call`.

    `headers` with lower-case names. A server's 5xx leaves the outcome of a changing call unknown;
    429 (and 408, 425) say that nothing was done.
    """
    if 200 <= status < 300:
        return body
    detail = detail_of(body)
    said = f"Harbor ({environment}) answered {call} with {status}" + (detail and f": {detail}")
    if status in NOT_NOW:
        raise Unavailable(said, retry_after(headers.get("retry-after"), now))
    if status >= 500 and changes:
        raise OutcomeUnknown(said)
    if status >= 500:
        raise Unavailable(said, retry_after(headers.get("retry-after"), now))
    if status in (401, 403):
        advice = f"check the credentials and scopes for the {environment} environment"
        raise NotAllowed(f"{said}; {advice}", status, detail)
    raise (NotFound if status == 404 else Refused)(said, status, detail)


def read_as(shape: TypeAdapter[T], call: str, body: bytes, *, changes: bool) -> T:
    """`body` as `shape`; Broken, or OutcomeUnknown for a changing call, if it can't be read."""
    try:
        return shape.validate_json(body)
    except ValidationError as error:
        where = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['type']}"
            for e in error.errors(include_input=False, include_context=False)[:3]
        )
        kind: type[HarborError] = OutcomeUnknown if changes else Broken
        raise kind(f"Harbor's answer to {call} can't be read ({where})") from error


def detail_of(body: bytes) -> str:
    """Harbor's words in an error body: FastAPI's `detail` as text or as a list, or OAuth's `error`.

    "" when there are none. Never longer than `LONGEST_DETAIL`, never with a code in it.
    """
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(answer, dict):
        return ""
    detail = answer.get("detail")
    if isinstance(detail, list):
        words = "; ".join(_complaint(item) for item in detail)
    elif detail is not None:
        words = str(detail)
    else:
        words = ": ".join(str(answer[k]) for k in ("error", "error_description") if answer.get(k))
    return SECRETS.sub("…", " ".join(words.split()))[:LONGEST_DETAIL]


def _complaint(item: Any) -> str:
    """One entry of FastAPI's list: where, and what is wrong there (never what was sent)."""
    if not isinstance(item, dict):
        return str(item)
    where = item.get("loc")
    place = ".".join(map(str, where)) if isinstance(where, list) else ""
    return ": ".join(part for part in (place, str(item.get("msg", ""))) if part)


def retry_after(value: str | None, now: datetime) -> float | None:
    """The delay in a Retry-After header, in seconds from `now`: a number or an HTTP date."""
    if value is None:
        return None
    try:
        if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value.strip()):
            seconds = float(value)
        else:
            moment = parsedate_to_datetime(value)
            seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), LONGEST_DELAY)
