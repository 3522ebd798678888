"""Buttons carry what they were made with, and anything else reads as nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import CallbackQuery, Update, User

from bot.domain.delivery import Delivery
from bot.domain.ids import DeliveryId, PersonId, TowerId
from bot.domain.message import Button, Press, press, press_on
from bot.domain.tower import Size
from handlers.conversation.context import Context
from handlers.conversation.pressed import Pressed
from handlers.telegram.callback_data import MOST_BYTES, encode, parse

DELIVERY = Delivery(
    DeliveryId("7k2m9xq4tz"), PersonId(1), TowerId("00000000000000aa"), Size.SMALL, revision=12
)

VERBS = st.from_regex(r"[a-z][a-z_]{0,15}", fullmatch=True)
ARGS = st.none() | st.from_regex(r"[0-9A-Za-z_.~-]{1,16}", fullmatch=True)


@given(verb=VERBS, arg=ARGS)
def test_a_button_reads_back_as_it_was_made(verb: str, arg: str | None) -> None:
    assert parse(encode(press(verb, arg))) == Press(verb, arg)


@given(verb=VERBS, arg=ARGS)
def test_a_button_on_a_delivery_names_it_and_the_revision_its_reader_saw(
    verb: str, arg: str | None
) -> None:
    assert parse(encode(press_on(verb, DELIVERY, arg))) == Press(verb, arg, DELIVERY.id, 12)


def test_a_button_carries_exactly_one_thing() -> None:
    for carried in ({}, {"press": press("menu"), "url": "https://maps.example/"}):
        with pytest.raises(ValueError, match="one thing"):
            Button("x", **carried)  # type: ignore[arg-type]  # whatever is carried


def test_an_argument_may_be_a_number_or_a_size() -> None:
    assert encode(press("page", 3)) == "page:3"
    assert parse(encode(press("size", Size.X_LARGE))) == Press("size", "x-large")


@pytest.mark.parametrize(
    ("verb", "arg"),
    [("Size", None), ("", None), ("size", ""), ("size", "a:b"), ("size", "größe"), ("s", "x" * 63)],
)
def test_a_button_that_would_not_read_back_is_never_made(verb: str, arg: str | None) -> None:
    with pytest.raises(ValueError, match="can't carry"):
        encode(press(verb, arg))


def test_a_button_of_just_64_bytes_is_still_made() -> None:
    assert len(encode(press("s", "x" * 62)).encode()) == MOST_BYTES


@pytest.mark.parametrize(
    "data",
    [
        None,
        "",
        ":",
        "size:",
        "size:medium\n",
        "size:medium:small",
        "cancel:7k2m9xq4tz:0",
        "cancel:7k2m9xq4tz:١٢",
        "cancel:7k2m9xq4tz:12:",
        "cancel:7K2M9XQ4TZ:12",
        "cancel:7k2m9xq4t:12",
        "cancel:7k2m9xq4tz:9999999999",
        "x" * 65,
        "' or 1=1 --",
        "размер:medium",
    ],
)
def test_whatever_we_would_not_have_made_reads_as_nothing(data: str | None) -> None:
    assert parse(data) is None


@given(st.text(max_size=80))
def test_no_text_at_all_makes_reading_fail(data: str) -> None:
    parse(data)


async def _nothing(update: Update, context: Context) -> None:
    raise AssertionError("nobody pressed")


def test_a_handler_takes_its_own_verbs_whole_and_no_others() -> None:
    chosen = Pressed(_nothing, "size", "page")
    assert _takes(chosen, "size:medium")
    assert _takes(chosen, "page")
    on_a_delivery = encode(press_on("size", DELIVERY))
    for other in ("sizes:medium", "size:", "resize:medium", on_a_delivery, "size:a\n", None):
        assert not _takes(chosen, other), other


def test_a_handler_on_deliveries_takes_only_buttons_that_name_one() -> None:
    chosen = Pressed(_nothing, "cancel", on_delivery=True)
    assert _takes(chosen, encode(press_on("cancel", DELIVERY, "yes")))
    assert not _takes(chosen, "cancel:yes")


def _takes(handler: Pressed, data: str | None) -> bool:
    query = CallbackQuery("1", User(1, "Ada", is_bot=False), "1", data=data)
    assert not handler.check_update(Update(1))
    return handler.check_update(Update(1, callback_query=query))
