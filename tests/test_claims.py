"""A claim is found wherever it stands in what people write, and nothing else is taken for one."""

from __future__ import annotations

import pytest

from bot.domain.claims import (
    CLAIM_LENGTH,
    LONG_CLAIM_LENGTH,
    Written,
    claim_payload,
    new_claim,
    read_claim,
    show_claim_code,
)
from bot.domain.ids import DeliveryId

PAYLOAD = "abcdefghijklmnopqrst-_"
LINK = f"https://t.me/parcels_bot?start=c_{PAYLOAD}"


@pytest.mark.parametrize(
    "text",
    [
        "K7QF-2M9X",
        " k7qf 2m9x ",
        "K7QF2M9X.",
        "K7QF-2M9X.",
        "«K7QF–2M9X»",
        "K7QF—2M9X!",
        "K7QF\u22122M9X",
        "K7QF\u20112M9X",
        "K7QF\u00ad2M9X",
        "K7QF - 2M9X",
        "\uff2b\uff17\uff31\uff26\uff0d\uff12\uff2d\uff19\uff38",
        "\u200fK7QF\u200b-2M9X\u2069",
        "Hi Ben, your code is K7QF-2M9X, see you!",
        "The code:\nK7QF-2M9X\nat the market",
        "the code is k7qf2m9x thanks",
        "the code is k7qf 2m9x thanks",
        "order 12345678, code K7QF-2M9X",
        "📦K7QF-2M9X📦",
    ],
)
def test_a_code_is_read_wherever_it_stands(text: str) -> None:
    assert read_claim(text) == Written(code="K7QF2M9X")


@pytest.mark.parametrize(
    "text",
    [
        LINK,
        f"{LINK}.",
        f"Look: {LINK} (or type K7QF-2M9X)",
        f"<{LINK}>",
        f"tg://resolve?domain=parcels_bot&start=c_{PAYLOAD}",
        f"t.me/parcels_bot?start=c_{PAYLOAD}",
        f"c_{PAYLOAD}",
    ],
)
def test_a_pasted_link_is_read_and_wins_over_a_code(text: str) -> None:
    assert read_claim(text) == Written(link=PAYLOAD)


@pytest.mark.parametrize(
    "text",
    [
        "sneakers",
        "Birthday",
        "the boots",
        "books for Ben",
        "that - this",
        "Congress Avenue Market",
        "2026-11-28",
        "+1 512 555 0100",
        "4111-1111-1111-1111",
        "HARBOR://OPEN/0123ABCD/4567CDEF",
        "https://example.com/K7QF2M9X",
        "https://t.me/parcels_bot?start=hello",
        "K7QF-2M9U",
        "",
        "👟",
    ],
)
def test_what_is_no_code_is_not_taken_for_one(text: str) -> None:
    assert read_claim(text) is None


def test_letters_alone_are_a_code_only_where_one_was_asked_for_and_nothing_else_stands() -> None:
    assert read_claim(" sneakers. ", asked=True) == Written(code="SNEAKERS")
    assert read_claim("(xkqftmnx)", asked=True) == Written(code="XKQFTMNX")
    assert read_claim("thanks, that's tomorrow", asked=True) is None
    assert read_claim("hello?", asked=True) is None


@pytest.mark.parametrize("length", [CLAIM_LENGTH, LONG_CLAIM_LENGTH])
def test_what_is_shown_is_read_whatever_its_length(length: int) -> None:
    for _ in range(200):
        claim = new_claim(DeliveryId("a"), length)
        shown = show_claim_code(claim.code)
        assert (claim.delivery, len(claim.code), len(claim.link)) == ("a", length, 22)
        assert claim.page is not None
        assert (len(claim.page), claim.page == claim.link) == (22, False)
        assert read_claim(f"it is {shown}.") == Written(code=claim.code)
        assert read_claim(claim_payload(claim)) == Written(link=claim.link)
