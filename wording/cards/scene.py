"""All that a delivery's card may speak of, read beforehand.

Guarantees: a scene is immutable; what it gives as text is safe between Telegram's HTML tags.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from html import escape
from urllib.parse import urlencode

from bot.domain.claims import Claim
from bot.domain.codes import Code
from bot.domain.delivery import Delivery, Trouble
from bot.domain.history import HistoryEntry
from bot.domain.ids import PersonId
from bot.domain.lifecycle import LIVE
from bot.domain.person import Person
from bot.domain.policy import Policy
from bot.domain.tower import Tower
from wording.language import Words
from wording.sanitize import capital, esc, plain

NOTE = 200


@dataclass(frozen=True)
class Scene:
    """One delivery as one reader may see it, at one moment.

    `claim` is there only for somebody who forwards it; `code` only for its holder; `companions` are
    the other parcels that wait for the reader in the same tower. `zones` says that towers stand in
    several time zones, so that times name theirs.
    """

    delivery: Delivery
    reader: PersonId
    words: Words
    now: datetime
    policy: Policy
    tower: Tower
    bot: str
    sender: Person | None = None
    recipient: Person | None = None
    claim: Claim | None = None
    code: Code | None = None
    history: Sequence[HistoryEntry] = ()
    companions: Sequence[Delivery] = ()
    elsewhere: Tower | None = None
    zones: bool = False

    # -- who

    @property
    def sends(self) -> bool:
        """Whether the reader is the sender."""
        return self.reader == self.delivery.sender

    @property
    def to_oneself(self) -> bool:
        """Whether sender and recipient are the same person."""
        return self.delivery.recipient == self.delivery.sender

    @property
    def collects(self) -> bool:
        """Whether the reader is the one who may have a pick-up code."""
        return self.reader == self.delivery.collector

    @cached_property
    def sender_name(self) -> str:
        """The sender, as others know them."""
        return esc(self.sender.name if self.sender else None) or self.words._("somebody")

    @property
    def sender_first(self) -> str:
        """The sender, where a line begins with them."""
        return self.sender_name if self.sender_known else capital(self.sender_name)

    @property
    def sender_known(self) -> bool:
        """Whether the sender has a name."""
        return bool(self.sender and plain(self.sender.name))

    @cached_property
    def recipient_name(self) -> str:
        """The recipient, as far as anybody knows."""
        return esc(self.recipient_plain) or self.words._("somebody")

    @property
    def recipient_first(self) -> str:
        """The recipient, where a line begins with them."""
        return self.recipient_name if self.recipient_plain else capital(self.recipient_name)

    @property
    def recipient_plain(self) -> str:
        """The recipient for a button or a link; empty when nobody is known."""
        return plain(
            self.recipient.name if self.recipient is not None else self.delivery.recipient_name
        )

    @property
    def recipient_silent(self) -> bool:
        """Whether there is a recipient whom Telegram doesn't let us write to."""
        chosen = self.delivery.recipient is not None and not self.to_oneself
        return chosen and (self.recipient is None or not self.recipient.reachable)

    # -- where

    @cached_property
    def door(self) -> str:
        """The label on the door."""
        return esc(self.delivery.locker_name) or "?"

    @cached_property
    def tower_name(self) -> str:
        """The tower's name."""
        return esc(self.tower.name) or esc(self.tower.id)

    @property
    def place(self) -> str:
        """The tower, linked to its place on a map, with its address; a line of its own."""
        address = ", ".join(filter(None, (esc(self.tower.address, 80), esc(self.tower.city))))
        link = f'<a href="{escape(map_url(self.tower))}">{self.tower_name}</a>'
        return f"📍 {link}, {address}" if address else f"📍 {link}"

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
        return self.words.moment(at, self.tower.zone, now=self.now, named=self.zones)

    def until(self, at: datetime | None) -> str:
        """The moment in bold, with the time that is left where that is less than a day."""
        left = at - self.now if at is not None else None
        moment = f"<b>{self.time(at)}</b>"
        if left is None or not 0 <= left.total_seconds() < 86400:
            return moment
        return f"{moment} ({self.words.span(left)})"

    def over(self, at: datetime | None) -> bool:
        """Whether that moment has passed."""
        return at is not None and at <= self.now

    # -- what

    @property
    def code_out(self) -> bool:
        """Whether the reader has a code that still works and has been shown to them."""
        code = self.code
        return (
            code is not None
            and code.revealed
            and code.holder == self.reader
            and not self.over(code.expires_at)
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
            case Trouble.REFUSED:
                return _(
                    "⚠️ Harbor said no to the last request. Nothing is lost: please try it once "
                    "more, and if that doesn't help, report a problem."
                )
        return None


def map_url(tower: Tower) -> str:
    """A map with a pin at the tower; a search for its address where the point is unknown."""
    if tower.latitude is None or tower.longitude is None:
        where = ", ".join(filter(None, (tower.address, tower.city))) or tower.name
        return f"https://www.openstreetmap.org/search?{urlencode({'query': where[:200]})}"
    lat, lon = f"{tower.latitude:.6f}", f"{tower.longitude:.6f}"
    return f"https://www.openstreetmap.org/?mlat={lat}&mlon={lon}#map=18/{lat}/{lon}"
