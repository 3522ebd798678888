"""A parcel page on a database alone: who sees what, who claims, and what they may do then."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.browsers import Browser, Unclaimed, new_cookie
from bot.domain.codes import Code, CodeKind
from bot.domain.delivery import Delivery, RequestKind, Trouble
from bot.domain.history import HistoryEntry, HistoryEvent
from bot.domain.ids import DeliveryId, PersonId, in_browser
from bot.domain.lifecycle import State
from bot.domain.openers import Opener
from bot.domain.situation import Links, Situation
from bot.usecases.actor import NotPermitted, NotYours
from bot.usecases.browser import (
    Bound,
    NoLonger,
    Theirs,
    act_in_browser,
    claim,
    door_stays_shut,
    in_vain,
    look,
    open_door,
    opens,
    present,
)
from bot.usecases.collect import NotYet
from bot.usecases.situation import Surroundings
from tests.support.desk import BEN, NOW, POLICY, TOWER, Desk, asks, one
from tests.support.scenes import BY_LINK, LINKS, OTHER, PAGED, a_code, asking

PAGE = PAGED.page or ""
KNOWN = Surroundings(NOW, POLICY, {TOWER.id: TOWER, OTHER.id: OTHER}, LINKS)
TO_CLAIM = f"https://t.me/parcels_bot?start=c_{PAGED.link}"


async def kept(desk: Desk, state: State = State.STORED, **facts: Any) -> Delivery:
    """A parcel for whoever claims it, with a page."""
    nobody = {"recipient": None, "recipient_name": None}
    delivery = await desk.keep(one(state, **(nobody | facts)))
    await desk.database.run(lambda tx: tx.save_claim(replace(PAGED, delivery=delivery.id)))
    return delivery


async def claimed(desk: Desk, state: State = State.STORED, **facts: Any) -> tuple[Delivery, str]:
    """The same, claimed in a browser: the delivery as it is then, and the cookie."""
    delivery = await kept(desk, state, **facts)
    bound = await claims(desk)
    assert isinstance(bound, Bound)
    return await desk.now_of(delivery), bound.cookie


async def claims(desk: Desk, page: str = PAGE, language: str = "de") -> Any:
    return await desk.database.run(
        lambda tx: claim(tx, page, language, now=desk.now, policy=POLICY)
    )


async def changes(desk: Desk, delivery: Delivery, **facts: Any) -> Delivery:
    """The delivery has changed meanwhile."""
    changed: Delivery = await desk.database.run(
        lambda tx: tx.save_delivery(replace(delivery, **facts))
    )
    return changed


async def acts(desk: Desk, cookie: str, act: Any = None, **more: Any) -> DeliveryId | None:
    """By this cookie; what it is done to, None where nobody acts by it."""

    async def step(tx: Any) -> DeliveryId | None:
        found = await act_in_browser(tx, PAGE, cookie, now=desk.now, policy=POLICY)
        if found is not None and act is not None:
            await act(*found, **more)
        return found and found[1]

    return await desk.database.run(step)


# -- looking


async def test_without_a_cookie_a_page_tells_where_and_until_when_and_how_to_claim(
    desk: Desk,
) -> None:
    delivery = await kept(desk)
    assert await look(desk.database, PAGE, None, KNOWN) == Unclaimed(
        state=State.STORED,
        tower=TOWER,
        now=NOW,
        until=delivery.collect_until,
        overdue=False,
        zones=False,
        telegram=TO_CLAIM,
        here=True,
    )
    assert await look(desk.database, "A" * 22, None, KNOWN) is None
    stranger = await look(desk.database, PAGE, new_cookie(), KNOWN)
    assert stranger == await look(desk.database, PAGE, None, KNOWN)


async def seen(desk: Desk, known: Surroundings = KNOWN) -> Unclaimed:
    found = await look(desk.database, PAGE, None, known)
    assert isinstance(found, Unclaimed)
    return found


async def test_a_page_says_that_a_parcel_is_overdue_and_that_towers_have_several_zones(
    desk: Desk,
) -> None:
    await kept(desk, overdue_at=NOW)
    abroad = replace(OTHER, zone="America/Chicago")
    found = await seen(desk, replace(KNOWN, towers={TOWER.id: TOWER, OTHER.id: abroad}))
    assert (found.overdue, found.zones) == (True, True)


async def test_where_there_is_no_bot_to_open_a_page_leads_to_none(desk: Desk) -> None:
    await kept(desk)
    assert (await seen(desk, replace(KNOWN, links=Links()))).telegram is None


async def test_a_place_where_harbor_picks_the_locker_goes_by_its_locations_name(desk: Desk) -> None:
    await kept(desk, State.REQUESTED, **BY_LINK)
    here = replace(TOWER, location=7, location_name="The station")
    found = await seen(desk, replace(KNOWN, towers={TOWER.id: here}))
    assert found.tower.name == "The station"


@pytest.mark.parametrize("state", list(State))
async def test_a_page_shows_what_is_under_way_or_may_be_tried_again(
    desk: Desk, state: State
) -> None:
    await kept(desk, state)
    found = await look(desk.database, PAGE, None, KNOWN)
    over = {State.COLLECTED, State.CLOSED}
    again = {State.CANCELLED, State.LAPSED, State.NO_LOCKER}
    assert (found is None) == (state in over)
    if isinstance(found, Unclaimed):
        assert found.here == (state not in again)


async def test_what_is_kept_for_somebody_picked_is_not_to_be_claimed_in_a_browser(
    desk: Desk,
) -> None:
    await kept(desk, recipient=PersonId(77), awaited=True)
    assert not (await seen(desk)).here
    assert await claims(desk) is None


# -- claiming


async def test_whoever_claims_is_somebody_new_with_the_browsers_language_and_a_cookie(
    desk: Desk,
) -> None:
    delivery, cookie = await claimed(desk)
    assert delivery.recipient is not None
    assert in_browser(delivery.recipient)
    person = await desk.look(lambda tx: tx.person(delivery.recipient))
    assert (person.language, person.name, person.reachable) == ("de", "", False)
    browser = await desk.look(lambda tx: tx.browser(PAGE, cookie))
    assert browser == Browser(delivery.recipient, delivery.id, NOW)
    [entry] = await desk.history(delivery)
    assert (entry.event, entry.by, entry.at) == (HistoryEvent.CLAIMED, delivery.recipient, NOW)
    assert cookie not in repr(Bound(cookie))


async def test_of_two_who_claim_the_second_gets_nothing(desk: Desk) -> None:
    delivery, _ = await claimed(desk)
    assert await claims(desk) is None
    assert await desk.now_of(delivery) == delivery


async def test_a_parcel_that_may_be_tried_again_is_not_yet_to_be_claimed(desk: Desk) -> None:
    await kept(desk, State.NO_LOCKER)
    assert isinstance(await claims(desk), NotYet)
    assert await claims(desk, "A" * 22) is None


async def test_whoever_has_claimed_sees_their_card_and_nobody_else_sees_anything(
    desk: Desk,
) -> None:
    delivery, cookie = await claimed(desk)
    theirs = await look(desk.database, PAGE, cookie, KNOWN)
    assert isinstance(theirs, Theirs)
    assert theirs.situation.delivery == delivery
    assert theirs.situation.reader.id == delivery.recipient
    assert [entry.event for entry in theirs.situation.history] == [HistoryEvent.CLAIMED]
    short = await look(desk.database, PAGE, cookie, KNOWN, stories=False)
    assert isinstance(short, Theirs)
    assert short.situation.history == ()
    assert await look(desk.database, PAGE, None, KNOWN) is None
    assert await look(desk.database, "A" * 22, cookie, KNOWN) is None


@pytest.mark.parametrize(
    "facts", [{"taken_back": True}, {"fetcher": PersonId(9)}, {"recipient": BEN.id}]
)
async def test_what_is_no_longer_theirs_is_shown_as_that_and_not_acted_on(
    desk: Desk, facts: dict[str, Any]
) -> None:
    delivery, cookie = await claimed(desk)
    await changes(desk, delivery, **facts)
    assert await look(desk.database, PAGE, cookie, KNOWN) == NoLonger()
    assert await acts(desk, cookie) is None


async def of_browser(desk: Desk, person: PersonId, delivery: str) -> str:
    """The cookie of a browser in which `person` is said to have claimed `delivery`."""
    browser, cookie = Browser(person, DeliveryId(delivery), NOW), new_cookie()
    await desk.database.run(lambda tx: tx.add_browser(browser, page=PAGE, cookie=cookie))
    return cookie


async def test_where_a_parcel_is_gone_or_its_person_nothing_of_it_is_shown(desk: Desk) -> None:
    await kept(desk, recipient=PersonId(77))
    cookie = await of_browser(desk, PersonId(77), "a")
    assert await look(desk.database, PAGE, cookie, KNOWN) == NoLonger(), "nobody goes by that id"
    cookie = await of_browser(desk, PersonId(78), "nowhere")
    assert await look(desk.database, PAGE, cookie, KNOWN) == NoLonger()
    assert await acts(desk, cookie) is None


# -- what takes a parcel's place


async def chain(desk: Desk, person: PersonId | None, count: int) -> Delivery:
    """So many more parcels, each in the place of the one before; all are `person`'s."""
    first, *rest = [DeliveryId("a"), *(DeliveryId(f"s{n:02}") for n in range(count))]
    for number, name in enumerate(rest):
        after = rest[number + 1] if number + 1 < count else None
        made = replace(one(State.REQUESTED, recipient=person, successor=after), id=name)
        await desk.database.run(lambda tx, made=made: tx.add_delivery(made))
    found = await desk.now_of(one(State.STORED, first))
    return await changes(desk, found, state=State.CANCELLED, locker=None, successor=rest[0])


async def test_the_last_parcel_of_a_row_is_seen_and_acted_on(desk: Desk) -> None:
    delivery, cookie = await claimed(desk)
    await chain(desk, delivery.recipient, 3)
    theirs = await look(desk.database, PAGE, cookie, KNOWN)
    assert isinstance(theirs, Theirs)
    assert theirs.situation.delivery.id == "s02"
    assert await acts(desk, cookie) == "s02"


async def test_a_parcel_that_has_become_somebody_elses_takes_no_place(desk: Desk) -> None:
    delivery, cookie = await claimed(desk)
    await chain(desk, BEN.id, 1)
    assert await acts(desk, cookie) == delivery.id
    found = await look(desk.database, PAGE, cookie, KNOWN)
    assert isinstance(found, Theirs)
    assert found.situation.delivery.id == delivery.id


async def test_a_row_of_parcels_is_followed_for_fifty_and_a_lost_one_ends_it(desk: Desk) -> None:
    delivery, cookie = await claimed(desk)
    await chain(desk, delivery.recipient, 52)
    assert await acts(desk, cookie) == "s49"
    browser = Browser(delivery.recipient or PersonId(0), DeliveryId("nowhere"), NOW)
    assert await desk.look(lambda tx: present(tx, browser)) is None


# -- acting


async def test_by_another_cookie_or_page_nobody_acts(desk: Desk) -> None:
    delivery, cookie = await claimed(desk)
    assert await acts(desk, cookie) == delivery.id
    assert await acts(desk, new_cookie()) is None


async def test_opening_asks_harbor_for_what_opens_the_door_in_their_name(desk: Desk) -> None:
    delivery, cookie = await claimed(desk)
    desk.now = NOW + timedelta(minutes=1)
    await acts(desk, cookie, open_door)
    after = await desk.now_of(delivery)
    assert asks(after) == (RequestKind.PICK_UP_TOKEN, delivery.recipient, desk.now)


async def test_what_is_out_is_shown_again_unless_something_new_is_asked_for(desk: Desk) -> None:
    delivery, cookie = await claimed(desk)
    assert delivery.recipient is not None
    code = replace(
        a_code(CodeKind.PICK_UP, delivery.recipient),
        delivery=delivery.id,
        expires_at=NOW + timedelta(hours=1),
    )
    await desk.database.run(lambda tx: tx.save_code(code))
    await acts(desk, cookie, open_door)
    assert asks(await desk.now_of(delivery)) == ()
    await acts(desk, cookie, open_door, fresh=True)
    assert asks(await desk.now_of(delivery)) == (RequestKind.PICK_UP_TOKEN, delivery.recipient, NOW)


async def test_a_link_that_still_opens_the_door_is_not_made_anew(desk: Desk) -> None:
    _, cookie = await claimed(desk, **BY_LINK, code_until=NOW + timedelta(hours=1))
    with pytest.raises(NotPermitted):
        await acts(desk, cookie, open_door, fresh=True)
    assert await acts(desk, cookie, open_door) == "a"


async def test_a_door_that_stays_shut_is_written_down_once_a_minute_for_each_person(
    desk: Desk,
) -> None:
    delivery, cookie = await claimed(desk)
    others = HistoryEntry(delivery.id, NOW, HistoryEvent.DOOR_DID_NOT_OPEN, BEN.id)
    await desk.database.run(lambda tx: tx.record(others))

    async def reports() -> int:
        await acts(desk, cookie, door_stays_shut)
        return (await desk.now_of(delivery)).door_reports

    assert [await reports(), await reports()] == [1, 1]
    desk.now = NOW + timedelta(seconds=59)
    assert await reports() == 1
    desk.now = NOW + timedelta(seconds=60)
    assert [await reports(), await reports()] == [2, 2]


async def test_nothing_is_reported_of_a_door_that_they_have_nothing_to_do_with(desk: Desk) -> None:
    delivery, cookie = await claimed(desk, State.RENTED)
    with pytest.raises((NotYours, NotPermitted)):
        await acts(desk, cookie, door_stays_shut)
    assert (await desk.now_of(delivery)).door_reports == 0


# -- waiting for what opens the door


def situation(code: Code | None = None, **facts: Any) -> Situation:
    return Situation(one(State.STORED, **facts), BEN, NOW, POLICY, TOWER, code=code)


def test_a_door_is_opened_by_what_is_out_while_nothing_newer_is_asked_for() -> None:
    out = replace(
        a_code(CodeKind.PICK_UP, BEN.id, Opener.LINK),
        revealed=True,
        expires_at=NOW + timedelta.resolution,
    )
    assert opens(situation(out)) == out
    assert opens(situation()) is None
    assert opens(situation(replace(out, expires_at=NOW))) is None
    asked = asking(RequestKind.PICK_UP_TOKEN, BEN.id)
    assert opens(situation(out, request=asked)) is None


def test_waiting_is_in_vain_where_harbor_said_no_is_away_or_is_asked_nothing() -> None:
    asked = asking(RequestKind.PICK_UP_TOKEN, BEN.id)
    assert not in_vain(situation(request=asked))
    assert in_vain(situation())
    assert in_vain(situation(request=asked, trouble=Trouble.REFUSED))
    assert in_vain(situation(request=asked, trouble=Trouble.HARBOR_AWAY))
    others = set(Trouble) - {Trouble.REFUSED, Trouble.HARBOR_AWAY}
    assert not any(in_vain(situation(request=asked, trouble=each)) for each in others)
