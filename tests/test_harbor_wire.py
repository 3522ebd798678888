"""Harbor's objects are read tolerantly where it does not matter, strictly where it does."""

from __future__ import annotations

import asyncio
import contextlib
import json
from datetime import UTC, datetime, time
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from harbor import client, reading, wire
from harbor.answers import Listed, read_as
from harbor.client import CLOSEST
from harbor.entries import read_each
from harbor.errors import Broken, OutcomeUnknown
from harbor.webhooks import Push
from harbor.wire import LockerSize, LockerStatus

LOCKER: dict[str, Any] = {
    "id": 959,
    "name": "14",
    "isLowLocker": False,
    "towerId": "01000000000000AB",
    "status": {"name": "available", "id": 1},
    "type": {"name": "small", "description": None, "id": 1},
    "accessMode": "public",
}
LOCATION: dict[str, Any] = {
    "id": 7,
    "name": "Pier 7",
    "lat": 40.7,
    "lon": -74.0,
    "zip": "10007",
    "accessHours": {"monday": [{"start": "08:00:00", "end": "20:30:00"}], "sunday": []},
    "timezone": "US/Eastern",
}
TOKEN = {"payload": "c0ffee", "payload_auth": "ABCD", "expires": "2026-11-23T12:00:00+02:00"}


def locker(**changes: Any) -> wire.Locker:
    return client.LOCKER.validate_python({**LOCKER, **changes})


def test_a_locker_is_read_as_documented() -> None:
    read = locker()
    assert (read.id, read.name, read.is_low, read.tower_id) == (
        959,
        "14",
        False,
        "01000000000000ab",
    )
    assert (read.status, read.size) == (LockerStatus.AVAILABLE, LockerSize.SMALL)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("out of service", LockerStatus.OUT_OF_SERVICE),
        ("out_of_service", LockerStatus.OUT_OF_SERVICE),
        ("Out-Of-Service", LockerStatus.OUT_OF_SERVICE),
        ("released", LockerStatus.DECLINED),
        ("Declined", LockerStatus.DECLINED),
        ("RENTED", LockerStatus.RENTED),
        ("haunted", LockerStatus.UNKNOWN),
        ("", LockerStatus.UNKNOWN),
    ],
)
def test_a_status_is_read_in_every_spelling_and_kept_as_it_was(
    name: str, status: LockerStatus
) -> None:
    read = locker(status={"name": name, "id": 99})
    assert (read.status, read.status_name) == (status, name)
    assert locker(status=name).status is status


@pytest.mark.parametrize("name", ["x-large", "xlarge", "X_LARGE", "X Large"])
def test_extra_large_is_read_in_every_spelling(name: str) -> None:
    assert locker(type={"name": name}).size is LockerSize.X_LARGE


@pytest.mark.parametrize("kind", [None, {}, {"name": None}, 4, "gigantic"])
def test_a_type_we_do_not_know_costs_the_size_alone(kind: Any) -> None:
    assert locker(type=kind).size is LockerSize.UNKNOWN


def test_an_unknown_name_is_logged_once() -> None:
    reading._said.clear()
    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            assert locker(status={"name": "haunted"}).status is LockerStatus.UNKNOWN
        assert locker(type={"name": "gigantic"}).size is LockerSize.UNKNOWN
    assert [entry["name"] for entry in logs] == ["haunted", "gigantic"]


LOCKERS, LOCATIONS = TypeAdapter(wire.Locker), TypeAdapter(wire.Location)


def read_list(shape: TypeAdapter[Any], body: bytes) -> Listed[Any]:
    return asyncio.run(read_each(shape, "call", body))[0]


@pytest.mark.parametrize("odd", [None, True, 1.5, "x", {}, []])
@pytest.mark.parametrize("missing", ["id", "towerId"])
def test_a_locker_without_an_id_is_left_out_of_its_list_alone(missing: str, odd: Any) -> None:
    for poor in ({**LOCKER, missing: odd}, {k: v for k, v in LOCKER.items() if k != missing}):
        read = read_list(LOCKERS, json.dumps([poor, LOCKER]).encode())
        assert [x.id for x in read.entries] == [959]
        assert read.left_out == 1
        assert missing in read.why


@pytest.mark.parametrize("odd", [None, {}, [], {"name": None}])
@pytest.mark.parametrize("field", ["name", "status"])
def test_a_locker_without_a_label_or_a_status_is_a_locker(field: str, odd: Any) -> None:
    for poor in ({**LOCKER, field: odd}, {k: v for k, v in LOCKER.items() if k != field}):
        (read,) = read_list(LOCKERS, json.dumps([poor]).encode()).entries
        assert (read.label, read.status) == (
            ("959", LockerStatus.AVAILABLE) if field == "name" else ("14", LockerStatus.UNKNOWN)
        )


@pytest.mark.parametrize("bad", ["", "0100", "01000000000000zz", "0x00000000000000", None, 12])
def test_a_tower_id_has_sixteen_hexadecimal_digits(bad: Any) -> None:
    with pytest.raises(ValidationError):
        locker(towerId=bad)


def test_a_location_is_read_as_documented() -> None:
    read = wire.Location.model_validate(LOCATION)
    assert read.access_hours is not None
    assert read.access_hours["monday"][0].end == time(20, 30)
    assert read.access_hours["sunday"] == []


@pytest.mark.parametrize("field", [name for name in LOCATION if name != "id"])
@pytest.mark.parametrize("odd", [None, [1], {"x": 1}])
def test_an_unreadable_accessory_of_a_location_does_not_cost_the_location(
    field: str, odd: Any
) -> None:
    assert wire.Location.model_validate({**LOCATION, field: odd}).id == 7


def test_ever_new_names_do_not_fill_the_log() -> None:
    reading._said.clear()
    with structlog.testing.capture_logs() as logs:
        for number in range(1000):
            assert LockerStatus.read(f"haunted {number}") is LockerStatus.UNKNOWN
    assert len(logs) == reading.MOST_SAID
    reading._said.clear()


@pytest.mark.parametrize("start", ["08:00:00Z", "08:00:00+02:00", 28800, "24:00:00", None])
def test_hours_that_are_no_local_times_are_unknown(start: Any) -> None:
    hours = {"monday": [{"start": start, "end": "20:30:00"}]}
    read = wire.Location.model_validate({**LOCATION, "accessHours": hours})
    spans = (read.access_hours or {}).get("monday", [])
    assert all(span.start.tzinfo is None for span in spans)
    assert not spans or start == 28800


def test_half_a_character_in_a_name_costs_no_token() -> None:
    body = json.dumps({**TOKEN, "locker": {**LOCKER, "name": "\ud800"}}).encode()
    read = read_as(TypeAdapter(wire.LockerToken), "drop_off_token", body, changes=True)
    assert read.payload.get_secret_value() == "c0ffee"


def test_closest_may_be_nothing() -> None:
    assert read_as(CLOSEST, "closest", b"null", changes=False) is None


def test_availability_is_read_as_documented() -> None:
    count = {"availableLockers": 3, "totalLockers": 8}
    kind = {"lockerType": {"id": 4, "name": "x-large"}, "lockerAvailability": count}
    read = wire.Availability.model_validate({"byType": [kind], "lockerAvailability": count})
    assert (read.by_size[0].size, read.by_size[0].type_id) == (LockerSize.X_LARGE, 4)
    assert (read.by_size[0].count.free, read.count.total) == (3, 8)


def test_a_token_hides_what_opens_the_door() -> None:
    read = wire.LockerToken.model_validate(TOKEN)
    assert read.payload.get_secret_value() == "c0ffee"
    assert read.expires == datetime(2026, 11, 23, 10, tzinfo=UTC)
    for shown in (repr(read), str(read), repr(read.model_dump()), read.model_dump_json()):
        assert "c0ffee" not in shown
        assert "ABCD" not in shown


@pytest.mark.parametrize("payload", ["", "abc", "zz", None, [12], "c0 ff"])
def test_a_payload_that_no_tower_could_take_is_unreadable_and_not_quoted(payload: Any) -> None:
    body = json.dumps({**TOKEN, "payload": payload, "payload_auth": "5ec2e7" * 8}).encode()
    with pytest.raises(OutcomeUnknown) as unknown:
        read_as(TypeAdapter(wire.LockerToken), "drop_off_token", body, changes=True)
    told = f"{unknown.value!r} {unknown.value.__cause__!s}"
    assert "5ec2e7" not in told
    assert not payload or str(payload) not in told


@pytest.mark.parametrize("expires", [None, "soon", {}, [1]])
def test_a_token_without_a_readable_expiry_is_a_token(expires: Any) -> None:
    assert wire.LockerToken.model_validate({**TOKEN, "expires": expires}).expires is None


def test_a_time_without_a_zone_is_taken_for_utc() -> None:
    read = wire.LockerToken.model_validate({**TOKEN, "expires": "2026-11-23T12:00:00"})
    assert read.expires == datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize("spelling", ["lockerId", "locker_id"])
def test_an_open_request_is_read_in_both_spellings(spelling: str) -> None:
    told = {"id": 3, spelling: 959, "towerId": "01000000000000AB", "linkToken": "https://l.o/x"}
    read = wire.OpenRequest.model_validate(told)
    assert (read.id, read.locker_id, read.tower_id) == (3, 959, "01000000000000ab")
    assert read.link is not None
    assert "l.o" not in repr(read)


def test_an_open_request_may_name_its_locker_by_the_whole_object() -> None:
    assert wire.OpenRequest.model_validate({"id": 3, "locker": LOCKER}).locker_id == 959


@pytest.mark.parametrize("body", [None, [], "done", {}, {"id": None}, {"id": {}}, 7])
def test_a_reservation_needs_no_particular_body(body: Any) -> None:
    assert wire.Reservation.model_validate(body).id is None
    assert wire.Reservation.model_validate({"id": 41}).id == 41


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
SHAPES: dict[type[Any], dict[str, Any]] = {
    wire.Locker: LOCKER,
    wire.Location: LOCATION,
    wire.LockerToken: TOKEN,
    wire.OpenRequest: {"id": 3, "lockerId": 959, "towerId": "0" * 16, "linkToken": "x"},
    wire.Reservation: {"id": 3},
    wire.AccessToken: {"access_token": "t", "expires_in": 300},
    Push: {"event": "E", "verified": False, "tower_id": "0" * 16, "locker_id": 1},
}


@given(st.sampled_from(list(SHAPES)), st.data())
def test_unknown_fields_change_nothing(shape: type[Any], data: st.DataObject) -> None:
    known = SHAPES[shape]
    if shape is Push:
        known = {**known, "timestamp": "2026-11-23T12:00:00Z", "locker_status": "rented"}
    extra = data.draw(st.dictionaries(st.text().map(lambda name: f"new {name}"), json_values))
    read = TypeAdapter(shape).validate_python
    assert read({**extra, **known}) == read(known)


@given(st.sampled_from(list(SHAPES)), st.data())
def test_any_value_in_any_field_is_read_or_refused_and_never_a_stray_error(
    shape: type[Any], data: st.DataObject
) -> None:
    known = SHAPES[shape]
    odd = data.draw(st.dictionaries(st.sampled_from(sorted(known)), json_values, min_size=1))
    body = json.dumps({**known, **odd}).encode()
    try:
        read = read_as(TypeAdapter(shape), "call", body, changes=False)
    except Broken:
        return
    if isinstance(read, wire.Locker):
        assert isinstance(read.status, LockerStatus)
        assert isinstance(read.size, LockerSize)


@given(st.binary() | json_values.map(json.dumps).map(str.encode))
def test_any_body_is_read_or_broken(body: bytes) -> None:
    for read in (
        lambda: read_list(LOCKERS, body),
        lambda: read_list(LOCATIONS, body),
        lambda: read_as(CLOSEST, "call", body, changes=False),
    ):
        with contextlib.suppress(Broken):
            read()


def test_the_complaint_about_a_long_list_is_short() -> None:
    read = read_list(LOCKERS, json.dumps([{}] * 1000).encode())
    assert read.left_out == 1000
    assert len(read.why) < 300
