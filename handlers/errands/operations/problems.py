"""Problems that people have reported: open, seen by an operator, and done.

Guarantees: whoever looks at the list looks after the towers of all that is in it.
"""

from __future__ import annotations

from enum import StrEnum

from telegram import Update

from bot.domain.alerts import Alert, AlertKind
from bot.domain.message import Message
from bot.domain.person import Draft
from bot.ports.database import Transaction
from bot.usecases.cards import tower_of
from bot.usecases.oversight import standing_alerts
from handlers.conversation.context import Context
from handlers.conversation.navigation import go, start
from handlers.conversation.questions import PAGE, Row, Screen
from handlers.errands.operations.lists import PROBLEMS, entry, tabs
from wording.language import Words
from wording.moments import ticking
from wording.sanitize import esc

TO_PROBLEMS, WHICH = "problems", "which"
_MOST_DONE = 60


class Stage(StrEnum):
    """How far a problem has come; the value is what buttons say."""

    OPEN = "open"
    SEEN = "seen"
    DONE = "done"


def _stage(alert: Alert) -> Stage:
    if not alert.stands:
        return Stage.DONE
    return Stage.OPEN if alert.seen_at is None else Stage.SEEN


# -- steps


async def to_problems(update: Update, context: Context) -> Draft:
    """The open ones first."""
    return start(context.draft, PROBLEMS)


async def chose(update: Update, context: Context) -> Draft | None:
    """Those of another stage."""
    assert context.press is not None
    stage = context.press.arg
    return go(context.draft, PROBLEMS, which=stage, page=None) if stage in list(Stage) else None


# -- the prompt


async def problems_prompt(screen: Screen) -> Message:
    """A page of those of the chosen stage, the oldest first; of what is done the latest."""
    _ = screen.words._
    by_stage = await screen.sight.database.look(lambda tx: _problems(tx, screen))
    given = str(screen.answers.get("which"))
    stage = Stage(given) if given in list(Stage) else Stage.OPEN
    page, alerts, more = screen.page_of(by_stage[stage])
    ids = [alert.delivery for alert in alerts if alert.delivery is not None]
    deliveries = await screen.sight.database.look(lambda tx: tx.deliveries_with(ids))
    found = {delivery.id: delivery for delivery in deliveries}
    title, others = tabs(WHICH, stages(screen.words), by_stage, stage)
    lines, rows = [_("🆘 <b>Problems reported</b>"), title], list[Row]()
    names = await screen.towers_of(deliveries)
    for number, alert in enumerate(alerts, 1 + page * PAGE):
        delivery = found.get(alert.delivery) if alert.delivery else None
        if delivery is None:
            continue
        tower = await screen.sight.towers.one(delivery.tower)
        since = ticking(screen.words, alert.raised_at, tower, now=screen.now)
        lines.append(f"{number}. {_('“{text}”', text=esc(alert.text, 100) or '?')} · {since}")
        rows.append(entry(screen.words, delivery, names, str(number)))
    if not alerts:
        lines.append(_("None at the moment."))
    return screen.view("\n".join(lines), *rows, screen.pages(page, more), others)


def stages(words: Words) -> dict[Stage, str]:
    """What each stage is called."""
    _ = words._
    return {Stage.OPEN: _("🔴 Open"), Stage.SEEN: _("👁 Seen"), Stage.DONE: _("✅ Done")}


async def _problems(tx: Transaction, screen: Screen) -> dict[Stage, list[Alert]]:
    standing = await standing_alerts(tx, screen.person.id, screen.sight.policy)
    over = await tx.alerts_over(AlertKind.PROBLEM, _MOST_DONE)
    if screen.sight.policy.tower_operators:
        over = [alert for alert in over if screen.looks_after(await tower_of(tx, alert))]
    found: dict[Stage, list[Alert]] = {stage: [] for stage in Stage}
    for alert in (*standing, *over):
        if alert.kind is AlertKind.PROBLEM:
            found[_stage(alert)].append(alert)
    return found
