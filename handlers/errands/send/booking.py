"""The errand of a sender: who collects, a note, and the last tap (see `tower` and `size` for what
comes before).

Guarantees: four taps from the menu to a drop-off code for whoever has sent before, six for a
newcomer, by link or by token; nothing is asked of Harbor here, a finished draft becomes a delivery
that is prepared or wants a locker at once; each of both says what is held.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from telegram import Update

from bot.domain.delivery import MAX_NOTE
from bot.domain.ids import PersonId, TowerId
from bot.domain.message import Button, Message, press
from bot.domain.person import Draft, Person
from bot.domain.recipient import Reach
from bot.domain.tower import Low, Size, Tower
from bot.usecases.actor import Actor
from bot.usecases.book import Booking, prepare, request
from bot.usecases.closing import ClosedForBooking, open_for_booking
from handlers.conversation.context import Context
from handlers.conversation.navigation import NOTHING, go, start
from handlers.conversation.picking import (
    becomes,
    pick_button,
    picker,
    reach_on,
    read_pick,
    say_pick_instead,
)
from handlers.conversation.questions import Screen, words_typed
from handlers.errands.send.size import ANSWERED, chosen_place
from handlers.errands.send.tower import TOWER, closed_among, openers_at
from wording.booking import at_tower_way, reserve_way
from wording.cards.closing import closed_line
from wording.language import Words
from wording.opening_hours import hours_line
from wording.sanitize import esc, esc_name
from wording.tower_names import esc_tower, name_alone

WHO, PERSON, REVIEW, NOTE = "send/who", "send/person", "send/review", "send/note"
NAME, ADD_NAME = "send/name", "name_it"
BY_LINK, MYSELF = "to_link", "to_me"
RESERVE, PREPARE, ADD_NOTE, NO_NOTE = "reserve", "prepare", "note", "nonote"
ELSEWHERE = "elsewhere"
_USERNAME = re.compile(r"@\w{3,32}")


# -- steps


async def began(update: Update, context: Context) -> Draft:
    """A new parcel, from the beginning."""
    return start(context.draft, TOWER)


async def began_again(update: Update, context: Context) -> Draft:
    """The same tower and size as last time; where that tower is closed, which other one."""
    person = context.person
    if person.last_tower is None or person.last_size is None:
        return start(context.draft, TOWER)
    opener = (await openers_at(context, person.last_tower)).drop_off
    try:
        await open_for_booking(context.act, person.last_tower, opener)
    except ClosedForBooking as closed:
        await context.say_closed(closed)
        return start(context.draft, TOWER)
    return start(context.draft, WHO, tower=person.last_tower, size=person.last_size.value)


async def by_link(update: Update, context: Context) -> Draft:
    """Whoever claims it with the link or the code."""
    return go(context.draft, REVIEW, to=None)


async def to_myself(update: Update, context: Context) -> Draft:
    """The sender collects."""
    return go(context.draft, REVIEW, to={"id": context.person.id, "name": context.person.name})


async def asked_person(update: Update, context: Context) -> Draft:
    """Telegram's own user picker is to be shown."""
    return go(context.draft, PERSON)


async def picked_person(update: Update, context: Context) -> Draft | None:
    """Somebody has been picked: theirs at once, when they come, or for a link, as they have it."""
    to = await read_pick(update, context)
    return None if to is None else go(context.draft, REVIEW, to=to)


async def typed_person(update: Update, context: Context) -> Draft | None:
    """A username makes nobody a recipient: whoever it is, known here or not, is sent a link by the
    sender's own hands."""
    assert update.effective_message is not None
    text, _ = (update.effective_message.text or "").strip(), context.words._
    if _USERNAME.fullmatch(text):
        context.say(_("I write to nobody because of a typed name: you get a link to send them."))
        return go(context.draft, REVIEW, to=None)
    say_pick_instead(context)
    return None


async def asked_note(update: Update, context: Context) -> Draft:
    """Words for whoever collects."""
    return go(context.draft, NOTE)


async def wrote_note(update: Update, context: Context) -> Draft:
    """The note, cut where it is too long."""
    text = words_typed(update)
    if len(text) > MAX_NOTE:
        words = context.words
        context.say(words._("A note has room for {count} characters; I cut it.", count=MAX_NOTE))
    return go(context.draft, REVIEW, note=text[:MAX_NOTE] or None)


async def dropped_note(update: Update, context: Context) -> Draft:
    """No note after all."""
    return go(context.draft, REVIEW, note=None)


async def elsewhere(update: Update, context: Context) -> Draft:
    """Another tower, since this one is closed; all else stays as it was answered."""
    return go(context.draft, TOWER, **{ANSWERED: True})


async def reserved(update: Update, context: Context) -> Draft:
    """All is answered, and a locker is wanted now: the screen becomes the delivery's card."""
    return await _booked(context, request)


async def prepared(update: Update, context: Context) -> Draft:
    """All is answered, and a locker is wanted when the sender is at the tower."""
    return await _booked(context, prepare)


async def _booked(
    context: Context, use_case: Callable[[Actor, Person, Booking], Awaitable[object]]
) -> Draft:
    answers, person = context.draft.answers, context.person
    to, tower = answers.get("to") or {}, TowerId(answers["tower"])
    wish = Booking(
        tower=tower,
        size=Size(answers["size"]),
        openers=await openers_at(context, tower),
        low=person.low_locker,
        larger_allowed=person.larger_allowed,
        note=answers.get("note"),
        parcel_name=answers.get("parcel_name"),
        recipient=PersonId(to["id"]) if "id" in to else None,
        recipient_name=to.get("name"),
    )
    await use_case(context.act, person, wish)
    context.keep_screen()
    return start(context.draft, NOTHING)


# -- prompts


async def who_prompt(screen: Screen) -> Message:
    """By link or code, picked from the contacts, or oneself."""
    _ = screen.words._
    return screen.view(
        "\n".join([_chosen(screen, await chosen_place(screen)), "", _("<b>Who collects it?</b>")]),
        (Button(_("🔗 Send a link or code"), press(BY_LINK)),),
        (pick_button(screen.words),),
        (Button(_("🙋 Myself"), press(MYSELF)),),
    )


async def person_prompt(screen: Screen) -> Message:
    """A keyboard with Telegram's user picker."""
    return picker(screen)


async def review_prompt(screen: Screen) -> Message:
    """All that has been answered, and the one tap that is left: now, or when they are there."""
    _, note = screen.words._, screen.answers.get("note")
    to: Mapping[str, Any] = screen.answers.get("to") or {}
    reach, place = await reach_on(screen, to), await chosen_place(screen)
    lines = [_chosen(screen, place), _recipient(screen, to, reach)]
    if reach is Reach.HERE:
        lines += await _low_for_them(screen, to)
    if name := esc_name(screen.answers.get("parcel_name")):
        lines.append(f"🏷 <b>{name}</b>")
    if note:
        lines.append(_("📝 {note}", note=esc(note, MAX_NOTE)))
    edit = Button(_("✏️ Change the note") if note else _("📝 Add a note"), press(ADD_NOTE))
    call = Button(_("🏷 Rename") if name else _("🏷 Name it"), press(ADD_NAME))
    if place is not None and (closed := await closed_among(screen, [place])):
        why = closed_line(screen.words, await screen.called(place), closed[place.id].words)
        kept = _("Nothing is lost: choose another tower, or try again later.")
        other = Button(_("📍 Another tower"), press(ELSEWHERE))
        return screen.view("\n".join([*lines, "", why, kept]), (other,), (edit, call))
    by_link = place is not None and screen.sight.by_link(place)
    held, ways = _ways_by_link(screen) if by_link else _ways_by_token(screen)
    return screen.view("\n".join([*lines, "", *held]), *((way,) for way in ways), (edit, call))


def _ways_by_link(screen: Screen) -> tuple[list[str], list[Button]]:
    """What is held by which tap, where a link opens the door: it is for who stands there."""
    words, later = screen.words, screen.words._("📦 Prepare")
    here, brings = at_tower_way(words, screen.sight.policy)
    ways = [Button(later, press(PREPARE)), Button(here, press(RESERVE))]
    return [_nothing_held(words, later), brings], ways


def _ways_by_token(screen: Screen) -> tuple[list[str], list[Button]]:
    """The same where a token does: a locker can be held on the way."""
    words, later = screen.words, screen.words._("📦 Prepare for later")
    now, brings = reserve_way(words, screen.sight.policy)
    ways = [Button(now, press(RESERVE)), Button(later, press(PREPARE))]
    return [brings, _nothing_held(words, later)], ways


def _nothing_held(words: Words, button: str) -> str:
    return words._(
        "<b>{button}</b>: no locker is held. At the tower, one tap gets you one.", button=button
    )


async def _low_for_them(screen: Screen, to: Mapping[str, Any]) -> list[str]:
    """That whoever collects, and is here, needs a low door, if the sender did not ask for one."""
    known = await screen.sight.database.look(lambda tx: tx.person(PersonId(to["id"])))
    if known is None or known.low_locker <= screen.person.low_locker:
        return []
    _ = screen.words._
    name = esc_name(known.name) or _("somebody")
    if known.low_locker is Low.ONLY:
        return [_("♿ {name} needs a low door, so I look for no other.", name=name)]
    return [_("♿ {name} would rather have a low door; I look for one first.", name=name)]


async def note_prompt(screen: Screen) -> Message:
    """Words, or none."""
    _ = screen.words._
    ask = _("📝 <b>A note for whoever collects</b>\nType it now, up to {count} characters.")
    return screen.view(ask.format(count=MAX_NOTE), (Button(_("Without a note"), press(NO_NOTE)),))


def _recipient(screen: Screen, to: Mapping[str, Any], reach: Reach | None) -> str:
    if reach is not None:
        return becomes(screen, to, reach)
    return screen.words._(
        "🔗 You get a claim link and a claim code; the first person to use one can collect."
    )


def _chosen(screen: Screen, tower: Tower | None) -> str:
    words = screen.words
    name = esc_tower(name_alone(tower)) if tower else ""
    size = words.size(Size(screen.answers["size"]))
    lines = [words._("📍 <b>{tower}</b> · {size}", tower=name, size=size)]
    if tower and tower.address:
        lines.append(", ".join(filter(None, (esc(tower.address, 80), esc(tower.city)))))
    if tower:
        lines.append(hours_line(tower, screen.now, words))
    return "\n".join(lines)
