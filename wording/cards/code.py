"""The protected message that opens a door.

Guarantees: shown to its holder alone, once they have asked for it, for as long as it works; in any
other case there is nothing to show, and the message goes away.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from bot.domain.actions import Action
from bot.domain.codes import Code, CodeForm, CodeKind
from bot.domain.message import Button, Message
from wording.cards.rows import Row, deed, filled
from wording.cards.scene import Scene
from wording.language import Words
from wording.sanitize import seen_units

_SHOWS: Mapping[CodeKind, Action] = {
    CodeKind.DROP_OFF: Action.DROP_OFF_CODE,
    CodeKind.PICK_UP: Action.PICK_UP_CODE,
}
"""Whoever may take the action may see the code."""


def code_card(scene: Scene, most: int) -> Message | None:
    """The code with the door it opens, in at most `most` UTF-16 units; None when there is none (any
    more) for this reader."""
    situation, code = scene.situation, scene.situation.code
    if code is None or not situation.code_out or not situation.may(_SHOWS[code.kind]):
        return None
    qr = None if code.form is CodeForm.KEYPAD else code.text
    buttons = filled(_rows(scene, code))
    return Message(_caption(scene, code, most), buttons, qr=qr, protected=True)


def _caption(scene: Scene, code: Code, most: int) -> str:
    """As much as fits below a picture; what is left out first can be done without."""
    lines = (_title(scene, code), scene.place, scene.closed_line, _valid(scene, code))
    head = "\n".join(filter(None, lines))
    steps, text = "\n".join(_steps(scene, code)), _text(scene, code)
    for parts in ((head, steps, text), (head, text), (head, steps)):
        caption = "\n\n".join(filter(None, parts))
        if seen_units(caption) <= most:
            return caption
    return head


def spelled(words: Words, digits: str) -> str:
    """A keypad code as one says it aloud: `four · seven · one · one`."""
    _ = words._
    names = {
        "0": _("zero"),
        "1": _("one"),
        "2": _("two"),
        "3": _("three"),
        "4": _("four"),
        "5": _("five"),
        "6": _("six"),
        "7": _("seven"),
        "8": _("eight"),
        "9": _("nine"),
    }
    return " · ".join(names[digit] for digit in digits if digit in names)


def _openable(code: Code) -> bool:
    """Whether a button may carry it: Telegram takes no scheme of one's own (`locker-open://`)."""
    return code.form is CodeForm.LINK and code.text.startswith(("https://", "http://"))


def _title(scene: Scene, code: Code) -> str:
    _ = scene.words._
    if code.kind is CodeKind.DROP_OFF:
        return _("🔑 <b>Locker {door}</b> · drop-off code", door=scene.door)
    return _("🔑 <b>Locker {door}</b> · pick-up code", door=scene.door)


def _valid(scene: Scene, code: Code) -> str:
    return scene.words._("⏳ Valid until {until}", until=scene.until(code.expires_at))


def _steps(scene: Scene, code: Code) -> list[str]:
    _ = scene.words._
    then = _("3. Take the parcel out and close the door.")
    if code.kind is CodeKind.DROP_OFF:
        then = _("3. Put the parcel in and close the door.")
    match code.form:
        case CodeForm.KEYPAD:
            return [
                _("1. Go to the tower's keypad."),
                _("2. Type the digits below: door {door} opens.", door=scene.door),
                then,
            ]
        case CodeForm.LINK:
            return [
                _("1. Stand at the tower, with Bluetooth switched on."),
                _("2. Open the link on your phone: door {door} opens.", door=scene.door),
                then,
            ]
    return [
        _("1. Stand at the tower, with Bluetooth switched on."),
        _("2. Hold this code to the tower: door {door} opens.", door=scene.door),
        then,
    ]


def _text(scene: Scene, code: Code) -> str | None:
    if _openable(code):
        return None  # the button and the QR symbol carry it
    text = f"<code>{escape(code.text)}</code>"
    if code.form is CodeForm.KEYPAD:
        return f"{text}\n{spelled(scene.words, code.text)}"
    return text


def _rows(scene: Scene, code: Code) -> list[Row]:
    _ = scene.words._
    drop_off = code.kind is CodeKind.DROP_OFF
    opens: Row = ()
    if _openable(code):
        opens = (Button(_("Open the door"), url=code.text),)
    fresh = Action.NEW_DROP_OFF_CODE if drop_off else Action.NEW_PICK_UP_CODE
    helps = (
        deed(scene, _("It did not open"), Action.DOOR),
        deed(scene, _("New code"), fresh),
    )
    if not drop_off:
        return [opens, helps]
    ways_out = (
        deed(scene, _("It doesn't fit"), Action.SIZE),
        deed(scene, _("Cancel"), Action.CANCEL),
    )
    return [opens, helps, ways_out]
