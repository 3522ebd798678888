"""The slip: what whoever forwards a claim passes on by any channel, as text and as a picture.

Guarantees: it is true whenever it is read: no span that is left, days with their date, and nothing
of where the parcel lies before it lies there. What opens the parcel to whoever has it stands last,
where no notification's preview reaches; it is a claim, never what opens a door. Nothing in it is
protected: it is made to be forwarded.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape, unescape

from bot.domain.actions import Action
from bot.domain.claims import Claim, show_claim_code
from bot.domain.languages import LANGUAGES
from bot.domain.lifecycle import State
from bot.domain.message import Button, Message, Press, Sheet
from wording.cards.claiming import copy_link, share
from wording.cards.opening import keypad_said, needs
from wording.cards.scene import NOTE, Scene, map_url
from wording.language import Words, own_name
from wording.opening_hours import week_line
from wording.page.value import bare
from wording.sanitize import plain, plain_name, units

Fact = tuple[str, str]

_ANY_REVISION = 1
"""What its buttons carry: they count at any revision, and so a slip that says the same is not shown
anew whenever the delivery changes."""
_IN_A_ROW = 3


def slip_card(scene: Scene, reader: Words, most: int) -> Message | None:
    """The slip in the words of `scene`, with buttons in those of its `reader`; its text in at most
    `most` UTF-16 units. None where there is nothing (any more) to forward."""
    claim = scene.situation.claim
    if claim is None or not scene.situation.may(Action.SLIP):
        return None
    read = Scene(scene.situation, reader)
    # What is shared is shared within the messenger; what is copied goes anywhere.
    passes_on = (
        share(read, scene.situation.links.to_claim(claim)),
        copy_link(read, _link(scene, claim)),
    )
    return Message(
        f"<pre>{escape(slip_text(scene, claim, most))}</pre>",
        (*_languages(scene), passes_on),
        sheet=_sheet(scene, claim),
    )


def slip_text(scene: Scene, claim: Claim, most: int) -> str:
    """As plain text; what is left out first, where it is too long, can be done without."""
    title, note, facts = _title(scene), _note(scene), list(_facts(scene))
    where, hours, rest = facts[0], _hours(scene), facts[1:]
    map_of = (scene.words._("Map"), map_url(scene.situation.tower))
    opens, keypad, last = _opens(scene), _keypad(scene), _last(scene, claim)
    for words, known, how in (
        (note, (where, map_of, hours, *rest), (opens, keypad)),
        (note, (where, map_of, *rest), (opens, keypad)),
        (note, (where, map_of, *rest), (opens,)),
        (note, (where, *rest), (opens,)),
        (None, (where, *rest), (opens,)),
        (None, (where, *rest), ()),
    ):
        lines = "\n".join(_said(scene, fact) for fact in known if fact is not None)
        parts = (title, words, lines, "\n".join(filter(None, how)), last)
        text = "\n\n".join(filter(None, parts))
        if units(text) <= most:
            return text
    return last


def _sheet(scene: Scene, claim: Claim) -> Sheet:
    """As a picture, for whoever holds it in hand."""
    hours = _hours(scene)
    known = (*_facts(scene), *((hours,) if hours else ()))
    below = (_typed(scene, claim), _opens(scene), _keypad(scene), _for_you_alone(scene))
    return Sheet(
        title=_title(scene),
        words=_note(scene) or "",
        facts=known,
        link=_link(scene, claim),
        beside=tuple(_beside(scene, claim)),
        below=tuple(filter(None, below)),
    )


# -- what both say


def _title(scene: Scene) -> str:
    _ = scene.words._
    sender = scene.situation.sender
    if name := plain_name(sender.name if sender is not None else None):
        return _("A parcel for you from {sender}", sender=name)
    return _("A parcel for you")


def _note(scene: Scene) -> str | None:
    """The sender's words."""
    text = plain(scene.delivery.note, NOTE)
    return scene.words._("“{text}”", text=text) if text else None


def _facts(scene: Scene) -> Iterator[Fact]:
    """Where, how the sender calls it, and once it is in: which door, and until when."""
    _, delivery = scene.words._, scene.delivery
    yield _("Place"), ", ".join(filter(None, map(unescape, (scene.tower_name, scene.address))))
    if name := plain_name(delivery.parcel_name):
        yield _("Parcel"), name
    if delivery.state is not State.STORED:
        return
    yield _("Locker"), scene.door_plain
    if delivery.collect_until is not None:
        until, told = delivery.collect_until, scene.situation
        yield _("Collect by"), scene.words.date(until, told.tower, named=told.zones)


def _hours(scene: Scene) -> Fact | None:
    week = week_line(scene.situation.tower, scene.words)
    return (scene.words._("Hours"), week) if week else None


def _said(scene: Scene, fact: Fact) -> str:
    label, value = fact
    return scene.words._("{label}: {value}", label=label, value=value)


def _opens(scene: Scene) -> str:
    """What it takes to open the door."""
    situation = scene.situation
    return bare(needs(scene.words, situation.picks_up_by, situation.policy))


def _keypad(scene: Scene) -> str | None:
    if not scene.situation.policy.openers_at(scene.delivery.tower).keypad:
        return None
    return bare(keypad_said(scene.words))


# -- how it is claimed


def _link(scene: Scene, claim: Claim) -> str:
    """Of the parcel's page, where there is one; else into the messenger."""
    links = scene.situation.links
    return links.to_page(claim) or links.to_claim(claim)


def _in_browser(scene: Scene, claim: Claim) -> bool:
    return scene.situation.links.to_page(claim) is not None


def _last(scene: Scene, claim: Claim) -> str:
    """What becomes of it, and the claim, at the end."""
    _ = scene.words._
    if _in_browser(scene, claim):
        how = _("To collect it, open this link:")
    else:
        how = _("To collect it, open this link in Telegram:")
    lines = (_for_you_alone(scene), how, _link(scene, claim), _typed(scene, claim))
    return "\n".join([*_told_later(scene, claim), *filter(None, lines)])


def _told_later(scene: Scene, claim: Claim) -> Iterator[str]:
    """Who says the rest, of a parcel that is not in yet."""
    _ = scene.words._
    if scene.delivery.state is State.STORED:
        return
    if _in_browser(scene, claim):
        yield _("The page behind the link shows when the parcel is in, where, and until when.")
    else:
        yield _("The bot behind the link tells you when the parcel is in, where, and until when.")


def _typed(scene: Scene, claim: Claim) -> str | None:
    """What to type where the link leads into the messenger; a browser needs nothing typed."""
    if _in_browser(scene, claim):
        return None
    return scene.words._(
        "Or type this code there ({chat}) after /collect: {code}",
        chat=scene.situation.links.chat.removeprefix("https://"),
        code=show_claim_code(claim.code),
    )


def _for_you_alone(scene: Scene) -> str:
    return scene.words._("This is for you alone: whoever uses it first can collect the parcel.")


def _beside(scene: Scene, claim: Claim) -> Iterator[str]:
    """What stands next to the symbol."""
    _ = scene.words._
    if _in_browser(scene, claim):
        yield _("Scan this with your phone's camera to collect the parcel.")
    else:
        yield _("Scan this with your phone's camera to collect the parcel in Telegram.")
    yield from _told_later(scene, claim)


# -- buttons


def _languages(scene: Scene) -> Iterator[tuple[Button, ...]]:
    """One for each language that the recipient may read."""
    spoken = scene.words.language
    each = [
        Button(
            f"{'✅ ' if language == spoken else ''}{own_name(language)}",
            Press(Action.SLIP.value, language, scene.delivery.id, _ANY_REVISION),
        )
        for language in LANGUAGES
    ]
    for at in range(0, len(each), _IN_A_ROW):
        yield tuple(each[at : at + _IN_A_ROW])
