"""The story as a table: who does what, and what they must see of it in the end.

Guarantees: people act only on what their phones show; who does not see what they wait for does what
people do, and taps again. It is told at a `Place`: the bot may be in this process or elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx

from bot.domain.openers import Opener

_READS = 10
"""Seconds for which they look at what a tap has done."""
PATIENCE = 120
"""Seconds of the clock for which somebody waits before they tap again."""
_HANDS = ("in", "out", "sync")
_MARKET = "Congress Avenue Market"
_TOWER = "0100000000000101"
_CODE = re.compile(r"HARBOR://OPEN/[0-9A-F/]+")
_OPENS = re.compile(r"https://\S*lockeropen\S*")
_LINK = re.compile(r"https://t\.me/\S+\?start=c_[\w-]+")


@dataclass(frozen=True, slots=True)
class Step:
    """What one person does, `taps` one after another, and what phones show when it has worked.

    `begins` is what comes before the taps: a command, "open", "claim", the door ("in", "out"), or
    a phone at the tower that syncs it.
    `sees` and `loses` are for each person the words of one message; "a|b" is either of two.
    `in_time`: whether what nobody helps comes about when Harbor's hold is over.
    """

    name: str
    who: str
    begins: str = ""
    taps: Sequence[str] = ()
    sees: Mapping[str, Sequence[str]] = field(default_factory=dict)
    loses: Mapping[str, Sequence[str]] = field(default_factory=dict)
    file: bool = False
    in_time: bool = False


def story(opener: Opener) -> Sequence[Step]:
    """From hand to hand, once cancelled, and forgotten, by what opens the doors."""
    link = opener is Opener.LINK
    opens = "lockeropen" if link else "HARBOR://OPEN/"
    books = (_MARKET, "Medium", "Send a link")
    drop_off = (
        [Step("open the door", "Anna", taps=("I'm at the tower",), sees={"Anna": (opens,)})]
        if link
        else [
            Step("reserve", "Anna", taps=("Reserve",), sees={"Anna": ("Reserved until",)}),
            Step("drop-off code", "Anna", taps=("Get drop-off code",), sees={"Anna": (opens,)}),
        ]
    )
    # With a link there is no reservation to cancel: its locker is rented from the first moment.
    changes_mind = (
        []
        if link
        else [
            Step(
                "change one's mind",
                "Anna",
                "/send",
                (*books, "Reserve", "Cancel", "Yes"),
                sees={"Anna": ("Cancelled",)},
                loses={"Anna": ("Reserved until",)},
            )
        ]
    )
    collect = "Get opening link" if link else "Get pick-up code"
    # Where Harbor makes no link for the pick-up, a code opens the door.
    opens_again = "lockeropen|HARBOR://OPEN/" if link else opens
    again = ("I'm at the tower",) if link else ("Reserve", "Get drop-off code")
    return [
        Step("start", "Anna", "open", sees={"Anna": ("What would you like to do?",)}),
        Step("choose", "Anna", "/send", books, sees={"Anna": ("claim link",)}),
        *drop_off,
        Step("claim", "Ben", "claim", sees={"Ben": ("a parcel from Anna",)}),
        Step(
            "drop off", "Anna", "in", sees={"Anna": ("In locker",), "Ben": ("is waiting for you",)}
        ),
        Step("the way", "Ben", taps=("Show on the map",), sees={"Ben": (f"📍 {_MARKET}",)}),
        Step("pick-up code", "Ben", taps=(collect,), sees={"Ben": (opens_again,)}),
        Step(
            "collect",
            "Ben",
            "out",
            sees={"Ben": ("You have collected",), "Anna": ("collected",)},
            loses={"Ben": (opens_again,)},
        ),
        *changes_mind,
        Step("book again", "Anna", "/send", (*books, *again), sees={"Anna": (opens,)}),
        Step(
            "cancel",
            "Anna",
            taps=("Cancel", "Yes"),
            sees={"Anna": ("Cancelling",)},
            loses={"Anna": (opens,)},
        ),
        Step("given back", "Anna", "sync", loses={"Anna": ("Cancelling",)}, in_time=True),
        Step("export", "Anna", "/privacy", ("Show everything",), file=True),
        Step(
            "forget",
            "Anna",
            "/privacy",
            ("Forget me", "Yes, forget me"),
            sees={"Anna": ("I know nothing about you",)},
            loses={"Anna": ("collected",)},
        ),
    ]


class Place(Protocol):
    """Both sandboxes on a socket, and time that passes there."""

    @property
    def http(self) -> httpx.AsyncClient:
        """Of the control sides."""
        ...

    async def post(self, path: str, **body: Any) -> Any:
        """What a control side answers. Raises httpx.HTTPStatusError."""
        ...

    async def until(self, true: Callable[[], Awaitable[bool]], seconds: int) -> bool:
        """Whether it came true within so many seconds of that place."""
        ...

    async def at_rest(self) -> bool:
        """Whether the bot has nothing left to do."""
        ...


class Phones:
    """Anna's and Ben's, and their hands at the tower."""

    def __init__(self, world: Place) -> None:
        self._world = world
        self._people: dict[str, int] = {}
        self._claim = ""
        self._opens = ""

    async def bring(self, *names: str) -> None:
        """Give each of them a phone."""
        for name in names:
            made = await self._world.post("/telegram/sandbox/people", first_name=name)
            self._people[name] = made["id"]

    async def messages(self, name: str) -> list[dict[str, Any]]:
        """What the bot has put into their chat, oldest first."""
        answer = await self._world.http.get(
            f"/telegram/sandbox/people/{self._people[name]}/chat", params={"after": -1, "wait": 0}
        )
        return [message for message in answer.json()["messages"] if not message["outgoing"]]

    async def act(self, step: Step) -> bool:
        """Do what the step says; whether everything that was to be tapped was there."""
        for name in self._people:
            self._note([_said(message) for message in await self.messages(name)])
        match step.begins:
            case "open":
                await self._do(step.who, "open")
            case "claim":
                await self._do(step.who, "open", link=self._claim)
            case "in" | "out" as what:
                await self._at_the_door("put-in" if what == "in" else "take-out")
            case "sync":
                await self._world.post(f"/harbor/sandbox/towers/{_TOWER}/sync")
            case command if command:
                await self._do(step.who, "text", text=command)
                await self._read()
        for label in step.taps:
            if not await self.tap(step.who, label):
                return False
            await self._read()
        return True

    async def tap(self, name: str, label: str) -> bool:
        """Tap the latest button of that label, as soon as there is one."""
        found: list[tuple[int, str]] = []

        async def there() -> bool:
            found[:] = _buttons(await self.messages(name), label)
            return bool(found)

        if not await self._world.until(there, PATIENCE):
            return False
        message, data = found[-1]
        path = f"/telegram/sandbox/people/{self._people[name]}/press"
        # The message may be gone by now, as it may be for anybody who taps.
        await self._world.http.post(path, json={"message_id": message, "data": data})
        return True

    async def tap_again(self, step: Step) -> bool:
        """Tap what they would: the last of the step's buttons that is there, or *Try again*.

        With nothing to tap they begin the step anew.
        """
        for label in (*reversed(step.taps), "Try again"):
            if _buttons(await self.messages(step.who), label):
                rest = step.taps[step.taps.index(label) :] if label in step.taps else (label,)
                for each in rest:
                    if not await self.tap(step.who, each):
                        return False
                return True
        return step.begins not in _HANDS and await self.act(step)

    async def satisfied(self, step: Step, *, doubles: int = 0) -> bool:
        """Whether everybody sees what they are to see.

        `doubles`: how many messages the bot can't know of, since the answers to their sends were
        lost; so many may go on saying what is to be gone.
        """
        shown = {name: await self.messages(name) for name in self._people}
        said = {name: [_said(message) for message in shown[name]] for name in shown}
        for name, words in step.sees.items():
            if not any(_all_in(text, words) for text in said[name]):
                return False
        for name, words in step.loses.items():
            if sum(_all_in(text, words) for text in said[name]) > doubles:
                return False
        sent = any("document" in message for message in shown[step.who])
        return sent or not step.file

    async def transcript(self) -> list[str]:
        """What everybody sees, a line for each message."""
        return [
            f"{name} sees {_said(message)[:300]!r} {[b['text'] for b in _inline(message)]}"
            for name in self._people
            for message in await self.messages(name)
        ]

    async def _read(self) -> None:
        """Look at what has come of it before the next tap: a button of what is about to change, or
        of an older screen that says the same, is soon outdated."""
        await self._world.until(self._world.at_rest, _READS)

    def _note(self, said: Sequence[str]) -> None:
        """Remember what can be forwarded, and what opens a door."""
        for text in said:
            if claim := _LINK.search(text):
                self._claim = claim[0]
            if code := _CODE.search(text) or _OPENS.search(text):
                self._opens = code[0]

    async def _at_the_door(self, what: str) -> None:
        if self._opens.startswith("HARBOR"):
            at = f"/harbor/sandbox/towers/{_TOWER}/hold"
            opened = await self._world.post(at, code=self._opens)
        else:
            opened = await self._world.post("/harbor/sandbox/links/open", link=self._opens)
        door = f"/harbor/sandbox/towers/{_TOWER}/lockers/{opened['locker']}"
        await self._world.post(f"{door}/{what}", **({"parcel": "a parcel"} if "in" in what else {}))
        await self._world.post(f"{door}/close")

    async def _do(self, name: str, what: str, **body: Any) -> None:
        await self._world.post(f"/telegram/sandbox/people/{self._people[name]}/{what}", **body)


def _all_in(text: str, words: Sequence[str]) -> bool:
    return all(any(either in text for either in word.split("|")) for word in words)


def _said(message: Mapping[str, Any]) -> str:
    """Its words, or the name of the place on the map; and where its buttons lead."""
    urls = [button.get("url", "") for button in _inline(message)]
    place = f"📍 {message['venue']['title']}" if "venue" in message else ""
    return " ".join([message.get("text") or message.get("caption") or place, *urls])


def _inline(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = (message.get("reply_markup") or {}).get("inline_keyboard", ())
    return [button for row in rows for button in row]


def _buttons(messages: Sequence[Mapping[str, Any]], label: str) -> list[tuple[int, str]]:
    return [
        (message["message_id"], button["callback_data"])
        for message in messages
        for button in _inline(message)
        if "callback_data" in button and label in button["text"]
    ]
