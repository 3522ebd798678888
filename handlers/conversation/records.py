"""The file of records that an operator takes away, as a document in their chat.

Guarantees: it is read at the moment it is sent, and holds what whoever it is sent to looks after at
that moment; nobody else gets one. It is never larger than `LONGEST`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.domain.ids import PersonId
from bot.domain.message import File, Message
from bot.domain.person import Person
from bot.domain.policy import Policy
from bot.domain.records import Period, RecordForm, RecordKind, file_name
from bot.ports.database import Database
from bot.usecases.records import Wanted, taken
from wording.language import Words, speak
from wording.sanitize import esc

RECORDS = "records"
"""The kind of subject of the message that carries the file."""
LONGEST = 16 * 1024 * 1024
"""How many bytes a file has at most: Telegram takes three times that."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def subject_of(wanted: Wanted) -> str:
    """The subject of the message that carries them; to the second."""
    ends = ((end - _EPOCH) // timedelta(seconds=1) for end in _ends(wanted.period))
    return ":".join(map(str, (RECORDS, wanted.kind, wanted.form, *ends)))


def wanted_by(subject: str) -> Wanted:
    """What `subject_of` has written as `subject`."""
    _, kind, form, *ends = subject.split(":")
    since, until = (_EPOCH + timedelta(seconds=int(end)) for end in ends)
    return Wanted(RecordKind(kind), RecordForm(form), Period(since, until))


def _ends(period: Period) -> tuple[datetime, datetime]:
    return period.since, period.until


def kind_said(words: Words, kind: RecordKind) -> str:
    """What there is a record of."""
    _ = words._
    said = {RecordKind.DELIVERIES: _("Deliveries"), RecordKind.EVENTS: _("What happened")}
    return said[kind]


async def records(
    database: Database, person: PersonId, policy: Policy, subject: str, locale: str
) -> Message | None:
    """The message with the file; None for whoever is no operator."""
    operator: Person | None = await database.look(lambda tx: tx.person(person))
    if operator is None or not policy.operates(person):
        return None
    words, wanted = speak(operator.language, locale), wanted_by(subject)
    content = bytearray()
    async for part in taken(database, wanted.for_(person, policy)):
        content += part.encode("utf-8", "replace")
        if len(content) > LONGEST:
            return Message(
                words._(
                    "📄 That is too much for one message. Take a shorter span, or run"
                    " `lockerbot export` where the bot runs."
                )
            )
    name = file_name(wanted.kind, wanted.form, wanted.period)
    title = f"📄 <b>{esc(kind_said(words, wanted.kind))}</b> · {days_said(wanted.period)}"
    return Message(title, file=File(name, bytes(content)))


def days_said(period: Period) -> str:
    """The first and the last day, as they are typed; UTC."""
    return f"{period.since.astimezone(UTC).date()} – {period.last_day} (UTC)"
