"""What each card shows now: the core's Presenter, by the card's subject.

Guarantees: a pure reading of the present truth in one look; it never writes, and waits for Harbor
only where a screen asks for live counts (and then for a bounded time).
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable

from bot.domain.card import MAP, PHOTO, SCREEN, SLIP, Card, slip_of
from bot.domain.deadlines import quiet_until
from bot.domain.ids import DeliveryId
from bot.domain.message import Message
from bot.domain.person import Draft, Person
from bot.domain.policy import Policy
from bot.domain.rings import Call, hushed
from bot.domain.situation import AlertSituation, Situation
from bot.domain.waiting import WAIT, Wait, wait_of
from bot.ports.clock import Clock
from bot.ports.database import Database, Transaction
from bot.usecases.situation import read_alert, read_card
from bot.usecases.surroundings import KnownSurroundings
from handlers.conversation.export import EXPORT, export
from handlers.conversation.farewell import farewell
from handlers.conversation.groups import GROUP
from handlers.conversation.records import RECORDS, records
from handlers.telegram.links import links_to, operations_payload
from handlers.telegram.messenger import LONGEST_CAPTION
from wording.cards.alert import alert_card
from wording.cards.code import code_card
from wording.cards.concern import Concern
from wording.cards.delivery import delivery_card
from wording.cards.group import group_alert, group_card
from wording.cards.photo import photo_card
from wording.cards.place import map_card
from wording.cards.scene import Scene
from wording.cards.wait import wait_card
from wording.language import speak
from wording.slip import slip_card

Screens = Callable[[Draft, Person], Awaitable[Message | None]]
"""The present question of a draft, None where none stands."""

Shown = tuple[Message | None, bool]


class ChatPresenter:
    """See the module. `bot` tells the bot's username, for links; `page` is `Links.page`;
    `locale` is the language of people whose own has no catalogue."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        policy: Policy,
        screens: Screens,
        *,
        bot: Callable[[], str],
        page: str = "",
        locale: str = "en",
    ) -> None:
        self._database, self._clock, self._policy = database, clock, policy
        self._screens, self._bot, self._locale = screens, bot, locale
        self._page = page
        self._known = KnownSurroundings(
            database, clock, policy, lambda: links_to(self._bot(), self._page)
        )
        self._subjects: dict[str, Callable[[Card], Awaitable[Shown]]] = {
            SCREEN: self._screen,
            "delivery": self._delivery,
            "code": self._code,
            SLIP: self._slip,
            PHOTO: self._photo,
            MAP: self._map,
            "alert": self._alert,
            GROUP: self._group,
            EXPORT: self._export,
            RECORDS: self._records,
            WAIT: self._wait,
        }

    async def present(self, card: Card) -> Shown:
        """`Presenter.present`; a subject that nobody knows (any more) shows nothing."""
        show = self._subjects.get(card.subject.partition(":")[0])
        return await show(card) if show is not None else (None, True)

    async def instead(self, card: Card) -> Message:
        """`Presenter.instead`."""
        chosen: str | None = None
        with contextlib.suppress(Exception):  # it may be the person that can't be read
            person = await self._database.glance(lambda tx: tx.person(card.chat))
            chosen = person.language if person else None
        words = speak(chosen, self._locale)
        _ = words._
        return Message(_("⚠️ I can't show this just now; nothing is lost. /start brings the menu."))

    async def _screen(self, card: Card) -> Shown:
        """The answer to a person's own act: silent."""

        draft, person = await self._database.glance(lambda tx: tx.chat(card.chat))
        if person is None:  # forgotten, as they asked
            return farewell(draft, self._locale), True
        return await self._screens(draft, person), True

    async def _delivery(self, card: Card) -> Shown:
        situation = await self._situation(card, _delivery_of(card))
        if situation is None:
            return None, True
        return delivery_card(self._scene(situation)), not card.ring or situation.hushed

    async def _code(self, card: Card) -> Shown:
        situation = await self._situation(card, _delivery_of(card), stories=False)
        if situation is None:
            return None, True
        return code_card(self._scene(situation), LONGEST_CAPTION), True

    async def _photo(self, card: Card) -> Shown:
        """The answer to a person's own act: silent."""
        situation = await self._situation(card, _delivery_of(card), stories=False)
        return (photo_card(self._scene(situation)) if situation else None), True

    async def _slip(self, card: Card) -> Shown:
        """The answer to a person's own act: silent."""
        delivery, language = slip_of(card.subject)
        situation = await self._situation(card, delivery, stories=False)
        if situation is None:
            return None, True
        reader = speak(situation.reader.language, self._locale)
        told = reader if language is None else speak(language)
        return slip_card(Scene(situation, told), reader, LONGEST_CAPTION), True

    async def _map(self, card: Card) -> Shown:
        """The answer to a person's own act: silent."""
        situation = await self._situation(card, _delivery_of(card), stories=False)
        return map_card(self._scene(situation)) if situation is not None else None, True

    async def _alert(self, card: Card) -> Shown:
        """Rings while it stands; that it is over is told in silence."""

        known = await self._known.now()

        async def step(tx: Transaction) -> tuple[AlertSituation | None, Person | None]:
            key = card.subject.partition(":")[2]
            return await read_alert(tx, key, card.chat, known), await tx.person(card.chat)

        situation, operator = await self._database.look(step)
        if situation is None:
            return None, True
        words = speak(operator.language if operator else None, self._locale)
        concern, over = Concern(situation, words), situation.alert.cleared_at is not None
        if card.chat != self._policy.operator_group:
            return alert_card(concern), over
        delivery = situation.delivery
        payload = operations_payload(delivery.id if delivery is not None else None)
        return group_alert(concern, links_to(self._bot()).open_with(payload)), over

    async def _export(self, card: Card) -> Shown:
        """The answer to a person's own act: silent. Somebody forgotten has nothing to be shown."""
        now = self._clock.now()

        async def step(tx: Transaction) -> Message | None:
            person = await tx.person(card.chat)
            return await export(tx, person, self._locale, now) if person is not None else None

        return await self._database.look(step), True

    async def _records(self, card: Card) -> Shown:
        """The answer to an operator's own act: silent."""
        return await records(
            self._database, card.chat, self._policy, card.subject, self._locale
        ), True

    async def _wait(self, card: Card) -> Shown:
        """A turn rings, but for quiet hours; whatever else becomes of a wait is told in silence."""
        known = await self._known.now()

        async def step(tx: Transaction) -> tuple[Wait | None, Person | None]:
            return await tx.wait(wait_of(card.subject)), await tx.person(card.chat)

        wait, person = await self._database.look(step)
        if wait is None or person is None or wait.person != card.chat:
            return None, True
        tower = known.waited_at(wait.tower)
        words = speak(person.language, self._locale)
        quiet = quiet_until(person, tower.told_zone, known.now) is not None
        silent = not card.ring or (quiet and hushed(Call.TURN))
        among = known.towers.values()
        return wait_card(words, wait, tower, self._policy, known.now, among), silent

    async def _group(self, card: Card) -> Shown:
        draft = await self._database.look(lambda tx: tx.draft(card.chat))
        words = speak(draft.answers.get("language"), self._locale)
        return group_card(words, links_to(self._bot()).open_with("group")), True

    def _scene(self, situation: Situation) -> Scene:
        return Scene(situation, speak(situation.reader.language, self._locale))

    async def _situation(
        self, card: Card, delivery: DeliveryId, *, stories: bool = True
    ) -> Situation | None:
        known = await self._known.now()
        return await read_card(self._database, delivery, card.chat, known, stories=stories)


def _delivery_of(card: Card) -> DeliveryId:
    return DeliveryId(card.subject.partition(":")[2])
