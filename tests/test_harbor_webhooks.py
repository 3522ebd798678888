"""A push counts only if its signature holds; without one it is a reason to look, no more."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from harbor import reading
from harbor.errors import PushRefused
from harbor.webhooks import (
    AHEAD,
    ALGORITHMS,
    LARGEST,
    OLDEST,
    Push,
    Repetitions,
    Signature,
    read_push,
)
from harbor.wire import LockerStatus

NOW = datetime(2025, 4, 1, 16, 5, tzinfo=UTC)
SIGNED = Signature(SecretStr("shared"), "X-Signed-By")
DATA: dict[str, Any] = {
    "timestamp": "2025-04-01T16:02:37.123456+00:00",
    "locker_id": 1483,
    "locker_status": "occupied",
    "tower_id": "00000000000000AB",
    "source": "LOCKER_TOKEN_USED",
    "reservation_id": None,
    "open_locker_token_id": 22,
    "keypad_code": "4711",
    "client_info": "Luis",
    "locker_open_request_id": 9,
    "locker_open_request_payload": {"order": "5ec2e7"},
}


def body(**changes: Any) -> bytes:
    envelope = {"timestamp": "2025-04-01T13:02:37", "event": "LOCKER_OPERATION"}
    return json.dumps({**envelope, "data": {**DATA, **changes}}).encode()


def mac(sent: bytes, algorithm: str = "sha256", secret: bytes = b"shared") -> bytes:
    return hmac.new(secret, sent, algorithm).digest()


def push(sent: bytes | None = None, *, at: datetime = NOW, **headers: str) -> Push:
    """The push as it is read, signed unless `headers` say how it is."""
    sent = body() if sent is None else sent
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named = named or {"X-Signed-By": mac(sent).hex()}
    return read_push(named, sent, now=at, signature=SIGNED)


def test_a_documented_push_is_read_by_its_inner_time() -> None:
    read = push()
    assert read.timestamp == datetime(2025, 4, 1, 16, 2, 37, 123456, tzinfo=UTC)
    assert (read.tower_id, read.locker_id) == ("00000000000000ab", 1483)
    assert (read.event, read.source) == ("LOCKER_OPERATION", "LOCKER_TOKEN_USED")
    assert read.status is LockerStatus.OCCUPIED
    assert (read.open_locker_token_id, read.open_request_id) == (22, 9)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("prefix", [True, False])
def test_a_signature_holds_as_hex_and_as_base64(algorithm: str, prefix: bool) -> None:
    signature = Signature(SecretStr("shared"), "X-Signed-By", algorithm)
    digest = mac(body(), algorithm)
    for written in (digest.hex(), digest.hex().upper(), base64.b64encode(digest).decode()):
        sent = f"{algorithm}={written}" if prefix else written
        read = read_push({"x-signed-by": sent}, body(), now=NOW, signature=signature)
        assert read.verified


def test_where_nothing_is_signed_every_push_is_a_nudge() -> None:
    assert push().verified
    assert not read_push({"X-Signed-By": mac(body()).hex()}, body(), now=NOW).verified


@pytest.mark.parametrize("sent", [body(), b"no push at all", body(timestamp=None)])
def test_where_pushes_are_signed_an_unsigned_one_is_refused_unread(sent: bytes) -> None:
    with pytest.raises(PushRefused) as refused:
        read_push({}, sent, now=NOW, signature=SIGNED)
    assert refused.value.status == 401


@pytest.mark.parametrize(
    "at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "10000-01-01", 1e30, None]
)
def test_a_push_from_beyond_the_calendar_is_refused(at: Any) -> None:
    with pytest.raises(PushRefused):
        push(body(timestamp=at))


def test_a_push_about_a_reservation_with_a_uuid_is_told_from_another() -> None:
    one, other = (push(body(reservation_id=f"7b1c0f4e-8a59-{n}")) for n in (1, 2))
    assert one.key != other.key


def test_a_push_can_not_declare_itself_verified() -> None:
    assert not read_push({}, body(verified=True), now=NOW).verified


@pytest.mark.parametrize(
    "when",
    [
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00",
        "10000-01-01T00:00:00Z",
        "-0001-01-01T00:00:00Z",
        1e300,
        -1e300,
        "NaN",
    ],
)
@pytest.mark.parametrize("signed", [SIGNED, None])
def test_a_time_at_the_edge_of_the_calendar_is_refused(when: Any, signed: Signature | None) -> None:
    sent = body(timestamp=when)
    with pytest.raises(PushRefused) as refused:
        read_push({"X-Signed-By": mac(sent).hex()}, sent, now=NOW, signature=signed)
    assert refused.value.status in (400, 422)


@pytest.mark.parametrize("number", [10**30, -1, 2**63, 1.5, [1]])
def test_a_locker_whose_number_is_none_is_refused(number: Any) -> None:
    with pytest.raises(PushRefused):
        push(body(locker_id=number))


def test_names_that_nobody_knows_fill_no_log() -> None:
    reading._said.clear()
    with structlog.testing.capture_logs() as logs:
        for number in range(500):
            assert push(body(locker_status=f"made up {number}")).status is LockerStatus.UNKNOWN
    assert len(logs) <= 64
    reading._said.clear()


def test_what_was_taken_is_known_again_and_the_oldest_is_forgotten() -> None:
    known = Repetitions()
    first = push()
    assert not known.knows(first)
    known.taken(first)
    assert known.knows(push(body(keypad_code="1")))
    for number in range(5000):
        known.taken(first.model_copy(update={"locker_id": number}))
    assert not known.knows(first)


@pytest.mark.parametrize(
    "sent", ["", "sha256=", mac(body(), secret=b"guessed").hex(), mac(b"other").hex(), "ÿ", "0"]
)
def test_a_wrong_signature_is_refused(sent: str) -> None:
    with pytest.raises(PushRefused) as refused:
        push(X_Signed_By=sent)
    assert refused.value.status == 401


@given(st.binary(max_size=80), st.integers(0, 10_000))
def test_a_changed_body_never_bears_the_old_signature(added: bytes, place: int) -> None:
    good = body()
    cut = place % (len(good) + 1)
    changed = good[:cut] + added + good[cut:]
    if changed != good:
        with pytest.raises(PushRefused):
            push(changed, X_Signed_By=mac(good).hex())


def test_a_push_of_another_day_is_refused() -> None:
    moment = datetime.fromisoformat(DATA["timestamp"])
    assert push(at=moment + OLDEST)
    assert push(at=moment - AHEAD)
    for at in (moment + OLDEST + timedelta(seconds=1), moment - AHEAD - timedelta(seconds=1)):
        with pytest.raises(PushRefused) as refused:
            push(at=at)
        assert refused.value.status == 400


def test_an_oversized_push_is_refused_unread() -> None:
    with pytest.raises(PushRefused) as refused:
        push(b"[" * (LARGEST + 1))
    assert refused.value.status == 413


@pytest.mark.parametrize("missing", ["timestamp", "locker_id", "tower_id", "locker_status"])
def test_a_push_without_an_essential_is_refused(missing: str) -> None:
    with pytest.raises(PushRefused) as refused:
        push(body(**{missing: None}))
    assert refused.value.status == 422


@given(st.binary(max_size=200))
def test_any_bytes_at_all_are_read_or_refused(sent: bytes) -> None:
    with pytest.raises(PushRefused):
        push(sent)
    with pytest.raises(PushRefused):
        read_push({}, sent, now=NOW)


def test_a_repetition_has_the_same_key_and_another_event_another() -> None:
    said_again = json.dumps(
        {"data": dict(reversed(DATA.items())), "event": "LOCKER_OPERATION", "timestamp": "later"}
    ).encode()
    assert push(said_again).key == push().key
    others = [
        push(body(**change)).key
        for change in (
            {"locker_id": 1},
            {"tower_id": "0" * 16},
            {"locker_status": "rented"},
            {"source": "LOCKER_TOKEN_CREATED"},
            {"open_locker_token_id": 23},
            {"locker_open_request_id": None},
            {"reservation_id": 5},
            {"timestamp": "2025-04-01T16:02:38+00:00"},
        )
    ]
    assert len({push().key, *others}) == len(others) + 1


def test_the_key_gives_nothing_away() -> None:
    assert "4711" not in push().key
    assert push(body(keypad_code="1234")).key == push().key


def test_a_repr_shows_neither_code_nor_payload_nor_secret() -> None:
    shown = f"{push()!r} {push()} {SIGNED!r}"
    for secret in ("4711", "5ec2e7", "Luis", "shared"):
        assert secret not in shown


def test_every_algorithm_offered_exists() -> None:
    assert set(ALGORITHMS) <= hashlib.algorithms_guaranteed
