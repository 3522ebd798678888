"""What a person can choose: language, quiet hours, reminders, low doors, who may pick them.

Guarantees: a choice counts at once, for cards that are on the screen too.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import time
from typing import Any

from telegram import Update
from telegram.ext import CommandHandler

from bot.domain.ids import PersonId
from bot.domain.message import Button, Message, Place, press
from bot.domain.person import Draft, Person
from bot.domain.tower import following
from bot.usecases.cards import show_anew
from bot.usecases.recipients import allow
from handlers.conversation.buttons import back_to, below, pages, tap, text
from handlers.conversation.context import Context
from handlers.conversation.errand import Errand
from handlers.conversation.navigation import MENU, go, start
from handlers.conversation.questions import Row, Screen, low_said
from wording.language import LANGUAGES, Words, own_name
from wording.rings import rings_said
from wording.sanitize import capital, plain_name

SETTINGS, LANGUAGE, QUIET = "settings/settings", "settings/language", "settings/quiet"
REFUSED, RINGS = "settings/refused", "settings/rings"
CHOOSE_LANGUAGE, SPEAK = "languages", "speak"
CHOOSE_QUIET, QUIET_AT = "hours", "quiet"
REMINDERS, LOW, PICKS = "remind", "lower", "picks"
CHOOSE_REFUSED, ALLOW = "refused", "allow"
SHOW_RINGS = "rings"

_LONGEST_ID = 20
_PRESETS = ("22-7", "23-8")
_SPAN = re.compile(r"(\d{1,2})(?:[:.h](\d{2}))?\s*(?:-|–|—|to|/)\s*(\d{1,2})(?:[:.h](\d{2}))?")
Span = tuple[time, time]


# -- steps


async def began(update: Update, context: Context) -> Draft:
    """All settings on one screen."""
    return start(context.draft, SETTINGS)


async def chose_language(update: Update, context: Context) -> Draft:
    """To the list of languages."""
    return go(context.draft, LANGUAGE)


async def chose_quiet(update: Update, context: Context) -> Draft:
    """To the quiet hours."""
    return go(context.draft, QUIET)


async def spoke(update: Update, context: Context) -> Draft | None:
    """A language has been tapped: live cards are said anew in it."""
    assert context.press is not None
    if context.press.arg not in LANGUAGES:
        return None
    await _save(context, language=context.press.arg, language_chosen=True)
    await show_anew(context.tx, context.person.id, now=context.now)
    return go(context.draft, SETTINGS)


async def tapped_quiet(update: Update, context: Context) -> Draft | None:
    """One of the usual spans, or none."""
    assert context.press is not None
    arg = context.press.arg or ""
    span = read_span(arg)
    if span is None and arg != "off":
        return None
    return await _quiet(context, span)


async def typed_quiet(update: Update, context: Context) -> Draft | None:
    """A span of one's own: `22:30-7:00`."""
    assert update.effective_message is not None
    span = read_span(update.effective_message.text or "")
    if span is None:
        words = context.words
        context.say(words._("I could not read that. Please write it like 22:30-7:00."))
        return None
    return await _quiet(context, span)


async def _quiet(context: Context, span: Span | None) -> Draft:
    begins, ends = span or (None, None)
    await _save(context, quiet_from=begins, quiet_until=ends)
    return go(context.draft, SETTINGS)


async def toggled_reminders(update: Update, context: Context) -> None:
    """Reminders, or none but the last."""
    await _save(context, reminders=not context.person.reminders)


async def toggled_low(update: Update, context: Context) -> None:
    """Any door, rather a low one, or only a low one."""
    await _save(context, low_locker=following(context.person.low_locker))


async def toggled_picks(update: Update, context: Context) -> None:
    """Whether a parcel may be theirs because somebody picks them, or by a link only."""
    await _save(context, pickable=not context.person.pickable)


async def showed_rings(update: Update, context: Context) -> Draft:
    """To what rings when."""
    return go(context.draft, RINGS)


async def chose_refused(update: Update, context: Context) -> Draft:
    """To those whose picks they have refused."""
    return go(context.draft, REFUSED, page=None)


async def allowed(update: Update, context: Context) -> None:
    """One of them may pick them again."""
    assert context.press is not None
    arg = context.press.arg or ""
    if arg.removeprefix("-").isdecimal() and len(arg) < _LONGEST_ID:
        await allow(context.act, PersonId(int(arg)))


async def _save(context: Context, **settings: Any) -> None:
    context.person = replace(context.person, **settings)
    await context.tx.save_person(context.person)


def read_span(typed: str) -> Span | None:
    """`22-7`, `22:30 - 7:00`; None for anything else, and for a span without length."""
    found = _SPAN.fullmatch(typed.strip()[:40])
    if found is None:
        return None
    try:
        begins, ends = (
            time(int(hour) % 24 if hour == "24" else int(hour), int(minute or 0))
            for hour, minute in (found.group(1, 2), found.group(3, 4))
        )
    except ValueError:
        return None
    return None if begins == ends else (begins, ends)


# -- prompts


async def settings_prompt(screen: Screen) -> Message:
    """Each setting is a button that says how it stands."""
    _, person = screen.words._, screen.person
    return screen.view(
        _("⚙️ <b>Settings</b>\nTap one to change it."),
        (
            Button(
                _("🌐 Language: {name}", name=own_name(screen.words.language)),
                press(CHOOSE_LANGUAGE),
            ),
        ),
        (
            Button(
                _("🌙 Quiet hours: {hours}", hours=quiet_said(screen.words, person)),
                press(CHOOSE_QUIET),
            ),
        ),
        (Button(_("🔔 What rings when"), press(SHOW_RINGS)),),
        (_toggle(_("Reminders"), person.reminders, REMINDERS),),
        (Button(low_said(screen.words, person.low_locker), press(LOW)),),
        (_toggle(_("Others may pick me to collect"), person.pickable, PICKS),),
        (Button(_("🚫 Refused senders"), press(CHOOSE_REFUSED)),),
    )


async def language_prompt(screen: Screen) -> Message:
    """Every language by its own name."""
    spoken = screen.words.language
    buttons = [
        Button(f"{'✅ ' if code == spoken else ''}{own_name(code)}", press(SPEAK, code))
        for code in LANGUAGES
    ]
    rows: list[Row] = [tuple(buttons[at : at + 2]) for at in range(0, len(buttons), 2)]
    return screen.view(screen.words._("🌐 <b>Which language?</b>"), *rows)


async def quiet_prompt(screen: Screen) -> Message:
    """The usual spans; one's own is typed."""
    _ = screen.words._
    said = quiet_said(screen.words, screen.person)
    spans = [
        (Button("{:0>2}:00–{:0>2}:00".format(*span.split("-")), press(QUIET_AT, span)),)
        for span in _PRESETS
    ]
    return screen.view(
        _(
            "🌙 <b>Quiet hours</b>: {hours}\nMessages arrive silently then, except for the last"
            " reminder. Tap one, or type your own like 22:30-7:00 (the tower's local time).",
            hours=said,
        ),
        *spans,
        (Button(_("Off"), press(QUIET_AT, "off")),),
    )


async def rings_prompt(screen: Screen) -> Message:
    """What rings, and what quiet hours do to it."""
    words, person = screen.words, screen.person
    return screen.view(rings_said(words, person, quiet_said(words, person)))


async def refused_prompt(screen: Screen) -> Message:
    """Whoever was refused, page by page; a tap allows them again."""
    _, me = screen.words._, screen.person.id
    refused = await screen.sight.database.look(lambda tx: tx.refusals_of(me))
    lines = [_("🚫 <b>Refused senders</b>")]
    if refused:
        lines.append(_("They can only send you a link. Tap one to let them pick you again."))
    else:
        lines.append(_("None. Whoever you refuse a parcel of is listed here."))
    page, entries, more = screen.page_of(refused)
    rows: list[Row] = []
    for each in entries:
        name = plain_name(each.name) or capital(_("somebody"))
        rows.append((Button(_("Allow {name} again", name=name), press(ALLOW, each.sender)),))
    return screen.view("\n".join(lines), *rows, screen.pages(page, more))


def quiet_said(words: Words, person: Person) -> str:
    """`22:00–07:00`, or that there are none."""
    if person.quiet_from is None or person.quiet_until is None:
        return words._("off")
    return f"{person.quiet_from:%H:%M}–{person.quiet_until:%H:%M}"


def _toggle(label: str, on: bool, verb: str) -> Button:
    return Button(f"{'✅' if on else '◻️'} {label}", press(verb))


ERRAND = Errand(
    "settings",
    entry_points=[CommandHandler("settings", began), tap(below(began), Place.SETTINGS)],
    states={
        SETTINGS: [
            tap(chose_language, CHOOSE_LANGUAGE),
            tap(chose_quiet, CHOOSE_QUIET),
            tap(toggled_reminders, REMINDERS),
            tap(toggled_low, LOW),
            tap(toggled_picks, PICKS),
            tap(chose_refused, CHOOSE_REFUSED),
            tap(showed_rings, SHOW_RINGS),
            back_to(MENU, afresh=True),
        ],
        LANGUAGE: [tap(spoke, SPEAK), back_to(SETTINGS)],
        QUIET: [tap(tapped_quiet, QUIET_AT), text(typed_quiet), back_to(SETTINGS)],
        REFUSED: [tap(allowed, ALLOW), pages(), back_to(SETTINGS)],
        RINGS: [back_to(SETTINGS)],
    },
    questions={
        SETTINGS: settings_prompt,
        LANGUAGE: language_prompt,
        QUIET: quiet_prompt,
        REFUSED: refused_prompt,
        RINGS: rings_prompt,
    },
)
