"""What the page says to everybody alike: of a parcel nobody has claimed, and where there is none.

Guarantees: no name, no door, no code; the same for whoever comes without the cookie, but for the
language.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.domain.browsers import Unclaimed
from bot.domain.lifecycle import LIVE, State
from bot.domain.tower import Tower
from wording.cards.scene import map_url, plain_place
from wording.language import Words
from wording.moments import ticking
from wording.opening_hours import closed_line, week_line
from wording.page.value import Button, Do, Fact, Mark, Page, bare, some


def title(words: Words) -> str:
    """What stands in the tab, in the history and in a messenger's preview: nothing much."""
    return words._("Parcel")


def unclaimed(words: Words, parcel: Unclaimed) -> Page:
    """State, place, hours and deadline, and both ways to collect."""
    _, state, here, until = words._, parcel.state, parcel.here, parcel.until
    tower, now, zones = parcel.tower, parcel.now, parcel.zones
    stored = state is State.STORED
    if stored:
        mark, heading = Mark.READY, _("A parcel is waiting in a locker")
    elif state in LIVE and state is not State.RELEASING:
        mark, heading = Mark.COMING, _("A parcel is on its way to a locker")
    else:
        mark, heading = Mark.OVER, _("This parcel has no locker at present")
    buttons = (
        Button(_("Collect here"), do=Do.CLAIM, main=True) if here else None,
        Button(_("Open in Telegram"), url=parcel.telegram, main=not here)
        if parcel.telegram
        else None,
    )
    return Page(
        language=words.language,
        mark=mark,
        title=title(words),
        heading=heading,
        lead=(_how(words, here=here, lives=state in LIVE),),
        facts=(
            *place(words, tower, now),
            *(deadline(words, tower, until, now, zones=zones) if stored else ()),
        ),
        buttons=tuple(button for button in buttons if button is not None),
        notes=some(
            late(words, tower, until, now, zones=zones) if stored and parcel.overdue else None,
            _(
                "“Collect here” puts a cookie into this browser, by which alone it is known again, "
                "until the parcel is collected. No other browser can collect it then."
            )
            if here
            else None,
        ),
        lives=True,
    )


def _how(words: Words, *, here: bool, lives: bool) -> str:
    _ = words._
    if here:
        return _("Collect it here, in this browser, or in Telegram. It goes to whoever is first.")
    if lives:
        return _("It is kept for one person, who collects it in Telegram.")
    return _("Its sender can still find one for it. This page will show it.")


def place(words: Words, tower: Tower, now: datetime) -> tuple[Fact, ...]:
    """Where it is, and when one can get there."""
    _ = words._
    name, address = plain_place(tower)
    hours = " · ".join(some(bare(closed_line(tower, now, words)), week_line(tower, words)))
    where = Fact(_("Place"), f"{name}, {address}" if address else name, url=map_url(tower))
    return (where, Fact(_("Hours"), hours)) if hours else (where,)


def deadline(
    words: Words, tower: Tower, until: datetime | None, now: datetime, *, zones: bool
) -> tuple[Fact, ...]:
    """Until when it waits."""
    if until is None:
        return ()
    told = bare(ticking(words, until, tower, now=now, named=zones))
    return (Fact(words._("Collect by"), told, strong=True),)


def late(
    words: Words, tower: Tower, until: datetime | None, now: datetime, *, zones: bool
) -> str | None:
    """That it should have been collected."""
    if until is None:
        return None
    return words._(
        "It should have been collected by {time}. It is still in the locker: please take "
        "care of it soon.",
        time=words.moment(until, tower, now=now, named=zones),
    )


def not_there(words: Words) -> Page:
    """For a wrong secret and a spent one alike."""
    _ = words._
    return _over(
        words,
        _("There is no parcel here"),
        _(
            "The link is not right, or it has been used: in Telegram, in another browser, or "
            "until the parcel was collected."
        ),
        _("If you are expecting a parcel, ask its sender for a new link."),
    )


def somebody_was_first(words: Words) -> Page:
    """For who has just tried to claim it."""
    _ = words._
    return _over(
        words,
        _("Somebody else was first"),
        _(
            "The parcel has just been claimed, in another browser or in Telegram, or its "
            "sender has made a new link."
        ),
        _("If it is meant for you, ask its sender for a new link."),
    )


def no_longer(words: Words) -> Page:
    """For the browser it was claimed in, once."""
    _ = words._
    return _over(
        words,
        _("This parcel is no longer yours to collect"),
        _(
            "It has been handed on to somebody else, or taken back. If that surprises you, ask "
            "whoever sent you the link."
        ),
    )


def _over(words: Words, heading: str, *lead: str) -> Page:
    return Page(words.language, Mark.OVER, title(words), heading, lead)


def refused(words: Words, status: int) -> Page:
    """What was asked can't be done, by its HTTP status."""
    troubles = _troubles(words)
    heading, lead = troubles.get(status, troubles[503])
    return Page(
        language=words.language,
        mark=Mark.TROUBLE,
        title=title(words),
        heading=heading,
        lead=(lead,),
        back=words._("Back to the parcel") if status in _WAY_BACK else None,
    )


_WAY_BACK = frozenset({400, 403, 409, 503})


def _troubles(words: Words) -> Mapping[int, tuple[str, str]]:
    _ = words._
    not_accepted = _("That could not be accepted")
    again = _("Nothing has been changed. Please go back to the parcel and try again.")
    return {
        400: (not_accepted, again),
        403: (not_accepted, again),
        409: (
            _("That is no longer possible"),
            _("It has changed in the meantime. Please look how it stands now."),
        ),
        429: (
            _("Too many wrong links"),
            _("Please wait some minutes. A link that is right works all the while."),
        ),
        503: (
            _("This page can't be shown just now"),
            _("Nothing is lost: please try again in a few seconds."),
        ),
    }
