"""What each card shows now: the core's Presenter, by the card's subject.

Guarantees: a pure reading of the present truth in one look; it never writes, and waits for Harbor
only where a screen asks for live counts (and then for a bounded time).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial

from bot.domain.card import SCREEN, Card
from bot.domain.deadlines import quiet_until
from bot.domain.ids import TowerId
from bot.domain.message import View
from bot.domain.person import Draft, Person
from bot.domain.policy import Policy
from bot.domain.tower import Tower
from bot.ports.clock import Clock
from bot.ports.database import Database, Transaction
from handlers.conversation.farewell import farewell
from handlers.conversation.groups import GROUP
from wording.cards.alert import Concern, alert_card
from wording.cards.code import code_card
from wording.cards.delivery import delivery_card, speaks_up
from wording.cards.group import group_card
from wording.cards.reading import Sources, read_concern, read_scene
from wording.cards.scene import Scene
from wording.language import speak

Screens = Callable[[Draft, Person], Awaitable[View | None]]
"""The present question of a draft, None where none stands."""

Shown = tuple[View | None, bool]

_TOWERS_FRESH = timedelta(minutes=1)


class ChatPresenter:
    """See the module. `bot` tells the bot's username, for links; `locale` is the language of people
    whose own has no catalogue."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        policy: Policy,
        screens: Screens,
        *,
        bot: Callable[[], str],
        locale: str = "en",
    ) -> None:
        self._database, self._clock, self._policy = database, clock, policy
        self._screens, self._bot, self._locale = screens, bot, locale
        self._towers: dict[TowerId, Tower] = {}
        self._towers_read: datetime | None = None
        self._subjects: dict[str, Callable[[Card], Awaitable[Shown]]] = {
            SCREEN: self._screen,
            "delivery": self._delivery,
            "code": self._code,
            "alert": self._alert,
            GROUP: self._group,
        }

    async def present(self, card: Card) -> Shown:
        """`Presenter.present`; a subject that nobody knows (any more) shows nothing."""
        show = self._subjects.get(card.subject.partition(":")[0])
        return await show(card) if show is not None else (None, True)

    async def _screen(self, card: Card) -> Shown:
        """The answer to a person's own act: silent."""

        async def step(tx: Transaction) -> tuple[Draft, Person | None]:
            return await tx.draft(card.chat), await tx.person(card.chat)

        draft, person = await self._database.look(step)
        if person is None:  # forgotten, as they asked
            return farewell(draft, self._locale), True
        return await self._screens(draft, person), True

    async def _delivery(self, card: Card) -> Shown:
        found = await self._scene(card)
        if found is None:
            return None, True
        scene, reader = found
        return delivery_card(scene), not card.ring or self._hushed(scene, reader)

    async def _code(self, card: Card) -> Shown:
        found = await self._scene(card)
        return code_card(found[0]) if found is not None else None, True

    async def _alert(self, card: Card) -> Shown:
        """Rings while it stands; that it is over is told in silence."""

        async def step(tx: Transaction) -> Concern | None:
            return await read_concern(tx, card, await self._sources(tx))

        concern = await self._database.look(step)
        if concern is None:
            return None, True
        return alert_card(concern), concern.alert.cleared_at is not None

    async def _group(self, card: Card) -> Shown:
        draft = await self._database.look(lambda tx: tx.draft(card.chat))
        words = speak(draft.answers.get("language"), self._locale)
        return group_card(words, self._bot()), True

    def _hushed(self, scene: Scene, reader: Person) -> bool:
        quiet = quiet_until(reader, scene.tower.zone, scene.now) is not None
        return quiet and not speaks_up(scene)

    async def _scene(self, card: Card) -> tuple[Scene, Person] | None:
        return await self._database.look(partial(self._read_scene, card=card))

    async def _read_scene(self, tx: Transaction, card: Card) -> tuple[Scene, Person] | None:
        return await read_scene(tx, card, await self._sources(tx))

    async def _sources(self, tx: Transaction) -> Sources:
        """Towers are kept in mind for a minute: they change once in a blue moon."""
        now = self._clock.now()
        if self._towers_read is None or now - self._towers_read >= _TOWERS_FRESH:
            self._towers = {tower.id: tower for tower in await tx.towers()}
            self._towers_read = now if self._towers else None
        return Sources(now, self._policy, self._towers, self._bot(), self._locale)
