"""What whoever practises reads: the real cards, told of a delivery that is made up.

Guarantees: every message begins with the mark; the cards and the names of their buttons are those
of a real parcel, so that practice can't drift away from it, but no button of theirs is among its
own, and nothing leads to a map, a web address or a code that could be real.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.actions import Action
from bot.domain.meanings import meaning_of
from bot.domain.message import Button, Message, Place, press
from bot.domain.person import Person
from bot.domain.policy import Policy
from bot.domain.practice import DOOR, FREE, RECIPIENT, Practised, Stage, Step
from bot.domain.situation import Situation
from bot.domain.tower import Tower
from wording.booking import at_tower_way, free_said, reserve_way
from wording.cards.code import code_card, openable
from wording.cards.delivery import delivery_card
from wording.cards.scene import Scene
from wording.language import Words
from wording.sanitize import capital, esc

_LONGEST = 4096

Row = tuple[Button, ...]


class _Scene(Scene):
    """A scene at a tower that stands on no map, on a clock that stands still: moments are plain
    words, which no phone counts down."""

    @property
    def place(self) -> str:
        """Its name alone."""
        return f"📍 {self.tower_name}"

    def time(self, at: datetime | None) -> str:
        """The moment; a question mark for never."""
        return self.time_plain(at)

    def until(self, at: datetime | None) -> str:
        """The moment in bold, with the time that is left where that is less than a day."""
        moment, left = f"<b>{self.time(at)}</b>", at and at - self.situation.now
        if not left or left >= timedelta(days=1):
            return moment
        return f"{moment} ({self.words.span(left)})"


@dataclass(frozen=True, slots=True)
class Practising:
    """Somebody who practises, and the words they are spoken to in. `kept`: an errand waits for
    them meanwhile."""

    practised: Practised
    person: Person
    policy: Policy
    words: Words
    kept: bool = False

    @property
    def tower(self) -> Tower:
        """Where it all takes place."""
        return self.practised.tower(self.words._("Practice tower"))

    @property
    def other(self) -> str:
        """Who collects: somebody made up, who has a name all the same."""
        return self.words._("Robin")

    def scene(self) -> Scene:
        """What a real card would be told from."""
        practised, policy = self.practised, self.practised.policy(self.policy)
        robin = replace(self.person, id=RECIPIENT, name=self.other, username=None)
        situation = Situation(
            practised.delivery(self.person, policy),
            robin if practised.turned else self.person,
            practised.now,
            policy,
            self.tower,
            sender=self.person,
            recipient=robin,
            recipient_told=True,
            code=practised.code(self.person, policy),
            zones=practised.named,
        )
        return _Scene(situation, self.words)


def practice(practising: Practising) -> Message:
    """The screen of the stage at which it stands."""
    return _SCREENS[practising.practised.stage](practising)


def leave_said(words: Words) -> str:
    """What the way out is called."""
    return words._("‹ Leave practice")


def first_said(words: Words) -> str:
    """What the way in is called, for whoever has seen nothing yet."""
    return words._("🎓 Practise first: nothing is real")


def opens_said(words: Words, stage: Stage) -> str:
    """In answer to a door that is opened."""
    _ = words._
    if stage is Stage.DROP_OFF:
        return _("Practice: door {door} would open now. Put the parcel in and close it.", door=DOOR)
    return _("Practice: door {door} would open now. Take the parcel out and close it.", door=DOOR)


def code_said(words: Words) -> str:
    """In answer to a code of practice that was typed."""
    return words._(
        "🎓 Practice: that code is made up. It opens no door and claims no parcel, and typing it "
        "was no wrong try."
    )


# -- the screens


def _tower(practising: Practising) -> Message:
    _ = practising.words._
    lines = [
        _(
            "A whole parcel in two minutes, from its sender to its recipient. Nothing here is real:"
            " no locker is held, nobody is told, and you can leave at any time."
        ),
        _("Messages about real parcels come as always."),
    ]
    if practising.kept:
        leave = leave_said(practising.words)
        lines.append(_("What you were doing is kept: “{button}” leads back to it.", button=leave))
    take = Button(f"📍 {practising.tower.name}", press(Step.TOWER))
    return _screen(practising, "\n".join(lines), [_("📦 <b>Which tower?</b>")], (take,))


def _size(practising: Practising) -> Message:
    words = practising.words
    _ = words._
    rows = [
        (Button(free_said(words, capital(words.size(size)), count), press(Step.SIZE, size.value)),)
        for size, count in FREE.items()
    ]
    where = _("📍 <b>{tower}</b>", tower=esc(practising.tower.name))
    return _screen(practising, "", [where, _("<b>Which size?</b>")], *rows)


def _review(practising: Practising) -> Message:
    words, practised = practising.words, practising.practised
    _ = words._
    chosen = _(
        "📍 <b>{tower}</b> · {size}",
        tower=esc(practising.tower.name),
        size=words.size(practised.size),
    )
    collects = _(
        "It is for {name}, who is made up. You will be both people in turn.",
        name=practising.other,
    )
    policy = practised.policy(practising.policy)
    (label, brings), step = reserve_way(words, policy), Step.RESERVE
    if practised.by_link:
        (label, brings), step = at_tower_way(words, policy), Step.AT_TOWER
    return _screen(practising, collects, [chosen, brings], (Button(label, press(step)),))


def _reserved(practising: Practising) -> Message:
    card = _card(practising)
    said = practising.words._("A locker is reserved. Here no time runs out.")
    get = _as_on(card, Action.DROP_OFF_CODE, Step.GET_DROP_OFF)
    return _screen(practising, said, [card.html], (get,))


def _drop_off(practising: Practising) -> Message:
    _ = practising.words._
    said = _("This opens the door. As there is no tower, a button below closes it.")
    return _code(practising, said, Button(_("🚪 Parcel in, door closed"), press(Step.PUT_IN)))


def _in(practising: Practising) -> Message:
    _ = practising.words._
    said = _("As the sender, you read this as soon as Harbor reports the parcel in.")
    other = Button(_("👤 Now be {name}", name=practising.other), press(Step.RECIPIENT))
    return _screen(practising, said, [_card(practising).html], (other,))


def _told(practising: Practising) -> Message:
    card = _card(practising)
    said = practising.words._(
        "You are {name} now. With a real parcel this message comes by itself, and rings.",
        name=practising.other,
    )
    get = _as_on(card, Action.PICK_UP_CODE, Step.GET_PICK_UP)
    return _screen(practising, said, [card.html], (get,))


def _pick_up(practising: Practising) -> Message:
    _ = practising.words._
    said = _("This opens the door for {name}.", name=practising.other)
    return _code(practising, said, Button(_("📦 Parcel out, door closed"), press(Step.TAKE_OUT)))


def _over(practising: Practising) -> Message:
    _ = practising.words._
    told = (
        _(
            "<b>Real</b> were the steps, the buttons, and what the messages say: a real parcel"
            " looks the same."
        ),
        _(
            "<b>Not real</b> were the tower, what opened its door, and {name}. No locker was held,"
            " and nobody was told.",
            name=practising.other,
        ),
        _(
            "<b>Different with a real parcel:</b> you choose who collects, times run out, and it"
            " can take a moment until Harbor reports that a parcel is in or out."
        ),
    )
    begin = Button(_("📦 Send a parcel"), press(Place.SEND))
    again = Button(_("🎓 Practise again"), press(Step.AGAIN))
    rows = [(again,)] if practising.kept else [(begin,), (again,)]
    return _screen(
        practising, _("From hand to hand: that was it."), [_card(practising).html, *told], *rows
    )


_SCREENS = {
    Stage.TOWER: _tower,
    Stage.SIZE: _size,
    Stage.REVIEW: _review,
    Stage.RESERVED: _reserved,
    Stage.DROP_OFF: _drop_off,
    Stage.IN: _in,
    Stage.TOLD: _told,
    Stage.PICK_UP: _pick_up,
    Stage.OVER: _over,
}


# -- what they are made of


def _screen(practising: Practising, said: str, paragraphs: list[str], *rows: Row) -> Message:
    """What is `said` of practice itself stands beside the mark; the way out and the way to help
    below everything else."""
    _ = practising.words._
    mark = "\n".join(filter(None, (_("🎓 <b>Practice</b>"), said and f"<i>{said}</i>")))
    leave = Button(leave_said(practising.words), press(Step.LEAVE))
    guide = Button(_("❔ Help"), press(Place.HELP))
    return Message("\n\n".join([mark, *paragraphs]), (*rows, (leave,), (guide,)))


def _card(practising: Practising) -> Message:
    """The real card of the delivery as it stands."""
    shown = delivery_card(practising.scene())
    assert shown is not None, "no newer delivery takes its place"
    return shown


def _code(practising: Practising, said: str, closes: Button) -> Message:
    """The real message that opens a door; the link in it is a button that only says so."""
    _, scene = practising.words._, practising.scene()
    shown, code = code_card(scene, _LONGEST), scene.situation.code
    assert shown is not None
    assert code is not None, "it is shown at stages that have a code"
    rows: list[Row] = []
    if openable(code):
        opens = next(each for row in shown.buttons for each in row if each.url is not None)
        rows.append((replace(opens, url=None, press=press(Step.OPEN)),))
    else:
        made_up = _("A code that begins with PRACTICE is made up: it opens no door.")
        said = f"{said} {made_up}"
    return _screen(practising, said, [shown.html], *rows, (closes,))


def _as_on(card: Message, action: Action, step: Step) -> Button:
    """A button that is called, and looks, as the real one."""
    real = next(
        each
        for row in card.buttons
        for each in row
        if each.press is not None and each.press.verb == action
    )
    return Button(real.text, press(step), meaning=meaning_of(real))
