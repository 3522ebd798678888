"""Small values of the domain: identities, requests, subjects of cards, and what opens a door."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.actions import Action
from bot.domain.browsers import may_be_cookie, may_be_page, new_cookie, somebody_in_browser
from bot.domain.card import (
    Card,
    alert_subject,
    code_subject,
    delivery_of,
    delivery_subject,
    map_subject,
    old_subject,
    photo_of,
    photo_subject,
    slip_of,
    slip_subject,
    slip_subjects,
)
from bot.domain.codes import CodeKind
from bot.domain.delivery import HarborRequest, RequestKind, Role
from bot.domain.ids import (
    CROCKFORD,
    DeliveryId,
    LockerId,
    MessageId,
    PersonId,
    in_browser,
    new_delivery_id,
    new_row_id,
    read_id,
)
from bot.domain.languages import LANGUAGES
from bot.domain.lifecycle import State
from bot.domain.limits import claim_length
from bot.domain.meanings import meaning_of
from bot.domain.message import Ask, Button, File, Key, Meaning, Message, Press, press, press_on
from bot.domain.openers import LONGEST_LINK, Opener, Openers, Token, app_link, token_text
from bot.domain.recipient import NOBODY, Reach, Recipient, reach
from bot.domain.situation import Links, Situation, waits_beside
from bot.domain.tower import Size
from bot.domain.visit import waiting
from tests.support.scenes import (
    ANNA,
    BEN,
    CARA,
    CLAIM,
    NOW,
    OTHER,
    PAGED,
    POLICY,
    TOWER,
    a_delivery,
)


def test_a_delivery_goes_by_ten_small_letters_and_digits_that_nobody_mistakes() -> None:
    made = [new_delivery_id() for _ in range(200)]
    assert {len(each) for each in made} == {10}
    assert {sign for each in made for sign in each} == set(CROCKFORD.lower())
    assert len(set(made)) == len(made)


def test_a_rows_identity_fits_a_bigint_and_uses_its_62_bits() -> None:
    widths = {new_row_id().bit_length() for _ in range(200)}
    assert max(widths) == 62


def test_what_a_button_says_is_an_id_or_that_of_nobody() -> None:
    assert [read_id(said) for said in ("14", 14, "9" * 19)] == [14, 14, int("9" * 19)]
    odd = ("", None, "-1", "1.5", "x1", "²", "١٤", "9" * 20)  # decimal for some, but not to us
    assert [read_id(said) for said in odd] == [0] * len(odd)


def test_whoever_claims_in_a_browser_has_a_language_and_neither_a_name_nor_a_chat() -> None:
    made = [somebody_in_browser("de") for _ in range(2)]
    assert all(in_browser(person.id) for person in made)
    assert made[0].id != made[1].id
    highest = PersonId(-(2**62))
    assert in_browser(highest)
    assert not in_browser(PersonId(highest + 1))
    assert [(each.name, each.language, each.reachable) for each in made] == [("", "de", False)] * 2


def test_a_cookie_and_a_pages_secret_are_told_from_whatever_was_never_given_out() -> None:
    cookie, page = new_cookie(), PAGED.page or ""
    assert (may_be_cookie(cookie), may_be_page(page)) == (True, True)
    assert (may_be_cookie(page), may_be_page(cookie)) == (False, False)
    assert new_cookie() != cookie
    for odd in ("", "é", "x"):
        assert not may_be_cookie(cookie[:-1] + odd + "\n" * (odd == "x"))
        assert not may_be_page(page[:-1] + odd + "\n" * (odd == "x"))


def test_a_request_is_due_at_once_and_has_an_identity_of_its_own() -> None:
    first, second = (HarborRequest.made(RequestKind.RELEASE, NOW, ANNA.id) for _ in range(2))
    assert first == HarborRequest(first.id, RequestKind.RELEASE, NOW, ANNA.id, 0, NOW)
    assert first.id != second.id
    asked = a_delivery(State.RESERVED, request=first)
    assert asked.still_asks(first)
    assert not asked.still_asks(second)
    assert not replace(asked, request=None).still_asks(first)
    assert (asked.asks, replace(asked, request=None).asks) == (RequestKind.RELEASE, None)


def test_a_cards_subject_says_which_delivery_it_is_about_and_is_never_renamed() -> None:
    delivery = DeliveryId("7k2m9xq4tz")
    assert delivery_subject(delivery) == "delivery:7k2m9xq4tz"
    assert code_subject(delivery) == "code:7k2m9xq4tz"
    assert alert_subject("orphan:a/1") == "alert:orphan:a/1"
    assert old_subject(MessageId(5)) == "old:5"
    assert delivery_of(delivery_subject(delivery)) == delivery
    others = (code_subject(delivery), alert_subject("a:b"), "screen", "")
    assert [delivery_of(subject) for subject in others] == [None] * 4
    assert delivery_of("delivery:a:b") == "a:b"


def test_a_slip_says_of_which_delivery_and_in_which_language_it_is() -> None:
    delivery = DeliveryId("7k2m9xq4tz")
    assert slip_subject(delivery) == "slip:7k2m9xq4tz"
    assert slip_subject(delivery, "de") == "slip:7k2m9xq4tz:de"
    assert slip_of(slip_subject(delivery)) == (delivery, None)
    assert slip_of(slip_subject(delivery, "de")) == (delivery, "de")
    every = [slip_of(subject) for subject in slip_subjects(delivery)]
    assert every == [(delivery, language) for language in (None, *LANGUAGES)]


def test_a_photo_and_a_map_say_of_which_delivery_they_are() -> None:
    delivery = DeliveryId("7k2m9xq4tz")
    assert photo_subject(delivery) == "photo:7k2m9xq4tz"
    assert map_subject(delivery) == "map:7k2m9xq4tz"
    assert photo_of(photo_subject(delivery)) == delivery
    assert photo_of("photo:a:b") == "a:b"
    assert photo_of(map_subject(delivery)) is None
    assert photo_of(delivery_subject(delivery)) is None


def test_a_card_is_owed_sends_and_has_told_as_its_counters_and_its_message_say() -> None:
    card = Card(1, ANNA.id, "screen", MessageId(5), wanted=2, shown=2)
    assert not card.owed
    assert replace(card, wanted=3).owed
    assert (card.sends, card.told) == (False, True)
    ringing, fresh = replace(card, ring=True), replace(card, message=None)
    assert [(each.sends, each.told) for each in (ringing, fresh)] == [(True, False)] * 2


def test_a_claim_is_longer_while_many_guess() -> None:
    assert (claim_length(many_guess=False), claim_length(many_guess=True)) == (8, 12)


def test_a_token_is_written_in_capitals_so_that_its_symbol_stays_small() -> None:
    written = token_text(TOWER.id, LockerId(14), Token("c0ffee", "facade", NOW))
    assert written == "HARBOR://OPEN/00000000000000AA/14/C0FFEE/FACADE"


def test_a_link_hands_each_part_of_a_token_to_the_app_where_its_template_names_it() -> None:
    written = "HARBOR://OPEN/00000000000000AA/14/C0FFEE/FACADE"
    template = "https://app.example/{tower_id}/{locker_id}#{payload}.{payload_auth}"
    linked = app_link(template, written)
    assert linked == "https://app.example/00000000000000AA/14#C0FFEE.FACADE"
    with pytest.raises(ValueError, match="zip"):
        app_link(template, written + "/MORE")


def test_a_link_is_handed_over_up_to_the_length_that_phones_can_read() -> None:
    written = "HARBOR://OPEN/AA/1/BB/CC"
    longest = "https://app.example/".ljust(LONGEST_LINK, "x")
    assert app_link(longest, written) == longest
    assert app_link(longest + "x", written) is None


def test_what_is_shared_is_written_so_that_it_fits_into_a_link() -> None:
    links = Links(
        "c", "https://open.example?start={payload}", "https://s.example?u={link}&t={text}"
    )
    assert links.open_with("c_1") == "https://open.example?start=c_1"
    assert links.to_claim(CLAIM) == f"https://open.example?start=c_{CLAIM.link}"
    shared = links.to_share("https://a.example/b?c=d&e", "Hi & bye?")
    assert shared == (
        "https://s.example?u=https%3A%2F%2Fa.example%2Fb%3Fc%3Dd%26e&t=Hi%20%26%20bye%3F"
    )


def test_a_claim_has_a_page_where_there_are_pages_and_it_has_one() -> None:
    links = Links(page="https://parcels.example/p/{page}")
    assert links.to_page(PAGED) == f"https://parcels.example/p/{PAGED.page}"
    assert links.to_page(CLAIM) is None
    assert Links().to_page(PAGED) is None


def test_an_operator_looks_after_their_towers_or_all_and_what_is_at_none() -> None:
    policy = replace(POLICY, tower_operators={TOWER.id: frozenset({CARA.id})})
    every = PersonId(9)
    assert policy.operators_at(TOWER.id) == {every, CARA.id}
    assert policy.operators_at(OTHER.id) == policy.operators_at(None) == {every}
    at = {tower: policy.operates_at(CARA.id, tower) for tower in (TOWER.id, OTHER.id, None)}
    assert at == {TOWER.id: True, OTHER.id: False, None: False}


def test_a_moment_is_over_when_it_has_come() -> None:
    situation = Situation(a_delivery(State.STORED), ANNA, NOW, POLICY, TOWER)
    assert situation.over(NOW)
    assert not situation.over(NOW + timedelta.resolution)
    assert not situation.over(None)


def test_a_button_says_what_it_is_about_and_as_of_when() -> None:
    stored = a_delivery(State.STORED, revision=7)
    assert press("menu") == Press("menu")
    assert press("seen", 5) == Press("seen", "5")
    assert press_on("size", stored) == Press("size", None, stored.id, 7)
    assert press_on("size", stored, Size.LARGE) == Press("size", "large", stored.id, 7)


def test_a_button_carries_one_thing() -> None:
    for carried in ({"url": "https://a.example"}, {"copy": "x"}, {"press": press("menu")}):
        assert Button("Go", **carried)
    for carried in ({}, {"url": "https://a.example", "copy": "x"}):
        with pytest.raises(ValueError, match=f"not {len(carried)}"):
            Button("Go", **carried)


def test_a_button_has_plain_blanks_where_a_line_of_it_may_break() -> None:
    assert Button("3:00\u00a0PM at 5\u00a0km", press("menu")).text == "3:00 PM at 5 km"


def test_a_message_has_the_form_of_what_it_carries() -> None:
    keys = ((Key("Here", Ask.LOCATION),),)
    forms = [
        Message("x").form,
        Message("x", qr="y").form,
        Message("x", keys=keys).form,
        Message("x", file=File("a.json", b"{}")).form,
    ]
    assert forms == ["text", "photo", "keyboard", "file"]


def test_no_repr_of_a_message_shows_what_it_says():
    view = Message(
        "secret text", ((Button("copy", copy="secret code"),),), qr="HARBOR://OPEN/SECRET"
    )
    assert "secret" not in repr(view).lower()


def test_one_visit_will_do_for_parcels_that_wait_in_one_tower_for_one_person() -> None:
    stored = a_delivery(State.STORED)
    beside = replace(stored, id=DeliveryId("beside"))
    assert waits_beside(beside, stored, BEN.id)
    assert not waits_beside(stored, stored, BEN.id)
    assert not waits_beside(beside, stored, ANNA.id)
    assert not waits_beside(replace(beside, tower=OTHER.id), stored, BEN.id)
    assert not waits_beside(replace(beside, state=State.RENTED), stored, BEN.id)
    assert waits_beside(replace(beside, taken_back=True), stored, ANNA.id)


def test_in_a_visit_doors_come_by_their_numbers_after_those_that_have_none() -> None:
    doors = [None, "A3", "٣", "1", "9", "10", "10"]
    made = [
        replace(a_delivery(State.STORED, locker_name=door), id=DeliveryId(name))
        for name, door in zip("fedcbag", doors, strict=True)
    ]
    assert waiting(reversed(made), BEN.id, TOWER.id) == made


def test_who_collects_is_the_recipient_unless_it_is_fetched_out_or_taken_back() -> None:
    stored = a_delivery(State.STORED)
    back, fetched = replace(stored, taken_back=True), replace(stored, fetcher=CARA.id)
    both = replace(back, fetcher=CARA.id)
    assert [each.collector for each in (stored, back, fetched, both)] == [
        BEN.id,
        ANNA.id,
        CARA.id,
        CARA.id,
    ]


def test_roles_are_both_for_a_parcel_to_oneself_and_none_for_a_stranger() -> None:
    stored = a_delivery(State.STORED)
    own = replace(stored, recipient=ANNA.id)
    assert stored.roles_of(ANNA.id) == {Role.SENDER}
    assert stored.roles_of(BEN.id) == {Role.RECIPIENT}
    assert stored.roles_of(CARA.id) == own.roles_of(BEN.id) == frozenset()
    assert own.roles_of(ANNA.id) == {Role.SENDER, Role.RECIPIENT}
    handed = replace(stored, handed_over_by=CARA.id)
    assert handed.roles_of(CARA.id) == {Role.HANDED_ON}
    assert handed.roles_of(BEN.id) == {Role.RECIPIENT}


def test_what_opens_a_door_is_what_was_booked_else_what_is_configured_at_its_tower() -> None:
    by_link = Openers(Opener.LINK, Opener.LINK)
    policy = replace(POLICY, tower_openers={TOWER.id: by_link})
    stored = a_delivery(State.STORED)
    there = replace(stored, tower=OTHER.id)
    for kind in CodeKind:
        assert stored.opener(kind, policy) is Opener.LINK
        assert there.opener(kind, policy) is Opener.TOKEN
    booked = replace(stored, drop_off_opener=Opener.TOKEN)
    assert booked.opener(CodeKind.DROP_OFF, policy) is Opener.TOKEN
    assert booked.opener(CodeKind.PICK_UP, policy) is Opener.LINK


def test_a_delivery_is_superseded_once_its_successor_is_all_that_counts() -> None:
    ended = {State.RELEASING, State.CANCELLED, State.LAPSED, State.NO_LOCKER}
    followed = {state: a_delivery(state, successor=DeliveryId("next")) for state in State}
    assert {state for state, each in followed.items() if each.superseded} == ended
    assert not any(a_delivery(state).superseded for state in State)


def test_what_is_over_without_ever_having_had_a_locker_is_prepared_again() -> None:
    never = {state for state in State if a_delivery(state, locker=None).to_prepare_again}
    assert never == {State.LAPSED, State.CANCELLED}
    assert not any(a_delivery(state, locker=LockerId(1)).to_prepare_again for state in State)


def test_whoever_has_refused_or_takes_nothing_from_pickers_is_not_reached_by_a_pick() -> None:
    """Somebody whom the bot has never met, or who has blocked it, is awaited."""
    assert reach(ANNA, refused=False) is Reach.HERE
    assert reach(ANNA, refused=True) is Reach.REFUSES
    assert reach(None, refused=True) is Reach.REFUSES
    assert reach(replace(ANNA, pickable=False), refused=False) is Reach.REFUSES
    assert reach(replace(ANNA, reachable=False), refused=False) is Reach.AWAITED
    assert reach(None, refused=False) is Reach.AWAITED


def test_a_recipient_that_is_taken_from_a_delivery_and_put_back_is_the_same() -> None:
    """Each field by itself, so that none is another's."""
    changes: tuple[dict[str, Any], ...] = (
        {"recipient": CARA.id},
        {"recipient_name": "Cara"},
        {"picked_by": CARA.id},
        {"awaited": True},
        {"declined": True},
    )
    bare = a_delivery(State.STORED, recipient=None, recipient_name=None)
    for change in changes:
        delivery = replace(bare, **change)
        assert Recipient.of(delivery).on(bare) == delivery
        assert Recipient.of(delivery) != NOBODY


def test_a_button_means_what_it_says_of_itself_or_else_what_its_word_does() -> None:
    cancels = Button("Cancel", press_on(Action.CANCEL, a_delivery(State.RENTED)))
    assert meaning_of(cancels) is Meaning.CANCEL
    assert meaning_of(replace(cancels, meaning=Meaning.OPEN)) is Meaning.OPEN
    assert meaning_of(Button("Menu", press("menu"))) is None
    assert meaning_of(Button("A page", url="https://example.org")) is None
