"""What an answer means is a pure function, so every case can be stated."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harbor.answers import API_WORDS, LONGEST_DETAIL, NOT_NOW, detail_of, retry_after, settle
from harbor.errors import HarborError, OutcomeUnknown, Refused, Unavailable

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_the_detail_is_read_in_both_of_fastapis_shapes() -> None:
    assert detail_of(b'{"detail": "Locker is reserved"}') == "Locker is reserved"
    listed = {
        "detail": [
            {"loc": ["body", "duration"], "msg": "must be positive", "type": "greater_than"},
            {"loc": ["body", 0], "msg": "field required", "type": "missing"},
        ]
    }
    said = detail_of(json.dumps(listed).encode())
    assert said == "body.duration: must be positive; body.0: field required"


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"null", b'{"detail": null}', b'{"other": 1}', b"\xff", b"[" * 99999],
    ids=lambda body: repr(body[:20]),
)
def test_a_body_without_words_has_no_detail(body: bytes) -> None:
    assert detail_of(body) == ""


def test_what_was_sent_is_never_quoted_from_a_validation_error() -> None:
    item = {"loc": ["body"], "msg": "bad", "type": "x", "input": "the secret", "ctx": {"y": "z"}}
    assert detail_of(json.dumps({"detail": [item]}).encode()) == "body: bad"


@given(st.binary() | st.recursive(st.none() | st.text(), st.lists).map(json.dumps).map(str.encode))
def test_any_body_at_all_yields_a_short_line(body: bytes) -> None:
    for wrapped in (body, b'{"detail": ' + body + b"}"):
        said = detail_of(wrapped)
        assert len(said) <= LONGEST_DETAIL
        assert "\n" not in said


BODIES = st.binary(max_size=60) | st.just(b'{"detail": "no"}') | st.just(b'{"error": "no"}')


@given(st.integers(100, 999), BODIES, st.booleans())
def test_any_status_is_a_success_or_one_of_our_errors(
    status: int, body: bytes, changes: bool
) -> None:
    def settled() -> bytes:
        return settle("call", "sandbox", status, {}, body, changes=changes, now=NOW)

    if 200 <= status < 300:
        assert settled() == body
        return
    with pytest.raises(HarborError) as wrong:
        settled()
    refused = isinstance(wrong.value, Refused)
    assert not refused or detail_of(body, API_WORDS)
    assert isinstance(wrong.value, OutcomeUnknown) == (
        changes and not refused and status not in NOT_NOW
    )


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("Mon, 23 Nov 2026 12:00:30 GMT", 30.0),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0.0),
        ("999999999", 3600.0),
        ("soon", None),
        ("-3", None),
        ("", None),
        ("nan", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(
    value: str | None, seconds: float | None
) -> None:
    assert retry_after(value, NOW) == seconds


@given(st.text())
def test_no_retry_after_can_break_the_reading(value: str) -> None:
    seconds = retry_after(value, NOW)
    assert seconds is None or 0 <= seconds <= 3600


@pytest.mark.parametrize("status", [408, 425, 429])
def test_not_now_is_unavailable_for_changing_calls_too(status: int) -> None:
    with pytest.raises(Unavailable) as unavailable:
        settle("reserve", "sandbox", status, {"retry-after": "3"}, b"", changes=True, now=NOW)
    assert unavailable.value.retry_after == 3.0
