"""People who send and collect parcels, in the words of a story: see `test_story`."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass

import zxingcpp
from PIL import Image

from bot.domain.ids import TowerId
from tests.support.chats import OPERATOR, Chats
from tests.support.phones import TOWER, AtTower, Phone, said

QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)


@dataclass
class Somebody:
    """A person with a phone, and a tower to go to; `tapped` counts the buttons since they last
    pressed START."""

    phone: Phone
    tapped: int = 0
    tower: TowerId = TOWER

    async def opens_the_bot(self, link: str | None = None) -> None:
        await self.phone.open(link)
        self.tapped = 0

    async def taps(self, *labels: str) -> None:
        for label in labels:
            self.tapped += 1
            await self.phone.press(label)

    async def picks(self, other: Somebody) -> None:
        """They answer Telegram's picker."""
        await self.phone.pick(other.phone)

    async def says(self, words: str) -> None:
        await self.phone.text(words)

    async def sees(self, *words: str) -> None:
        await self.phone.sees(*words)

    async def no_longer_sees(self, *words: str) -> None:
        await self.phone.loses(*words)

    async def reads_the_link(self) -> str:
        """What they would forward."""
        link, _ = await self.phone.claim()
        return link

    async def opens_the_door_by_app(self) -> int:
        """Another phone's app scans the QR symbol and opens a door with the token: which."""
        return await self._tower.hold(await self.scanned())

    async def puts_the_parcel_in(self) -> None:
        await self.puts_it_in_behind(await self.opens_the_door_by_app())

    async def takes_the_parcel_out(self) -> None:
        await self.takes_it_from_behind(await self.opens_the_door_by_app())

    async def opens_the_door_by_link(self, link: str | None = None) -> int:
        """They tap the button of the latest message that has one: which door opens."""
        return await self._tower.hold(link or await self.phone.link())

    async def types_the_digits(self) -> int:
        """They type what stands beside the link on the tower's keypad: which door opens."""
        message = await self.phone.sees("keypad")
        found = re.search(r"keypad[^:]*: (\d+)", said(message))
        assert found is not None
        return await self._tower.type(found[1])

    async def puts_it_in_behind(self, door: int) -> None:
        await self._tower.at_door(door, "put-in", {"parcel": "a parcel"})
        await self._tower.at_door(door, "close")

    async def takes_it_from_behind(self, door: int) -> None:
        await self._tower.at_door(door, "take-out")
        await self._tower.at_door(door, "close")

    async def scanned(self) -> str:
        """What an app reads from the latest picture on their phone."""
        message = await self.phone.sees("HARBOR://OPEN/")
        picture = await self.phone.world.http.get(f"/telegram{message['photo_url']}")
        [symbol] = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture.content)), formats=QR)
        return str(symbol.text)

    async def rings(self) -> int:
        return await self.phone.rings()

    @property
    def _tower(self) -> AtTower:
        return AtTower(self.phone.world, self.tower)


@dataclass
class Town:
    """The people, a tower at the market, and what goes on behind the scenes."""

    world: Chats

    async def people(self, *names: str) -> list[Somebody]:
        return [Somebody(await self.world.phone(name)) for name in names]

    async def operator(self, name: str) -> Somebody:
        """The one who looks after what is stuck."""
        return Somebody(await self.world.phone(name, id=OPERATOR))

    async def a_few_seconds_pass(self) -> None:
        await self.world.turn(6)
        await self.world.look()

    async def minutes_pass(self, minutes: float) -> None:
        await self.world.turn(minutes * 60)

    async def nobody_syncs_the_tower(self) -> None:
        answer = await self.world.http.put("/harbor/sandbox/sync", json={"automatic": False})
        answer.raise_for_status()

    async def somebody_syncs_the_tower(self) -> None:
        tower = self.world.tower.id
        (await self.world.http.post(f"/harbor/sandbox/towers/{tower}/sync")).raise_for_status()

    async def lockers_that_are_ours(self) -> int:
        return len(await self.world.lockers.assigned())
