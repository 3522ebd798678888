"""The errand of a sender: size, who collects, a note, and the reservation (see `choosing` for the
tower).

Guarantees: four taps from the menu to a drop-off code for whoever has sent before, six for a
newcomer; nothing is asked of Harbor here, a finished draft becomes a delivery that wants a locker.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from telegram import Update

from bot.domain.delivery import MAX_NOTE
from bot.domain.ids import PersonId, TowerId
from bot.domain.message import Ask, Button, Key, Message, press
from bot.domain.person import Draft
from bot.domain.tower import Size, Tower
from bot.usecases.book import Booking, request
from bot.workers.towers import Reading
from handlers.conversation.context import Context
from handlers.conversation.navigation import NOTHING, go, start
from handlers.conversation.questions import Screen, Tap
from handlers.errands.send.tower import TOWER
from wording.language import Words, speak
from wording.opening_hours import hours_line
from wording.sanitize import capital, esc

SIZE, WHO, PERSON, REVIEW, NOTE = (
    "send/size",
    "send/who",
    "send/person",
    "send/review",
    "send/note",
)
TAKE, LOW, LARGER = "size", "low", "larger"
BY_LINK, PICK, MYSELF = "to_link", "to_pick", "to_me"
RESERVE, ADD_NOTE, NO_NOTE = "reserve", "note", "nonote"
_NAME = 64


# -- steps


async def began(update: Update, context: Context) -> Draft:
    """A new parcel, from the beginning."""
    return start(context.draft, TOWER)


async def began_again(update: Update, context: Context) -> Draft:
    """The same tower and size as last time."""
    person = context.person
    if person.last_tower is None or person.last_size is None:
        return start(context.draft, TOWER)
    return start(context.draft, WHO, tower=person.last_tower, size=person.last_size.value)


async def took_size(update: Update, context: Context) -> Draft | None:
    """A size has been tapped."""
    assert context.press is not None
    size = context.press.arg
    return go(context.draft, WHO, size=size) if size in list(Size) else None


async def typed_size(update: Update, context: Context) -> Draft | None:
    """A size has been typed: its name in the person's language or in English, or its letter."""
    assert update.effective_message is not None
    size = read_size(update.effective_message.text or "", _words(context))
    return go(context.draft, WHO, size=size.value) if size else None


async def tapped_full(update: Update, context: Context) -> None:
    """A size of which none is free: said, and nothing else."""
    context.say(_words(context)._("No locker of that size is free there just now."))


async def toggled_low(update: Update, context: Context) -> None:
    """Low lockers, or any: remembered for the next time."""
    await _remember(context, low_locker=not context.person.low_locker)


async def toggled_larger(update: Update, context: Context) -> None:
    """A larger one when theirs is gone, or not: remembered for the next time."""
    await _remember(context, larger_allowed=not context.person.larger_allowed)


async def _remember(context: Context, **settings: Any) -> None:
    context.person = replace(context.person, **settings)
    await context.tx.save_person(context.person)


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
    """Somebody has been picked; who can't be written to gets a link, by the sender's hands."""
    message = update.effective_message
    assert message is not None
    if message.users_shared and message.users_shared.users:
        picked = message.users_shared.users[0]
        name = " ".join(filter(None, (picked.first_name, picked.last_name)))
        return await _to(context, picked.user_id, name or (picked.username or ""))
    if message.contact and message.contact.user_id:
        return await _to(context, message.contact.user_id, message.contact.first_name)
    return None


async def typed_person(update: Update, context: Context) -> Draft | None:
    """A username of somebody we know."""
    assert update.effective_message is not None
    text, _ = (update.effective_message.text or "").strip(), _words(context)._
    known = await context.tx.person_named(text) if text.startswith("@") else None
    if known is not None:
        return await _to(context, known.id, known.name)
    context.say(_("Please use the button below to pick somebody, or go back for a link."))
    return None


async def _to(context: Context, user: int, name: str) -> Draft:
    if user == context.person.id:
        return go(context.draft, REVIEW, to={"id": user, "name": context.person.name})
    known = await context.tx.person(PersonId(user))
    if known is not None and known.reachable:
        return go(context.draft, REVIEW, to={"id": user, "name": known.name[:_NAME]})
    return go(context.draft, REVIEW, to={"name": name[:_NAME]})


async def asked_note(update: Update, context: Context) -> Draft:
    """Words for whoever collects."""
    return go(context.draft, NOTE)


async def wrote_note(update: Update, context: Context) -> Draft:
    """The note, cut where it is too long."""
    assert update.effective_message is not None
    text = " ".join((update.effective_message.text or "").split())
    if len(text) > MAX_NOTE:
        words = _words(context)
        context.say(words._("A note has room for {count} characters; I cut it.", count=MAX_NOTE))
    return go(context.draft, REVIEW, note=text[:MAX_NOTE] or None)


async def dropped_note(update: Update, context: Context) -> Draft:
    """No note after all."""
    return go(context.draft, REVIEW, note=None)


async def reserved(update: Update, context: Context) -> Draft:
    """All is answered: the screen becomes the delivery's card."""
    answers, person = context.draft.answers, context.person
    to = answers.get("to") or {}
    wish = Booking(
        tower=TowerId(answers["tower"]),
        size=Size(answers["size"]),
        low=person.low_locker,
        larger_allowed=person.larger_allowed,
        note=answers.get("note"),
        recipient=PersonId(to["id"]) if "id" in to else None,
        recipient_name=to.get("name"),
    )
    await request(context.act, person, wish)
    context.keep_screen()
    return start(context.draft, NOTHING)


def read_size(text: str, words: Words) -> Size | None:
    """The size that `text` names: `medium`, `M`, `mittel`."""
    said = text.strip().casefold().replace(" ", "-")
    letters = dict(zip(("s", "m", "l", "xl"), Size, strict=True))
    names = {words.size(size).casefold().replace(" ", "-"): size for size in Size}
    return {**{size.value: size for size in Size}, **letters, **names}.get(said)


def _words(context: Context) -> Words:
    return speak(context.person.language, context.wiring.locale)


# -- prompts


async def size_prompt(screen: Screen) -> Message:
    """Sizes with how many of each are free now."""
    words, person = screen.words, screen.person
    _ = words._
    tower = await _tower(screen)
    free = await screen.sight.towers.free(TowerId(screen.answers["tower"]))
    lines = [
        _("📍 <b>{tower}</b>", tower=esc(tower.name if tower else None)),
        hours_line(tower, screen.now, words) if tower else "",
        "",
        _("<b>Which size?</b>"),
        _age(screen, free, tower),
    ]
    low = _("✅ Low lockers first") if person.low_locker else _("◻️ Low lockers first")
    larger = _("✅ A larger one is fine") if person.larger_allowed else _("◻️ A larger one is fine")
    return screen.view(
        "\n".join(lines).strip(),
        *(_size_row(words, size, free) for size in (free.value or Size)),
        (Button(larger, press(LARGER)),),
        (Button(low, press(LOW)),),
    )


def _size_row(words: Words, size: Size, free: Reading[Any]) -> tuple[Button, ...]:
    _ = words._
    name = capital(words.size(size))
    if size not in free.value:
        return (Button(name, press(TAKE, size.value)),)
    count = free.value[size]
    if not count:
        return (Button(_("{size} · full", size=name), press(Tap.NOTE_ONLY)),)
    said = words.n("{size} · {count} free", "{size} · {count} free", count, size=name)
    return (Button(said, press(TAKE, size.value)),)


def _age(screen: Screen, free: Reading[Any], tower: Tower | None) -> str:
    words = screen.words
    if free.at is None:
        return words._("<i>Harbor can't be reached just now, so I can't say what is free.</i>")
    if (age := screen.now - free.at).total_seconds() < 60:
        return ""
    at = words.clock(free.at, tower)
    span = words.span(age)
    return words._("<i>Counted at {at}, {span} ago: Harbor can't be reached.</i>", at=at, span=span)


async def who_prompt(screen: Screen) -> Message:
    """By link or code, picked from the contacts, or oneself."""
    _ = screen.words._
    return screen.view(
        "\n".join([await _chosen(screen), "", _("<b>Who collects it?</b>")]),
        (Button(_("🔗 Send a link or code"), press(BY_LINK)),),
        (Button(_("👤 Pick a person"), press(PICK)),),
        (Button(_("🙋 Myself"), press(MYSELF)),),
    )


async def person_prompt(screen: Screen) -> Message:
    """A keyboard with Telegram's user picker."""
    _ = screen.words._
    return screen.keyed(
        _("👤 <b>Who collects it?</b>\nPick them with the button below, or type their @username."),
        Key(_("👤 Pick a person"), Ask.PERSON),
    )


async def review_prompt(screen: Screen) -> Message:
    """All that has been answered, and the one tap that is left."""
    _, note = screen.words._, screen.answers.get("note")
    lines = [await _chosen(screen), _recipient(screen)]
    if note:
        lines.append(_("📝 {note}", note=esc(note, MAX_NOTE)))
    edit = Button(_("✏️ Change the note") if note else _("📝 Add a note"), press(ADD_NOTE))
    return screen.view(
        "\n".join(lines), (Button(_("✅ Reserve a locker"), press(RESERVE)),), (edit,)
    )


async def note_prompt(screen: Screen) -> Message:
    """Words, or none."""
    _ = screen.words._
    ask = _("📝 <b>A note for whoever collects</b>\nType it now, up to {count} characters.")
    return screen.view(ask.format(count=MAX_NOTE), (Button(_("Without a note"), press(NO_NOTE)),))


def _recipient(screen: Screen) -> str:
    _, to = screen.words._, screen.answers.get("to") or {}
    if to.get("id") == screen.person.id:
        return _("🙋 You collect it yourself.")
    if "id" in to:
        return _("👤 For {name}, who is told here.", name=esc(to["name"]))
    if "name" in to:
        return _(
            "👤 For {name}, who hasn't opened this bot yet, so I can't write to them:"
            " you get a link to forward.",
            name=esc(to["name"]),
        )
    return _("🔗 You get a link and a code; the first person to use one can collect.")


async def _chosen(screen: Screen) -> str:
    words, tower = screen.words, await _tower(screen)
    name, size = esc(tower.name if tower else None), words.size(Size(screen.answers["size"]))
    lines = [words._("📍 <b>{tower}</b> · {size}", tower=name, size=size)]
    if tower and tower.address:
        lines.append(esc(f"{tower.address}, {tower.city}".strip(", "), 80))
    if tower:
        lines.append(hours_line(tower, screen.now, words))
    return "\n".join(lines)


async def _tower(screen: Screen) -> Tower | None:
    return await screen.sight.towers.one(TowerId(screen.answers["tower"]))
