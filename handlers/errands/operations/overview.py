"""`/ops`: how the bot is doing, and how many of each kind wait for somebody.

Guarantees: for operators alone; whoever else gets there, by a forged button or because they no
longer are one, is shown the menu. What can be done about it all is in `deliveries`.
"""

from __future__ import annotations

import asyncio
from collections import Counter

from telegram import Update

from bot.domain.alert_buttons import AlertAction, door_to_arg
from bot.domain.alerts import Alert, AlertKind
from bot.domain.card import SCREEN, Card
from bot.domain.delivery import Delivery
from bot.domain.ids import TowerId
from bot.domain.message import Button, Message, press
from bot.domain.oversight import Stale, is_stale, is_stuck
from bot.domain.person import Draft
from bot.domain.tower import LockerStatus, Tower
from bot.ports.database import Transaction
from bot.usecases.oversight import deliveries_at_harbor, standing_alerts
from handlers.conversation.context import Context
from handlers.conversation.navigation import MENU, start
from handlers.conversation.questions import Row, Screen
from handlers.errands.operations.closing import left_out_said
from handlers.errands.operations.figures import TO_FIGURES
from handlers.errands.operations.find import TO_FIND, looked_for
from handlers.errands.operations.lists import DOORS, STUCK
from handlers.errands.operations.problems import TO_PROBLEMS
from handlers.errands.operations.stale import TO_STALE
from handlers.errands.operations.take import TO_TAKE
from handlers.errands.operations.tower import OPEN
from wording.cards.orphan import in_vain, why_not_released
from wording.moments import ticking
from wording.sanitize import esc, plain
from wording.tower_names import LONGEST, SHORT, esc_tower, told_apart

OVERVIEW, TOWERS, ORPHANS = "ops/ops", "ops/towers", "ops/orphans"
TO_TOWERS, TO_STUCK, TO_ORPHANS, TO_DOORS = "towers", "stuck", "orphans", "doors"
_ORPHAN = LONGEST + 20
"""Signs of an orphan's tower and door."""

# -- steps


async def began(update: Update, context: Context) -> Draft:
    """The overview, for operators; the menu for anybody else. What stands behind the command is
    looked for."""
    if not context.wiring.policy.operates(context.person.id):
        return start(context.draft, MENU)
    sought = " ".join(context.args or ())
    return await looked_for(context, sought) if sought else start(context.draft, OVERVIEW)


async def followed_link(update: Update, context: Context) -> Draft:
    """`/start ops…`: a link in the operators' group, to a delivery or to the overview."""
    payload = (context.args or [""])[0]
    if not context.wiring.policy.operates(context.person.id):
        return start(context.draft, MENU)
    _, _, delivery = payload.partition("_")
    return await looked_for(context, delivery) if delivery else start(context.draft, OVERVIEW)


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


# -- prompts


async def overview_prompt(screen: Screen) -> Message:
    """Health, for whoever looks after all towers; and how many of each kind wait for somebody."""
    me, policy = screen.person.id, screen.sight.policy
    _ = screen.words._

    async def look(tx: Transaction) -> tuple[list[Delivery], list[Alert], Card | None]:
        live = await deliveries_at_harbor(tx, me, policy)
        return live, await standing_alerts(tx, me, policy), await tx.card(me, SCREEN)

    live, alerts, own = await screen.sight.database.look(look)
    stuck = sum(is_stuck(delivery, screen.now) for delivery in live)
    orphans = sum(alert.kind is AlertKind.ORPHAN for alert in alerts)
    doors = sum(delivery.door_reports > 0 for delivery in live)
    problems = sum(alert.kind is AlertKind.PROBLEM for alert in alerts)
    stale = sum(any(is_stale(x, why, screen.now, policy) for why in Stale) for x in live)
    lines = [
        _("🛠 <b>Operations</b>"),
        *(await _health(screen, own) if me in policy.operators else ()),
        _("📦 Deliveries under way: {count}", count=len(live)),
    ]
    return screen.view(
        "\n".join(lines),
        (Button(_("🔎 Find a delivery"), press(TO_FIND)),),
        (Button(_("🏢 Towers"), press(TO_TOWERS)),),
        (Button(_("🆘 Problems reported ({count})", count=problems), press(TO_PROBLEMS)),),
        (Button(_("⏳ Lockers taken up long ({count})", count=stale), press(TO_STALE)),),
        (Button(_("🐌 Stuck deliveries ({count})", count=stuck), press(TO_STUCK)),),
        (Button(_("🧩 Orphan lockers ({count})", count=orphans), press(TO_ORPHANS)),),
        (Button(_("🚪 Doors reported ({count})", count=doors), press(TO_DOORS)),),
        (Button(_("📊 Figures"), press(TO_FIGURES)), Button(_("📄 Export"), press(TO_TAKE))),
    )


async def _health(screen: Screen, own: Card | None) -> list[str]:
    """How the bot is doing. The screen that says so is one of the messages that wait until it is
    shown, and not counted."""
    words, health = screen.words, await screen.sight.health()
    _ = words._
    if health.looked_at is None:
        lag = _("👁 Lockers not checked yet")
    else:
        looked = ticking(words, health.looked_at, None, now=screen.now)
        lag = _("👁 Lockers last checked: {time}", time=looked)
    waiting = health.cards_owed - (own is not None and own.owed)
    return [
        _("✅ Harbor answers") if health.harbor else _("🔌 Harbor can't be reached"),
        _("✅ Database answers") if health.database else _("❌ Database does not answer"),
        lag,
        _("✉️ Messages waiting: {count}", count=max(0, waiting)),
    ]


async def towers_prompt(screen: Screen) -> Message:
    """A page of towers with what is free there and what we hold."""
    _ = screen.words._
    reading = await screen.sight.towers.all()
    live = await screen.sight.database.look(lambda tx: tx.deliveries_at_harbor())
    held = Counter(delivery.tower for delivery in live if delivery.locker is not None)
    theirs = [tower for tower in reading.value if screen.looks_after(tower.id)]
    page, entries, more = screen.page_of(sorted(theirs, key=lambda tower: tower.name))
    closures = await screen.sight.database.glance(lambda tx: tx.closures())
    named = list(zip(entries, told_apart(entries, reading.value), strict=True))
    lines = await asyncio.gather(
        *(
            _tower_line(screen, each, name, held[each.id], left_out_said(screen, each, closures))
            for each, name in named
        )
    )
    title = _("🏢 <b>Towers</b>")
    rows = [(Button(name, press(OPEN, tower.id)),) for tower, name in named]
    return screen.view("\n".join([title, *lines]), *rows, screen.pages(page, more))


async def _tower_line(screen: Screen, tower: Tower, name: str, held: int, left_out: str) -> str:
    words, free = screen.words, await screen.sight.towers.free(tower.id)
    counts = ", ".join(f"{words.size(size)} {count}" for size, count in free.value.items())
    line = words._(
        "📍 <b>{tower}</b>\nfree: {counts} · held by us: {held}",
        tower=esc_tower(name),
        counts=counts or "?",
        held=held,
    )
    return f"{line}\n{left_out}" if left_out else line


async def orphans_prompt(screen: Screen) -> Message:
    """A button for each, to give it back; what Harbor has refused to take back says so."""
    _, me, policy = screen.words._, screen.person.id, screen.sight.policy
    alerts = await screen.sight.database.look(lambda tx: standing_alerts(tx, me, policy))
    orphans = [alert for alert in alerts if alert.kind is AlertKind.ORPHAN]
    page, entries, more = screen.page_of(orphans)
    lines, rows = [_("🧩 <b>Orphan lockers</b>")], list[Row]()
    towers, wanted = (await screen.sight.towers.all()).value, {alert.tower for alert in entries}
    known = [tower for tower in towers if tower.id in wanted]
    told = zip(known, told_apart(known, towers, SHORT), strict=True)
    names: dict[TowerId | None, str] = {tower.id: name for tower, name in told}
    for alert in entries:
        locker = plain(alert.locker_name, 12) or str(alert.locker)
        text = f"{names.get(alert.tower) or plain(alert.tower, SHORT)} · {locker}"
        full = alert.status is LockerStatus.OCCUPIED
        act = AlertAction.EMPTY_ORPHAN if full else AlertAction.RELEASE_ORPHAN
        if alert.release:
            lines.append(_("• {locker}: being released", locker=esc(text, _ORPHAN)))
            continue
        if alert.refused and (why := why_not_released(screen.words, alert)):
            lines.append(f"• {esc(text, _ORPHAN)}: {why}")
        if in_vain(alert):
            continue
        label = f"📦 {text}" if full else text
        rows.append((Button(label, press(act, door_to_arg(alert.tower, alert.locker))),))
    lines.append(
        _("Harbor says they are ours, but no delivery here uses them.")
        if orphans
        else _("None at the moment.")
    )
    return screen.view("\n".join(lines), *rows, screen.pages(page, more))
