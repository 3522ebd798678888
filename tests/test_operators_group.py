"""The operators' group: alerts without anybody's name or words, and no rights by being in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from bot.domain.alerts import AlertKind
from bot.domain.ids import PersonId
from bot.domain.lifecycle import State
from bot.domain.policy import Policy
from bot.ports.database import Database
from tests.support.cards_to_read import ALERTS, THE_CHAT
from tests.support.chats import MARKET, OPERATOR, Chats, chats
from tests.support.phones import Phone, buttons, said
from tests.support.project import AlertSituation, Concern, group_alert
from tests.support.scenes import ANNA, BEN, NOW, TOWER
from tests.support.scenes import a_delivery as delivered
from wording.language import LANGUAGES, speak

GROUP = -5001
"""The id of the first group that is made."""


@dataclass
class Group:
    """What is seen in the group, and pressed there."""

    world: Chats

    async def messages(self) -> list[dict[str, Any]]:
        answer = await self.world.http.get(f"/telegram/sandbox/groups/{GROUP}/chat")
        return [each for each in answer.json()["messages"] if not each["outgoing"]]

    async def sees(self, words: str) -> dict[str, Any]:
        await self.world.quiet()
        found = [each for each in await self.messages() if words in said(each)]
        assert found, [said(each) for each in await self.messages()]
        return found[-1]

    async def press(self, who: Phone, on: dict[str, Any], label: str) -> None:
        data = next(each["callback_data"] for each in buttons(on) if label == each["text"])
        body = {"person": who.id, "message_id": on["message_id"], "data": data}
        answer = await self.world.http.post(f"/telegram/sandbox/groups/{GROUP}/press", json=body)
        assert answer.is_success, answer.text
        await self.world.quiet()


@pytest.fixture
async def world(sqlite_database: Database) -> AsyncIterator[Chats]:
    policy = Policy(operators=frozenset({OPERATOR}), operator_group=PersonId(GROUP))
    async with chats(sqlite_database, policy=policy) as world:
        made = await world.http.post("/telegram/sandbox/groups", json={"title": "Operators"})
        assert made.json()["id"] == GROUP
        yield world


@pytest.fixture
def group(world: Chats) -> Group:
    return Group(world)


async def trouble(world: Chats, anna: Phone) -> tuple[str, str]:
    """Anna reports a problem; her claim's link and code."""
    await anna.text("/send")
    await anna.press(MARKET, "Medium", "Send a link", "Reserve")
    (delivery,) = await world.deliveries(anna)
    link, code = await anna.claim()
    await anna.forge(f"help:{delivery.id}:1")
    await anna.text("My name is Anna and it smells")
    return link, code


async def test_an_alert_in_the_group_tells_what_and_where_and_leads_to_the_private_chat(
    world: Chats, group: Group, anna: Phone
) -> None:
    link, code = await trouble(world, anna)
    olga = await world.phone("Olga", id=OPERATOR)
    await olga.open()
    shown = await group.sees("Somebody reports a problem")
    assert MARKET in said(shown)
    for private in ("Anna", "smells", link, code, str(anna.id)):
        assert private not in str(await group.messages())
    (url,) = [each["url"] for each in buttons(shown) if "url" in each]
    await olga.open(url)
    await olga.sees("Locker requested", "Anna: “My name is Anna and it smells”")
    cleo = await world.phone("Cleo")
    await cleo.open(url)
    await cleo.sees("What would you like to do?")


async def test_a_button_in_the_group_counts_by_who_presses_it(
    world: Chats, group: Group, anna: Phone
) -> None:
    await trouble(world, anna)
    olga = await world.phone("Olga", id=OPERATOR)
    await olga.open()
    shown = await group.sees("Somebody reports a problem")
    await group.press(anna, shown, "Seen")
    (alert,) = await world.database.look(lambda tx: tx.alerts())
    assert alert.seen_at is None
    await group.press(olga, shown, "Seen")
    (alert,) = await world.database.look(lambda tx: tx.alerts())
    assert alert.seen_by == olga.id
    seen = await group.sees("👁 Seen")
    assert "Olga" not in said(seen)
    await olga.sees("Seen by Olga")


async def test_whoever_writes_in_the_group_is_no_operator_and_nothing_is_said(
    world: Chats, group: Group, anna: Phone
) -> None:
    await trouble(world, anna)
    before = await group.messages()
    body = {"person": anna.id, "text": "/ops Anna"}
    await world.http.post(f"/telegram/sandbox/groups/{GROUP}/text", json=body)
    await world.quiet()
    answered = [each for each in await group.messages() if each not in before]
    assert all("/ops" in said(each) for each in answered), answered


@pytest.mark.parametrize(("name", "alert"), ALERTS)
def test_no_alert_in_the_group_holds_a_name_words_or_an_id_of_a_person(
    name: str, alert: Any
) -> None:
    hostile = replace(ANNA, name="Annabel"), replace(BEN, name="Benedict")
    detail = {**alert.detail, "text": "words of somebody"}

    situation = AlertSituation(
        replace(alert, detail=detail, person=PersonId(424242)),
        NOW,
        delivery=delivered(State.STORED) if alert.delivery else None,
        tower=TOWER,
        sender=hostile[0],
        seen_by=hostile[1],
    )
    for cleared in (None, NOW):
        told = replace(situation, alert=replace(situation.alert, cleared_at=cleared, seen_at=NOW))
        for language in LANGUAGES:
            shown = group_alert(Concern(told, speak(language)), THE_CHAT)
            for private in ("Annabel", "Benedict", "words of somebody", "424242"):
                assert private not in str((shown.html, shown.buttons)), (name, language)


def test_every_kind_of_alert_is_among_those_that_are_looked_at() -> None:
    assert {alert.kind for _, alert in ALERTS} == set(AlertKind)
