"""The audit after all kills: what it finds wrong in a chat, and what it lets pass."""

from __future__ import annotations

from dataclasses import replace

from crash.audit import Chats as Audit
from crash.audit import lasting
from tests.support.chats import MARKET, Chats
from tests.support.phones import Phone


async def speaks(world: Chats, phone: Phone, language: str) -> None:
    """From the database alone: nothing is told anew."""
    person = await world.person(phone)
    assert person is not None
    changed = replace(person, language=language)
    await world.database.run(lambda tx: tx.save_person(changed))


async def found(world: Chats, phone: Phone) -> list[str]:
    audit = Audit(world.http, world.database, world.lockers, "", world.clock)
    cards = await world.database.look(lambda tx: tx.cards_of(phone.id))
    claims = [(phone.id, card.subject, card.message) for card in cards if card.message is not None]
    return await audit.tell_the_truth([phone.id], claims)


async def test_a_card_in_another_language_is_a_fault_until_the_delivery_is_over(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    for label in ("Send a parcel", MARKET, "Medium", "Send a link", "Reserve"):
        await anna.press(label)
    link, _ = await anna.claim()
    await ben.open(link)
    await world.quiet()
    assert await found(world, ben) == []
    await speaks(world, ben, "de")
    assert any("a delivery card shows" in fault for fault in await found(world, ben))
    await speaks(world, ben, "en")
    await anna.press("Cancel")
    await anna.press("Yes")
    await world.turn(5)
    await world.look()
    assert await found(world, ben) == []
    await speaks(world, ben, "de")
    assert [fault for fault in await found(world, ben) if "delivery card" in fault] == []


def test_that_a_tower_has_opened_or_closed_since_is_no_fault() -> None:
    closed, opened = "📍 Here\n🕘 Closed until 9:00 AM\n\n⏳ Soon", "📍 Here\n\n⏳ Soon"
    assert lasting(closed) == lasting(opened)
    assert lasting(closed) != lasting(closed.replace("Here", "There"))
