"""The list of errands, and python-telegram-bot's Application around it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from telegram import Update
from telegram.ext import Application, ContextTypes, MessageHandler, filters

from bot.domain.limits import Limit
from bot.domain.person import Draft
from bot.domain.tower import Tower
from bot.usecases.closing import ClosedForBooking
from bot.usecases.limits import OverLimit
from handlers.conversation.context import Context, Phrases, Wiring
from handlers.conversation.dialogue import Dialogue, Handler, state_of
from handlers.conversation.errand import (
    Errand,
    entry_points_of,
    leftovers_of,
    questions_of,
    states_of,
)
from handlers.conversation.groups import Groups
from handlers.conversation.navigation import MENU, NOTHING, start
from handlers.conversation.questions import Prompt
from handlers.conversation.transactional import App
from handlers.errands import (
    collect,
    menu,
    operations,
    parcel,
    parcels,
    practice,
    privacy,
    send,
    settings,
)
from handlers.telegram.application import ApplicationWithoutPersistence
from handlers.telegram.introduction import TELEGRAM_API_URL
from handlers.telegram.transport import AiohttpRequest, UpdatesRequest
from wording.cards.closing import closed_said
from wording.language import speak
from wording.tower_names import told_apart

ERRANDS: Sequence[Errand] = (
    practice.ERRAND,  # before whatever reads claim codes, since its own are none
    collect.ERRAND,  # before the menu, since a claim link is a /start, too
    operations.ERRAND,  # and so is a link in the operators' group
    menu.ERRAND,
    send.ERRAND,
    parcel.ERRAND,
    parcels.ERRAND,
    settings.ERRAND,
    privacy.ERRAND,
)
"""All that people come for."""

_POLLERS = 2
"""Connections for getUpdates: the long poll, and the one that ends it."""


def build_application(token: str, api_url: str | None, wiring: Wiring, dialogue: Dialogue) -> App:
    """The application, not yet initialized; `api_url` is the base without `/bot<token>`."""
    base = (api_url or TELEGRAM_API_URL).rstrip("/")
    # At debug level the library logs each call's parameters: texts, codes and all.
    logging.getLogger("telegram").setLevel(logging.INFO)
    calls = wiring.calls
    requests = (AiohttpRequest(calls=calls), UpdatesRequest(connections=_POLLERS, calls=calls))
    wiring.connections.extend(requests)
    application = (
        Application.builder()
        .application_class(ApplicationWithoutPersistence)
        .token(token)
        .base_url(f"{base}/bot")
        .base_file_url(f"{base}/file/bot")
        .request(requests[0])
        .get_updates_request(requests[1])
        .updater(None)
        .job_queue(None)
        .context_types(
            # A "type" is only ever called, without arguments, to make the bot_data.
            ContextTypes(context=Context, bot_data=cast("type[Wiring]", lambda: wiring))
        )
        .build()
    )
    application.add_handlers([dialogue, Groups()])
    return application


def build_dialogue() -> Dialogue:
    """Private chats, ready for the application."""
    return Dialogue(entry_points(), states(), fallbacks())


def phrases() -> Phrases:
    """The sentences that the machinery itself says."""
    return Phrases(
        failed=lambda language: speak(language)._(
            "Something went wrong on my side. Nothing was lost; please try that again."
        ),
        stale=lambda language: speak(language)._(
            "That button is from before. This is how things stand now."
        ),
        unsaved=lambda language: speak(language)._(
            "That is not saved: I can't write anything down just now. Try again in a minute."
        ),
        over_limit=_over_limit,
        closed=_closed,
    )


def _closed(language: str, closed: ClosedForBooking, towers: Iterable[Tower]) -> str:
    [name] = told_apart([closed.place], towers)
    return closed_said(speak(language), name, closed.words)


def _over_limit(language: str, reached: OverLimit) -> str:
    words, most = speak(language), reached.most
    if reached.longer:
        return words._(
            "This locker has been held longer as often as is allowed ({count}). Put the parcel in, "
            "or cancel.",
            count=most,
        )
    said = {
        Limit.LIVE: words._(
            "Your parcels under way: {count}. More are not allowed at once.", count=most
        ),
        Limit.HOLDS: words._(
            "Lockers you hold with no parcel in them: {count}. More are not allowed at once: put a "
            "parcel in, or cancel one.",
            count=most,
        ),
        Limit.BOOKINGS: words._(
            "Lockers you booked within an hour: {count}. More are not allowed; please try again "
            "later.",
            count=most,
        ),
    }
    return said[reached.limit]


def entry_points() -> Sequence[Handler]:
    """At any time: commands, links, the menu's buttons, and those on a delivery's cards."""
    return entry_points_of(ERRANDS)


def states() -> Mapping[str, Sequence[Handler]]:
    """What each place understands, beside that."""
    return states_of(ERRANDS)


def questions() -> Mapping[str, Prompt]:
    """What each place asks."""
    return questions_of(ERRANDS)


def fallbacks() -> Sequence[Handler]:
    """Left over: photos are for a parcel; stickers, voices and the rest are answered with the
    present question."""
    return [*leftovers_of(ERRANDS), MessageHandler(filters.ALL, unexpected)]


async def unexpected(update: Update, context: Context) -> Draft | None:
    """Anything that no table knows: the present question again, the menu where none stands."""
    return start(context.draft, MENU) if state_of(context.draft) == NOTHING else None
