"""The tables of a delivery's life, held against a second, independent telling of them."""

import itertools

import pytest

from bot.domain.history import event_of
from bot.domain.lifecycle import ENDS, LIVE, TRANSITIONS, Event, Illegal, State, advance, diagram
from bot.domain.observations import FREES, OBSERVATIONS, Odd, meaning
from bot.domain.tower import LockerStatus

# Told anew, state by state, as a person would: what may happen, and where it leads.
LEGAL = {
    "prepared": {
        "requested": "requested",
        "extended": "prepared",
        "forgotten": "lapsed",
        "cancelled": "cancelled",
        "closed": "closed",
    },
    "requested": {
        "reserved": "reserved",
        "no_locker": "no_locker",
        "cancelled": "releasing",
        "closed": "closed",
    },
    "reserved": {
        "drop_off_issued": "rented",
        "cancelled": "releasing",
        "lapsed": "lapsed",
        "closed": "closed",
    },
    "rented": {
        "drop_off_issued": "rented",
        "dropped_off": "stored",
        "cancelled": "releasing",
        "lapsed": "lapsed",
        "closed": "closed",
    },
    "releasing": {"released": "cancelled", "dropped_off": "stored", "closed": "closed"},
    "stored": {
        "pick_up_issued": "stored",
        "extended": "stored",
        "overdue": "stored",
        "collected": "collected",
    },
    "collected": {},
    "cancelled": {"dropped_off": "stored"},
    "lapsed": {"dropped_off": "stored"},
    "no_locker": {},
    "closed": {"dropped_off": "stored"},
}

ODD = "odd"
SEEN = {
    "reserved": {"available": "lapsed", "reserved": None, "rented": None},
    "rented": {"available": "lapsed", "rented": None, "occupied": "dropped_off"},
    "releasing": {
        "available": "released",
        "reserved": None,
        "rented": None,
        "declined": None,
        "occupied": "dropped_off",
    },
    "stored": {"available": "collected", "occupied": None},
    "lapsed": {"occupied": "dropped_off"},
    "cancelled": {"occupied": "dropped_off"},
    "closed": {"occupied": "dropped_off"},
}
HOLDING = ("reserved", "rented", "releasing", "stored")


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_every_event_in_every_state_leads_where_it_should_or_is_refused(state, event):
    expected = LEGAL[state.value].get(event.value)
    if expected is None:
        with pytest.raises(Illegal):
            advance(state, event)
    else:
        assert advance(state, event) is State(expected)


@pytest.mark.parametrize(("state", "status"), list(itertools.product(State, LockerStatus)))
def test_every_locker_status_in_every_state_means_what_it_should(state, status):
    otherwise = ODD if state.value in HOLDING else None
    expected = SEEN.get(state.value, {}).get(status.value, otherwise)
    found = meaning(state, status)
    assert (found.value if found is not None else None) == expected


def test_whatever_an_observation_means_is_legal_in_that_state():
    for (state, _), found in OBSERVATIONS.items():
        if isinstance(found, Event):
            assert (state, found) in TRANSITIONS


def test_only_states_in_which_a_locker_is_held_can_lose_it():
    assert set(FREES) == {State(name) for name in HOLDING}
    assert set(FREES) < LIVE
    for state, proofs in FREES.items():
        assert LockerStatus.OCCUPIED not in proofs
        assert not isinstance(meaning(state, LockerStatus.AVAILABLE), Odd)


def test_every_live_state_has_a_way_to_an_end():
    reached = set(ENDS)
    for _ in State:
        reached |= {state for (state, _), to in TRANSITIONS.items() if to in reached}
    assert reached == set(State)


def test_an_operator_can_close_whatever_is_live_and_holds_no_parcel():
    closable = {state for (state, event) in TRANSITIONS if event is Event.CLOSED}
    assert closable == LIVE - {State.STORED}


def test_every_event_of_the_lifecycle_is_written_down_under_its_own_name():
    for event in Event:
        assert (event_of(event).name, event_of(event).value) == (event.name, event.value)


def test_the_tables_cannot_be_changed_by_accident():
    with pytest.raises(TypeError):
        TRANSITIONS[State.STORED, Event.LAPSED] = State.LAPSED  # type: ignore[index]  # what is refused


def test_the_diagram_shows_every_transition():
    drawn = diagram()
    for (state, event), to in TRANSITIONS.items():
        assert f"{state.value} --> {to.value}: {event.value}" in drawn
