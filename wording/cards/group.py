"""What groups are told: that all this happens in private chats; the operators' own, alerts."""

from __future__ import annotations

from bot.domain.message import Button, Message
from wording.cards.alert import merely_settled, place_said, said_of, to_see, when_said
from wording.cards.concern import Concern
from wording.cards.rows import card
from wording.language import Words


def group_card(words: Words, link: str) -> Message:
    """One sentence and the way to the private chat, which `link` opens."""
    _ = words._
    only = _("📦 I hand parcels over through lockers, and only in private chats: codes are secret.")
    return Message(
        only,
        ((Button(_("Open the private chat"), url=link),),),
    )


def group_alert(concern: Concern, link: str) -> Message:
    """An alert as anybody in the operators' group may read it: what and where, and `link`, which
    leads to the private chat. No names, nobody's own words and no id of a person."""
    _, alert = concern.words._, concern.alert
    over = alert.cleared_at is not None
    title, *more = said_of(concern).split("\n")
    if merely_settled(concern):  # "This is settled:", and what it is
        title = f"{title} {more[0]}"
    lines = [title, place_said(concern), when_said(concern)]
    if alert.seen_at is not None and not over:
        lines.append(_("👁 Seen, {time}", time=concern.time(alert.seen_at)))
    private = Button(_("Open the private chat"), url=link)
    return card([lines], [None if over else to_see(concern), private])
