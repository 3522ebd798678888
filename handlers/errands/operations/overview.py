"""`/ops`: how the bot is doing, what is stuck, and which doors were reported.

Guarantees: for operators alone; whoever else gets there, by a forged button or because they no
longer are one, is shown the menu. What can be done about it all is in `deliveries`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, timedelta

from telegram import Update

from bot.domain.actions import Action
from bot.domain.alerts import AlertAction, AlertKind
from bot.domain.delivery import Delivery
from bot.domain.lifecycle import LIVE, State
from bot.domain.message import Button, Message, press, press_on
from bot.domain.person import Draft
from bot.domain.tower import LockerStatus, Tower
from handlers.conversation.context import Context
from handlers.conversation.navigation import MENU, start
from handlers.conversation.questions import Row, Screen
from wording.delivery_state import state_said
from wording.sanitize import esc, plain

OVERVIEW, TOWERS, STUCK, ORPHANS, DOORS = (
    "ops/ops",
    "ops/towers",
    "ops/stuck",
    "ops/orphans",
    "ops/doors",
)
TO_TOWERS, TO_STUCK, TO_ORPHANS, TO_DOORS = "towers", "stuck", "orphans", "doors"
PATIENCE = timedelta(minutes=10)
"""How long a delivery may stay where it is only passing through."""
_PASSING = (State.REQUESTED, State.RELEASING)
_MOST = 60


# -- steps


async def began(update: Update, context: Context) -> Draft:
    """The overview, for operators; the menu for anybody else."""
    operates = context.person.id in context.wiring.policy.operators
    return start(context.draft, OVERVIEW if operates else MENU)


async def to_towers(update: Update, context: Context) -> Draft:
    """Free and held lockers, tower by tower."""
    return start(context.draft, TOWERS)


async def to_stuck(update: Update, context: Context) -> Draft:
    """Deliveries that don't move."""
    return start(context.draft, STUCK)


async def to_orphans(update: Update, context: Context) -> Draft:
    """Lockers that are ours at Harbor and unknown here."""
    return start(context.draft, ORPHANS)


async def to_doors(update: Update, context: Context) -> Draft:
    """Doors that were reported as not opening."""
    return start(context.draft, DOORS)


def is_stuck(delivery: Delivery, now: datetime) -> bool:
    """Whether somebody should look at this live delivery: in trouble, overdue, a door reported, or
    for too long in a state that it should only pass through."""
    if delivery.trouble or delivery.overdue_at or delivery.door_reports:
        return True
    since = delivery.held_until if delivery.state not in _PASSING else delivery.changed_at
    return delivery.state is not State.STORED and since is not None and now - since > PATIENCE


# -- prompts


async def overview_prompt(screen: Screen) -> Message:
    """Health, and how many of each kind wait for somebody."""
    words, health = screen.words, await screen.sight.health()
    _ = words._
    live = await screen.sight.database.look(lambda tx: tx.deliveries_at_harbor())
    alerts = await screen.sight.database.look(lambda tx: tx.alerts())
    stuck = sum(is_stuck(delivery, screen.now) for delivery in live)
    orphans = sum(alert.kind is AlertKind.ORPHAN for alert in alerts)
    doors = sum(delivery.door_reports > 0 for delivery in live)
    if health.looked_at is None:
        lag = _("👁 Lockers not checked yet")
    else:
        lag = _("👁 Lockers checked {span} ago", span=words.span(screen.now - health.looked_at))
    lines = [
        _("🛠 <b>Operations</b>"),
        _("✅ Harbor answers") if health.harbor else _("🔌 Harbor can't be reached"),
        _("✅ Database answers") if health.database else _("❌ Database does not answer"),
        lag,
        _("✉️ Messages waiting: {count}", count=health.cards_owed),
        _("📦 Deliveries under way: {count}", count=len(live)),
    ]
    return screen.view(
        "\n".join(lines),
        (Button(_("🏢 Towers"), press(TO_TOWERS)),),
        (Button(_("🐌 Stuck deliveries ({count})", count=stuck), press(TO_STUCK)),),
        (Button(_("🧩 Orphan lockers ({count})", count=orphans), press(TO_ORPHANS)),),
        (Button(_("🚪 Doors reported ({count})", count=doors), press(TO_DOORS)),),
    )


async def towers_prompt(screen: Screen) -> Message:
    """A page of towers with what is free there and what we hold."""
    _ = screen.words._
    reading = await screen.sight.towers.all()
    live = await screen.sight.database.look(lambda tx: tx.deliveries_at_harbor())
    held = Counter(delivery.tower for delivery in live if delivery.locker is not None)
    page, entries, more = screen.page_of(sorted(reading.value, key=lambda tower: tower.name))
    lines = await asyncio.gather(*(_tower_line(screen, x, held[x.id]) for x in entries))
    title = _("🏢 <b>Towers</b>")
    return screen.view("\n".join([title, *lines]), screen.pages(page, more))


async def _tower_line(screen: Screen, tower: Tower, held: int) -> str:
    words, free = screen.words, await screen.sight.towers.free(tower.id)
    counts = ", ".join(f"{words.size(size)} {count}" for size, count in free.value.items())
    return words._(
        "📍 <b>{tower}</b>\nfree: {counts} · held by us: {held}",
        tower=esc(tower.name),
        counts=counts or "?",
        held=held,
    )


async def stuck_prompt(screen: Screen) -> Message:
    """The longest stuck first."""
    live = await screen.sight.database.look(lambda tx: tx.deliveries_at_harbor())
    stuck = [delivery for delivery in live if is_stuck(delivery, screen.now)]
    stuck.sort(key=lambda delivery: delivery.changed_at or screen.now)
    return await _deliveries(screen, screen.words._("🐌 <b>Stuck deliveries</b>"), stuck)


async def doors_prompt(screen: Screen) -> Message:
    """Live deliveries whose door was reported, the most often reported first."""
    found = await screen.sight.database.look(lambda tx: tx.doors_reported(_MOST))
    found.sort(key=lambda delivery: -delivery.door_reports)
    return await _deliveries(screen, screen.words._("🚪 <b>Doors reported</b>"), found)


async def _deliveries(screen: Screen, title: str, found: list[Delivery]) -> Message:
    page, entries, more = screen.page_of(found)
    rows: list[Row] = []
    for delivery in entries:
        tower = await screen.sight.towers.one(delivery.tower)
        parts = (
            plain(tower.name if tower else delivery.tower, 24),
            plain(delivery.locker_name, 8),
            state_said(screen.words, delivery.state) if delivery.state in LIVE else "",
            f"🚪{delivery.door_reports}" if delivery.door_reports else "",
        )
        label = " · ".join(filter(None, parts))
        rows.append((Button(label, press_on(Action.LOOK, delivery)),))
    lines = [title] if entries else [title, screen.words._("None at the moment.")]
    return screen.view("\n".join(lines), *rows, screen.pages(page, more))


async def orphans_prompt(screen: Screen) -> Message:
    """A button for each, to give it back."""
    _ = screen.words._
    alerts = await screen.sight.database.look(lambda tx: tx.alerts())
    orphans = [alert for alert in alerts if alert.kind is AlertKind.ORPHAN]
    page, entries, more = screen.page_of(orphans)
    lines, rows = [_("🧩 <b>Orphan lockers</b>")], list[Row]()
    for alert in entries:
        towers = (await screen.sight.towers.all()).value
        tower = next((tower for tower in towers if tower.id == alert.tower), None)
        locker = plain(alert.locker_name, 12) or str(alert.locker)
        text = f"{plain(tower.name if tower else alert.tower, 24)} · {locker}"
        full = alert.status is LockerStatus.OCCUPIED
        act = AlertAction.EMPTY_ORPHAN if full else AlertAction.RELEASE_ORPHAN
        if alert.release:
            lines.append(_("• {locker}: being released", locker=esc(text, 60)))
        else:
            label = f"📦 {text}" if full else text
            rows.append((Button(label, press(act, f"{alert.tower}.{alert.locker}")),))
    lines.append(
        _("Harbor says they are ours, but no delivery here uses them.")
        if orphans
        else _("None at the moment.")
    )
    return screen.view("\n".join(lines), *rows, screen.pages(page, more))
