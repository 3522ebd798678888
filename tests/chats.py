"""The whole bot between a Harbor and a Telegram on this machine, and people with phones.

`chats(database)` runs everything over real HTTP on one clock that only hands turn. A `Phone` does
what a person does; each act returns when the bot has nothing left to do about it, so what follows
may be looked at at once. `sees` waits by long polling, for whatever comes by itself.

    async with chats(sqlite_database) as world:
        anna = await world.phone("Anna")
        await anna.open()
        await anna.press("Send a parcel")
        await anna.sees("Which tower?")
"""

from __future__ import annotations

import asyncio
import contextlib
import html
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from bot.model import Delivery, Draft, Person, PersonId, TowerId
from bot.outbox import Outbox
from bot.ports import Database, Transaction
from bot.terms import Terms
from bot.timekeeper import Timekeeper
from bot.towers import Towers
from bot.waking import Loop
from bot.watcher import Watcher
from bot.worker import Worker
from handlers.application import build_application
from handlers.context import Wiring
from handlers.conversation import build_dialogue, phrases
from handlers.dialogue import state_of
from handlers.durable import App
from handlers.messenger import TelegramMessenger
from handlers.pace import Pace
from handlers.presenter import ChatPresenter
from handlers.prompting import Health, Sight
from handlers.receiver import Receiver
from handlers.screens import Screens
from harbor.client import Harbor
from harbor.lockers import HarborLockers
from harbor.settings import HarborSettings
from sandbox.clock import Clock
from sandbox.serving import serving
from sandbox.stage import create_stage

START = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)  # Monday, 11:00 in Austin
TOKEN = "42:sandbox"
TOWER = TowerId("0100000000000101")
MARKET = "Congress Avenue Market"
OPERATOR = PersonId(9000)
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

    async def press(self, label: str, *, on: Message | None = None) -> None:
        """Press the button whose label contains `label`, on the latest message that shows one."""
        message = on or await self._message_with(label)
        data = next(button["callback_data"] for button in _found(message, label))
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
        return [toast["text"] or "" for toast in (await self.chat())["toasts"]]

    async def rings(self) -> int:
        """How often the phone has rung."""
        rings: int = (await self.chat())["rings"]
        return rings

    async def sees(self, *words: str) -> Message:
        """The latest of the bot's messages that says all of `words`, as soon as there is one."""
        return await self._until(lambda message: all(word in said(message) for word in words))

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
        """Hold a code to the reader: the locker whose door is open then."""
        locker: int = (await self._post("hold", {"code": code}))["locker"]
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

    async def _post(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = await self.world.http.post(
            f"/harbor/sandbox/towers/{self.id}/{path}", json=body or {}
        )
        assert answer.is_success, answer.text
        done: dict[str, Any] = answer.json() if answer.content else {}
        return done


@dataclass
class Chats:
    """See the module."""

    database: Database
    clock: Clock
    http: httpx.AsyncClient
    telegram: Any
    terms: Terms
    application: App
    receiver: Receiver
    lockers: HarborLockers
    towers: Towers
    worker: Worker
    watcher: Watcher
    timekeeper: Timekeeper
    outbox: Outbox
    loops: dict[str, Loop] = field(default_factory=dict)

    @property
    def tower(self) -> AtTower:
        """The tower that most tests are about."""
        return AtTower(self)

    async def phone(self, name: str, **more: Any) -> Phone:
        """A new person, who has not opened the bot yet."""
        answer = await self.http.post("/telegram/sandbox/people", json={"first_name": name, **more})
        assert answer.is_success, answer.text
        return Phone(self, PersonId(answer.json()["id"]), name)

    async def turn(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.turn(seconds)
        await self.timekeeper.turn()
        await self.quiet()

    async def look(self) -> None:
        """Let the watcher look at Harbor now."""
        await self.watcher.turn()
        await self.quiet()

    async def faults(self, side: str, *faults: dict[str, Any]) -> None:
        """Put faults in force at "harbor" or "telegram"."""
        answer = await self.http.put(f"/{side}/sandbox/faults", json=list(faults))
        assert answer.is_success, answer.text

    async def quiet(self) -> None:
        """Until the bot has nothing left to do that is due."""
        async with asyncio.timeout(PATIENCE):
            while True:
                while self.telegram.updates.pending:  # noqa: ASYNC110  # it has no event
                    await asyncio.sleep(0.002)
                await self.application.bot_data.answers.settle(5)
                await self.worker.settle()
                await self.outbox.settle()
                if not await self.database.look(self._owed):
                    return
                self.loops["outbox"].poke()
                await asyncio.sleep(0.002)

    async def _owed(self, tx: Transaction) -> bool:
        now = self.clock.now()
        return bool(await tx.deliveries_wanting(now, 1) or await tx.cards_due(now, 1))

    async def draft(self, phone: Phone) -> Draft:
        return await self.database.look(lambda tx: tx.draft(phone.id))

    async def state(self, phone: Phone) -> str:
        """Where the phone's conversation stands: "send/size"."""
        return state_of(await self.draft(phone))

    async def person(self, phone: Phone) -> Person | None:
        return await self.database.look(lambda tx: tx.person(phone.id))

    async def deliveries(self, phone: Phone) -> list[Delivery]:
        """Theirs, live ones first, the latest change first."""

        async def look(tx: Transaction) -> list[Delivery]:
            live = await tx.deliveries_of(phone.id, live=True)
            return [*live, *await tx.deliveries_of(phone.id, live=False)]

        return await self.database.look(look)


def said(message: Message) -> str:
    """The text or caption of a message."""
    return html.unescape(message.get("text") or message.get("caption") or "")


def buttons(message: Message) -> list[dict[str, Any]]:
    """The inline buttons of a message, row after row."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", ())
    return [button for row in rows for button in row]


def _found(message: Message, label: str) -> list[dict[str, Any]]:
    pressable = [button for button in buttons(message) if "callback_data" in button]
    return [button for button in pressable if label in button["text"]]


def _transcript(chat: dict[str, Any]) -> str:
    toasts = [toast["text"] for toast in chat["toasts"]]
    return f"{toasts}\n" + "\n---\n".join(
        f"{'> ' if m['outgoing'] else ''}{said(m)} {[b['text'] for b in buttons(m)]}"
        for m in chat["messages"]
    )


@contextlib.asynccontextmanager
async def chats(
    database: Database, *, terms: Terms | None = None, locale: str = "en"
) -> AsyncIterator[Chats]:
    """Everything at work on `database`; OPERATOR is the one operator unless `terms` says so."""
    clock = Clock(START, stopped=True)
    stage = create_stage(clock=clock, token=TOKEN, limits=False)
    terms = terms or Terms(operators=frozenset({OPERATOR}))
    async with (
        serving(stage) as url,
        httpx.AsyncClient(base_url=url, timeout=60) as http,
        _harbor(url, clock) as harbor,
    ):
        telegram = stage.state.stage.telegram.state.telegram
        world = _assembled(database, clock, http, telegram, terms, harbor, url, locale)
        async with _running(world):
            yield world


def _harbor(url: str, clock: Clock) -> Harbor:
    return HarborSettings(
        environment="sandbox",
        api_url=f"{url}/harbor",
        accounts_url=f"{url}/harbor",
        client_id="sandbox",
        client_secret="sandbox",
    ).connect(clock=clock.now)


def _assembled(
    database: Database,
    clock: Clock,
    http: httpx.AsyncClient,
    telegram: Any,
    terms: Terms,
    harbor: Harbor,
    url: str,
    locale: str,
) -> Chats:
    lockers, loops = HarborLockers(harbor), dict[str, Loop]()
    towers = Towers(database, lockers, clock)

    def poke(*names: str) -> Callable[[], None]:
        def poke_all() -> None:
            for name in names:
                loops[name].poke()

        return poke_all

    wiring = Wiring(
        database=database,
        clock=clock,
        terms=terms,
        phrases=phrases(),
        poke_outbox=lambda touched: outbox.touch(touched),
        poke_worker=poke("worker", "timekeeper"),
        locale=locale,
    )
    application = build_application(TOKEN, f"{url}/telegram", wiring, build_dialogue())

    async def health() -> Health:
        counts = await database.look(lambda tx: tx.counts())
        return Health(not watcher.away, True, watcher.looked_at, counts.cards_owed)

    watcher = Watcher(database, lockers, clock, terms, poke_outbox=poke("outbox"))
    worker = Worker(
        database, lockers, clock, terms, poke_outbox=poke("outbox"), poke_watcher=poke("watcher")
    )
    sight = Sight(database, towers, clock, terms, health, locale)
    presenter = ChatPresenter(
        database,
        clock,
        terms,
        Screens(sight),
        bot=lambda: str(telegram.bot["username"]),
        locale=locale,
    )
    messenger = TelegramMessenger(application.bot, Pace(clock, overall=None, a_chat=None))
    outbox = Outbox(database, messenger, presenter, clock)
    timekeeper = Timekeeper(database, clock, terms, poke_outbox=poke("outbox"))
    turns = {"worker": worker, "watcher": watcher, "outbox": outbox, "timekeeper": timekeeper}
    loops |= {name: Loop(name, clock, part.turn) for name, part in turns.items()}  # type: ignore[attr-defined]  # each has a `turn`
    worker.poke, outbox.poke = loops["worker"].poke, loops["outbox"].poke
    return Chats(
        database=database,
        clock=clock,
        http=http,
        telegram=telegram,
        terms=terms,
        application=application,
        receiver=Receiver(application, clock),
        lockers=lockers,
        towers=towers,
        worker=worker,
        watcher=watcher,
        timekeeper=timekeeper,
        outbox=outbox,
        loops=loops,
    )


@contextlib.asynccontextmanager
async def _running(world: Chats) -> AsyncIterator[None]:
    await world.towers.load()
    polling = asyncio.create_task(world.receiver.poll())
    turning = [asyncio.create_task(loop.run()) for loop in world.loops.values()]
    try:
        yield
    finally:
        world.receiver.stop()
        for loop in world.loops.values():
            loop.stop()
        await asyncio.gather(polling, *turning)
        await world.worker.settle()
        await world.outbox.settle()
        await world.application.shutdown()
