"""What the parcel page answers: GET shows how things stand, POST is the only way to change them.

Guarantees: whoever only looks claims nothing, a messenger's preview neither; a wrong, a spent and a
guessed secret are answered alike, and never slow down or refuse a right one; a POST counts only
from the page itself; what opens a door is shown in the answer to a POST alone; no more requests are
answered at once than `AT_ONCE`, so that pages take no place from Telegram and Harbor, and none has
a place while its form is awaited; nothing that is logged holds a secret.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from bot.domain.browsers import Unclaimed, may_be_page
from bot.domain.ids import DeliveryId
from bot.domain.lifecycle import State
from bot.domain.policy import Policy
from bot.ports.clock import Clock
from bot.ports.database import Database, Transaction
from bot.ports.errors import EdgeError
from bot.usecases.actor import Actor, NotPermitted, NotYours
from bot.usecases.browser import (
    Bound,
    Look,
    NoLonger,
    Theirs,
    act_in_browser,
    claim,
    door_stays_shut,
    in_vain,
    look,
    open_door,
    opens,
)
from bot.usecases.collect import NotYet
from bot.usecases.surroundings import KnownSurroundings
from web.pages.acts import ask_more_time, report
from web.pages.drawing import Drawing
from web.pages.forms import Tokens, from_here, read_form
from web.pages.languages import spoken
from web.pages.places import Places
from web.pages.visit import Visit, give_cookie, take_cookie
from web.pages.visitors import WrongLinks, address_of
from web.pages.where import PATH, Where
from wording.cards.scene import Scene
from wording.language import Words
from wording.page import anybody, holder
from wording.page.value import Aside, Do

log = structlog.get_logger()

AT_ONCE = 64
PATIENCE = 8.0
"""Seconds that an answer waits for Harbor to make what opens a door."""
_BETWEEN_LOOKS = 0.15
_BUSY_FOR = 5.0


class Pages:
    """See the module; `key` is what tokens are made with."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        policy: Policy,
        known: KnownSurroundings,
        where: Where,
        *,
        key: bytes,
        locale: str = "en",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database, self._clock, self._policy = database, clock, policy
        self._known, self._where, self._locale = known, where, locale
        self._draws, self._tokens = Drawing(where), Tokens(key)
        self._wrong = WrongLinks(monotonic)
        self._places = Places()
        self._does: Mapping[Do, Callable[[Visit], Awaitable[Response]]] = {
            Do.CLAIM: self._claim,
            Do.OPEN: self._open,
            Do.FRESH: self._fresh,
            Do.DOOR: self._door,
            Do.MORE_TIME: self._more_time,
            Do.PROBLEM: self._problem,
        }

    def routes(self) -> list[Route]:
        """What to serve."""
        return [Route(f"{PATH}{{page}}", self.answer, methods=["GET", "POST"])]

    async def answer(self, request: Request) -> Response:
        """Any request for a page. Raises ClientDisconnect."""
        words = spoken(request.headers.get("accept-language", ""), self._locale)
        try:
            visit = Visit.of(request, words)
            with self._places.one(AT_ONCE):
                answer = await self._formless(visit)
            if answer is None:
                form = await read_form(request)
                with self._places.one(AT_ONCE):
                    answer = await self._posted(replace(visit, form=form))
            return answer
        except ClientDisconnect:
            raise
        except HTTPException as error:
            return await self._trouble(words, error.status_code)
        except (NotYours, NotPermitted):
            return await self._trouble(words, 409)
        except EdgeError as error:
            log.warning("page_not_shown", why=type(error).__name__)
        except Exception:
            log.exception("page_not_shown")
        return await self._trouble(words, 503)

    async def _formless(self, visit: Visit) -> Response | None:
        """The answer, where no form is needed for it: whoever guesses on is told before theirs."""
        if not may_be_page(visit.page):
            return await self._not_there(visit)
        if visit.request.method != "POST":
            return await self._shown(visit, await self._look(visit))
        if not from_here(visit.request.headers, self._where.origin):
            raise HTTPException(403)
        guesses = self._wrong.too_many(address_of(visit.request, self._where.proxies))
        if guesses and await self._look(visit, stories=False) is None:
            return await self._not_there(visit)
        return None

    async def _look(self, visit: Visit, *, stories: bool = True) -> Look | None:
        known = await self._known.now()
        return await look(self._database, visit.page, visit.cookie, known, stories=stories)

    # -- GET

    async def _shown(self, visit: Visit, seen: Look | None) -> Response:
        match seen:
            case None:
                return await self._not_there(visit)
            case NoLonger():
                return await self._over(visit)
            case Unclaimed():
                page = anybody.unclaimed(visit.words, seen)
                token = self._tokens.token(visit.page)
                return await self._draws.page(visit.request, page, token=token)
            case Theirs(situation):
                return await self._theirs(visit, Scene(situation, visit.words))

    async def _theirs(self, visit: Visit, scene: Scene) -> Response:
        state = scene.delivery.state
        asked = visit.request.query_params
        if Aside.HELP in asked and state is State.STORED:
            page = holder.door_stays_shut(scene)
        elif Aside.PROBLEM in asked:
            page = holder.problem(scene)
        else:
            page = holder.theirs(scene, told=Aside.TOLD in asked)
        answer = await self._draws.page(visit.request, page, token=self._token(visit))
        if state is State.COLLECTED:
            take_cookie(answer, visit, self._where)
        return answer

    async def _over(self, visit: Visit) -> Response:
        """Said once: without the cookie the page is not there."""
        answer = await self._draws.once(anybody.no_longer(visit.words), status=410)
        take_cookie(answer, visit, self._where)
        return answer

    async def _not_there(self, visit: Visit) -> Response:
        address = address_of(visit.request, self._where.proxies)
        if (wait := self._wrong.note(address)) is not None:
            return await self._trouble(visit.words, 429, wait=wait)
        return await self._draws.once(anybody.not_there(visit.words), status=404)

    # -- POST

    async def _posted(self, visit: Visit) -> Response:
        try:
            does = Do(visit.form.get("do", ""))
        except ValueError:
            raise HTTPException(400) from None
        cookie = visit.cookie if await self._is_theirs(visit) else None
        if not self._tokens.fits(visit.form.get("token", ""), visit.page, cookie):
            return await self._without_token(visit)
        if (does is Do.CLAIM) is (cookie is not None):
            return self._back(visit)  # it has been claimed here, or is to be claimed first
        return await self._does[does](visit)

    async def _is_theirs(self, visit: Visit) -> bool:
        page, cookie = visit.page, visit.cookie
        if cookie is None:
            return False
        return await self._database.glance(lambda tx: tx.browser(page, cookie)) is not None

    async def _without_token(self, visit: Visit) -> Response:
        """A page that is not there is not there, whatever is posted to it."""
        if await self._look(visit) is None:
            return await self._not_there(visit)
        raise HTTPException(403)

    async def _claim(self, visit: Visit) -> Response:
        """Whoever shows the token has seen the page while it was there: they are told more."""

        async def step(tx: Transaction) -> Bound | NotYet | None:
            now, language = self._clock.now(), visit.words.language
            return await claim(tx, visit.page, language, now=now, policy=self._policy)

        bound = await self._database.run(step, urgent=True)
        if bound is None:
            return await self._draws.once(anybody.somebody_was_first(visit.words), status=409)
        answer = self._back(visit)
        if isinstance(bound, Bound):
            give_cookie(answer, visit, self._where, bound.cookie)
        return answer

    async def _open(self, visit: Visit, *, fresh: bool = False) -> Response:
        if not await self._acted(visit, lambda act, it: open_door(act, it, fresh=fresh)):
            return await self._over(visit)
        return await self._once_there(visit)

    async def _fresh(self, visit: Visit) -> Response:
        return await self._open(visit, fresh=True)

    async def _once_there(self, visit: Visit) -> Response:
        """What opens the door, as soon as the worker has it; that it takes its time, if it does."""
        until = asyncio.get_running_loop().time() + PATIENCE
        while isinstance(seen := await self._look(visit, stories=False), Theirs):
            scene = Scene(seen.situation, visit.words)
            if (code := opens(seen.situation)) is not None:
                page = holder.opened(scene, code)
                return await self._draws.once(page, token=self._token(visit))
            late = asyncio.get_running_loop().time() >= until
            if late or in_vain(seen.situation):
                page = holder.still_asking(scene)
                return await self._draws.once(page, token=self._token(visit))
            await asyncio.sleep(_BETWEEN_LOOKS)
        return await self._shown(visit, seen)

    async def _door(self, visit: Visit) -> Response:
        if not await self._acted(visit, door_stays_shut):
            return await self._over(visit)
        return self._back(visit, Aside.HELP)

    async def _more_time(self, visit: Visit) -> Response:
        if not await self._acted(visit, ask_more_time):
            return await self._over(visit)
        return self._back(visit)

    async def _problem(self, visit: Visit) -> Response:
        words = " ".join(visit.form.get("words", "").split())
        if not words:
            return self._back(visit, Aside.PROBLEM)
        if not await self._acted(visit, partial(report, words=words)):
            return await self._over(visit)
        return self._back(visit, Aside.TOLD)

    async def _acted(
        self, visit: Visit, does: Callable[[Actor, DeliveryId], Awaitable[None]]
    ) -> bool:
        """Let whoever has the cookie act on the parcel; False where it is theirs no longer."""
        page, cookie = visit.page, visit.cookie
        assert cookie is not None, "asked for before"

        async def step(tx: Transaction) -> bool:
            now = self._clock.now()
            acts = await act_in_browser(tx, page, cookie, now=now, policy=self._policy)
            if acts is None:
                return False
            await does(*acts)
            return True

        return await self._database.run(step, urgent=True)

    # -- answers

    def _token(self, visit: Visit) -> str:
        return self._tokens.token(visit.page, visit.cookie)

    def _back(self, visit: Visit, query: str = "") -> Response:
        """303: relative, so that it is right behind any proxy."""
        return self._draws.elsewhere(f"{visit.page}?{query}" if query else visit.page)

    async def _trouble(self, words: Words, status: int, *, wait: float | None = None) -> Response:
        wait = _BUSY_FOR if status == 503 else wait
        return await self._draws.once(anybody.refused(words, status), status=status, wait=wait)
