"""Which size: with how many of each are free now, and whether a low door or a larger one will do.

Guarantees: a size of which none is free is said to be full, and can't be chosen, but waited for;
what is counted is what may be had: not what is promised to somebody who has waited; at every tower
of a place where Harbor picks the locker, low doors alone where no other will do.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from telegram import Update

from bot.domain.ids import TowerId
from bot.domain.message import Button, Message, press
from bot.domain.person import Draft
from bot.domain.tower import Low, Size, Tower, beside, following
from bot.domain.waiting import promised_to_others
from bot.workers.towers import Reading
from handlers.conversation.context import Context
from handlers.conversation.navigation import go
from handlers.conversation.questions import Screen, low_said
from wording.booking import free_said
from wording.language import Words
from wording.moments import ticking
from wording.opening_hours import hours_line
from wording.sanitize import capital
from wording.tower_names import esc_tower

SIZE = "send/size"
TAKE, LOW, LARGER, ASK_WAIT = "size", "low", "larger", "wait"
ANSWERED = "answered"
"""The answer that says that everything else has been answered: only a tower and a size are new."""


# -- steps


async def took_size(update: Update, context: Context) -> Draft | None:
    """A size has been tapped."""
    assert context.press is not None
    size = context.press.arg
    return _on(context, Size(size)) if size in list(Size) else None


async def typed_size(update: Update, context: Context) -> Draft | None:
    """A size has been typed: its name in the person's language or in English, or its letter."""
    assert update.effective_message is not None
    size = read_size(update.effective_message.text or "", context.words)
    return _on(context, size) if size else None


def _on(context: Context, size: Size) -> Draft:
    """Who collects is asked once: not again after another tower was chosen for a closed one."""
    answered = context.draft.answers.get(ANSWERED)
    return go(
        context.draft,
        "send/review" if answered else "send/who",
        size=size.value,
        **{ANSWERED: None},
    )


async def tapped_full(update: Update, context: Context) -> None:
    """A size of which none is free, on a button of an earlier version: said, and nothing else."""
    context.say(none_free_said(context.words, context.person.low_locker))


async def toggled_low(update: Update, context: Context) -> None:
    """A low door, rather or only, or any: remembered for the next time."""
    await _remember(context, low_locker=following(context.person.low_locker))


async def toggled_larger(update: Update, context: Context) -> None:
    """A larger one when theirs is gone, or not: remembered for the next time."""
    await _remember(context, larger_allowed=not context.person.larger_allowed)


async def _remember(context: Context, **settings: Any) -> None:
    context.person = replace(context.person, **settings)
    await context.tx.save_person(context.person)


def read_size(text: str, words: Words) -> Size | None:
    """The size that `text` names: `medium`, `M`, `mittel`."""
    said = text.strip().casefold().replace(" ", "-")
    letters = dict(zip(("s", "m", "l", "xl"), Size, strict=True))
    names = {words.size(size).casefold().replace(" ", "-"): size for size in Size}
    return {**{size.value: size for size in Size}, **letters, **names}.get(said)


# -- prompts


async def size_prompt(screen: Screen) -> Message:
    """Sizes with how many of each are free now."""
    words, person = screen.words, screen.person
    _, place = words._, await chosen_place(screen)
    low_only = person.low_locker is Low.ONLY
    tower, at_place = TowerId(screen.answers["tower"]), screen.sight.at_place(place)
    waits = await screen.sight.waits(tower, at_place=at_place)
    free = await screen.sight.towers.free(
        tower,
        at_place=at_place,
        low_only=low_only,
        promised=promised_to_others(waits, person.id, screen.now),
    )
    waited = {wait.size for wait in waits if wait.person == person.id}
    where = (
        _("📍 <b>{tower}</b>", tower=esc_tower(await screen.called(place))),
        hours_line(place, screen.now, words) if place else "",
        await _several(screen, place),
    )
    asked = (_("<b>Which size?</b>"), _age(screen, free, place))
    larger = _("✅ A larger one is fine") if person.larger_allowed else _("◻️ A larger one is fine")
    return screen.view(
        "\n\n".join("\n".join(filter(None, part)) for part in (where, asked)),
        *(
            _size_row(words, size, free, low_only=low_only, waited=size in waited)
            for size in (free.value or Size)
        ),
        (Button(larger, press(LARGER)),),
        (Button(low_said(words, person.low_locker), press(LOW)),),
    )


def none_free_said(words: Words, low: Low) -> str:
    """That it is full."""
    if low is Low.ONLY:
        return words._("No low locker of that size is free there just now.")
    return words._("No locker of that size is free there just now.")


async def chosen_place(screen: Screen) -> Tower | None:
    """Where the parcel is to be put, as it is offered."""
    return await screen.sight.place(TowerId(screen.answers["tower"]))


async def _several(screen: Screen, place: Tower | None) -> str:
    """Where Harbor picks among the lockers of several towers, nobody knows yet which it will be."""
    if place is None or not screen.sight.by_link(place):
        return ""
    towers = sum(beside(tower, place) for tower in (await screen.sight.towers.all()).value)
    if towers < 2:
        return ""
    return screen.words._(
        "{count} towers stand here; with the locker I tell you which one.", count=towers
    )


def _size_row(
    words: Words, size: Size, free: Reading[Any], *, low_only: bool, waited: bool
) -> tuple[Button, ...]:
    _ = words._
    name = capital(words.size(size))
    if size not in free.value:
        return (Button(name, press(TAKE, size.value)),)
    count = free.value[size]
    if not count:
        said = _("{size} · full · 🔔 tell me", size=name)
        if waited:
            said = _("{size} · full · 🔔 you wait", size=name)
        return (Button(said, press(ASK_WAIT, size.value)),)
    said = free_said(words, name, count, low_only=low_only)
    return (Button(said, press(TAKE, size.value)),)


def _age(screen: Screen, free: Reading[Any], place: Tower | None) -> str:
    words = screen.words
    if free.at is None:
        return words._("<i>Harbor can't be reached just now, so I can't say what is free.</i>")
    if (screen.now - free.at).total_seconds() < 60:
        return ""
    at = ticking(words, free.at, place, now=screen.now)
    return words._("<i>Counted: {time}. Harbor can't be reached.</i>", time=at)
