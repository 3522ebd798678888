"""What a card may speak of: data that has been read beforehand, for one reader at one moment.

Guarantees: pure values without a word of any language; whoever makes one decides what its reader
may know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

from bot.domain.actions import Action, permitted, roles_of
from bot.domain.alerts import Alert
from bot.domain.claims import Claim, claim_payload
from bot.domain.closures import Closure
from bot.domain.codes import Code, CodeKind
from bot.domain.deadlines import quiet_until
from bot.domain.delivery import Delivery, RequestKind, Role, Turn
from bot.domain.history import HistoryEntry
from bot.domain.ids import PersonId, in_browser
from bot.domain.lifecycle import State
from bot.domain.openers import Opener
from bot.domain.person import Person
from bot.domain.policy import Policy
from bot.domain.rings import hushed, last_call
from bot.domain.tower import Tower
from bot.domain.visit import to_come


@dataclass(frozen=True, slots=True)
class Links:
    """Where links lead, as the messenger's edge writes them; empty where nothing links anywhere.

    `chat` opens the chat with the bot. `opening` does so and hands over what replaces `{payload}`;
    `sharing` passes `{link}` on with `{text}`, both percent-encoded. `page` is a parcel's page, by
    the claim's `{page}`; empty where the bot serves none.
    """

    chat: str = ""
    opening: str = ""
    sharing: str = ""
    page: str = ""

    def open_with(self, payload: str) -> str:
        """The link that opens the chat and hands over `payload`."""
        return self.opening.format(payload=payload)

    def to_claim(self, claim: Claim) -> str:
        """The link that makes its first reader the recipient."""
        return self.open_with(claim_payload(claim))

    def to_page(self, claim: Claim) -> str | None:
        """The parcel page of the claim; None where there is none."""
        return self.page.format(page=claim.page) if self.page and claim.page else None

    def to_share(self, link: str, text: str) -> str:
        """The messenger's own way to forward a link to any chat."""
        return self.sharing.format(link=quote(link, safe=""), text=quote(text))


@dataclass(frozen=True, slots=True)
class Situation:
    """One delivery as one reader may see it, at one moment.

    `claim` is there only for somebody who forwards it; `code` only for its holder; `companions` are
    the other parcels that wait for the reader in the same tower. `recipient_told` says that the
    recipient's phone shows how the delivery stands. `zones` says that towers stand in several time
    zones, so that times name theirs. `more_prepared`: the reader has prepared another parcel for
    the same place. `closure`, of what is prepared: why no locker can be booked at the tower now.
    """

    delivery: Delivery
    reader: Person
    now: datetime
    policy: Policy
    tower: Tower
    links: Links = Links()
    sender: Person | None = None
    recipient: Person | None = None
    recipient_told: bool = False
    claim: Claim | None = None
    code: Code | None = None
    history: Sequence[HistoryEntry] = ()
    companions: Sequence[Delivery] = ()
    elsewhere: Tower | None = None
    zones: bool = False
    more_prepared: bool = False
    closure: Closure | None = None

    @property
    def roles(self) -> frozenset[Role]:
        """What the reader is to the delivery."""
        return roles_of(self.delivery, self.reader.id, self.policy)

    def may(self, action: Action) -> bool:
        """Whether the table of actions lets the reader take `action` now."""
        return permitted(action, self.delivery, self.reader.id, self.policy) is not None

    @property
    def drops_off_by(self) -> Opener:
        """What opens the door for the drop-off."""
        return self.delivery.opener(CodeKind.DROP_OFF, self.policy)

    @property
    def picks_up_by(self) -> Opener:
        """What opens the door for the pick-up."""
        return self.delivery.opener(CodeKind.PICK_UP, self.policy)

    @property
    def sends(self) -> bool:
        """Whether the reader is the sender."""
        return self.reader.id == self.delivery.sender

    @property
    def to_oneself(self) -> bool:
        """Whether sender and recipient are the same person."""
        return self.delivery.recipient == self.delivery.sender

    @property
    def collects(self) -> bool:
        """Whether the reader is the one who may have a pick-up code."""
        return self.reader.id == self.delivery.collector

    @property
    def claimed_on_web(self) -> bool:
        """Whether the recipient is in a browser: nobody writes to them, their page shows it."""
        recipient = self.delivery.recipient
        return recipient is not None and in_browser(recipient)

    @property
    def recipient_silent(self) -> bool:
        """Whether there is a recipient in Telegram to whom the bot may not write."""
        chosen = self.delivery.recipient is not None and not self.to_oneself
        if not chosen or self.claimed_on_web:
            return False
        return self.recipient is None or not self.recipient.reachable

    @property
    def code_out(self) -> bool:
        """Whether the reader has a code that still works and has been shown to them."""
        code = self.code
        return (
            code is not None
            and code.revealed
            and code.holder == self.reader.id
            and not self.over(code.expires_at)
        )

    @property
    def next_doors(self) -> Sequence[Delivery]:
        """The parcels whose turn comes by itself once this one's door was used."""
        if self.delivery.turn is not Turn.NOW:
            return ()
        return to_come(self.delivery, self.companions)

    @property
    def left_out(self) -> bool:
        """Whether the parcel was left out of a visit, and has not been tried again since."""
        tried = self.code_out or self.delivery.asks is RequestKind.PICK_UP_TOKEN
        return self.delivery.turn is Turn.LEFT and self.collects and not tried

    @property
    def hushed(self) -> bool:
        """Whether the reader's quiet hours silence this: all but a last call."""
        if not hushed(last_call(self.delivery)):
            return False
        return quiet_until(self.reader, self.tower.told_zone, self.now) is not None

    @property
    def looked_after(self) -> bool:
        """Whether there is an operator who looks after the tower."""
        return bool(self.policy.operators_at(self.delivery.tower))

    def over(self, at: datetime | None) -> bool:
        """Whether that moment has passed."""
        return at is not None and at <= self.now


@dataclass(frozen=True, slots=True)
class AlertSituation:
    """An alert with what it is about, as far as that is known."""

    alert: Alert
    now: datetime
    delivery: Delivery | None = None
    tower: Tower | None = None
    sender: Person | None = None
    seen_by: Person | None = None
    policy: Policy = field(default_factory=Policy)


def waits_beside(other: Delivery, delivery: Delivery, person: PersonId) -> bool:
    """Whether `other` waits for `person` in the same tower as `delivery`: one visit will do."""
    waits = other.state is State.STORED and other.collector == person
    return waits and other.tower == delivery.tower and other.id != delivery.id
