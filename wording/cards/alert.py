"""What operators are told without asking.

Guarantees: whatever its kind, an alert that stands is shown, and one that is over says so; acts are
only begun here, each asks once more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.actions import Action
from bot.domain.alerts import Alert, AlertAction
from bot.domain.delivery import Delivery
from bot.domain.message import Button, Message, Place, press, press_on
from bot.domain.situation import AlertSituation
from wording.cards.rows import card
from wording.language import Words
from wording.sanitize import esc


@dataclass(frozen=True)
class Concern:
    """An alert as it is told in one language."""

    situation: AlertSituation
    words: Words

    @property
    def alert(self) -> Alert:
        """The alert itself."""
        return self.situation.alert

    @property
    def delivery(self) -> Delivery | None:
        """The delivery it is about, if any."""
        return self.situation.delivery

    @property
    def kind(self) -> str:
        """The first word of the key."""
        return self.alert.key.partition(":")[0]

    @property
    def door(self) -> str:
        """The locker's label, else its number, else a question mark."""
        label = self.delivery.locker_name if self.delivery else self.alert.detail.get("locker")
        return esc(str(label)) if label is not None else "?"

    def detail(self, name: str, most: int = 200) -> str:
        """One of the alert's own details, safe to show."""
        return esc(str(self.alert.detail.get(name, "")), most) or "?"

    def time(self, at: datetime) -> str:
        """Local time at the tower; UTC, said so, where no tower is concerned."""
        tower = self.situation.tower
        zone = tower.zone if tower else "UTC"
        return self.words.moment(at, zone, now=self.situation.now, named=True)


def alert_card(concern: Concern) -> Message:
    """The alert as it stands now."""
    _ = concern.words._
    alert = concern.alert
    since = _("since {time}", time=concern.time(alert.raised_at))
    if alert.cleared_at is not None:
        title = _OVER.get(concern.kind, _settled)(concern)
        until = _(
            "from {start} to {end}",
            start=concern.time(alert.raised_at),
            end=concern.time(alert.cleared_at),
        )
        return card([[title, _about(concern), until]], [_ops(concern)])
    title = _STANDS.get(concern.kind, _unheard_of)(concern)
    return card([[title, _about(concern), since]], _acts(concern), [_ops(concern)])


def _about(concern: Concern) -> str | None:
    """Tower, door, sender: whatever is known."""
    _ = concern.words._
    tower = concern.situation.tower
    parts = [f"📍 {esc(tower.name)}, {esc(tower.address, 80)}"] if tower else []
    if concern.delivery is not None:
        parts.append(_("locker {door}", door=concern.door))
        if concern.situation.sender is not None:
            parts.append(_("sent by {name}", name=esc(concern.situation.sender.name)))
        parts.append(f"<code>{concern.delivery.id}</code>")
    return " · ".join(parts) or None


def _acts(concern: Concern) -> list[Button]:
    _ = concern.words._
    if concern.kind == "orphan" and not concern.alert.detail.get("release"):
        door = f"{concern.alert.detail.get('tower')}.{concern.alert.detail.get('locker')}"
        return [Button(_("Release the locker"), press(AlertAction.RELEASE_ORPHAN, door))]
    if concern.delivery is not None:
        return [Button(_("Look at the delivery"), press_on(Action.LOOK, concern.delivery))]
    return []


def _ops(concern: Concern) -> Button:
    return Button(concern.words._("Overview"), press(Place.OPERATE))


def _harbor(concern: Concern) -> str:
    return concern.words._(
        "🔌 <b>Harbor can't be reached</b>\nNothing is lost: requests are kept and tried again."
    )


def _harbor_back(concern: Concern) -> str:
    return concern.words._("✅ <b>Harbor is back</b>")


def _orphan(concern: Concern) -> str:
    _ = concern.words._
    if concern.alert.detail.get("release"):
        return _("🧩 <b>Orphan locker {door} is being released</b>", door=concern.door)
    return _(
        "🧩 <b>Orphan locker {door}</b>\nHarbor says it is ours, but no delivery here uses it.",
        door=concern.door,
    )


def _orphan_gone(concern: Concern) -> str:
    return concern.words._("✅ <b>Locker {door} is no longer an orphan</b>", door=concern.door)


def _odd(concern: Concern) -> str:
    return concern.words._(
        "🤔 <b>Harbor reports an unexpected state</b>\nThe locker's status there: {status}.",
        status=concern.detail("status"),
    )


def _door_stuck(concern: Concern) -> str:
    return concern.words._(
        "🚪 <b>A door has been reported three times: it does not open</b> (locker {door})",
        door=concern.door,
    )


def _reported(concern: Concern) -> str:
    return concern.words._(
        "🆘 <b>Somebody reports a problem</b>\n“{text}”", text=concern.detail("text")
    )


def _overdue(concern: Concern) -> str:
    return concern.words._("⏰ <b>A parcel has not been collected in time</b>")


def _gone(concern: Concern) -> str:
    return concern.words._(
        "❗ <b>A parcel has left locker {door}, and nobody had been given a code for it</b>",
        door=concern.door,
    )


def _guessing(concern: Concern) -> str:
    return concern.words._(
        "🕵️ <b>Somebody types one wrong claim code after another</b>\n"
        "They have to wait longer each time. Telegram id: {person}",
        person=f"<code>{concern.detail('person')}</code>",
    )


def _unheard_of(concern: Concern) -> str:
    return concern.words._("⚠️ <b>Please look at this:</b> {key}", key=esc(concern.alert.key, 200))


def _settled(concern: Concern) -> str:
    over = concern.words._("✅ <b>This is settled:</b>")
    return f"{over}\n{_STANDS.get(concern.kind, _unheard_of)(concern)}"


_Title = Callable[[Concern], str]
_STANDS: Mapping[str, _Title] = {
    "harbor": _harbor,
    "orphan": _orphan,
    "odd": _odd,
    "door": _door_stuck,
    "problem": _reported,
    "overdue": _overdue,
    "gone": _gone,
    "guessing": _guessing,
}
_OVER: Mapping[str, _Title] = {"harbor": _harbor_back, "orphan": _orphan_gone}
