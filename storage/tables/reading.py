"""One delivery with all that a card may need of it, in one statement."""

# ruff: noqa: S608 - what is put into SQL here is names of columns; values are parameters

from __future__ import annotations

from itertools import accumulate

from bot.domain.card import delivery_subject
from bot.domain.ids import DeliveryId, PersonId
from bot.domain.person import Person
from bot.ports.deliveries import DeliveryReading
from storage.connection import Row
from storage.tables.codes import CLAIM, CODES, Codes
from storage.tables.deliveries import FIELDS, REQUEST, prepared, read
from storage.tables.people import PEOPLE

_DELIVERY = f"{FIELDS.listed('d')}, {', '.join(f'd.{name}' for name in REQUEST)}"
_PEOPLE = ("reader", "sender", "recipient")
_SQL = f"""select {_DELIVERY}, {", ".join(PEOPLE.listed(who) for who in _PEOPLE)},
               {CODES.listed("codes")}, {", ".join(f"claims.{name}" for name in CLAIM)},
               seen.id, seen.message, seen.ring_at > seen.shown,
               (select count(*) from deliveries as other
                where other.sender = d.sender and {prepared("other", "d.tower")})
           from deliveries as d
           left join people as reader on reader.id = ?
           left join people as sender on sender.id = d.sender
           left join people as recipient on recipient.id = d.recipient
           left join codes on codes.delivery = d.id
           left join claims on claims.delivery = d.id
           left join cards as seen on seen.chat = d.recipient and seen.subject = ?
           where d.id = ?"""


def _cuts(*widths: int) -> list[slice]:
    """Where in a row each of its parts stands."""
    ends = [*accumulate(widths)]
    return [slice(end - width, end) for end, width in zip(ends, widths, strict=True)]


_WHO = len(PEOPLE.columns)
_CUTS = _cuts(
    len(FIELDS.columns) + len(REQUEST), _WHO, _WHO, _WHO, len(CODES.columns), len(CLAIM), 3, 1
)


class Reading(Codes):
    """See `bot.ports.deliveries.Deliveries.read_delivery`."""

    async def read_delivery(self, delivery: DeliveryId, reader: PersonId) -> DeliveryReading | None:
        row = await self._db.fetch_one(_SQL, (reader, delivery_subject(delivery), delivery))
        if row is None:
            return None
        delivery_, reader_, sender, recipient, code, claim, seen, waiting = (
            row[cut] for cut in _CUTS
        )
        return DeliveryReading(
            delivery=read(tuple(delivery_)),
            reader=_person(reader_),
            sender=_person(sender),
            recipient=_person(recipient),
            code=None if code[0] is None else self._opened_code(code),
            claim=None if claim[0] is None else self._opened_claim(claim),
            recipient_card=None if seen[0] is None else (seen[1], bool(seen[2])),
            prepared=waiting[0],
        )


def _person(row: Row) -> Person | None:
    return None if row[0] is None else PEOPLE.read(row)
