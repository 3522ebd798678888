"""What opens a door, in words: what it demands of a phone, and what may still open it.

Guarantees: nothing is said of an opener but what is known of it; an opener is called the same on
every card and button.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.codes import CodeKind
from bot.domain.openers import Opener
from bot.domain.policy import Policy
from bot.domain.situation import Situation
from wording.language import Words
from wording.sanitize import esc, plain


def app_said(words: Words, policy: Policy) -> str:
    """What the code is for: the app that opens Harbor lockers, by its name where it is known."""
    _ = words._
    if policy.app_name:
        return _("📱 For <b>{app}</b>, the app that opens the lockers.", app=esc(policy.app_name))
    return _("📱 For the app with which you open Harbor lockers.")


def needs(words: Words, opener: Opener, policy: Policy) -> str:
    """What a phone needs to open the door, for whoever can still see to it."""
    _ = words._
    if opener is Opener.LINK:
        return _(
            "📱 The door opens by a link, with any phone that has Bluetooth on: an iPhone opens an "
            "App Clip, Android needs the Locker Open app from the store."
        )
    if policy.app_name:
        return _(
            "📱 The door opens to <b>{app}</b>, the app that opens the lockers.",
            app=esc(policy.app_name),
        )
    return _("📱 The door opens to the app with which you open Harbor lockers.")


def no_link(words: Words, situation: Situation, kind: CodeKind) -> str | None:
    """That a code opens the door where links are usual, and what to do without the app for it."""
    _, delivery, policy = words._, situation.delivery, situation.policy
    configured = policy.openers_at(delivery.tower)
    usual = configured.drop_off if kind is CodeKind.DROP_OFF else configured.pick_up
    if usual is Opener.TOKEN or delivery.opener(kind, policy) is Opener.LINK:
        return None
    if kind is CodeKind.DROP_OFF:
        return _(
            "🔗 Harbor made no link for this parcel. If you don't have the app, please cancel: you "
            "can't open this door."
        )
    return _("🔗 Harbor made no link for this parcel. If you don't have the app, report a problem.")


def hand_to_app(words: Words, policy: Policy) -> str:
    """What the button says that hands a code over to the app."""
    if policy.app_name:
        return words._("Open in {app}", app=plain(policy.app_name))
    return words._("Open in the app")


def get_said(words: Words, kind: CodeKind, opener: Opener) -> str:
    """What the button says that asks for what opens the door."""
    _ = words._
    if opener is Opener.LINK:
        return _("Get opening link")
    return _("Get drop-off code") if kind is CodeKind.DROP_OFF else _("Get pick-up code")


def new_said(words: Words, opener: Opener) -> str:
    """What the button says that replaces what opens the door."""
    return words._("New link") if opener is Opener.LINK else words._("New code")


def on_its_way(words: Words, opener: Opener) -> str:
    """That Harbor is being asked for it."""
    if opener is Opener.LINK:
        return words._("⏳ Asking Harbor for the link…")
    return words._("⏳ Asking Harbor for the code…")


def may_still_open(words: Words, opener: Opener, until: str) -> str:
    """That what has been shown for the pick-up can't be called back, and opens until `until`."""
    _ = words._
    if opener is Opener.LINK:
        return _(
            "⚠️ An opening link already shown can't be called back: it may still open the door "
            "until about {until}.",
            until=until,
        )
    return _("⚠️ A pick-up code already shown may still open the door until {until}.", until=until)


def openers_said(words: Words, policy: Policy) -> list[str]:
    """What opens the doors, as it is configured: a line for each opener, and for the keypads."""
    _ = words._
    configured = (policy.openers, *policy.tower_openers.values())
    drop_off = {openers.drop_off for openers in configured}
    pick_up = {openers.pick_up for openers in configured}
    told = {Opener.LINK: _link_told(words), Opener.TOKEN: _code_told(words, policy)}
    titles = {
        Opener.LINK: _("🔗 <b>Opening link</b>"),
        Opener.TOKEN: _("🔑 <b>Code for the app</b>"),
    }
    lines: list[str] = []
    for opener, title in titles.items():
        uses = [
            use
            for use, openers in ((_("to send"), drop_off), (_("to collect"), pick_up))
            if opener in openers
        ]
        if uses:
            which = f" ({uses[0]})" if len(uses) == 1 else ""
            lines.append(f"{title}{which}: {told[opener]}")
    if any(openers.keypad for openers in configured):
        lines.append(keypad_said(words))
    return lines


def keypad_said(words: Words) -> str:
    """What a tower's keypad is for."""
    return words._("⌨️ <b>Keypad</b>: where digits come with the link, type them on it.")


def _link_told(words: Words) -> str:
    return words._(
        "works with any phone: an iPhone opens an App Clip, Android needs the Locker Open app from "
        "the store. Stand within three metres of the tower, with Bluetooth on. Only one link at "
        "a time can be opened; the same link may be opened again."
    )


def _code_told(words: Words, policy: Policy) -> str:
    _ = words._
    if policy.app_name:
        return _(
            "for <b>{app}</b>, the app that opens the lockers. Stand at the tower, with Bluetooth "
            "on.",
            app=esc(policy.app_name),
        )
    return _(
        "for the app with which you open Harbor lockers. Stand at the tower, with Bluetooth on."
    )


def spelled(words: Words, digits: str) -> str:
    """A keypad code as one says it aloud: `four · seven · one · one`."""
    names = _digits(words)
    return " · ".join(names[digit] for digit in digits if digit in names)


def _digits(words: Words) -> Mapping[str, str]:
    _ = words._
    return {
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
