"""The buttons on a delivery's cards, the questions they ask, and the list of one's parcels."""

from __future__ import annotations

from bot.domain.lifecycle import State
from tests.support.chats import MARKET, Chats
from tests.support.phones import Phone, buttons
from tests.support.sixty import entries, sixty_parcels


async def book(anna: Phone) -> None:
    await anna.press("Send a parcel", MARKET, "Medium", "Send a link", "Reserve")


async def stored(world: Chats, anna: Phone, ben: Phone) -> None:
    """Claimed by Ben, and in the locker."""
    await book(anna)
    await ben.open((await anna.claim())[0])
    await anna.press("Get drop-off code")
    await world.tower.put_in(await anna.code())


async def the_state(world: Chats, anna: Phone) -> State:
    return (await world.deliveries(anna))[0].state


# -- before the parcel is in


async def test_cancel_asks_first_and_back_cancels_nothing(world: Chats, anna: Phone) -> None:
    await book(anna)
    await anna.press("Cancel")
    await anna.sees("Cancel this drop-off?", MARKET)
    await anna.press("Back")
    await anna.loses("Cancel this drop-off?")
    assert await the_state(world, anna) is State.RESERVED


async def test_cancel_gives_the_locker_back(world: Chats, anna: Phone) -> None:
    await book(anna)
    await anna.press("Cancel", "Yes, cancel")
    await world.look()
    await world.turn(400)
    await world.look()
    assert await the_state(world, anna) is State.CANCELLED
    assert len(await anna.cards()) == 1


async def test_a_question_returns_to_what_was_being_done(world: Chats, anna: Phone) -> None:
    await book(anna)
    card = (await anna.messages())[0]
    await anna.press("Menu", "Send a parcel", "Hyde Park")
    await anna.press("Cancel", on=card)
    await anna.press("Back")
    assert await world.state(anna) == "send/size"
    await anna.press("Cancel", on=card)
    await anna.press("Yes, cancel")
    assert await world.state(anna) == "send/size"


async def test_another_size_gives_this_locker_back_and_takes_another(
    world: Chats, anna: Phone
) -> None:
    await book(anna)
    claim = await anna.claim()
    await anna.press("Another size", "Large · ")
    old, new = sorted(await world.deliveries(anna), key=lambda each: each.successor is None)
    assert (new.size, new.state, old.successor) == ("large", State.RESERVED, new.id)
    assert await anna.claim() == claim
    assert len(await anna.cards()) == 1


async def test_it_does_not_fit_offers_sizes_with_their_counts(world: Chats, anna: Phone) -> None:
    await book(anna)
    await anna.press("Get drop-off code", "It doesn't fit")
    await anna.sees("Which size instead?", "The locker you have is given back.")
    assert any(label.startswith("Large · ") for label in await anna.labels())


async def test_more_time_holds_the_locker_longer(world: Chats, anna: Phone) -> None:
    await book(anna)
    before = (await world.deliveries(anna))[0].held_until
    await anna.press("More time")
    after = (await world.deliveries(anna))[0].held_until
    assert before is not None
    assert after is not None
    assert after > before


async def test_no_locker_offers_another_tower_or_size(world: Chats, anna: Phone) -> None:
    await anna.press("Send a parcel", MARKET, "✅ A larger", "Medium", "Send a link")
    await world.tower.take_all("medium")
    await anna.press("Reserve")
    assert await the_state(world, anna) is State.NO_LOCKER
    await anna.press("Try there")
    new = (await world.deliveries(anna))[0]
    assert (new.state, new.tower) != (State.NO_LOCKER, world.tower.id)


async def test_it_did_not_open_walks_through_what_helps_and_ends_at_the_operator(
    world: Chats, anna: Phone
) -> None:
    await book(anna)
    await anna.press("Get drop-off code", "It did not open")
    await anna.sees("within a step or two")
    await anna.press("Still closed")
    await anna.sees("the right app")
    await anna.press("Still closed")
    await anna.sees("new code")
    assert "🔄 New code" in await anna.labels()
    await anna.press("Still closed", "Report this door")
    assert (await world.deliveries(anna))[0].door_reports == 1


async def test_three_reports_of_a_door_tell_the_operators(world: Chats, anna: Phone) -> None:
    olga = await world.phone("Olga", id=9000)
    await olga.open()
    await book(anna)
    await anna.press("Get drop-off code")
    for _report in range(3):
        await anna.press("It did not open", *["Still closed"] * 3, "Report this door")
    await olga.sees("A door has been reported")


# -- while it is in the locker


async def test_taking_back_says_that_a_code_already_shown_may_still_open_the_door(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    await stored(world, anna, ben)
    await anna.press("Take it back")
    assert "may still open" not in await anna.screen()
    await anna.press("Back")
    await ben.press("Get pick-up code")
    await anna.press("Take it back")
    assert "may still open the door until 11:1" in await anna.screen()


async def test_taking_back_asks_first_and_ends_the_recipients_claim(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    await stored(world, anna, ben)
    await anna.press("Take it back", "Yes, take it back", "Get pick-up code")
    await world.tower.take_out(await anna.code())
    assert await the_state(world, anna) is State.COLLECTED


async def test_handing_the_claim_on_makes_a_new_link_and_the_recipient_is_told(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    await stored(world, anna, ben)
    await anna.press("Hand the claim", "Yes, a new link")
    cleo = await world.phone("Cleo")
    await cleo.open((await anna.claim())[0])
    (delivery,) = await world.deliveries(cleo)
    assert delivery.recipient == cleo.id
    await ben.loses("is waiting for you")


async def test_extending_ends_with_words_when_it_was_done_often_enough(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    await stored(world, anna, ben)
    for _extension in range(world.policy.extensions):
        await ben.press("More time")
    delivery = (await world.deliveries(anna))[0]
    assert delivery.extensions == world.policy.extensions
    await ben.forge(f"more:{delivery.id}:{delivery.revision}")
    assert (await ben.toasts())[-1] == "This time can't be extended any further."


async def test_a_problem_reaches_the_operators_in_the_persons_own_words(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    olga = await world.phone("Olga", id=9000)
    await olga.open()
    await stored(world, anna, ben)
    await ben.press("Report a problem")
    await ben.text("<b>The door</b> is bent")
    await ben.sees("Passed on")
    await olga.sees("<b>The door</b> is bent")


async def test_the_history_tells_all_that_happened(world: Chats, anna: Phone, ben: Phone) -> None:
    await stored(world, anna, ben)
    await anna.press("History")
    await anna.sees("What happened", "Locker requested", "code issued", "Recipient confirmed")
    await anna.press("Back")
    await anna.loses("What happened")


async def test_once_collected_both_cards_fold_and_history_unfolds_them(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    await stored(world, anna, ben)
    await ben.press("Get pick-up code")
    await world.tower.take_out(await ben.code())
    for person in (ben, anna):
        card = await person.sees("collected")
        assert card["text"].count(" · ") == 2
        assert "Locker requested" not in card["text"]
        await person.press("History")
        told = await person.sees("What happened")
        assert told["text"].count(" · ") == 7
        await person.press("Back")
        await person.loses("What happened")


# -- buttons that are old, forged, or somebody else's


async def test_an_outdated_button_changes_nothing_and_the_card_comes_up_to_date(
    world: Chats, anna: Phone
) -> None:
    await book(anna)
    delivery = (await world.deliveries(anna))[0]
    await anna.press("More time")
    now = (await world.deliveries(anna))[0]
    await anna.forge(f"drop_ok:{delivery.id}:{delivery.revision}")
    assert (await world.deliveries(anna))[0] == now
    assert "has changed in the meantime" in (await anna.toasts())[-1]


async def test_somebody_elses_delivery_is_not_to_be_touched(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    await book(anna)
    delivery = (await world.deliveries(anna))[0]
    await ben.open()
    for verb in ("din", "drop_ok", "back_ok", "hand_ok", "more", "log", "help", "door", "look"):
        await ben.forge(f"{verb}:{delivery.id}:{delivery.revision}")
        assert await ben.cards() != []
        assert all("Locker" not in card for card in await ben.cards())
    assert (await world.deliveries(anna))[0] == delivery


async def test_the_recipient_can_not_act_as_the_sender(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    await book(anna)
    await ben.open((await anna.claim())[0])
    delivery = (await world.deliveries(anna))[0]
    for verb in ("drop_ok", "din", "more"):
        await ben.forge(f"{verb}:{delivery.id}:{delivery.revision}")
    assert (await world.deliveries(anna))[0] == delivery
    await anna.press("Get drop-off code")
    await world.tower.put_in(await anna.code())
    delivery = (await world.deliveries(anna))[0]
    for verb in ("back_ok", "drop_ok", "size", "din"):
        await ben.forge(f"{verb}:{delivery.id}:{delivery.revision}")
    assert (await world.deliveries(anna))[0] == delivery


# -- the list


async def test_parcels_under_way_come_first_then_history_page_by_page(
    world: Chats, anna: Phone
) -> None:
    for _parcel in range(7):
        await anna.press("Send a parcel", MARKET, "Small", "Myself", "Reserve", "Cancel")
        await anna.press("Yes, cancel", "Menu")
    await world.turn(5)  # the latest change comes first
    await anna.press("Send a parcel", MARKET, "Medium", "Myself", "Reserve")
    await anna.text("/parcels")
    first = await anna.labels()
    assert "locker reserved" in first[0]
    await anna.press("▶")
    assert await anna.labels() != first
    await anna.press("◀")
    assert await anna.labels() == first


async def test_tapping_a_parcel_sends_its_card_below_everything_else(
    world: Chats, anna: Phone
) -> None:
    await book(anna)
    await anna.text("/parcels")
    await anna.press("locker reserved")
    message = (await anna.messages())[-1]
    assert any(button["text"] == "Get drop-off code" for button in buttons(message))


async def test_an_entry_whose_parcel_went_on_elsewhere_shows_the_newest_card(
    world: Chats, anna: Phone
) -> None:
    await book(anna)
    old = (await world.deliveries(anna))[0]
    await anna.text("/parcels")
    await anna.press("locker reserved")
    await anna.press("Another size", "Large · ")
    [new] = [each for each in await world.deliveries(anna) if each.id != old.id]
    await anna.text("/parcels")
    await anna.forge(f"card:{old.id}:{old.revision}")
    message = (await anna.messages())[-1]
    data = [button.get("callback_data", "") for button in buttons(message)]
    assert f"din:{new.id}:{new.revision}" in data


async def test_sixty_parcels_are_all_listed(world: Chats, anna: Phone, ben: Phone) -> None:
    await ben.open()
    await sixty_parcels(world, ben.id, anna.id, State.COLLECTED)
    await sixty_parcels(world, anna.id, ben.id, State.STORED)
    await anna.text("/parcels")
    await anna.sees("60 under way")
    assert await entries(anna, "· in the locker") + await entries(anna, "· collected") >= 60
    assert await entries(anna, "collected") > 0, "what has ended follows what is under way"


async def test_it_does_not_fit_where_the_door_was_closed_on_nothing_gives_a_code_and_a_locker(
    world: Chats, anna: Phone, ben: Phone
) -> None:
    await stored(world, anna, ben)
    old = (await world.deliveries(anna))[0]
    await anna.forge(f"size:{old.id}:{old.revision}:large")
    by_id = {delivery.id: delivery for delivery in await world.deliveries(anna)}
    new = by_id[by_id[old.id].successor or old.id]
    assert (new.size, new.state, new.recipient) == ("large", State.RESERVED, ben.id)
    await world.tower.take_out(await anna.code())
    by_id = {delivery.id: delivery for delivery in await world.deliveries(anna)}
    assert by_id[old.id].state is State.COLLECTED


async def test_who_has_no_parcels_is_invited_to_send_one(world: Chats, anna: Phone) -> None:
    await anna.press("My parcels", "Send a parcel")
    assert await world.state(anna) == "send/tower"
