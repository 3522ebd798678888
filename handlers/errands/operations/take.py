"""Operators take records away: of deliveries, or of what happened to them, for a span of days.

Guarantees: what is asked for twice comes once and below everything else; who gets what is decided
when it is sent, see `handlers.conversation.records`.
"""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta

from telegram import Update

from bot.domain.message import Button, Message, press
from bot.domain.person import Draft
from bot.domain.records import Period, RecordForm, RecordKind, last_days, period
from bot.usecases.records import Wanted
from handlers.conversation.context import Context
from handlers.conversation.navigation import go, start
from handlers.conversation.questions import Row, Screen, number
from handlers.conversation.records import days_said, kind_said, subject_of

TAKE = "ops/take"
TO_TAKE, SPAN, FILE = "export", "span", "file"
_SINCE, _UNTIL = "since", "until"
_SPANS = (7, 30, 365)
"""Days that are offered; the first is taken where nothing was chosen."""


# -- steps


async def to_take(update: Update, context: Context) -> Draft:
    """The last days first."""
    return start(context.draft, TAKE)


async def chose(update: Update, context: Context) -> Draft | None:
    """So many days."""
    assert context.press is not None
    days = number(context.press.arg)
    return _over(context.draft, last_days(days, context.act.now)) if days in _SPANS else None


async def typed(update: Update, context: Context) -> Draft:
    """One day, or the first and the last."""
    assert update.effective_message is not None
    days = (update.effective_message.text or "").replace("–", " ").split()
    with contextlib.suppress(ValueError):
        first, last = days * 2 if len(days) == 1 else days
        return _over(context.draft, period(first, last, now=context.act.now))
    context.say(context.words._("Type one day, or the first and the last: 2026-11-01 2026-11-30."))
    return go(context.draft, TAKE)


async def took(update: Update, context: Context) -> None:
    """The file comes below everything else; the question stays."""
    assert context.press is not None
    kind, _, form = (context.press.arg or "").partition(".")
    if kind in list(RecordKind) and form in list(RecordForm):
        chosen = _chosen(context.draft, context.act.now)
        wanted = Wanted(RecordKind(kind), RecordForm(form), chosen)
        await context.mark(subject_of(wanted), ring=True)
    context.keep_screen()


def _over(draft: Draft, chosen: Period) -> Draft:
    ends = {_SINCE: chosen.since.isoformat(), _UNTIL: chosen.until.isoformat()}
    return go(draft, TAKE, **ends)


# -- the prompt


async def take_prompt(screen: Screen) -> Message:
    """Which days, and a button for each kind of file."""
    _, words = screen.words._, screen.words
    chosen = _chosen(screen.draft, screen.now)
    lines = [
        _("📄 <b>Export</b>"),
        days_said(chosen),
        "",
        _("Type other days like this: 2026-11-01 2026-11-30"),
    ]
    spans = tuple(Button(words.span(timedelta(days=days)), press(SPAN, days)) for days in _SPANS)
    files: list[Row] = [
        tuple(
            Button(f"{kind_said(words, kind)} · {form.upper()}", press(FILE, f"{kind}.{form}"))
            for form in RecordForm
        )
        for kind in RecordKind
    ]
    return screen.view("\n".join(lines), spans, *files)


def _chosen(draft: Draft, now: datetime) -> Period:
    given = draft.answers.get(_SINCE), draft.answers.get(_UNTIL)
    try:
        return period(*map(str, given), now=now)
    except ValueError:
        return last_days(_SPANS[0], now)
