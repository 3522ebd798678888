"""What operators are told of an orphan: a locker that is ours at Harbor and that no delivery has.

Guarantees: what is only likely is not said: a locker is the bot's own where its records show it.
"""

from __future__ import annotations

from bot.domain.alerts import Alert
from bot.domain.tower import HELD, LockerStatus
from wording.cards.concern import Concern
from wording.delivery_state import state_said
from wording.language import Words


def orphan_said(concern: Concern) -> str:
    """That it stands: what is known of it, and what comes of it."""
    _ = concern.words._
    if concern.alert.release:
        return _("🧩 <b>Orphan locker {door} is being released</b>", door=concern.door)
    title = _(
        "🧩 <b>Orphan locker {door}</b>\nHarbor says it is ours, but no delivery here uses it.",
        door=concern.door,
    )
    return "\n".join(
        filter(
            None,
            (
                title,
                _last_known(concern),
                why_not_released(concern.words, concern.alert),
                _goes_by_itself(concern) or whose_it_may_be(concern.words, concern.alert),
            ),
        )
    )


def _last_known(concern: Concern) -> str | None:
    """The last delivery that had the orphan, or was to try it."""
    delivery = concern.delivery
    if delivery is None:
        return None
    return concern.words._(
        "Last known here: delivery {id}, {state}.",
        id=f"<code>{delivery.id}</code>",
        state=state_said(concern.words, delivery.state),
    )


def _goes_by_itself(concern: Concern) -> str | None:
    """Where the orphan is the bot's own by its records: when it is given back."""
    alert, policy = concern.alert, concern.situation.policy
    held = alert.status in HELD
    if not alert.asked or alert.refused or not held:
        return None
    return concern.words._(
        "The bot asked for it: it is released by itself, not before {time}.",
        time=concern.time(alert.raised_at + policy.orphan_grace),
    )


def whose_it_may_be(words: Words, alert: Alert) -> str | None:
    """What releasing the orphan, or fetching out of it, may do to somebody else; None where it is
    known to be the bot's."""
    _ = words._
    if alert.asked:
        return None
    if alert.status is LockerStatus.OCCUPIED:
        return _(
            "⚠️ Nothing here shows that the bot asked for it. Another system, such as a couriers' "
            "app, may use the same access to Harbor: the parcel may be theirs."
        )
    return _(
        "⚠️ Nothing here shows that the bot asked for it. Another system, such as a couriers' app, "
        "may use the same access to Harbor: releasing it may take the locker from somebody."
    )


def in_vain(alert: Alert) -> bool:
    """Whether Harbor has refused to take the orphan back, and would again while it stands so."""
    return alert.refused and alert.status in (LockerStatus.RESERVED, LockerStatus.OUT_OF_SERVICE)


def why_not_released(words: Words, alert: Alert) -> str | None:
    """Why the orphan can't be released, or has not been; None where nothing stands in the way."""
    _ = words._
    if alert.status is LockerStatus.OCCUPIED:
        return _("📦 A parcel is inside: it has to be fetched out first.")
    if not alert.refused:
        return None
    if alert.status is LockerStatus.RESERVED:
        return _(
            "⚠️ Harbor refused to take it back: it is only reserved, and comes free by itself "
            "when the reservation ends."
        )
    if alert.status is LockerStatus.OUT_OF_SERVICE:
        return _("⚠️ Harbor refused to take it back: it is out of service.")
    return _("⚠️ Harbor refused to take it back and did not say why. Please try again later.")


def orphan_gone_said(concern: Concern) -> str:
    """That it is accounted for."""
    return concern.words._("✅ <b>Locker {door} is no longer an orphan</b>", door=concern.door)
