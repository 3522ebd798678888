"""Pictures of chats for features.md, one a feature, taken in Chromium: `make screenshots`.

`python -m docs.feature_chats NAME…` takes those alone. A feature more is a line more: `FEATURES`
tells for each what is done before the picture is taken.

Guarantees: as `docs.chats`, which takes them.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable
from urllib.parse import urljoin

from playwright.async_api import expect

from docs.chats import AT_TOWER, BY_LINK, BY_TOKEN, Chat, Play, main
from docs.screenshots import FOLDER, SETTLED_MILLISECONDS

Step = str | Callable[[Play], Awaitable[None]]
"""What happens: "Anna: label" presses a button on her phone, "Anna> words" writes to the bot, and
"Anna< words" waits until she reads them; "> label" presses one that is on no phone."""
_SAYS = re.compile(r"^(\w*)([:<>]) (.+)$")


def done(*steps: Step) -> Callable[[Play], Awaitable[None]]:
    """All of them, in turn."""

    async def play(stage: Play) -> None:
        for step in steps:
            await (_told(stage, step) if isinstance(step, str) else step(stage))

    return play


async def _told(play: Play, step: str) -> None:
    read = _SAYS.match(step)
    assert read is not None, step
    who, how, words = read.groups()
    if how == "<":
        await play.tells(who, words)
    elif how == ">" and who:
        box = play.phone(who).get_by_role("textbox")
        await box.fill(words)
        await box.press("Enter")
        await box.blur()
    else:
        await play.press(play.phone(who) if who else play.page, words)


async def put_in(play: Play) -> None:
    """Anna opens the door of her newest link, and puts the parcel in."""
    await play.open_by_link("Anna")
    await play.shut_after("Put the parcel in")
    await play.tells("Anna", "In locker")


async def take_out(play: Play) -> None:
    """Ben opens the door of his newest link, and takes the parcel out."""
    await play.open_by_link("Ben")
    await play.shut_after("Take the parcel out")
    await play.tells("Ben", "You have collected the parcel")


async def two_days(play: Play) -> None:
    """They pass hour by hour, so that free doors are noted in each."""
    for _ in range(48):
        await play.turn("hour")
        await play.page.wait_for_timeout(SETTLED_MILLISECONDS)


async def pick_ben(play: Play) -> None:
    """Anna answers Telegram's picker."""
    keys = play.phone("Anna").get_by_role("group", name="Reply keyboard")
    await play.press(keys, "Pick")
    await play.press(play.page.get_by_role("dialog", name="Choose a person"), "Ben")


async def share_location(play: Play) -> None:
    """Anna says where she stands."""
    await play.press(play.phone("Anna").get_by_role("group", name="Reply keyboard"), "Share my")
    await play.press(play.page, "Share this location")


async def fill_up(play: Play) -> None:
    """Others take all medium lockers of the tower by token."""
    base = urljoin(play.page.url, "/harbor/sandbox")
    state = await (await play.page.request.get(f"{base}/state")).json()
    [tower] = [each for each in state["towers"] if each["location"]["name"] == BY_TOKEN]
    for locker in tower["lockers"]:
        if locker["status"] == "available" and locker["type"] == "medium":
            path = f"{base}/towers/{tower['id']}/lockers/{locker['id']}/status"
            await play.page.request.post(path, data={"status": "out of service"})


async def pinned(play: Play) -> None:
    """Ben sees the pin."""
    await expect(play.phone("Ben").locator("chat-message figure.place")).to_be_visible()


async def olga(play: Play) -> None:
    """An operator."""
    await play.join_operator("Olga")


SEND = ("Anna: Start", "Anna: Send a parcel")
LINK, TOKEN = (*SEND, f"Anna: {BY_LINK}"), (*SEND, f"Anna: {BY_TOKEN}")
BY_CLAIM = ("Anna: Medium", "Anna: Send a link or code")
TO_BEN = ("Ben: Start", *LINK, "Anna: Medium", "Anna: Pick a person", pick_ben)
NAMED = (*TOKEN, *BY_CLAIM, "Anna: Name it", "Anna> Mum’s boots", "Anna: Reserve a locker")
HERE, RESERVED = f"Anna: {AT_TOWER}", "Anna< Reserved until"
OLGA = (olga, "Olga> /ops")
SETTINGS = ("Anna: Start", "Anna> /settings")
TOWERS = (*OLGA, "Olga: Towers", f"Olga: {BY_LINK}")
JAMMED = tuple(
    step.replace("Anna", who)
    for who in ("Anna", "Ben")
    for step in (
        *(*SEND, f"Anna: {BY_LINK}", "Anna: Medium", "Anna: Myself", HERE),
        *("Anna: It did not open", *["Anna: Still closed"] * 3, "Anna: Report this door"),
        *("Anna: Cancel", "Anna: Yes, cancel", "> Sync", "Anna< Cancelled"),
    )
)
"""Two people in turn whose door does not open, and who give the locker back."""

FEATURES = (
    Chat("prepared", "Anna", 1330, done(*LINK, *BY_CLAIM, "Anna: Prepare", "Anna< Prepared")),
    Chat("names", "Anna", 1300, done(*NAMED, RESERVED)),
    Chat(
        "search",
        "Anna",
        700,
        done(*NAMED, RESERVED, "Anna> /parcels", "Anna> boots", "Anna< boots"),
    ),
    Chat("waiting", "Anna", 760, done(fill_up, *TOKEN, "Anna: Medium · full", "Anna: Tell me")),
    Chat("not-for-me", "Ben", 800, done(*TO_BEN, "Anna: Prepare", "Ben: Not for me")),
    Chat(
        "one-visit",
        "Ben",
        1200,
        done(
            *(*TO_BEN, "Anna: Prepare", "Anna: One more like this", HERE, put_in),
            *("Anna: Next parcel", put_in, "Ben: Collect all 2 here", "Ben< comes by itself"),
        ),
    ),
    Chat(
        "another-size",
        "Anna",
        800,
        done(*TOKEN, *BY_CLAIM, "Anna: Reserve", "Anna: Get drop-off", "Anna: It doesn't fit"),
    ),
    Chat("nearest-tower", "Anna", 700, done(*SEND, "Anna: Nearest", share_location, "Anna< mi")),
    Chat("low-doors", "Anna", 700, done(*LINK, "Anna: Any door", "Anna: Rather", "Anna< low free")),
    Chat("how-long-held", "Anna", 800, done(*LINK, *BY_CLAIM, "Anna< for 5 min")),
    Chat("tower-doors", "Olga", 1000, done(*TOWERS, "Olga< free")),
    Chat(
        "tower-closed",
        "Olga",
        900,
        done(*TOWERS, "Olga: Close for booking", "Olga> The street is being paved."),
    ),
    Chat("door-left-out", "Olga", 900, done(olga, *JAMMED, "Olga< is left out of booking")),
    Chat("export", "Olga", 800, done(*OLGA, "Olga: Export", "Olga< days")),
    Chat("first-message", "Anna", 850, done("Anna: Start", "Anna< What would you like to do?")),
    Chat("pin", "Ben", 900, done(*TO_BEN, "Anna: Prepare", "Ben: Show on the map", pinned)),
    Chat("what-rings", "Anna", 1460, done(*SETTINGS, "Anna: What rings", "Anna< Never rings")),
    Chat(
        "figures",
        "Olga",
        1150,
        done(
            *(*TO_BEN, HERE, put_in, two_days, "Ben: Get opening link", take_out),
            *(*OLGA, "Olga: Figures", "Olga< Collected by their recipients: 1"),
        ),
    ),
)


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(FOLDER, sys.argv[1:], FEATURES))
