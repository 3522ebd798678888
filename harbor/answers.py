"""What an answer of Harbor's means: a pure function of status, headers and body.

Guarantees: every status leads to the body or to exactly one of our errors; only Harbor's own JSON
makes a status a refusal, since anything between us (a gateway, a firewall) may answer in its place;
a call that changes something is never called Unavailable once it may have been carried out. A list
is read entry by entry: one that can't be read costs no other. Harbor's own words are kept,
shortened, and cleared of anything long enough to be a code or a token.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

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

API_WORDS = ("detail",)
"""Where the API (FastAPI) says why it refuses."""
OAUTH_WORDS = ("error", "error_description")
"""Where the accounts host (OAuth) says so."""

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
    words: tuple[str, ...] = API_WORDS,
) -> bytes:
    """The body of a successful answer; else raises what the answer means for `call`.

    `headers` with lower-case names; `words` are where this host says why it refuses. A server's
    5xx leaves the outcome of a changing call unknown, and so does any refusal without Harbor's
    words: it may stand in the place of Harbor's own answer. 429 (and 408, 425) say that nothing was
    done.
    """
    if 200 <= status < 300:
        return body
    detail = detail_of(body, words)
    said = f"Harbor ({environment}) answered {call} with {status}" + (detail and f": {detail}")
    if status in NOT_NOW:
        raise Unavailable(said, retry_after(headers.get("retry-after"), now))
    if status >= 500 or not detail:
        if changes:
            raise OutcomeUnknown(said)
        raise Unavailable(said, retry_after(headers.get("retry-after"), now))
    if status in (401, 403):
        advice = f"check the credentials and scopes for the {environment} environment"
        raise NotAllowed(f"{said}; {advice}", status, detail)
    raise (NotFound if status == 404 else Refused)(said, status, detail)


def read_as(shape: TypeAdapter[T], call: str, body: bytes, *, changes: bool) -> T:
    """`body` as `shape`; Broken, or OutcomeUnknown for a changing call, if it can't be read."""
    try:
        try:
            return shape.validate_json(body)
        except ValidationError as error:
            if error.errors()[0]["type"] != "json_invalid" or (whole := _mended(body)) is None:
                raise
            return shape.validate_json(whole)
    except ValidationError as error:
        kind: type[HarborError] = OutcomeUnknown if changes else Broken
        raise kind(f"Harbor's answer to {call} can't be read ({where(error)})") from error


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """The entries of a list that can be read; how many can't be, and why the first of them."""

    entries: list[T]
    left_out: int = 0
    why: str = ""


def loaded_list(call: str, body: bytes) -> list[Any]:
    """`body` as a list of whatever it holds; Broken if it is none."""
    try:
        found = _loaded(body)
    except (ValueError, RecursionError) as error:
        raise Broken(f"Harbor's answer to {call} can't be read (no JSON)") from error
    if not isinstance(found, list):
        raise Broken(f"Harbor's answer to {call} can't be read (no list)")
    return found


def _loaded(body: bytes) -> Any:
    try:
        return from_json(body)
    except ValueError:
        # Half a character, or an entry too deep for pydantic's reader, which is the quicker one.
        return json.loads(_mended(body) or body)


def _mended(body: bytes) -> bytes | None:
    """`body` with a question mark for each half of a surrogate pair, as an odd name may hold; None
    where something else is wrong with it."""
    try:
        return json.dumps(json.loads(body), ensure_ascii=False).encode(errors="replace")
    except (ValueError, RecursionError):
        return None


def where(error: ValidationError) -> str:
    """Which fields can't be read and what is wrong there, never what was sent."""
    return "; ".join(
        f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['type']}"
        for e in error.errors(include_input=False, include_context=False)[:3]
    )


def detail_of(body: bytes, words: tuple[str, ...] = API_WORDS + OAUTH_WORDS) -> str:
    """Harbor's words in an error body: FastAPI's `detail` as text or as a list, or OAuth's `error`.

    "" when there are none. Never longer than `LONGEST_DETAIL`, never with a code in it.
    """
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(answer, dict):
        return ""
    detail = answer.get("detail") if "detail" in words else None
    if isinstance(detail, list):
        said = "; ".join(_complaint(item) for item in detail)
    elif detail is not None:
        said = str(detail)
    else:
        said = ": ".join(str(answer[k]) for k in OAUTH_WORDS if k in words and answer.get(k))
    return SECRETS.sub("…", " ".join(said.split()))[:LONGEST_DETAIL]


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
