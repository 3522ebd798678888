"""People, where their conversations stand, and which updates have been handled."""

# ruff: noqa: S608 - what is put into SQL here is names of columns; values are parameters

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.alerts import ABOUT_SOMEBODY, AlertKind, guessing_key
from bot.domain.card import SCREEN
from bot.domain.history import WITHOUT_WORDS, HistoryEvent
from bot.domain.ids import PersonId
from bot.domain.lifecycle import State
from bot.domain.limits import HOLD_STATES, LIVE_STATES
from bot.domain.person import Draft, Person
from bot.ports.people import Opening, Refusal, Sent
from storage.connection import Row, Subject, marks, unless_written
from storage.tables.rows import Rows, moment, stamp
from storage.tables.words import write_words

PEOPLE = Rows(Person)
DRAFTS = Rows(Draft)
_WIDTH = len(PEOPLE.columns)
_KNOWN_AS = 24
"""Hexadecimal digits of a hash: 96 bits."""
_SAVE_DRAFT = f"""update drafts set {DRAFTS.assigned("chat")}
                  where chat = ? and version = ? returning version"""
_PERSON_AND_DRAFT = f"""{PEOPLE.listed("people")}, {DRAFTS.listed("drafts")}
                from (select cast(? as bigint) as chat) as asked
                left join people on people.id = asked.chat
                left join drafts on drafts.chat = asked.chat"""


def _read(chat: PersonId, row: Row) -> tuple[Person | None, Draft]:
    person, draft = row[:_WIDTH], row[_WIDTH:]
    return (
        None if person[0] is None else PEOPLE.read(person),
        Draft(chat) if draft[0] is None else DRAFTS.read(draft),
    )


class People(Subject):
    """See `bot.ports.people.People`."""

    async def open_update(self, update_id: int, chat: PersonId, at: datetime) -> Opening:
        row = await self._db.fetch_one(
            f"""select (select count(*) from updates where id = ?),
                       (select message from cards where chat = ? and subject = '{SCREEN}'),
                       {_PERSON_AND_DRAFT}""",
            (update_id, chat, chat),
        )
        assert row is not None
        handled, screen = row[:2]
        person, draft = _read(chat, row[2:])
        if not handled:
            # Two replicas at once: the second meets the primary key, a Conflict, and looks again.
            await self._db.execute(
                "insert into updates (id, handled_at) values (?, ?)", (update_id, stamp(at))
            )
        self._answering = chat
        return Opening(fresh=not handled, person=person, draft=draft, screen=screen)

    async def chat(self, chat: PersonId) -> tuple[Draft, Person | None]:
        row = await self._db.fetch_one(f"select {_PERSON_AND_DRAFT}", (chat,))
        assert row is not None
        person, draft = _read(chat, row)
        return draft, person

    async def draft(self, chat: PersonId) -> Draft:
        row = await self._db.fetch_one(
            f"select {DRAFTS.listed()} from drafts where chat = ?", (chat,)
        )
        return DRAFTS.read(row) if row else Draft(chat)

    async def save_draft(self, draft: Draft) -> Draft:
        saved = replace(draft, version=draft.version + 1)
        check = unless_written(f"the draft of chat {draft.chat} is no longer at {draft.version}")
        if draft.version:
            await self._db.execute(
                _SAVE_DRAFT,
                (*DRAFTS.write(saved, "chat"), draft.chat, draft.version),
                check=check,
            )
        else:
            await self._db.execute(
                f"""insert into drafts ({DRAFTS.listed()}) values ({marks(len(DRAFTS.columns))})
                    on conflict (chat) do nothing returning version""",
                DRAFTS.write(saved),
                check=check,
            )
        return saved

    async def person(self, person: PersonId) -> Person | None:
        row = await self._db.fetch_one(
            f"select {PEOPLE.listed()} from people where id = ?", (person,)
        )
        return PEOPLE.read(row) if row else None

    async def sent(self, sender: PersonId, since: datetime) -> Sent:
        which = (
            f"state in ({marks(len(LIVE_STATES))})",
            f"state in ({marks(len(HOLD_STATES))})",
            "created_at > ? and state <> ?",
        )
        counts = ", ".join(f"coalesce(sum(case when {x} then 1 else 0 end), 0)" for x in which)
        row = await self._db.fetch_one(
            f"select {counts} from deliveries where sender = ?",
            (*LIVE_STATES, *HOLD_STATES, stamp(since), State.PREPARED, sender),
        )
        return Sent(*map(int, row)) if row else Sent()

    async def save_person(self, person: Person) -> None:
        if person.username:
            # Telegram lets a name pass to somebody else: whoever we heard of last has it.
            await self._db.execute(
                "update people set username = null where lower(username) = ? and id <> ?",
                (person.username.lower(), person.id),
            )
        await self._db.execute(
            f"""insert into people ({PEOPLE.listed()}, indexed) values ({marks(_WIDTH)}, 1)
                on conflict (id) do update set {PEOPLE.excluded("id")}, indexed = 1""",
            PEOPLE.write(person),
        )
        await write_words(self._db, person.id, person.name)

    async def refused(self, person: PersonId, sender: PersonId) -> bool:
        row = await self._db.fetch_one(
            "select 1 from refusals where person = ? and sender = ?", (person, sender)
        )
        return row is not None

    async def refuse(self, person: PersonId, sender: PersonId, at: datetime) -> None:
        await self._db.execute(
            """insert into refusals (person, sender, at) values (?, ?, ?)
               on conflict (person, sender) do nothing""",
            (person, sender, stamp(at)),
        )

    async def allow(self, person: PersonId, sender: PersonId) -> None:
        await self._db.execute(
            "delete from refusals where person = ? and sender = ?", (person, sender)
        )

    async def refusals_of(self, person: PersonId) -> list[Refusal]:
        rows = await self._db.fetch_all(
            """select refusals.sender, refusals.at, people.name from refusals
               left join people on people.id = refusals.sender
               where refusals.person = ? order by refusals.at desc, refusals.sender""",
            (person,),
        )
        return [Refusal(PersonId(sender), moment(at), name) for sender, at, name in rows]

    def known_as(self, person: PersonId) -> str:
        return self._sealer.hashes(f"known as, of {person}")[0][:_KNOWN_AS]

    async def forget_person(self, person: PersonId) -> None:
        await self._db.execute("delete from people where id = ?", (person,))
        await self._db.execute("delete from drafts where chat = ?", (person,))
        await self._db.execute("delete from cards where chat = ?", (person,))
        await self._db.execute("delete from refusals where person = ?", (person,))
        await self._db.execute("delete from waits where person = ?", (person,))
        # The version moves too, lest a save under way write the names back.
        await self._db.execute(
            """update deliveries set recipient_name = null, note = null, parcel_name = null,
                   photo = null, version = version + 1
               where sender = ? or recipient = ?""",
            (person, person),
        )
        await self._db.execute(
            """update deliveries set handed_over_by = null, version = version + 1
               where handed_over_by = ?""",
            (person,),
        )
        await self._db.execute(
            "update deliveries set picked_by = null, version = version + 1 where picked_by = ?",
            (person,),
        )
        for table in ("claims", "codes", "parcel_words"):
            await self._db.execute(
                f"""delete from {table} where delivery in (select id from deliveries
                    where sender = ? or recipient = ?)""",
                (person, person),
            )
        await self._db.execute(
            f"""update history set detail = null
                where by = ? and event not in ({marks(len(WITHOUT_WORDS))})""",
            (person, *WITHOUT_WORDS),
        )
        await self._db.execute(
            "update history set detail = null, told = null where told = ?", (person,)
        )
        # The words of a closure that stands are what people read of it: they go when it ends.
        await self._db.execute(
            """update closures set by = null, words = case when ended_at is null then words end
               where by = ?""",
            (person,),
        )
        await self._db.execute("update closures set ended_by = null where ended_by = ?", (person,))
        # An alert of an earlier version does not say whose words it holds; the history does.
        await self._db.execute(
            """update alerts set detail = '{}' where kind = ? and (person = ? or (person is null
               and delivery in (select delivery from history where by = ? and event = ?)))""",
            (AlertKind.PROBLEM, person, person, HistoryEvent.PROBLEM),
        )
        # Where such an alert is of an earlier version, its very key is the id.
        await self._db.execute("delete from alerts where key = ?", (guessing_key(str(person)),))
        await self._db.execute(
            f"""update alerts set person = null
                where person = ? and kind in ({marks(len(ABOUT_SOMEBODY))})""",
            (person, *ABOUT_SOMEBODY),
        )
