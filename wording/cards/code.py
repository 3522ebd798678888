"""The protected message that opens a door.

Guarantees: shown to its holder alone, once they have asked for it, for as long as it works; in any
other case there is nothing to show, and the message goes away. It says how the door opens by its
own form (a locker token, or a Locker Open link), and tells no end that is not known. A code too
long for a QR symbol is text alone; one too long for a message, too, is said to be.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from bot.domain.actions import Action
from bot.domain.codes import Code, CodeKind
from bot.domain.message import Button, Meaning, Message
from bot.domain.openers import Opener, app_link, fits_symbol
from wording.cards.opening import app_said, hand_to_app, new_said, spelled
from wording.cards.rows import Row, another_door, deed, filled, next_parcel
from wording.cards.scene import Scene
from wording.cards.visit import coming_next, leave_or_stop
from wording.language import Words
from wording.sanitize import seen_units, units

LONGEST_TEXT = 4096
"""UTF-16 units of a message without a picture."""
LONGEST_COPY = 256
"""UTF-16 units: more than that no button copies."""

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
    buttons = filled(_rows(scene, code))
    if fits_symbol(code.text):
        return Message(_caption(scene, code, most), buttons, qr=code.text, protected=True)
    alone = _caption(scene, code, LONGEST_TEXT)
    if openable(code) or escape(code.text) in alone:
        return Message(alone, buttons, protected=True)
    too_long = scene.words._("⚠️ This code is too long for a message and for a QR code.")
    return Message(f"{_head(scene, code)}\n\n{too_long}", buttons, protected=True)


def _caption(scene: Scene, code: Code, most: int) -> str:
    """As much as fits below a picture; what is left out first can be done without. What is secret
    stands last, where no notification's preview reaches."""
    head, digits = _head(scene, code), _keypad(scene, code)
    how, text, helps = "\n".join(steps(scene, code)), _text(code), tips(scene, code)
    then = coming_next(scene)
    for parts in (
        (head, how, helps, then, text, digits),
        (head, how, then, text, digits),
        (head, how, text, digits),
        (head, text, digits),
        (head, how, digits),
        (head, digits),
    ):
        caption = "\n\n".join(filter(None, parts))
        if seen_units(caption) <= most:
            return caption
    return head


def _head(scene: Scene, code: Code) -> str:
    app = None
    if code.form is Opener.TOKEN:
        app = app_said(scene.words, scene.situation.policy)
    lines = (
        title(scene, code),
        scene.parcel_name,
        scene.place,
        scene.closed_line or scene.closing_line,
        valid(scene, code),
        scene.suspect,
        app,
    )
    return "\n".join(filter(None, lines))


def openable(code: Code) -> bool:
    """Whether a button may carry it: Telegram takes no scheme of one's own (`locker-open://`)."""
    return code.form is Opener.LINK and code.text.startswith(("https://", "http://"))


def _copyable(code: Code) -> bool:
    return units(code.text) <= LONGEST_COPY


def title(scene: Scene, code: Code) -> str:
    """The door, and what opens it."""
    _ = scene.words._
    if code.form is Opener.LINK:
        return _("🔗 <b>Locker {door}</b> · opening link", door=scene.door)
    if code.kind is CodeKind.DROP_OFF:
        return _("🔑 <b>Locker {door}</b> · drop-off code", door=scene.door)
    return _("🔑 <b>Locker {door}</b> · pick-up code", door=scene.door)


def valid(scene: Scene, code: Code) -> str | None:
    """Until when it is good; of a pick-up link nobody knows that."""
    _, until = scene.words._, scene.until(code.expires_at)
    if code.form is Opener.TOKEN:
        return _("⏳ Valid until {until}", until=until)
    if code.kind is CodeKind.PICK_UP:
        return None
    return _(
        "⏳ Harbor holds the locker until {until}. After that you need a new link, perhaps for "
        "another locker.",
        until=until,
    )


def _keypad(scene: Scene, code: Code) -> str | None:
    """The digits, which need no phone. They are asked for "for the pick-up"; whether they open the
    door for the drop-off too is UNKNOWN (harbor.md §4.7).
    """
    if code.digits is None:
        return None
    there = on_keypad(scene.words, code.kind)
    return f"{there} <code>{escape(code.digits)}</code>\n{spelled(scene.words, code.digits)}"


def on_keypad(words: Words, kind: CodeKind) -> str:
    """What stands before the digits."""
    if kind is CodeKind.DROP_OFF:
        return words._("⌨️ <b>Digits for the tower's keypad</b>, if they open it for the drop-off:")
    return words._("⌨️ <b>Or on the tower's keypad</b>, without a phone:")


def steps(scene: Scene, code: Code) -> list[str]:
    """How to open the door with it, numbered."""
    _ = scene.words._
    then = _("3. Take the parcel out and close the door.")
    if code.kind is CodeKind.DROP_OFF:
        then = _("3. Put the parcel in and close the door.")
    if code.form is Opener.LINK:
        near = _("1. Stand within three metres of the tower, with Bluetooth on.")
        return [near, _open_link(scene, code), then]
    return [
        _("1. Stand at the tower, with Bluetooth switched on."),
        _open_token(scene, code),
        then,
    ]


def _open_link(scene: Scene, code: Code) -> str:
    _ = scene.words._
    if not openable(code):
        return _("2. Open the link on your phone: door {door} opens.", door=scene.door)
    return _(
        "2. Tap “{button}”. iPhone: an App Clip opens. Android: the Locker Open app opens; install "
        "it from the store first.",
        button=_("Open door {door}", door=scene.door),
    )


def _open_token(scene: Scene, code: Code) -> str:
    _ = scene.words._
    if not fits_symbol(code.text):
        return _("2. Paste this code in the app: door {door} opens.", door=scene.door)
    if handed_over(scene, code) is None:
        return _("2. Scan or paste this code in the app: door {door} opens.", door=scene.door)
    button = escape(hand_to_app(scene.words, scene.situation.policy))
    return _(
        "2. Tap “{button}”, or scan this code with the app on another phone: door {door} opens.",
        button=button,
        door=scene.door,
    )


def tips(scene: Scene, code: Code) -> str | None:
    """What helps where a link does not open the door at once."""
    if code.form is Opener.TOKEN:
        return None
    return scene.words._(
        "It stays shut? Open the same link again; only one link at a time can be opened. The phone "
        "shows nothing? Copy the link into Safari or Chrome."
    )


def _text(code: Code) -> str | None:
    """The code itself, for who reads or copies it; a link in full only where no button has it."""
    if openable(code) and _copyable(code):
        return None
    return f"<code>{escape(code.text)}</code>"


def _rows(scene: Scene, code: Code) -> list[Row]:
    _ = scene.words._
    drop_off = code.kind is CodeKind.DROP_OFF
    fresh = Action.NEW_DROP_OFF_CODE if drop_off else Action.NEW_PICK_UP_CODE
    helps = (
        deed(scene, _("It did not open"), Action.DOOR),
        deed(scene, new_said(scene.words, code.form), fresh),
    )
    onward = another_door(scene) or next_parcel(scene)
    copies = (_copies(scene, code), _copies_digits(scene, code))
    opens: list[Row] = [(_opens(scene, code),), (onward,), copies]
    if not drop_off:
        return [*opens, helps, leave_or_stop(scene)]
    fits = deed(scene, _("It doesn't fit"), Action.SIZE)
    return [*opens, helps, (fits, deed(scene, _("Cancel"), Action.CANCEL))]


def _opens(scene: Scene, code: Code) -> Button | None:
    """The button that opens the door, or what opens it, on this very phone."""
    if openable(code):
        said = scene.words._("Open door {door}", door=scene.door_plain)
        return Button(said, url=code.text, meaning=Meaning.OPEN)
    link = handed_over(scene, code)
    said = hand_to_app(scene.words, scene.situation.policy)
    return None if link is None else Button(said, url=link, meaning=Meaning.OPEN)


def handed_over(scene: Scene, code: Code) -> str | None:
    """The link that hands a token over to the app, where there is such a link."""
    template = scene.situation.policy.app_link
    if code.form is Opener.LINK or template is None:
        return None
    return app_link(template, code.text)


def _copies_digits(scene: Scene, code: Code) -> Button | None:
    """To be sent to whoever stands at the keypad."""
    if code.digits is None:
        return None
    return Button(scene.words._("Copy the digits"), copy=code.digits)


def _copies(scene: Scene, code: Code) -> Button | None:
    """Protected text can't be copied in the chat, and another browser or app needs it."""
    if not _copyable(code):
        return None
    _ = scene.words._
    said = _("Copy the opening link") if code.form is Opener.LINK else _("Copy the code")
    return Button(said, copy=code.text)
