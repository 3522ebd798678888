"""Simulated people: they send, claim, collect, change their minds, and tap twice.

A person acts only on what their phone shows, as a real one would, so that whatever they did is what
Telegram was told.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

_PATIENCE = 2.0
_IN_VAIN = 2
_TRIES = 5
_LINK = re.compile(r"https://t\.me/\S+\?start=(c_[A-Za-z0-9_-]+)")
_CODE = re.compile(r"HARBOR://OPEN/([0-9A-F]{16})/(\d+)/\S+")


@dataclass
class Town:
    """Both control sides, the links people have forwarded, and what everybody has done."""

    http: httpx.AsyncClient
    chance: random.Random
    forwarded: list[str] = field(default_factory=list)
    people: list[int] = field(default_factory=list)
    """The chats of all who ever came."""
    taps: int = 0
    parcels_in: int = 0
    parcels_out: int = 0
    ending: bool = False


class Person:
    """One phone and the feet below it."""

    def __init__(self, town: Town, number: int) -> None:
        self._town, self._number = town, number
        self.id = self._in_vain = 0

    async def live(self) -> None:
        """Do one thing after another until the town's evening.

        Whoever waits in vain too often puts the phone away, and somebody new comes: where a killed
        bot still holds a chat's lease, nothing is to be seen in that chat for a minute.
        """
        while not self._town.ending:
            with contextlib.suppress(httpx.TransportError):  # a phone without a net for a moment
                await self._go_on()
            await asyncio.sleep(self._town.chance.uniform(0.02, 0.15))

    async def _go_on(self) -> None:
        if not self.id or self._in_vain > _IN_VAIN:
            await self._begin()
        chat = await self._chat()
        await self._do_something(chat)
        if self._town.chance.random() < 0.9:  # most people look what happened before they go on
            self._in_vain = 0 if await self._see_a_change(chat) else self._in_vain + 1

    async def _see_a_change(self, before: dict[str, Any]) -> bool:
        # Nothing is cancelled: httpx would lose a connection of its pool each time.
        chat, until = before, time.monotonic() + _PATIENCE
        while chat["messages"] == before["messages"] and time.monotonic() < until:
            chat = await self._chat(after=chat["revision"])
        return bool(chat["messages"] != before["messages"])

    async def _begin(self) -> None:
        made = await self._post("/telegram/sandbox/people", first_name=f"Person {self._number}")
        self.id, self._in_vain = made["id"], 0
        self._town.people.append(self.id)
        await self._mine("open")

    async def _do_something(self, chat: dict[str, Any]) -> None:
        buttons = list(_buttons(chat))
        if code := self._unused_code(chat):
            await self._go_to_tower(code)
        elif self._town.forwarded and self._town.chance.random() < 0.3:
            await self._claim()
        elif buttons and self._town.chance.random() < 0.97:
            await self._tap(chat, buttons)
        else:
            await self._mine("text", text=self._town.chance.choice(["/start", "hello", "/parcels"]))

    async def _tap(self, chat: dict[str, Any], buttons: list[tuple[int, str, str]]) -> None:
        weights = [_LIKELY.get(data.partition(":")[0], 1) for _, data, _ in buttons]
        message, data, _ = self._town.chance.choices(buttons, weights)[0]
        self._note_links(chat)
        twice = self._town.chance.random() < 0.1
        for _ in range(1 + twice):
            answer = await self._town.http.post(
                f"/telegram/sandbox/people/{self.id}/press",
                json={"message_id": message, "data": data},
            )
            self._town.taps += answer.status_code == 200

    def _note_links(self, chat: dict[str, Any]) -> None:
        for message in chat["messages"]:
            for link in _LINK.findall(message.get("text") or ""):
                if link not in self._town.forwarded:
                    self._town.forwarded.append(link)

    async def _claim(self) -> None:
        link = self._town.forwarded.pop()
        await self._mine("open", link=f"https://t.me/harbor_lockers_bot?start={link}")

    def _unused_code(self, chat: dict[str, Any]) -> str | None:
        for message in chat["messages"]:
            found = _CODE.search(message.get("caption") or "")
            if (opens := _link(message) or (found[0] if found else None)) is None:
                continue
            if self._town.chance.random() < 0.8:
                return opens
        return None

    async def _open(self, code: str) -> httpx.Response:
        """By the app, with a token; or by a link."""
        token = _CODE.fullmatch(code)
        if token is None:
            return await self._town.http.post("/harbor/sandbox/links/open", json={"link": code})
        at = f"/harbor/sandbox/towers/{token[1].lower()}"
        return await self._town.http.post(f"{at}/hold", json={"code": code})

    async def _go_to_tower(self, code: str) -> None:
        """Open the door if the tower lets us, and do what is to be done behind it."""
        opened = await self._open(code)
        if opened.status_code != 200:
            return
        token, told = _CODE.fullmatch(code), opened.json()
        tower = token[1].lower() if token else told["tower"]
        door = f"/harbor/sandbox/towers/{tower}/lockers/{told['locker']}"
        put = await self._town.http.post(f"{door}/put-in", json={"parcel": str(self._number)})
        if put.status_code == 200:
            self._town.parcels_in += 1
        else:
            taken = await self._town.http.post(f"{door}/take-out", json={})
            self._town.parcels_out += taken.status_code == 200
        await self._town.http.post(f"{door}/close", json={})

    async def _chat(self, after: int = -1) -> dict[str, Any]:
        """What the phone shows; with `after`, once it has changed (or a second has passed)."""
        found = await self._town.http.get(
            f"/telegram/sandbox/people/{self.id}/chat", params={"after": after, "wait": 1}
        )
        chat: dict[str, Any] = found.json()
        return chat

    async def _mine(self, what: str, **body: Any) -> None:
        await self._post(f"/telegram/sandbox/people/{self.id}/{what}", **body)

    async def _post(self, path: str, **body: Any) -> dict[str, Any]:
        answer = await self._town.http.post(path, json=body)
        answer.raise_for_status()
        read: dict[str, Any] = answer.json()
        return read


async def again(
    call: Callable[[], Awaitable[httpx.Response]], ended: Callable[[], None] = lambda: None
) -> httpx.Response:
    """The answer to `call`, which does no harm twice: made again where its connection `ended`."""
    for _ in range(_TRIES - 1):
        try:
            return await call()
        except httpx.TransportError:
            ended()
    return await call()


# How likely each button is, by its verb; any other counts 1.
_LIKELY = {
    "send": 20,
    "menu": 8,
    "tower": 4,
    "size": 6,
    "to_link": 9,
    "to_me": 2,
    "reserve": 20,
    "here": 10,
    "prepare": 6,
    "next": 4,
    "same": 1,
    "din": 10,
}
_LIKELY |= {"pin": 10, "drop": 1, "drop!": 4, "parcels": 1}


def _link(message: dict[str, Any]) -> str | None:
    """The Locker Open link that a button of the message opens."""
    for row in (message.get("reply_markup") or {}).get("inline_keyboard", ()):
        for button in row:
            if "lockeropen.com" in button.get("url", ""):
                url: str = button["url"]
                return url
    return None


def _buttons(chat: dict[str, Any]) -> Iterator[tuple[int, str, str]]:
    """(message id, callback data, text) of every callback button that the phone shows."""
    for message in chat["messages"]:
        for row in (message.get("reply_markup") or {}).get("inline_keyboard", ()):
            for button in row:
                if "callback_data" in button:
                    yield message["message_id"], button["callback_data"], button["text"]
