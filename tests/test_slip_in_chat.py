"""The slip in the sender's chat: asked for, put into another language, gone with its claim."""

from __future__ import annotations

from tests.support.chats import MARKET, Chats
from tests.support.phones import Message, Phone, said

SLIP = "To collect it, open this link"


async def booked(world: Chats) -> Phone:
    """Anna, with a locker and a claim to forward."""
    anna = await world.phone("Anna")
    await anna.open()
    await anna.press("Send a parcel", MARKET, "Medium", "Send a link", "Reserve")
    return anna


async def slip_of(phone: Phone) -> Message:
    return await phone.sees(SLIP)


async def test_the_slip_comes_below_as_a_picture_and_again_wherever_it_is_asked_for(
    world: Chats,
) -> None:
    anna = await booked(world)
    await anna.press("Pick-up slip")
    first = await slip_of(anna)
    assert "tap the text" in (await anna.toasts())[-1]
    assert not first["protected"]
    assert (await anna.messages())[-1]["message_id"] == first["message_id"]
    await anna.press("Get drop-off code")
    await anna.press("Pick-up slip")
    again = await slip_of(anna)
    assert (await anna.messages())[-1]["message_id"] == again["message_id"] != first["message_id"]
    await anna.press("Pick-up slip")
    assert sum(SLIP in text for text in await anna.cards()) == 1


async def test_another_language_is_put_into_the_same_message(world: Chats) -> None:
    anna = await booked(world)
    await anna.press("Pick-up slip")
    english = await slip_of(anna)
    for language, told in (
        ("Deutsch", "Zum Abholen öffne"),
        ("Deutsch", "Zum Abholen"),
        ("English", SLIP),
    ):
        await anna.press(language)
        assert (await anna.sees(told))["message_id"] == english["message_id"]
    await anna.press("Polski")
    await anna.press("Pick-up slip")
    await anna.sees("Żeby ją odebrać")
    assert not any(SLIP in text for text in await anna.cards()), "it stays in the language chosen"


async def test_a_language_that_nobody_speaks_is_taken_for_none(world: Chats) -> None:
    anna = await booked(world)
    await anna.press("Pick-up slip")
    delivery = (await world.deliveries(anna))[0]
    await anna.forge(f"slip:{delivery.id}:1:xx")
    await slip_of(anna)


async def test_it_goes_once_somebody_has_claimed_the_parcel(world: Chats) -> None:
    anna, ben = await booked(world), await world.phone("Ben")
    await anna.press("Pick-up slip")
    old = await slip_of(anna)
    await ben.open((await anna.claim())[0])
    await anna.loses(SLIP)
    await anna.forge(f"slip:{(await world.deliveries(anna))[0].id}:1", on=old)
    assert not any(SLIP in text for text in await anna.cards())


async def test_it_says_the_door_and_the_deadline_once_the_parcel_is_in(world: Chats) -> None:
    anna = await booked(world)
    await anna.press("Pick-up slip")
    before = await slip_of(anna)
    assert "Locker:" not in said(before)
    await anna.press("Get drop-off code")
    await world.tower.put_in(await anna.code())
    after = await anna.sees(SLIP, "Locker:", "Collect by:")
    assert after["message_id"] == before["message_id"]


async def test_it_carries_the_new_claim_once_the_old_one_is_revoked(world: Chats) -> None:
    anna = await booked(world)
    await anna.press("Get drop-off code")
    await world.tower.put_in(await anna.code())
    await anna.press("Pick-up slip")
    link, code = await anna.claim()
    await anna.press("Hand the claim to somebody else", "Yes, a new link")
    await anna.loses(code)
    text = said(await slip_of(anna))
    assert "?start=c_" in text
    assert link not in text


async def test_it_goes_on_to_the_locker_of_another_size(world: Chats) -> None:
    anna = await booked(world)
    await anna.press("Pick-up slip")
    await anna.press("Deutsch")
    slip = await anna.sees("Zum Abholen öffne")
    await anna.press("Another size")
    await anna.press("Large")
    await world.look()
    still = await anna.sees("Zum Abholen öffne")
    assert still["message_id"] == slip["message_id"]
    assert (await anna.claim())[1] in said(still)


async def test_who_hands_the_parcel_on_has_a_slip_too(world: Chats) -> None:
    anna, ben = await booked(world), await world.phone("Ben")
    await ben.open((await anna.claim())[0])
    await ben.press("Let somebody else collect", "Yes, a new link", "Pick-up slip")
    assert (await ben.claim())[1] in said(await slip_of(ben))
    assert not any(SLIP in text for text in await anna.cards()), "nobody asked for hers"


async def test_in_another_language_of_ones_own_its_buttons_change_and_its_words_too(
    world: Chats,
) -> None:
    anna = await booked(world)
    await anna.press("Pick-up slip")
    await anna.text("/settings")
    await anna.press("Language")
    await anna.press("Español")
    assert "Copiar enlace" in await anna.labels(await anna.sees("Para recogerlo"))
