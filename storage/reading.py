"""One delivery with all that a card may need of it, in one statement."""

# ruff: noqa: S608 - what is put into SQL here is names of columns; values are parameters

from __future__ import annotations

from typing import Any

from bot.domain.ids import DeliveryId, PersonId
from bot.domain.person import Person
from bot.ports.deliveries import DeliveryReading
from storage.codes import CODES, Codes
from storage.deliveries import FIELDS, REQUEST, read
from storage.people import PEOPLE

_DELIVERY = f"{FIELDS.listed('d')}, {', '.join(f'd.{name}' for name in REQUEST)}"
_PEOPLE = ("reader", "sender", "recipient")
_SQL = f"""select {_DELIVERY}, {", ".join(PEOPLE.listed(who) for who in _PEOPLE)},
               {CODES.listed("codes")}, claims.delivery, claims.code, claims.link,
               seen.id, seen.message, seen.ring_at > seen.shown
           from deliveries as d
           left join people as reader on reader.id = ?
           left join people as sender on sender.id = d.sender
           left join people as recipient on recipient.id = d.recipient
           left join codes on codes.delivery = d.id
           left join claims on claims.delivery = d.id
           left join cards as seen on seen.chat = d.recipient and seen.subject = ?
           where d.id = ?"""


class Reading(Codes):
    """See `bot.ports.deliveries.Deliveries.read_delivery`."""

    async def read_delivery(self, delivery: DeliveryId, reader: PersonId) -> DeliveryReading | None:
        subject = f"delivery:{delivery}"
        row = await self._db.fetch_one(_SQL, (reader, subject, delivery))
        if row is None:
            return None
        columns = iter(row)
        found = read(_taken(columns, len(FIELDS.columns) + len(REQUEST)))
        reader_, sender, recipient = (
            _person(_taken(columns, len(PEOPLE.columns))) for _ in _PEOPLE
        )
        code = _taken(columns, len(CODES.columns))
        claim = _taken(columns, 3)
        seen, message, ring = columns
        return DeliveryReading(
            delivery=found,
            reader=reader_,
            sender=sender,
            recipient=recipient,
            code=None if code[0] is None else self._opened_code(code),
            claim=None if claim[0] is None else self._opened_claim(claim),
            recipient_card=None if seen is None else (message, bool(ring)),
        )


def _taken(columns: Any, count: int) -> tuple[Any, ...]:
    return tuple(next(columns) for _ in range(count))


def _person(row: tuple[Any, ...]) -> Person | None:
    return None if row[0] is None else PEOPLE.read(row)
