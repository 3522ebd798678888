"""Whose wrong links are counted, and for how long."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from starlette.requests import Request

from web.pages import visitors
from web.pages.visitors import FREE, WINDOW, WrongLinks, address_of
from web.pages.where import Where

PROXIES = [ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")]


def request(here: str | None, *forwarded: str) -> Request:
    headers = [(b"x-forwarded-for", text.encode()) for text in forwarded]
    client = None if here is None else (here, 1)
    return Request({"type": "http", "client": client, "headers": headers})


@pytest.mark.parametrize(
    ("here", "forwarded", "address"),
    [
        ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4, 198.51.100.1, 10.9.9.9"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4", "198.51.100.1,10.9.9.9"], "198.51.100.1"),
        ("10.0.0.1", ["nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["1.2.3.4, nonsense, 10.9.9.9"], "10.9.9.9"),
        ("10.0.0.1", ["10.1.1.1, 10.2.2.2"], "10.1.1.1"),
        ("::ffff:10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("2001:db8::1", ["2001:470::5"], "2001:470::5"),
        (None, ["198.51.100.1"], ""),
    ],
)
def test_an_address_is_the_sockets_unless_a_trusted_proxy_names_another(
    here: str | None, forwarded: list[str], address: str
) -> None:
    assert address_of(request(here, *forwarded), PROXIES) == address


def test_wrong_links_count_in_a_window_that_slides() -> None:
    now = [0.0]
    wrong = WrongLinks(lambda: now[0])
    for second in range(FREE):
        now[0] = second
        assert wrong.note("203.0.113.7") is None
    now[0] = 100.0
    assert wrong.note("203.0.113.7") == WINDOW - 100.0
    assert wrong.note("203.0.113.8") is None
    now[0] = WINDOW + FREE
    assert wrong.note("203.0.113.7") is None


def test_whether_one_more_is_too_many_can_be_asked_without_being_counted() -> None:
    now = [0.0]
    wrong = WrongLinks(lambda: now[0])
    for _ in range(FREE):
        assert not wrong.too_many("203.0.113.7")
        wrong.note("203.0.113.7")
    assert [wrong.too_many("203.0.113.7") for _ in range(3)] == [True] * 3
    assert not wrong.too_many("203.0.113.8")
    assert len(wrong) == 1
    now[0] = WINDOW
    assert not wrong.too_many("203.0.113.7")


def test_a_whole_line_of_ipv6_counts_as_one() -> None:
    wrong = WrongLinks(lambda: 0.0)
    tried = [wrong.note(f"2001:db8:1:2::{number:x}") for number in range(FREE + 1)]
    assert tried[-1] is not None
    assert wrong.note("2001:db8:1:3::1") is None


def test_however_many_addresses_come_a_bounded_number_is_kept_in_mind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(visitors, "ADDRESSES", 50)
    wrong = WrongLinks(lambda: 0.0)
    for number in range(500):
        wrong.note(f"10.0.{number // 250}.{number % 250}")
    assert len(wrong) == 50


@pytest.mark.parametrize("url", ["http://bot.example", "http://192.0.2.1:8080", "ftp://127.0.0.1"])
def test_pages_are_served_by_https_but_for_this_very_machine(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        Where(url)
    assert not Where("http://127.0.0.1:8080").secure
    assert Where("https://bot.example/b").secure
    assert Where("https://bot.example/b").cookie_path("x") == "/b/p/x"
    assert Where("https://bot.example:8443/b").origin == "https://bot.example:8443"
