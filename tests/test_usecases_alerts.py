"""How alerts begin, change and end, and which operators see it, aloud or not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.domain.alerts import Alert, door_reported, guessing, problem_reported
from bot.domain.card import alert_subject, photo_subject
from bot.domain.ids import DeliveryId
from bot.domain.lifecycle import State
from bot.usecases.alerts import amend_alert, end_alert, end_what_has_run_out, raise_alert
from tests.support.desk import ANNA, BEN, NOW, OLGA, OTTO, Desk, one

LATER = NOW + timedelta(minutes=5)
GUESSED = guessing(NOW, ANNA.id, "anna")
CARDS = {f"{who} {alert_subject(GUESSED.key)}" for who in ("Olga", "Otto")}
ALOUD = {f"{card} rings" for card in CARDS}


async def raised(desk: Desk, alert: Alert = GUESSED) -> bool:
    news: bool = await desk.database.run(lambda tx: raise_alert(tx, alert, desk.policy))
    return news


async def over(desk: Desk, key: str = GUESSED.key) -> bool:
    stood: bool = await desk.database.run(lambda tx: end_alert(tx, key, desk.policy, now=LATER))
    return stood


async def amended(desk: Desk, key: str = GUESSED.key, **changes: Any) -> None:
    await desk.database.run(lambda tx: amend_alert(tx, key, desk.policy, now=LATER, **changes))


async def test_an_alert_is_news_once_and_so_is_its_end(desk: Desk) -> None:
    await desk.keep(one(State.COLLECTED))
    assert await raised(desk)
    assert await desk.owed() == ALOUD
    await desk.shown()
    assert not await raised(desk)
    assert await desk.owed() == set()
    assert await over(desk)
    assert await desk.owed() == ALOUD
    await desk.shown()
    assert not await over(desk)
    assert not await over(desk, "nothing")
    assert await desk.owed() == set()
    assert await raised(desk), "it begins anew"


async def test_a_change_of_an_alert_shows_in_silence_unless_it_is_to_ring(desk: Desk) -> None:
    await desk.keep(one(State.COLLECTED))
    await raised(desk)
    await desk.shown()
    await amended(desk, owner=OLGA.id)
    assert await desk.owed() == CARDS
    assert (await desk.look(lambda tx: tx.alert(GUESSED.key))).owner == OLGA.id
    await desk.shown()
    await amended(desk, owner=OLGA.id)
    assert await desk.owed() == set(), "nothing has changed"
    await amended(desk, owner=OTTO.id, ring=True)
    assert await desk.owed() == ALOUD


async def test_an_alert_that_does_not_stand_is_not_changed(desk: Desk) -> None:
    await desk.keep(one(State.COLLECTED))
    await amended(desk, owner=OLGA.id)
    assert await desk.look(lambda tx: tx.alert(GUESSED.key)) is None
    await raised(desk)
    await over(desk)
    ended = await desk.look(lambda tx: tx.alert(GUESSED.key))
    await desk.shown()
    await amended(desk, owner=OLGA.id)
    assert await desk.look(lambda tx: tx.alert(GUESSED.key)) == ended
    assert await desk.owed() == set()


async def test_a_problem_is_a_parcels_no_longer_once_its_own_alert_has_run_out(desk: Desk) -> None:
    kept = await desk.keep(one(State.COLLECTED), problem_reported=True)
    gone = replace(kept, id=DeliveryId("gone"))
    about = (door_reported(NOW, kept), problem_reported(NOW, gone, BEN.id, "stuck"))
    for alert in about:
        await raised(desk, replace(alert, ends_at=NOW))

    async def run_out() -> bool:
        await desk.database.run(lambda tx: end_what_has_run_out(tx, desk.policy, now=NOW))
        assert await desk.alerts() == []
        return (await desk.now_of(kept)).problem_reported

    await desk.database.run(lambda tx: tx.mark(OLGA.id, photo_subject(kept.id), now=NOW))
    await desk.shown()
    assert await run_out(), "these were about a door, and of another parcel"
    assert "Olga photo:a" not in await desk.owed()
    await raised(desk, replace(problem_reported(NOW, kept, BEN.id, "stuck"), ends_at=NOW))
    assert not await run_out()
    assert "Olga photo:a" in await desk.owed(), "what operators were shown for it goes"
