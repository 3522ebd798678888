"""A parcel for somebody without Telegram: claimed on the web, and collected.

Over real HTTP, with the bot as it may be run: polling on SQLite and on PostgreSQL, and by webhooks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from bot.domain.openers import BY_TOKEN
from cli.logs import set_up_logging
from tests.support.browsers import Browser, Browsers
from tests.support.chats import MARKET
from tests.support.hooked import hooked
from tests.support.openers import BOTH_BY_LINK
from tests.support.town import Somebody, Town
from tests.support.ways import run, url_for, ways

BOOKS = ("Send a parcel", MARKET, "Medium", "Send a link")


@dataclass
class Street:
    """A town where people have browsers, too."""

    town: Town
    browsers: Browsers
    by_link: bool

    async def books(self, sender: Somebody) -> str:
        """From the first tap to what opens the door; the address of the parcel's page."""
        await sender.opens_the_bot()
        ways = ("I'm at the tower",) if self.by_link else ("Reserve", "Get drop-off code")
        await sender.taps(*BOOKS, *ways)
        [delivery, *_] = await self.town.world.deliveries(sender.phone)
        return await self.browsers.page_of(delivery.id)

    async def sends(self, sender: Somebody) -> str:
        """The parcel is in its locker; the address of its page."""
        page = await self.books(sender)
        opens = sender.opens_the_door_by_link if self.by_link else sender.opens_the_door_by_app
        await sender.puts_it_in_behind(await opens())
        await self.town.a_few_seconds_pass()
        await sender.sees("In locker")
        return page

    async def collects_on_the_web(self, page: str) -> Browser:
        """Somebody's browser, who has said there that they collect the parcel."""
        dora = self.browsers.browser(page)
        await dora.opens()
        await dora.presses("Collect here")
        await self.town.world.quiet()
        return dora

    async def takes_out(self, sender: Somebody, browser: Browser) -> None:
        """Whoever is in the browser opens the door with what it shows."""
        [delivery, *_] = await self.town.world.deliveries(sender.phone)
        code = await self.town.world.database.look(lambda tx: tx.code(delivery.id))
        assert code is not None
        shown = browser.link("Open door") if self.by_link else code.text
        assert shown == code.text
        assert code.text.replace("&", "&amp;") in browser.body
        await sender.takes_it_from_behind(await sender._tower.hold(shown))
        await self.town.a_few_seconds_pass()


WAYS = ways(
    "polling, SQLite, link",
    "polling, PostgreSQL, token",
    "webhooks, SQLite, token",
    "webhooks, PostgreSQL, link",
)


@pytest.fixture(params=WAYS)
async def street(request: pytest.FixtureRequest) -> AsyncIterator[Street]:
    by_link = "link" in request.param
    openers = BOTH_BY_LINK if by_link else BY_TOKEN
    async with run(request.param, url_for(request.param, request), openers, pages=True) as world:
        browsers = Browsers(world)
        yield Street(Town(world), browsers, by_link)
        await browsers.close()


async def test_a_parcel_is_claimed_on_the_web_and_collected(street: Street) -> None:
    [anna] = await street.town.people("Anna")
    page = await street.books(anna)
    dora = street.browsers.browser(page)
    await dora.opens()
    assert "A parcel is on its way" in dora.text
    assert "Anna" not in dora.body
    await dora.presses("Collect here")
    assert "Your parcel is on its way From Anna." in dora.text
    await street.town.world.quiet()
    await anna.sees("claimed on the web")

    opens = anna.opens_the_door_by_link if street.by_link else anna.opens_the_door_by_app
    await anna.puts_it_in_behind(await opens())
    await street.town.a_few_seconds_pass()
    await anna.sees("In locker", "claimed on the web")

    await dora.opens()
    assert "Your parcel is in locker" in dora.text
    await dora.presses("Open door" if street.by_link else "Get pick-up code")
    await street.takes_out(anna, dora)
    await anna.sees("Somebody on the web has collected it")
    assert await street.town.lockers_that_are_ours() == 0

    await dora.opens()
    assert "The parcel has been taken out" in dora.text
    assert dora.cookies == []
    assert (await dora.opens()).status_code == 404


async def test_of_two_browsers_at_once_one_wins_and_the_other_is_told(street: Street) -> None:
    [anna] = await street.town.people("Anna")
    page = await street.sends(anna)
    dora, emil = street.browsers.browser(page), street.browsers.browser(page)
    await asyncio.gather(dora.opens(), emil.opens())
    assert dora.body == emil.body
    await asyncio.gather(dora.presses("Collect here"), emil.presses("Collect here"))
    won, lost = (dora, emil) if "Your parcel is in locker" in dora.text else (emil, dora)
    assert "Your parcel is in locker" in won.text
    assert "Somebody else was first" in lost.text
    assert lost.cookies == []
    assert (await lost.opens()).status_code == 404


async def test_a_claim_on_the_web_is_handed_over_and_works_no_longer(street: Street) -> None:
    anna, ben = await street.town.people("Anna", "Ben")
    dora = await street.collects_on_the_web(await street.sends(anna))
    await anna.taps("Hand the claim to somebody else", "Yes, a new link")
    await ben.opens_the_bot(await anna.reads_the_link())
    await anna.sees("Ben has been told")

    assert (await dora.opens()).status_code == 410
    assert "no longer yours to collect" in dora.text
    assert dora.cookies == []
    assert (await dora.opens()).status_code == 404


async def test_the_sender_takes_back_what_was_claimed_on_the_web(street: Street) -> None:
    [anna] = await street.town.people("Anna")
    dora = await street.collects_on_the_web(await street.sends(anna))
    await anna.taps("Take it back", "Yes, take it back")
    await anna.sees("Your parcel waits to be taken back")
    await dora.presses("Open door" if street.by_link else "Get pick-up code")
    assert "no longer yours to collect" in dora.text


async def test_no_secret_of_a_page_is_in_any_log_metric_or_error(
    sqlite_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up_logging("debug", "json")
    async with hooked(sqlite_url, opener="link") as world:
        street = Street(Town(world), Browsers(world), by_link=True)
        [anna] = await street.town.people("Anna")
        page = await street.sends(anna)
        dora = street.browsers.browser(page)
        await dora.opens()
        await dora.presses("Collect here")
        await dora.presses("Open door")
        link, [cookie] = dora.link("Open door"), dora.cookies
        token, _ = dora.form("It did not open")

        async def broken(*_: object, **__: object) -> None:
            raise RuntimeError(f"could not read {page}")

        with monkeypatch.context() as later:
            later.setattr("web.pages.views.look", broken)
            assert (await dora.opens()).status_code == 503
        await dora.opens()
        await dora.presses("It did not open")
        metrics = (await dora.client.get(f"{world.pages_at}/metrics")).text
        await street.browsers.close()
    said = capsys.readouterr()
    assert "page_not_shown" in said.err, "the log was read"
    secret = page.rpartition("/")[2]
    for hidden in (secret, cookie, token, link):
        assert hidden not in said.err + said.out + metrics
