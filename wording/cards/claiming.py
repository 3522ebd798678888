"""Who collects, and how they come to: the lines and buttons around a claim.

Guarantees: the claim's link and code are shown to those alone who may forward them, at the end of a
card, where no notification's preview reaches; whether anybody can use them, or one person, stands
before them.
"""

from __future__ import annotations

from bot.domain.actions import Action
from bot.domain.claims import Claim, show_claim_code
from bot.domain.message import Button
from wording.cards.rows import Row, deed
from wording.cards.scene import Scene


def claim_link(scene: Scene) -> str | None:
    """The link that makes its first reader the recipient, or somebody who is awaited."""
    claim = scene.situation.claim
    return None if claim is None else scene.situation.links.to_claim(claim)


def who_collects(scene: Scene) -> str:
    """The paragraph about the recipient, for the sender before the parcel is in."""
    _ = scene.words._
    if scene.situation.to_oneself:
        return _("👤 You collect it yourself.")
    if scene.situation.claimed_on_web:
        return claimed_on_web(scene)
    there = scene.delivery.recipient is not None and not scene.delivery.awaited
    if there and not scene.situation.recipient_silent:
        return _(
            "👤 For <b>{name}</b>, whom this bot will tell as soon as Harbor reports it in.",
            name=scene.recipient_name,
        )
    return who_is_missing(scene)


def claimed_on_web(scene: Scene) -> str:
    """The paragraph about a recipient in a browser, whom nobody can write to."""
    return scene.words._(
        "🌐 It has been <b>claimed on the web</b>. Nobody can be written to there: the parcel page "
        "shows how it stands, in the browser it was claimed in."
    )


def who_is_missing(scene: Scene) -> str:
    """The paragraph about a recipient who has yet to be told, and how to tell them."""
    _, claim = scene.words._, scene.situation.claim
    if scene.delivery.awaited:
        return "\n".join([_awaited(scene), *([_send_this(scene, claim)] if claim else [])])
    if scene.situation.recipient_silent:
        return _(
            "👤 For <b>{name}</b>. Telegram doesn't let me write to them: they have never opened "
            "this bot, or have blocked it. Send them this link; once they open it, they see the "
            "parcel:\n{link}",
            name=scene.recipient_name,
            link=scene.situation.links.chat,
        )
    if claim is None:
        return _("👤 Nobody can collect it yet.")
    return f"{_nobody_yet(scene)}\n{_forward_this(scene, claim)}"


def _nobody_yet(scene: Scene) -> str:
    _ = scene.words._
    if scene.delivery.declined:
        return _(
            "👤 <b>{name}</b> takes no parcel without being asked first, so nobody has it yet.",
            name=scene.recipient_first,
        )
    if scene.delivery.recipient_name:
        return _(
            "👤 For <b>{name}</b>. They have never opened this bot, so Telegram doesn't let me "
            "write to them first.",
            name=scene.recipient_name,
        )
    return _("👤 Nobody has claimed it yet.")


def _awaited(scene: Scene) -> str:
    return scene.words._(
        "👤 For <b>{name}</b>. Telegram doesn't let me write to them: they have never opened this "
        "bot, or have blocked it. Once they open it, the parcel is theirs; nobody else can use the "
        "link or the code.",
        name=scene.recipient_name,
    )


def _send_this(scene: Scene, claim: Claim) -> str:
    """The link and the code for the one who is awaited."""
    return scene.words._(
        "Send them this link:\n{link}\n"
        "Or pass on the claim code, to be typed in this bot after /collect: {code}",
        link=scene.situation.links.to_claim(claim),
        code=f"<code>{show_claim_code(claim.code)}</code>",
    )


def _forward_this(scene: Scene, claim: Claim) -> str:
    """The link and the code, to be passed on by any channel; and where else the parcel shows."""
    _ = scene.words._
    told = _(
        "Forward this link; the first to open it can collect:\n{link}\n"
        "Or pass on the claim code, to be typed in this bot after /collect: {code}",
        link=scene.situation.links.to_claim(claim),
        code=f"<code>{show_claim_code(claim.code)}</code>",
    )
    if scene.situation.links.to_page(claim) is None:
        return told
    elsewhere = _(
        "For somebody without Telegram: “{button}” has a link for any browser.",
        button=_("Pick-up slip"),
    )
    return f"{told}\n{elsewhere}"


def forwarding(scene: Scene, most: int = 2) -> Row:
    """At most so many buttons that pass the claim on; none when there is none. Beside the link
    stands the slip, or, where one person alone can use it, a link for anyone."""
    link = claim_link(scene)
    if link is not None and scene.delivery.awaited:
        other = deed(scene, scene.words._("A link for anyone"), Action.HAND_OVER)
        return (share(scene, link), other or copy_link(scene, link))[:most]
    if link is not None:
        slip = deed(scene, scene.words._("Pick-up slip"), Action.SLIP)
        return (share(scene, link), slip)[-most:]
    if scene.situation.recipient_silent and scene.situation.sends:
        link = scene.situation.links.chat
        return (share(scene, link), copy_link(scene, link))[:most]
    return ()


def share(scene: Scene, link: str) -> Button:
    """Forwards the link to any chat of the messenger's."""
    invitation = scene.words._("A parcel for you: open this link to collect it.")
    return Button(
        scene.words._("Share the link"), url=scene.situation.links.to_share(link, invitation)
    )


def copy_link(scene: Scene, link: str) -> Button:
    """Copies the link, for whatever else there is."""
    return Button(scene.words._("Copy the link"), copy=link)


def hand_over(scene: Scene) -> Button | None:
    """For the sender: the claim to somebody else, once it has been claimed or can't be forwarded.

    For anybody else: let another person collect.
    """
    _ = scene.words._
    if scene.situation.claim is not None:
        return None
    if scene.situation.sends and not scene.situation.to_oneself:
        return deed(scene, _("Hand the claim to somebody else"), Action.HAND_OVER)
    return deed(scene, _("Let somebody else collect"), Action.HAND_OVER)


def decline(scene: Scene) -> Button | None:
    """For whoever was picked without being asked, until they have asked for a code themselves."""
    if scene.situation.code_out:
        return None
    return deed(scene, scene.words._("Not for me"), Action.DECLINE)
