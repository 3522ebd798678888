"""What rings when, as a person reads it in their settings.

Guarantees: made from the table that decides it (`bot.domain.rings`), and from how their quiet hours
and reminders stand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.domain.delivery import Role
from bot.domain.person import Person
from bot.domain.rings import RINGS, Call, Ring, Sound
from wording.language import Words


def rings_said(words: Words, person: Person, hours: str) -> str:
    """All of it; `hours` are their quiet hours."""
    _ = words._
    quiet = person.quiet_from is not None
    parts = [
        "\n".join(
            (
                _("🔔 <b>What rings when</b>"),
                _("Quiet hours: {hours} (the tower's local time)", hours=hours)
                if quiet
                else _("You have no quiet hours: what rings, rings at any hour."),
            )
        )
    ]
    headings = {
        Sound.ALOUD: _("<b>Rings, in quiet hours too</b>"),
        Sound.HUSHED: _("<b>Rings; without a sound in quiet hours</b>"),
        Sound.PUT_OFF: _("<b>Rings once quiet hours are over</b>"),
    }
    for sound, heading in headings.items():
        told = [_line(words, call, ring, person) for call, ring in _with(sound)]
        parts.append("\n".join((heading, *told)))
    parts.append(
        "\n".join(
            (
                _("<b>Never rings</b>"),
                _("• codes and links that open a door, slips, pins, and messages that change"),
            )
        )
    )
    return "\n\n".join(parts)


def _with(sound: Sound) -> Iterator[tuple[Call, Ring]]:
    return ((call, RINGS[call]) for call in Call if RINGS[call].sound is sound)


def _line(words: Words, call: Call, ring: Ring, person: Person) -> str:
    said = f"• {_calls(words)[call]}"
    if roles := [name for role, name in _roles(words).items() if role in ring.whom]:
        said = f"{said} ({', '.join(roles)})"
    if ring.optional and not person.reminders:
        return " · ".join((said, words._("reminders are off")))
    return said


def _roles(words: Words) -> Mapping[Role, str]:
    _ = words._
    return {
        Role.SENDER: _("sender"),
        Role.RECIPIENT: _("recipient"),
        Role.HANDED_ON: _("whoever handed it on"),
    }


def _calls(words: Words) -> Mapping[Call, str]:
    _ = words._
    return {
        Call.PARCEL_IN: _("a parcel is in its locker"),
        Call.FIRST_REMINDER: _("the first reminder to collect it, for whoever collects"),
        Call.LAST_REMINDER: _("the last reminder to collect it, for whoever collects"),
        Call.OVERDUE: _("its time to collect has run out"),
        Call.COLLECTED: _("it has been collected"),
        Call.GIVEN: _("somebody lets you collect it"),
        Call.DECLINED: _("whoever was picked says “Not for me”"),
        Call.AWAITED: _("whoever was picked has not opened this bot"),
        Call.HOLD_ENDING: _("a locker is soon no longer held"),
        Call.LAPSED: _("the time to drop it off has run out"),
        Call.PREPARED_ENDING: _("a prepared parcel is soon no longer kept"),
        Call.FORGOTTEN: _("a prepared parcel is no longer kept"),
        Call.TURN: _("a locker is free for which you have waited"),
        Call.OPERATOR: _("an operator writes, or does something with it"),
    }
