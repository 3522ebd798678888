"""People who send and collect parcels, in the words of a story: see `test_story`."""

from __future__ import annotations

import io
from dataclasses import dataclass

import zxingcpp
from PIL import Image

from tests.support.chats import OPERATOR, Chats
from tests.support.phones import AtTower, Phone

QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)


@dataclass
class Somebody:
    """A person with a phone; `tapped` counts the buttons since they last pressed START."""

    phone: Phone
    tapped: int = 0

    async def opens_the_bot(self, link: str | None = None) -> None:
        await self.phone.open(link)
        self.tapped = 0

    async def taps(self, *labels: str) -> None:
        for label in labels:
            self.tapped += 1
            await self.phone.press(label)

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

    async def holds_the_code_to_the_tower(self) -> int:
        """The phone shows a QR symbol, the tower reads it and opens a door: which."""
        return await self._tower.hold(await self.scanned())

    async def puts_the_parcel_in(self) -> None:
        door = await self.holds_the_code_to_the_tower()
        await self._tower.at_door(door, "put-in", {"parcel": "a parcel"})
        await self._tower.at_door(door, "close")

    async def takes_the_parcel_out(self) -> None:
        door = await self.holds_the_code_to_the_tower()
        await self._tower.at_door(door, "take-out")
        await self._tower.at_door(door, "close")

    async def scanned(self) -> str:
        """What a scanner reads from the latest picture on their phone."""
        message = await self.phone.sees("HARBOR://OPEN/")
        picture = await self.phone.world.http.get(f"/telegram{message['photo_url']}")
        [symbol] = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture.content)), formats=QR)
        return str(symbol.text)

    async def rings(self) -> int:
        return await self.phone.rings()

    @property
    def _tower(self) -> AtTower:
        return self.phone.world.tower


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
