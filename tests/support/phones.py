"""People with phones, and hands at a tower: what tests do and see, over real HTTP.

Each act returns when the bot has nothing left to do about it (`Chats.quiet`), so what follows may
be looked at at once; `sees` waits by long polling, for whatever comes by itself.
"""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.domain.ids import PersonId, TowerId
from tests.support.seen import typed

if TYPE_CHECKING:
    from tests.support.chats import Chats

TOWER = TowerId("0100000000000101")
PATIENCE = 15.0
"""Seconds until something that never comes fails a test."""

Message = dict[str, Any]


@dataclass
class Phone:
    """One person's phone, by the sandbox Telegram's control side."""

    world: Chats
    id: PersonId
    name: str

    # -- what they do

    async def open(self, link: str | None = None) -> None:
        """Open the bot, by a link perhaps, and press START."""
        await self._act("open", {"link": link} if link else {})

    async def text(self, words: str) -> Message:
        """Send words; the message sent."""
        return await self._act("text", {"text": words})

    async def press(self, *labels: str, on: Message | None = None) -> None:
        """Press the button with each label, or part of it, on the latest message that shows one."""
        for label in labels:
            message = on or await self._message_with(label)
            data = next(button["callback_data"] for button in _found(message, label))
            await self._act("press", {"message_id": message["message_id"], "data": data})

    async def tap(self, verb: str) -> None:
        """Press the button that says `verb`, whatever its label, on the latest message with one."""
        message = await self._until(lambda message: bool(_verbs(message, verb)))
        data = _verbs(message, verb)[0]
        await self._act("press", {"message_id": message["message_id"], "data": data})

    async def forge(self, data: str, *, on: Message | None = None) -> None:
        """Press a button that is not there."""
        message = on or (await self.messages())[-1]
        body = {"message_id": message["message_id"], "data": data, "forged": True}
        await self._act("press", body)

    async def pick(self, *people: Phone) -> None:
        """Answer the user picker of the reply keyboard."""
        await self._act("pick", {"request_id": 1, "user_ids": [phone.id for phone in people]})

    async def location(self, latitude: float, longitude: float) -> None:
        await self._act("location", {"latitude": latitude, "longitude": longitude})

    async def sticker(self) -> None:
        await self._act("sticker")

    async def photo(self, caption: str = "") -> None:
        await self._act("photo", {"caption": caption})

    async def album(self, pictures: int) -> None:
        await self._act("album", {"pictures": pictures})

    async def file(self, kind: str) -> None:
        await self._act("file", {"kind": kind})

    async def contact(self) -> None:
        await self._act("contact")

    async def edit(self, message: Message, words: str) -> None:
        await self._act("edit", {"message_id": message["message_id"], "text": words})

    async def block(self) -> None:
        await self._act("block")

    async def unblock(self) -> None:
        await self._act("unblock")

    async def _act(self, name: str, body: dict[str, Any] | None = None) -> Message:
        answer = await self.world.http.post(
            f"/telegram/sandbox/people/{self.id}/{name}", json=body or {}
        )
        assert answer.is_success, answer.text
        await self.world.quiet()
        done: Message = answer.json() if answer.content else {}
        return done

    # -- what they see

    async def chat(self, after: int = -1, wait: float = 0) -> dict[str, Any]:
        """The chat as they see it."""
        query = {"after": after, "wait": wait}
        path = f"/telegram/sandbox/people/{self.id}/chat"
        shown: dict[str, Any] = (await self.world.http.get(path, params=query)).json()
        return shown

    async def messages(self) -> list[Message]:
        """The bot's messages, oldest first."""
        return [m for m in (await self.chat())["messages"] if not m["outgoing"]]

    async def screen(self) -> str:
        """What the bot's latest message says."""
        return said((await self.messages())[-1])

    async def cards(self) -> list[str]:
        """What each of the bot's messages says, oldest first."""
        return [said(message) for message in await self.messages()]

    async def labels(self, message: Message | None = None) -> list[str]:
        """The buttons of a message (the latest), and its reply keyboard's where it has none."""
        if message is None:
            message = (await self.messages())[-1]
        inline = [button["text"] for button in buttons(message)]
        keyboard = (await self.chat())["keyboard"] or {}
        keys = [key["text"] for row in keyboard.get("keyboard", ()) for key in row]
        return inline or keys

    async def toasts(self) -> list[str]:
        """What button presses were answered with, oldest first."""
        return [typed(toast["text"] or "") for toast in (await self.chat())["toasts"]]

    async def rings(self) -> int:
        """How often the phone has rung."""
        rings: int = (await self.chat())["rings"]
        return rings

    async def sees(self, *words: str) -> Message:
        """The latest of the bot's messages that says all of `words`, as soon as there is one."""
        return await self._until(lambda message: all(word in said(message) for word in words))

    async def sees_pins(self, count: int, *, after: int = 0) -> list[Message]:
        """The places on a map among the bot's messages, once there are so many, all newer than
        `after`."""
        async with asyncio.timeout(PATIENCE):
            shown = await self.chat()
            while True:
                pins = [m for m in shown["messages"] if not m["outgoing"] and "venue" in m]
                if len(pins) == count and all(pin["message_id"] > after for pin in pins):
                    return pins
                shown = await self.chat(shown["revision"], 1)

    async def loses(self, *words: str) -> None:
        """Return once no message says all of `words` any more."""
        seen: Callable[[Message], bool] = lambda m: all(word in said(m) for word in words)  # noqa: E731  # a predicate
        async with asyncio.timeout(PATIENCE):
            shown = await self.chat()
            while any(seen(m) for m in shown["messages"] if not m["outgoing"]):
                shown = await self.chat(shown["revision"], 1)

    async def code(self) -> str:
        """The text of the code that is shown to them."""
        message = await self.sees("HARBOR://OPEN/")
        found = re.search(r"HARBOR://OPEN/[0-9A-F/]+", said(message))
        assert found is not None
        return found[0]

    async def link(self) -> str:
        """The Locker Open link that a button of the latest such message opens."""
        message = await self._until(lambda message: bool(_opens(message)))
        return _opens(message)[0]

    async def claim(self) -> tuple[str, str]:
        """The claim link and code that are shown to them."""
        text = said(await self.sees("?start=c_"))
        link = re.search(r"https://t\.me/\S+\?start=c_[\w-]+", text)
        code = re.search(r"\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\b", text)
        assert link is not None
        assert code is not None
        return link[0], code[0]

    async def _message_with(self, label: str) -> Message:
        return await self._until(lambda message: bool(_found(message, label)))

    async def _until(self, fits: Callable[[Message], bool]) -> Message:
        shown = await self.chat()
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    messages: list[Message] = shown["messages"]
                    for message in reversed(messages):
                        if not message["outgoing"] and fits(message):
                            return message
                    shown = await self.chat(shown["revision"], 1)
        except TimeoutError:
            raise AssertionError(f"{self.name} sees only:\n{_transcript(shown)}") from None


@dataclass
class AtTower:
    """What hands do at a tower, by the sandbox Harbor's control side."""

    world: Chats
    id: TowerId = TOWER

    async def put_in(self, code: str, parcel: str = "parcel") -> None:
        """Open a door with a code, put a parcel in, close it; the bot then looks."""
        locker = await self.hold(code)
        await self.at_door(locker, "put-in", {"parcel": parcel})
        await self.at_door(locker, "close")
        await self.world.look()

    async def take_out(self, code: str) -> None:
        """Open a door with a code, take the parcel, close it; the bot then looks."""
        locker = await self.hold(code)
        await self.at_door(locker, "take-out")
        await self.at_door(locker, "close")
        await self.world.look()

    async def hold(self, code: str) -> int:
        """Open a door, by a token with the app or by a link: the locker whose door is open then."""
        if not code.startswith("HARBOR://"):
            return await self._open_link(code)
        locker: int = (await self._post("hold", {"code": code}))["locker"]
        return locker

    async def _open_link(self, link: str) -> int:
        answer = await self.world.http.post("/harbor/sandbox/links/open", json={"link": link})
        assert answer.is_success, answer.text
        locker: int = answer.json()["locker"]
        return locker

    async def type(self, digits: str) -> int:
        """Type digits on the keypad: the locker whose door is open then."""
        locker: int = (await self._post("keypad", {"digits": digits}))["locker"]
        return locker

    async def at_door(self, locker: int, what: str, body: dict[str, Any] | None = None) -> None:
        await self._post(f"lockers/{locker}/{what}", body)

    async def sync(self) -> None:
        """A phone syncs the tower."""
        await self._post("sync")

    async def take_all(self, *sizes: str) -> None:
        """Put every available locker (of `sizes`) out of service: full, as far as anybody sees."""
        state = (await self.world.http.get("/harbor/sandbox/state")).json()
        tower = next(tower for tower in state["towers"] if tower["id"] == self.id)
        for locker in tower["lockers"]:
            if locker["status"] == "available" and (not sizes or locker["type"] in sizes):
                await self.at_door(locker["id"], "status", {"status": "out of service"})

    async def give_back(self, size: str) -> None:
        """Put one locker of the size that is out of service back: it is free."""
        state = (await self.world.http.get("/harbor/sandbox/state")).json()
        tower = next(tower for tower in state["towers"] if tower["id"] == self.id)
        locker = next(
            each
            for each in tower["lockers"]
            if each["status"] == "out of service" and each["type"] == size
        )
        await self.at_door(locker["id"], "status", {"status": "available"})

    async def _post(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = await self.world.http.post(
            f"/harbor/sandbox/towers/{self.id}/{path}", json=body or {}
        )
        assert answer.is_success, answer.text
        done: dict[str, Any] = answer.json() if answer.content else {}
        return done


def said(message: Message) -> str:
    """The text or caption of a message, `typed`, without the signs that keep words from being
    tapped."""
    text: str = message.get("text") or message.get("caption") or ""
    return typed(html.unescape(text).replace("\N{WORD JOINER}", ""))


def buttons(message: Message) -> list[dict[str, Any]]:
    """The inline buttons of a message, row after row."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", ())
    return [button for row in rows for button in row]


def _verbs(message: Message, verb: str) -> list[str]:
    """What the buttons send that say `verb`."""
    sent: list[str] = [button.get("callback_data", "") for button in buttons(message)]
    return [data for data in sent if data.split(":")[0] == verb]


def _opens(message: Message) -> list[str]:
    """Where the buttons lead that open a door."""
    urls: list[str] = [button.get("url", "") for button in buttons(message)]
    return [url for url in urls if "lockeropen.com" in url]


def _found(message: Message, label: str) -> list[dict[str, Any]]:
    pressable = [button for button in buttons(message) if "callback_data" in button]
    return [button for button in pressable if label in button["text"]]


def _transcript(chat: dict[str, Any]) -> str:
    toasts = [toast["text"] for toast in chat["toasts"]]
    return f"{toasts}\n" + "\n---\n".join(
        f"{'> ' if m['outgoing'] else ''}{said(m)} {[b['text'] for b in buttons(m)]}"
        for m in chat["messages"]
    )
