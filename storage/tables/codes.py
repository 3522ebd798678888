"""Codes, claims and wrong tries. What is secret is sealed in its row and found by keyed hash."""

# ruff: noqa: S608 - what is put into SQL here is names of columns; values are parameters

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import chain

from bot.domain.claims import Claim
from bot.domain.codes import Code
from bot.domain.ids import DeliveryId, PersonId
from bot.ports.codes import WrongTries
from bot.ports.database import Database, Transaction
from bot.ports.errors import Conflict
from storage.connection import Row, Subject, marks
from storage.progress import Progress, unheard
from storage.tables.rows import Rows, moment, stamp

CODES = Rows(Code)
CLAIM = ("delivery", "code", "link", "page")
"""The columns of a claim that are read."""
_CLAIM = ", ".join(CLAIM)
_PORTION = 100


class Codes(Subject):
    """See `bot.ports.codes.Codes`."""

    async def code(self, delivery: DeliveryId) -> Code | None:
        row = await self._db.fetch_one(
            f"select {CODES.listed()} from codes where delivery = ?", (delivery,)
        )
        return self._opened_code(row) if row else None

    def _opened_code(self, row: Row) -> Code:
        sealed, digits = CODES.read(row), None
        if sealed.digits is not None:
            digits = self._sealer.open(sealed.digits, f"{sealed.delivery} code digits")
        text = self._sealer.open(sealed.text, f"{sealed.delivery} code text")
        return replace(sealed, text=text, digits=digits)

    async def save_code(self, code: Code) -> None:
        text, digits = self._sealer.seal(code.text, f"{code.delivery} code text"), None
        if code.digits is not None:
            digits = self._sealer.seal(code.digits, f"{code.delivery} code digits")
        await self._db.execute(
            f"""insert into codes ({CODES.listed()}) values ({marks(len(CODES.columns))})
                on conflict (delivery) do update set {CODES.excluded("delivery")}""",
            CODES.write(replace(code, text=text, digits=digits)),
        )

    async def drop_code(self, delivery: DeliveryId) -> None:
        await self._db.execute("delete from codes where delivery = ?", (delivery,))

    async def claim(self, delivery: DeliveryId) -> Claim | None:
        row = await self._db.fetch_one(
            f"select {_CLAIM} from claims where delivery = ?", (delivery,)
        )
        return self._opened_claim(row) if row else None

    async def claim_by_code(self, code: str) -> Claim | None:
        return await self._claim_by("code", code)

    async def claim_by_link(self, link: str) -> Claim | None:
        return await self._claim_by("link", link)

    async def claim_by_page(self, page: str) -> Claim | None:
        return await self._claim_by("page", page)

    async def _claim_by(self, column: str, secret: str) -> Claim | None:
        hashes = self._sealer.hashes(secret)
        row = await self._db.fetch_one(
            f"""select {_CLAIM} from claims
                where {column}_hash in ({marks(len(hashes))})""",
            hashes,
        )
        return self._opened_claim(row) if row else None

    def _opened_claim(self, row: Row) -> Claim:
        delivery, code, link, page = row
        return Claim(
            DeliveryId(delivery),
            self._sealer.open(code, f"{delivery} claim code"),
            self._sealer.open(link, f"{delivery} claim link"),
            None if page is None else self._sealer.open(page, f"{delivery} claim page"),
        )

    async def save_claim(self, claim: Claim) -> None:
        secrets = {"code": claim.code, "link": claim.link, "page": claim.page}
        sealed = [
            None if text is None else self._sealer.seal(text, f"{claim.delivery} claim {name}")
            for name, text in secrets.items()
        ]
        # Asked for under every key: the same code may still stand hashed with an older one.
        hashes = {name: self._sealer.hashes(text) for name, text in secrets.items() if text}
        taken = " or ".join(f"{name}_hash in ({marks(len(all_))})" for name, all_ in hashes.items())
        columns = [*secrets, *(f"{name}_hash" for name in secrets)]
        row = await self._db.fetch_one(
            f"""insert into claims (delivery, {", ".join(columns)})
                select {marks(1 + len(columns))} where not exists (
                    select 1 from claims where delivery <> ? and ({taken})
                )
                on conflict (delivery) do update
                    set {", ".join(f"{name} = excluded.{name}" for name in columns)}
                returning delivery""",
            (
                claim.delivery,
                *sealed,
                *(hashes[name][0] if name in hashes else None for name in secrets),
                claim.delivery,
                *chain.from_iterable(hashes.values()),
            ),
        )
        if row is None:
            raise Conflict(f"the claim of {claim.delivery} is another delivery's already")

    async def drop_claim(self, delivery: DeliveryId) -> None:
        await self._db.execute("delete from claims where delivery = ?", (delivery,))

    def _hidden(self, person: PersonId) -> list[str]:
        return self._sealer.hashes(f"wrong tries of {person}")

    async def wrong_tries(self, person: PersonId, since: datetime) -> WrongTries:
        hashes = self._hidden(person)
        rows = await self._db.fetch_all(
            f"""select asked, sum(tries), max(at) from wrong_tries
                where person in ({marks(len(hashes))}) and at > ? group by asked""",
            (*hashes, stamp(since)),
        )
        found = {bool(asked): (int(tries), moment(last)) for asked, tries, last in rows}
        asked, last = found.get(True, (0, None))
        unasked, _ = found.get(False, (0, None))
        return WrongTries(asked, last, unasked)

    async def note_wrong_try(self, person: PersonId, at: datetime, *, asked: bool) -> None:
        await self._db.execute(
            """insert into wrong_tries (person, at, asked, tries) values (?, ?, ?, 1)
               on conflict (person, at, asked) do update set tries = wrong_tries.tries + 1""",
            (self._hidden(person)[0], stamp(at), int(asked)),
        )

    async def all_wrong_tries(self, since: datetime) -> int:
        row = await self._db.fetch_one(
            "select coalesce(sum(tries), 0) from wrong_tries where at > ?", (stamp(since),)
        )
        return int(row[0]) if row else 0

    async def to_reseal(self) -> int:
        """How many codes and claims are sealed with other keys than the current one."""
        found = 0
        for table, column in (("codes", "text"), ("claims", "code")):
            old = f"substr({column}, 1, {len(self._sealer.current)}) <> ?"
            ((number,),) = await self._db.fetch_all(
                f"select count(*) from {table} where {old}", (self._sealer.current,)
            )
            found += number
        return found

    async def reseal(self, limit: int) -> int:
        """Seal again, with the current key, up to `limit` codes and claims of other keys."""
        old = f"substr(%s, 1, {len(self._sealer.current)}) <> ? limit ?"
        values = (self._sealer.current, limit)
        codes = await self._db.fetch_all(
            f"select {CODES.listed()} from codes where {old % 'text'}", values
        )
        claims = await self._db.fetch_all(
            f"select {_CLAIM} from claims where {old % 'code'}", values
        )
        for row in codes:
            await self.save_code(self._opened_code(row))
        for row in claims:
            await self.save_claim(self._opened_claim(row))
        return len(codes) + len(claims)


async def reseal(database: Database, progress: Progress = unheard) -> int:
    """After a rotation: seal everything with the first key, so that the others may go.

    Says how many codes and claims there were, and `progress` meanwhile how many are done, of how
    many; safe to repeat and while the bot is running.
    """

    async def count(tx: Transaction) -> int:
        assert isinstance(tx, Codes)
        return await tx.to_reseal()

    async def portion(tx: Transaction) -> int:
        assert isinstance(tx, Codes)
        return await tx.reseal(_PORTION)

    total, done = await database.look(count), 0
    while resealed := await database.run(portion):
        done += resealed
        progress(done, max(done, total))
    return done
