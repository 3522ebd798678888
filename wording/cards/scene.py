"""What a delivery's cards say alike: names, place, deadlines, in the words of one language.

Guarantees: a scene is immutable; what it gives as text is safe between Telegram's HTML tags.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from html import escape
from urllib.parse import urlencode

from bot.domain.delivery import Delivery, Trouble
from bot.domain.history import HistoryEvent
from bot.domain.lifecycle import LIVE, State
from bot.domain.situation import Situation
from bot.domain.tower import Low, Tower
from wording.language import Words
from wording.moments import moment, ticking
from wording.opening_hours import closed_line, closing_line, week_line
from wording.sanitize import capital, esc, esc_name, plain, plain_name
from wording.tower_names import esc_tower, name_alone

NOTE = 200
_EMPTY = (State.RESERVED, State.RENTED)


@dataclass(frozen=True)
class Scene:
    """A situation as it is told in one language."""

    situation: Situation
    words: Words

    @property
    def delivery(self) -> Delivery:
        """The delivery itself."""
        return self.situation.delivery

    # -- who

    @cached_property
    def sender_name(self) -> str:
        """The sender, as others know them."""
        sender = self.situation.sender
        return esc_name(sender.name if sender else None) or self.words._("somebody")

    @property
    def sender_first(self) -> str:
        """The sender, where a line begins with them."""
        return self.sender_name if self.sender_known else capital(self.sender_name)

    @property
    def sender_known(self) -> bool:
        """Whether the sender has a name."""
        sender = self.situation.sender
        return bool(sender and plain_name(sender.name))

    @cached_property
    def recipient_name(self) -> str:
        """The recipient, as far as anybody knows."""
        if self.situation.claimed_on_web:
            return self.words._("somebody on the web")
        return escape(self.recipient_plain) or self.words._("somebody")

    @property
    def recipient_first(self) -> str:
        """The recipient, where a line begins with them."""
        return self.recipient_name if self.recipient_plain else capital(self.recipient_name)

    @property
    def recipient_plain(self) -> str:
        """The recipient for a button or a link; empty when nobody is known."""
        recipient = self.situation.recipient
        known = recipient.name if recipient is not None else self.delivery.recipient_name
        return plain_name(known)

    @property
    def parcel_name(self) -> str | None:
        """How the sender calls the parcel, a line of its own."""
        name = esc_name(self.delivery.parcel_name)
        return f"🏷 <b>{name}</b>" if name else None

    # -- where

    @cached_property
    def door(self) -> str:
        """The label on the door."""
        return esc(self.delivery.locker_name) or "?"

    @property
    def door_plain(self) -> str:
        """The label on the door, for a button."""
        return plain(self.delivery.locker_name) or "?"

    @cached_property
    def tower_name(self) -> str:
        """The tower's name."""
        tower = self.situation.tower
        return esc_tower(name_alone(tower)) or esc(tower.id)

    @property
    def place(self) -> str:
        """The tower, linked to its place on a map, with its address; a line of its own."""
        tower, address = self.situation.tower, self.address
        link = f'<a href="{escape(map_url(tower))}">{self.tower_name}</a>'
        return f"📍 {link}, {address}" if address else f"📍 {link}"

    @property
    def address(self) -> str:
        """The tower's address; empty where it is not known."""
        tower = self.situation.tower
        return ", ".join(filter(None, (esc(tower.address, 80), esc(tower.city))))

    @property
    def closed_line(self) -> str | None:
        """That the tower is closed now, and until when; a line of its own, if that is known."""
        line = closed_line(self.situation.tower, self.situation.now, self.words)
        return f"🕘 {line}" if line else None

    @property
    def closing_line(self) -> str | None:
        """How long the tower is open still, in its last hour: for what is read at once."""
        line = closing_line(self.situation.tower, self.situation.now, self.words)
        return f"🕘 {capital(line)}" if line else None

    @property
    def hours_line(self) -> str | None:
        """The tower's hours, and until when it is closed; a line of its own, if they are known."""
        closed, week = self.closed_line, week_line(self.situation.tower, self.words)
        if closed and week:
            return f"{closed} · {week}"
        return f"🕘 {week}" if week else closed

    @property
    def note(self) -> str | None:
        """What the sender wrote for the recipient, a line of its own."""
        text = esc(self.delivery.note, NOTE)
        return f"📝 <i>{text}</i>" if text else None

    # -- when

    def time(self, at: datetime | None) -> str:
        """`18:00`, or with its day when that isn't today; a question mark for never."""
        if at is None:
            return "?"
        told = self.situation
        return moment(self.words, at, told.tower, now=told.now, named=told.zones)

    def time_plain(self, at: datetime | None) -> str:
        """The same for a button, or to be compared: two moments of a minute read alike."""
        if at is None:
            return "?"
        told = self.situation
        return self.words.moment(at, told.tower, now=told.now, named=told.zones)

    def until(self, at: datetime | None) -> str:
        """The moment, with the time that is left where it is still to come."""
        told = self.situation
        if at is None or at < told.now:
            return self.time(at)
        return ticking(self.words, at, told.tower, now=told.now, named=told.zones)

    # -- what

    @property
    def may_be_in(self) -> bool:
        """Whether its sender may have been given what opens the door: not, where what happened is
        known, and that is not among it."""
        events = {moment.event for moment in self.situation.history}
        return not events or HistoryEvent.DROP_OFF_ISSUED in events

    @property
    def low(self) -> str | None:
        """That a low door is wished for, a line of its own."""
        _ = self.words._
        if self.delivery.low is Low.ONLY:
            return _("♿ Only a low door will do.")
        if self.delivery.low is Low.RATHER:
            return _("♿ A low door, if one is free.")
        return None

    @property
    def suspect(self) -> str | None:
        """That several people have reported the door, a line of its own."""
        if not self.delivery.door_suspect or self.delivery.state not in _EMPTY:
            return None
        return self.words._(
            "⚠️ Several people have reported that this door does not open. Try it, or ask for "
            "another one."
        )

    @property
    def trouble(self) -> str | None:
        """What Harbor has not done (yet), in plain words."""
        _ = self.words._
        waits = self.delivery.request is not None and self.delivery.state in LIVE
        match self.delivery.trouble:
            case Trouble.HARBOR_AWAY if waits:
                return _(
                    "⚠️ Harbor, which runs the lockers, can't be reached just now. Nothing is "
                    "lost: your request is kept, and I keep trying."
                )
            case Trouble.REFUSED if self.delivery.state is State.RELEASING and waits:
                return _(
                    "⚠️ Harbor has not taken the locker back yet. Nothing is left to do for you: I "
                    "keep asking, and it comes free at the latest when its time at Harbor is over."
                )
            case Trouble.REFUSED if self.delivery.state is State.RELEASING:
                return _(
                    "⚠️ Harbor refused to take the locker back. Nothing is left to do for you: it "
                    "comes free when its time at Harbor is over."
                )
            case Trouble.REFUSED if not self.situation.looked_after:
                return _(
                    "⚠️ Harbor said no to the last request. Nothing is lost: please try it once "
                    "more."
                )
            case Trouble.REFUSED:
                return _(
                    "⚠️ Harbor said no to the last request. Nothing is lost: please try it once "
                    "more, and if that doesn't help, report a problem."
                )
        return None


def plain_place(tower: Tower) -> tuple[str, str]:
    """A tower's name and its address, which is empty where it is not known: for what is no HTML."""
    address = ", ".join(filter(None, (plain(tower.address, 80), plain(tower.city))))
    return name_alone(tower) or plain(tower.id), address


def map_url(tower: Tower) -> str:
    """A map with a pin at the tower; a search for its address where the point is unknown."""
    if tower.latitude is None or tower.longitude is None:
        where = ", ".join(filter(None, (tower.address, tower.city))) or tower.name
        return f"https://www.openstreetmap.org/search?{urlencode({'query': where[:200]})}"
    lat, lon = f"{tower.latitude:.6f}", f"{tower.longitude:.6f}"
    return f"https://www.openstreetmap.org/?mlat={lat}&mlon={lon}#map=18/{lat}/{lon}"
