"""The parcel page over real HTTP: who sees what, which POST counts, what every answer carries."""

from __future__ import annotations

import asyncio
import contextlib
import html
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from ipaddress import ip_network

import pytest
from starlette.requests import Request
from starlette.responses import Response

from bot.domain.delivery import Delivery
from bot.domain.ids import in_browser
from bot.domain.tower import Size
from bot.ports.database import Database
from bot.usecases.book import another_size, cancel, one_more, try_again
from bot.usecases.codes import ask_drop_off_code
from bot.usecases.collect import hand_over, take_back
from bot.usecases.operate import fetch, message_everybody
from tests.support.browsers import Browser
from tests.support.core import ANNA, BEN, OPERATOR
from tests.support.openers import BOTH_BY_LINK
from tests.support.page_house import House, house_on
from tests.support.plain_http import plain_http
from tests.test_web import gone_away
from web.app import create_app
from web.pages import views
from web.pages.visit import Visit, give_cookie, take_cookie
from web.pages.where import Where
from wording.language import speak


@pytest.fixture
async def house(database: Database) -> AsyncIterator[House]:
    async with house_on(database) as house:
        yield house


@pytest.fixture
async def here(sqlite_database: Database) -> AsyncIterator[House]:
    """Where it is nothing which database there is."""
    async with house_on(sqlite_database) as house:
        yield house


async def recipient(house: House, delivery: Delivery) -> int | None:
    return (await house.core.now(delivery)).recipient


# -- who sees what


async def test_without_the_cookie_everybody_sees_the_same_and_no_name_door_or_code(
    house: House,
) -> None:
    stored = await house.core.stored(note="Mind the eggs")
    dora, preview = await house.opens(stored), await house.opens(stored)
    assert dora.body == preview.body
    assert "A parcel is waiting in a locker" in dora.text
    assert "Congress Avenue Market" in dora.text
    assert "Collect by" in dora.text
    secrets = await house.database.look(lambda tx: tx.claim(stored.id))
    assert secrets is not None
    for hidden in ("Anna", "Mind the eggs", stored.id, secrets.code, secrets.page):
        assert hidden not in dora.body
    assert f"locker {stored.locker_name}" not in dora.text
    assert dora.link("Open in Telegram") == f"https://t.me/parcels_bot?start=c_{secrets.link}"
    assert re.findall(r"<title>(.*?)</title>", dora.body) == ["Parcel"]
    assert re.findall(r'og:title" content="(.*?)"', dora.body) == ["Parcel"]


async def test_looking_claims_nothing_whoever_looks(here: House) -> None:
    stored = await here.core.stored()
    before = await here.core.now(stored)
    dora = await here.opens(stored)
    await dora.opens(**{"User-Agent": "TelegramBot (like TwitterBot)"})
    await dora.client.head(dora.url)
    assert await here.core.now(stored) == before
    assert dora.cookies == []


async def test_whoever_claims_is_a_person_in_a_browser_and_nothing_is_owed_to_them(
    house: House,
) -> None:
    stored = await house.core.stored()
    dora = await house.claims(stored)
    assert "Your parcel is in locker" in dora.text
    who = await recipient(house, stored)
    assert who is not None
    assert in_browser(who)
    person = await house.database.look(lambda tx: tx.person(who))
    assert person is not None
    assert (person.name, person.reachable) == ("", False)
    await house.core.on(OPERATOR, stored, partial(message_everybody, text="Mind the paint"))
    await house.core.pass_time(hours=80)
    assert await house.database.look(lambda tx: tx.cards_of(who)) == []
    assert (await house.database.look(lambda tx: tx.draft(who))).version == 0
    await dora.opens()
    assert "An operator writes Mind the paint" in dora.text


async def test_a_person_is_told_in_the_language_of_their_browser(here: House) -> None:
    stored = await here.core.stored()
    dora = await here.opens(stored, "pt-PT, de-AT;q=0.8, en;q=0.5")
    assert "Ein Paket wartet in einem Fach" in dora.text
    assert '<html lang="de">' in dora.body
    await dora.presses("Hier abholen")
    assert "Dein Paket ist in Fach" in dora.text
    for odd in ("*", "", ";q=x", "tlh", "de;q=0", "en" * 5000):
        dora.language = odd
        await dora.opens()
        assert '<html lang="en">' in dora.body


# -- one wins


async def test_after_a_claim_in_telegram_the_page_is_not_there(house: House) -> None:
    stored = await house.core.stored()
    dora = await house.opens(stored)
    await house.core.claimed(stored, BEN)
    await dora.presses("Collect here")
    assert dora.answer is not None
    assert dora.answer.status_code == 409
    assert "Somebody else was first" in dora.text
    assert (await dora.opens()).status_code == 404


async def test_of_many_browsers_at_once_one_gets_it(house: House) -> None:
    stored = await house.core.stored()
    browsers = [await house.opens(stored) for _ in range(6)]
    await asyncio.gather(*(browser.presses("Collect here") for browser in browsers))
    won = [browser for browser in browsers if browser.cookies]
    assert len(won) == 1
    assert [("first" in browser.text) for browser in browsers].count(True) == 5
    assert (await house.core.history(stored)).count("claimed") == 1


async def test_a_page_that_shows_a_claim_twice_tapped_stays_with_its_browser(here: House) -> None:
    stored = await here.core.stored()
    dora = await here.opens(stored)
    token, does = dora.form("Collect here")
    await dora.presses("Collect here")
    [cookie] = dora.cookies
    await dora.posts(does, token)
    await dora.opens()
    assert "Your parcel is in locker" in dora.text
    assert dora.cookies == [cookie]


@pytest.mark.parametrize("how", ["handed over", "taken back", "fetched"])
async def test_what_is_no_longer_theirs_is_said_once_and_the_cookie_taken(
    house: House, how: str
) -> None:
    stored = await house.core.stored()
    dora = await house.claims(stored)
    use_case = {"handed over": hand_over, "taken back": take_back, "fetched": fetch}[how]
    by = OPERATOR if how == "fetched" else ANNA
    await house.core.on(by, stored, use_case)
    assert (await dora.opens()).status_code == 410
    assert "no longer yours to collect" in dora.text
    assert dora.cookies == []
    assert (await dora.opens()).status_code == 404


async def test_a_cookie_is_good_for_the_page_it_was_given_for_alone(house: House) -> None:
    first, second = await house.core.stored(), await house.core.stored()
    dora = await house.claims(first)
    [cookie] = dora.cookies
    other = await house.browsers.page_of(second.id)
    shown = await dora.opens(other, Cookie=f"parcel={cookie}")
    assert "A parcel is waiting in a locker" in dora.text
    assert shown.status_code == 200


async def test_what_is_kept_for_somebody_picked_is_not_claimed_in_a_browser(here: House) -> None:
    stored = await here.core.stored()
    dora = await here.opens(stored)

    async def keep(tx):
        kept = replace(await tx.delivery(stored.id), recipient=BEN, awaited=True)
        await tx.save_delivery(kept)

    await here.database.run(keep)
    token, does = dora.form("Collect here")
    await dora.opens()
    assert "Collect here" not in dora.labels
    assert "Open in Telegram" in dora.labels
    await dora.posts(does, token)
    assert await recipient(here, stored) == BEN


# -- on its way


async def after(house: House, delivery: Delivery) -> Delivery:
    """What has taken its place."""
    successor = (await house.core.now(delivery)).successor
    assert successor is not None
    return await house.core.now(successor)


async def cancelled(house: House, delivery: Delivery) -> None:
    """Its sender gives it up, and Harbor has the locker back."""
    await house.core.on(ANNA, delivery, cancel)
    await house.core.work()
    house.core.clock.turn(1)
    await house.core.sync()
    await house.core.look()


async def test_a_link_holds_and_a_claim_too_when_the_parcel_gets_another_locker(
    house: House,
) -> None:
    reserved = await house.core.reserved()
    dora = await house.opens(reserved)
    await house.core.on(ANNA, reserved, partial(another_size, size=Size.LARGE))
    await house.core.work()
    await dora.opens()
    await dora.presses("Collect here")
    assert "Your parcel is on its way" in dora.text
    second = await after(house, reserved)
    await house.core.on(ANNA, second, partial(another_size, size=Size.MEDIUM))
    await house.core.work()
    third = await after(house, second)
    assert third.recipient == second.recipient
    await house.core.on(ANNA, third, ask_drop_off_code)
    await house.core.work()
    await house.core.put_in(await house.core.now(third))
    house.core.clock.turn(1)
    await house.core.look()
    await dora.opens()
    assert "Your parcel is in locker" in dora.text


async def test_a_parcel_that_did_not_fit_though_it_was_in_is_on_its_way_again(house: House) -> None:
    stored = await house.core.stored()
    dora = await house.claims(stored)
    await house.core.on(ANNA, stored, partial(another_size, size=Size.LARGE))
    await dora.opens()
    assert "Your parcel is on its way" in dora.text


async def test_a_parcel_without_a_locker_says_so_until_its_sender_tries_again(house: House) -> None:
    reserved = await house.core.reserved()
    dora, emil = await house.claims(reserved), await house.core.reserved()
    await cancelled(house, reserved)
    await dora.opens()
    assert "has no locker" in dora.text
    await house.core.on(ANNA, reserved, try_again)
    await dora.opens()
    assert "Your parcel is on its way" in dora.text

    other = await house.opens(emil)
    await cancelled(house, emil)
    await other.opens()
    assert "This parcel has no locker at present" in other.text
    assert "Collect here" not in other.labels


async def test_one_more_parcel_like_it_is_nobodys_until_it_is_claimed(house: House) -> None:
    prepared = await house.core.prepare()
    dora = await house.claims(prepared)
    assert "Your parcel is on its way" in dora.text
    more = await house.core.on(ANNA, prepared, one_more)
    assert more.recipient is None
    assert await house.database.look(lambda tx: tx.claim(more.id)) is not None


# -- wrong links


async def test_a_wrong_a_spent_and_an_odd_link_are_answered_alike(house: House) -> None:
    stored = await house.core.stored()
    spent = await house.browsers.page_of(stored.id)
    await house.claims(stored)
    dora = house.browsers.browser(spent)
    answers = [
        await dora.opens(f"{house.pages_at}/p/{secret}")
        for secret in (spent.rpartition("/")[2], "A" * 22, "short", "x" * 300, "%00", "a%2Fb")
    ]
    assert {answer.status_code for answer in answers} == {404}
    pages = [answer for answer in answers if "<html" in answer.text]
    assert len({answer.text for answer in pages}) == 1
    assert len({str(sorted(dict(a.headers, date="").items())) for a in pages}) == 1
    assert len(pages) >= 5


async def test_wrong_links_are_limited_for_an_address_and_right_ones_never(here: House) -> None:
    stored = await here.core.stored()
    dora = await here.opens(stored)
    wrong = f"{here.pages_at}/p/{'A' * 22}"
    statuses = [(await dora.opens(wrong)).status_code for _ in range(14)]
    assert statuses == [404] * 10 + [429] * 4
    assert dora.answer is not None
    assert 0 < int(dora.answer.headers["Retry-After"]) <= 600
    for _ in range(20):
        assert (await dora.opens()).status_code == 200
    await dora.presses("Collect here")
    assert "Your parcel is in locker" in dora.text
    here.monotonic[0] += 601
    assert (await dora.opens(wrong)).status_code == 404


async def test_whoever_stands_behind_a_trusted_proxy_is_counted_by_their_own_address(
    sqlite_database: Database,
) -> None:
    async with house_on(sqlite_database, where={"proxies": [ip_network("127.0.0.0/8")]}) as house:
        dora = house.browsers.browser(f"{house.pages_at}/p/{'A' * 22}")
        for spoofed in range(12):
            behind = f"198.51.100.{spoofed}, 203.0.113.9, 127.0.0.2"
            answer = await dora.opens(**{"X-Forwarded-For": behind})
        assert answer.status_code == 429, "what stands before the last stranger is their own word"
        answer = await dora.opens(**{"X-Forwarded-For": "203.0.113.10"})
        assert answer.status_code == 404


async def test_without_a_trusted_proxy_nobody_chooses_their_address(here: House) -> None:
    dora = here.browsers.browser(f"{here.pages_at}/p/{'A' * 22}")
    for spoofed in range(12):
        answer = await dora.opens(**{"X-Forwarded-For": f"198.51.100.{spoofed}"})
    assert answer.status_code == 429


# -- which POST counts


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
async def test_a_form_from_another_site_is_refused_with_the_right_token_too(
    here: House, headers: dict[str, str]
) -> None:
    stored = await here.core.stored()
    dora = await here.opens(stored)
    await dora.presses("Collect here", **headers)
    assert dora.answer is not None
    assert dora.answer.status_code == 403
    assert await recipient(here, stored) is None


async def test_of_old_browsers_the_origin_counts_where_they_say_it(here: House) -> None:
    stored = await here.core.stored()
    dora = await here.opens(stored)
    token, does = dora.form("Collect here")
    form = {"token": token, "do": does}
    strange = {"Origin": "https://elsewhere.example"}
    assert (await dora.client.post(dora.url, data=form, headers=strange)).status_code == 403
    assert (await dora.client.post(dora.url, data=form)).status_code == 303
    assert await recipient(here, stored) is not None


async def test_a_form_without_its_token_is_refused(here: House) -> None:
    stored = await here.core.stored()
    dora = await here.opens(stored)
    for token in ("", "0" * 32, "ü"):
        await dora.posts("claim", token)
        assert dora.answer is not None
        assert dora.answer.status_code == 403
    assert await recipient(here, stored) is None
    await dora.opens()
    await dora.presses("Collect here")
    emil = here.browsers.browser(dora.url)
    for does in ("open", "more", "door", "fresh", "claim"):
        token, _ = dora.form("Get pick-up code")
        await emil.posts(does, token)
        assert emil.answer is not None
        assert emil.answer.status_code == 404, "the token is bound to the cookie"


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"do=claim&" + b"x" * 5000, "application/x-www-form-urlencoded", 413),
        (b"{}", "application/json", 400),
        (b"do=%FF&token=1", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a=1" for _ in range(50)), "application/x-www-form-urlencoded", 400),
        (b"do=nothing", "application/x-www-form-urlencoded", 400),
        (b"", "application/x-www-form-urlencoded", 400),
    ],
)
async def test_what_is_no_form_of_the_page_is_refused(
    here: House, content: bytes, kind: str, status: int
) -> None:
    dora = await here.opens(await here.core.stored())
    headers = {"Content-Type": kind}
    answer = await dora.client.post(dora.url, content=content, headers=headers)
    assert answer.status_code == status


# -- at the door


async def test_the_door_link_is_made_by_a_tap_and_stands_in_that_answer_alone(
    database: Database,
) -> None:
    async with house_on(database, openers=BOTH_BY_LINK) as house:
        stored = await house.core.stored(openers=BOTH_BY_LINK)
        dora = await house.claims(stored)
        assert "It did not open" not in dora.labels
        asked = asyncio.create_task(dora.presses("Open door"))
        await house.asked(stored)
        await house.core.work()
        answer = await asked
        code = await house.core.code(stored)
        assert dora.link("Open door") == code
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Refresh" not in answer.headers
        assert "ETag" not in answer.headers
        await dora.opens()
        assert html.escape(code) not in dora.body
        assert "It did not open" in dora.labels
        await dora.presses("Open door")
        assert dora.link("Open door") == code, "the same link, as often as it takes"


async def asks_and_waits_for_nothing(
    here: House, monkeypatch: pytest.MonkeyPatch
) -> tuple[Delivery, Browser]:
    """A parcel, and whoever has asked for its code on a page that has no patience."""
    monkeypatch.setattr(views, "PATIENCE", 0.0)
    stored = await here.core.stored()
    dora = await here.claims(stored)
    await dora.presses("Get pick-up code")
    return stored, dora


async def test_where_harbor_takes_its_time_the_page_says_so_and_offers_it_again(
    here: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored, dora = await asks_and_waits_for_nothing(here, monkeypatch)
    assert "Nothing is lost: please tap again in a moment" in dora.text
    await here.core.work()
    await dora.presses("Open door")
    assert await here.core.code(stored) in dora.body
    assert 'src="data:image/png;base64,' in dora.body


async def test_a_door_that_stays_shut_is_reported_once_a_minute_and_help_is_shown(
    here: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored, dora = await asks_and_waits_for_nothing(here, monkeypatch)
    await here.core.work()
    await dora.presses("Open door")
    token, does = dora.form("It did not open")
    await dora.presses("It did not open")
    assert "Noted. Operators see every door that is reported." in dora.text
    assert "Stand within a step or two of the tower" in dora.text
    await dora.posts(does, token)
    assert (await here.core.now(stored)).door_reports == 1
    here.core.clock.turn(61)
    await dora.posts(does, token)
    assert (await here.core.now(stored)).door_reports == 2


async def test_more_time_moves_the_deadline(here: House) -> None:
    stored = await here.core.stored()
    dora = await here.claims(stored)
    before = (await here.core.now(stored)).collect_until
    await dora.presses("More time")
    after = (await here.core.now(stored)).collect_until
    assert before is not None
    assert after is not None
    assert after > before


async def test_once_collected_the_last_two_lines_stand_there_and_the_rest_unfolds(
    here: House,
) -> None:
    stored = await here.core.stored()
    dora = await here.claims(stored)
    asked = asyncio.create_task(dora.presses("Get pick-up code"))
    await here.asked(stored)
    await here.core.work()
    await asked
    await here.core.take_out(await here.core.now(stored))
    here.core.clock.turn(1)
    await here.core.look()
    await dora.opens()
    details, _, rest = dora.body.partition("</details>")
    unfolds = details.partition("<summary>Earlier</summary>")[2]
    assert ["Locker requested" in part for part in (unfolds, rest)] == [True, False]
    assert rest.count("<li>") == 2
    assert "Taken out of the locker" in rest
    assert "<li>…</li>" not in dora.body


async def test_a_problem_goes_to_the_operators_in_their_own_words(here: House) -> None:
    stored = await here.core.stored()
    dora = await here.claims(stored)
    assert "Report a problem" in dora.labels
    await dora.opens(f"{dora.url}?problem")
    assert "What is wrong?" in dora.text
    token = re.search(r'name="token" value="(\w+)"', dora.body)
    assert token is not None
    await dora.posts("problem", token[1], words="  ")
    assert "What is wrong?" in dora.text
    await dora.posts("problem", token[1], words="It is <dark>\nhere " + "x" * 300)
    assert "Passed on to the operators." in dora.text
    [entry] = [
        x
        for x in await here.database.look(lambda tx: tx.history(stored.id))
        if x.event == "problem"
    ]
    assert entry.detail == ("It is <dark> here " + "x" * 300)[:200]
    assert [key.partition(":")[0] for key in await here.core.alerts()] == ["problem"]


# -- what every answer carries


async def test_every_answer_keeps_to_itself(here: House) -> None:
    stored = await here.core.stored()
    dora = await here.opens(stored)
    answers = [
        dora.answer,
        await dora.opens(f"{here.pages_at}/p/{'A' * 22}"),
        await dora.posts("claim", ""),
        await dora.client.post(dora.url, content=b"x" * 5000),
    ]
    await dora.opens()
    token, does = dora.form("Collect here")
    answers.append(await dora.client.post(dora.url, data={"token": token, "do": does}))
    for answer in answers:
        assert answer is not None
        head = answer.headers
        policy = dict(part.split(" ", 1) for part in head["Content-Security-Policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["frame-ancestors"] == "'none'"
        assert policy["form-action"] == "'self'"
        assert policy["base-uri"] == "'none'"
        assert "unsafe" not in head["Content-Security-Policy"]
        assert head["Referrer-Policy"] == "no-referrer"
        assert "noindex" in head["X-Robots-Tag"]
        assert head["X-Content-Type-Options"] == "nosniff"
        assert head["Connection"] == "close"
        assert head["Cache-Control"] in ("no-store", "private, no-cache")
        assert "Strict-Transport-Security" not in head, "not for http"
        assert "javascript" not in answer.text.lower()
        assert "<script" not in answer.text
        assert re.findall(r'(?:src|href)="(?!https://|data:|\?)', answer.text) == []
    for link in re.findall(r"<a [^>]*https[^>]*>", dora.body):
        assert 'rel="noreferrer noopener"' in link


async def test_the_cookie_is_its_own_random_value_for_this_path_and_no_script(here: House) -> None:
    stored = await here.core.stored()
    dora = await here.opens(stored)
    token, does = dora.form("Collect here")
    answer = await dora.client.post(dora.url, data={"token": token, "do": does})
    given = answer.headers["Set-Cookie"]
    value = re.match(r"parcel=([\w-]{43});", given)
    assert value is not None
    secret = dora.url.rpartition("/")[2]
    assert secret not in value[1]
    assert {"HttpOnly", "SameSite=lax", f"Path=/p/{secret}"} <= set(given.split("; "))
    assert "Secure" not in given, "to this very machine by http"


def test_by_https_the_cookie_is_given_and_taken_for_https_alone() -> None:
    visit = Visit(Request({"type": "http"}), "x", None, speak("en"))
    given, taken = Response(), Response()
    give_cookie(given, visit, Where("https://bot.example"), "a")
    take_cookie(taken, visit, Where("https://bot.example"))
    for answer in (given, taken):
        assert "Secure" in answer.headers["Set-Cookie"].split("; ")


async def test_a_page_that_has_not_changed_is_not_sent_again(here: House) -> None:
    stored = await here.core.stored()
    dora = await here.opens(stored)
    assert dora.answer is not None
    tag = dora.answer.headers["ETag"]
    assert dora.answer.headers["Refresh"] == "15"
    same = await dora.opens(**{"If-None-Match": tag})
    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["ETag"] == tag
    await here.core.claimed(stored, BEN)
    assert (await dora.opens(**{"If-None-Match": tag})).status_code == 404


async def test_no_more_pages_are_answered_at_once_than_their_budget(
    here: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "AT_ONCE", 2)
    monkeypatch.setattr(views, "PATIENCE", 600.0)
    stored, other = await here.core.stored(), await here.core.stored()
    dora, emil = await here.claims(stored), await here.claims(other)
    waiting = [asyncio.create_task(browser.presses("Get pick-up code")) for browser in (dora, emil)]
    for delivery in (stored, other):
        await here.asked(delivery)
    async with plain_http() as client:
        busy = await client.get(dora.url)
    assert busy.status_code == 503
    assert int(busy.headers["Retry-After"]) > 0
    assert "Nothing is lost" in busy.text
    await here.core.work()
    assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {200}


Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@contextlib.asynccontextmanager
async def half_posted(url: str) -> AsyncIterator[tuple[str, Line]]:
    """A POST whose body has only begun, and the first line of what it is told: that it is to go on
    ("100") is told as soon as its body is awaited."""
    host, _, path = url.removeprefix("http://").partition("/")
    head = (
        f"POST /{path} HTTP/1.1\r\nHost: {host}\r\nExpect: 100-continue\r\nContent-Length: 500\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\ndo=cl"
    )
    name, _, port = host.partition(":")
    reader, writer = await asyncio.open_connection(name, int(port))
    try:
        writer.write(head.encode())
        yield (await reader.readline()).decode().split(" ")[1], (reader, writer)
    finally:
        writer.close()


async def test_nobody_has_a_place_among_those_answered_while_their_form_is_awaited(
    here: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "AT_ONCE", 2)
    dora = await here.opens(await here.core.stored())
    async with contextlib.AsyncExitStack() as stack:
        for url in (f"{here.pages_at}/p/{'A' * 22}", dora.url) * 2:
            told, line = await stack.enter_async_context(half_posted(url))
            assert told == "100", "its body is awaited"
        assert (await dora.opens()).status_code == 200
        await dora.presses("Collect here")
        assert "Your parcel is in locker" in dora.text
        line[1].write(b"x" * 495)
        assert b"HTTP/1.1 400" in await line[0].read(), "whole at last, it is answered too"


async def test_whoever_has_tried_too_many_wrong_links_is_refused_before_their_form_is_read(
    here: House,
) -> None:
    dora = await here.opens(await here.core.stored())
    wrong = f"{here.pages_at}/p/{'A' * 22}"
    while (await dora.opens(wrong)).status_code != 429:
        pass
    async with half_posted(wrong) as (told, _):
        assert told == "429"
    async with half_posted(dora.url) as (told, _):
        assert told == "100", "a right link is never refused"


async def test_whoever_goes_away_before_their_form_is_whole_fills_no_log(here: House) -> None:
    dora = await here.opens(await here.core.stored())
    path = dora.url.removeprefix(here.pages_at)
    for parts in ([], [b"do=cl"]):
        assert await gone_away(create_app(pages=here.pages), path, parts) == []
    assert (await dora.opens()).status_code == 200


async def test_a_page_with_a_slash_behind_it_is_not_there_and_leads_nowhere(here: House) -> None:
    dora = await here.opens(await here.core.stored())
    for answer in (
        await dora.opens(f"{dora.url}/", Host="evil.example"),
        await dora.client.post(f"{dora.url}/", data={"do": "claim"}),
    ):
        assert answer.status_code == 404
        assert "Location" not in answer.headers


async def test_what_is_over_is_forgotten_with_its_person(house: House) -> None:
    stored = await house.core.stored()
    dora = await house.claims(stored)
    who = await recipient(house, stored)
    assert who is not None
    await house.core.pass_time(days=9)
    assert await house.database.look(lambda tx: tx.person(who)) is not None, "it still waits"
    await house.core.on(OPERATOR, stored, fetch)
    await house.core.work()
    await house.core.take_out(await house.core.now(stored))
    await house.core.pass_time(minutes=1)
    await house.core.look()
    await house.core.pass_time(days=9)
    assert await house.database.look(lambda tx: tx.person(who)) is None
    assert (await dora.opens()).status_code == 404


async def test_one_origin_may_frame_the_pages_where_the_composer_names_it(
    sqlite_database: Database,
) -> None:
    framing = {"framed_by": "http://127.0.0.1:8080"}
    async with house_on(sqlite_database, where=framing) as house:
        dora = await house.opens(await house.core.stored())
        assert dora.answer is not None
        policy = dora.answer.headers["Content-Security-Policy"]
        assert policy.endswith("frame-ancestors http://127.0.0.1:8080")
        assert "X-Frame-Options" not in dora.answer.headers
