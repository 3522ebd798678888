"""The whole conversation as one readable list, and python-telegram-bot's Application around it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, cast

from telegram import Update
from telegram.ext import (
    Application,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    MessageHandler,
    filters,
)

from bot.domain.actions import Action
from bot.domain.alerts import AlertAction
from bot.domain.message import Place
from bot.domain.person import Draft
from handlers.conversation.context import Context, Phrases, Wiring
from handlers.conversation.dialogue import Dialogue, Handler
from handlers.conversation.groups import Groups
from handlers.conversation.navigation import HELP, MENU, go, start
from handlers.conversation.questions import Tap, back_said, help_said
from handlers.conversation.transactional import App
from handlers.errands import collect, menu, parcels, privacy, settings
from handlers.errands.operations import deliveries, overview
from handlers.errands.parcel import acting, confirmations
from handlers.errands.send import booking, tower
from handlers.telegram.callback_data import pattern, pattern_on
from handlers.telegram.introduction import TELEGRAM_API_URL
from handlers.telegram.transport import AiohttpRequest, UpdatesRequest
from wording.language import speak

_POLLERS = 2
"""Connections for getUpdates: the long poll, and the one that ends it."""


def build_application(token: str, api_url: str | None, wiring: Wiring, dialogue: Dialogue) -> App:
    """The application, not yet initialized; `api_url` is the base without `/bot<token>`."""
    base = (api_url or TELEGRAM_API_URL).rstrip("/")
    # At debug level the library logs each call's parameters: texts, codes and all.
    logging.getLogger("telegram").setLevel(logging.INFO)
    requests = (AiohttpRequest(), UpdatesRequest(connections=_POLLERS))
    wiring.connections.extend(requests)
    application = (
        Application.builder()
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


Callback = Callable[[Update, Context], Coroutine[Any, Any, Draft | None]]


TEXT = filters.TEXT & ~filters.COMMAND


PICKED = filters.StatusUpdate.USERS_SHARED | filters.CONTACT


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
    )


def entry_points() -> Sequence[Handler]:
    """At any time: commands, links, the menu's buttons, and those on a delivery's cards."""
    return [
        CommandHandler("start", collect.followed_link, filters.Regex(r"^/start\S* c_\S")),
        CommandHandler("start", menu.began),
        CommandHandler("send", booking.began),
        CommandHandler("collect", collect.began),
        CommandHandler("parcels", parcels.began),
        CommandHandler("settings", settings.began),
        CommandHandler("privacy", privacy.began),
        CommandHandler("help", menu.asked_help),
        CommandHandler("cancel", menu.cancelled),
        CommandHandler("ops", overview.began),
        tap(below(menu.began), Place.MENU),
        tap(below(booking.began), Place.SEND),
        tap(below(collect.began), Place.COLLECT),
        tap(below(parcels.began), Place.PARCELS),
        tap(below(settings.began), Place.SETTINGS),
        tap(below(menu.asked_help), Place.HELP),
        tap(below(overview.began), Place.OPERATE),
        tap(below(deliveries.asked_orphan), AlertAction.RELEASE_ORPHAN),
        on_card(below(deliveries.looked), Action.LOOK),
        on_card(parcels.showed, collect.SHOW),
        on_card(confirmations.asked, *confirmations.ASKS),
        on_card(acting.acted, *acting.DOINGS),
    ]


def states() -> Mapping[str, Sequence[Handler]]:
    """What each place understands, beside that."""
    return {**_sending(), **_collecting(), **_asides(), **_own_affairs(), **_operating()}


def fallbacks() -> Sequence[Handler]:
    """Left over: words that look like a claim code are read as one where no words were asked for;
    stickers, photos, voices and the rest are answered with the present question."""
    return [MessageHandler(filters.ALL, menu.unexpected)]


def _sending() -> dict[str, Sequence[Handler]]:
    return {
        MENU: [tap(booking.began_again, booking.RESEND), text(collect.typed_anywhere)],
        "none/none": [text(collect.typed_anywhere)],
        tower.TOWER: [
            tap(tower.took_tower, tower.TAKE),
            tap(tower.asked_nearby, tower.NEARBY),
            tap(tower.listed_every, tower.EVERY),
            tap(menu.turned_page, Tap.PAGE),
            MessageHandler(filters.LOCATION, tower.shared_location),
            text(tower.searched),
            back_to(MENU, afresh=True),
        ],
        tower.NEAR: [
            MessageHandler(filters.LOCATION, tower.shared_location),
            keys(tower.searched, back=tower.TOWER),
        ],
        booking.SIZE: [
            tap(booking.took_size, booking.TAKE),
            tap(booking.tapped_full, Tap.NOTE_ONLY),
            tap(booking.toggled_low, booking.LOW),
            tap(booking.toggled_larger, booking.LARGER),
            text(booking.typed_size),
            back_to(tower.TOWER),
        ],
        booking.WHO: [
            tap(booking.by_link, booking.BY_LINK),
            tap(booking.asked_person, booking.PICK),
            tap(booking.to_myself, booking.MYSELF),
            MessageHandler(PICKED, booking.picked_person),
            back_to(booking.SIZE),
        ],
        booking.PERSON: [
            MessageHandler(PICKED, booking.picked_person),
            keys(booking.typed_person, back=booking.WHO),
        ],
        booking.REVIEW: [
            tap(booking.reserved, booking.RESERVE),
            tap(booking.asked_note, booking.ADD_NOTE),
            back_to(booking.WHO),
        ],
        booking.NOTE: [
            text(booking.wrote_note),
            tap(booking.dropped_note, booking.NO_NOTE),
            back_to(booking.REVIEW),
        ],
    }


def _collecting() -> dict[str, Sequence[Handler]]:
    return {
        collect.WAITING: [
            tap(collect.asked_code, collect.TYPE_CODE),
            tap(menu.turned_page, Tap.PAGE),
            text(collect.typed_anywhere),
            back_to(MENU, afresh=True),
        ],
        collect.CODE: [text(collect.typed_code), back_to(MENU, afresh=True)],
        parcels.LIST: [
            tap(menu.turned_page, Tap.PAGE),
            text(collect.typed_anywhere),
            back_to(MENU, afresh=True),
        ],
    }


def _asides() -> dict[str, Sequence[Handler]]:
    back = tap(menu.returned, Tap.BACK)
    return {
        HELP: [back],
        confirmations.CANCEL: [back],
        confirmations.TAKE_BACK: [back],
        confirmations.HAND_OVER: [back],
        confirmations.SIZE: [back],
        confirmations.HISTORY: [back],
        confirmations.PROBLEM: [text(confirmations.wrote_problem), back],
        confirmations.DOOR: [
            tap(confirmations.still_closed, confirmations.STILL_CLOSED),
            tap(confirmations.opened, confirmations.OPENED),
            tap(confirmations.told_operator, confirmations.TELL),
            back,
        ],
    }


def _own_affairs() -> dict[str, Sequence[Handler]]:
    return {
        settings.SETTINGS: [
            tap(settings.chose_language, settings.CHOOSE_LANGUAGE),
            tap(settings.chose_quiet, settings.CHOOSE_QUIET),
            tap(settings.toggled_reminders, settings.REMINDERS),
            tap(settings.toggled_low, settings.LOW),
            back_to(MENU, afresh=True),
        ],
        settings.LANGUAGE: [tap(settings.spoke, settings.SPEAK), back_to(settings.SETTINGS)],
        settings.QUIET: [
            tap(settings.tapped_quiet, settings.QUIET_AT),
            text(settings.typed_quiet),
            back_to(settings.SETTINGS),
        ],
        privacy.PRIVACY: [
            tap(privacy.showed_all, privacy.SHOW_ALL),
            tap(privacy.asked_forget, privacy.ASK_FORGET),
            back_to(MENU, afresh=True),
        ],
        privacy.EXPORT: [tap(menu.turned_page, Tap.PAGE), back_to(privacy.PRIVACY)],
        privacy.FORGET: [tap(privacy.forgot, privacy.YES), back_to(privacy.PRIVACY)],
    }


def _operating() -> dict[str, Sequence[Handler]]:
    listed = [tap(menu.turned_page, Tap.PAGE), back_to(overview.OVERVIEW, afresh=True)]
    return {
        overview.OVERVIEW: [
            tap(overview.to_towers, overview.TO_TOWERS),
            tap(overview.to_stuck, overview.TO_STUCK),
            tap(overview.to_orphans, overview.TO_ORPHANS),
            tap(overview.to_doors, overview.TO_DOORS),
            back_to(MENU, afresh=True),
        ],
        overview.TOWERS: listed,
        overview.STUCK: listed,
        overview.ORPHANS: listed,
        overview.DOORS: listed,
        deliveries.DELIVERY: [
            tap(deliveries.asked_release, deliveries.RELEASE),
            tap(deliveries.asked_end, deliveries.END),
            tap(deliveries.asked_message, deliveries.WRITE),
            back_to(overview.STUCK, afresh=True),
        ],
        deliveries.SURE_RELEASE: [
            tap(deliveries.released, deliveries.YES_RELEASE),
            back_to(deliveries.DELIVERY),
        ],
        deliveries.SURE_END: [
            tap(deliveries.ended, deliveries.YES_END),
            back_to(deliveries.DELIVERY),
        ],
        deliveries.MESSAGE: [text(deliveries.wrote), back_to(deliveries.DELIVERY)],
        deliveries.SURE_ORPHAN: [
            tap(deliveries.freed_orphan, deliveries.YES_ORPHAN),
            back_to(overview.ORPHANS, afresh=True),
        ],
    }


def tap(callback: Callback, *verbs: str) -> Handler:
    """Buttons of screens."""
    return CallbackQueryHandler(callback, pattern(*verbs))


def on_card(callback: Callback, *verbs: str) -> Handler:
    """Buttons that concern a delivery."""
    return CallbackQueryHandler(callback, pattern_on(*verbs))


def text(callback: Callback) -> Handler:
    """Words that are no command."""
    return MessageHandler(TEXT, callback)


def back_to(state: str, *, afresh: bool = False) -> Handler:
    """The way back, keeping the answers (or `afresh`); a second tap on an old one goes no
    further."""

    async def back(update: Update, context: Context) -> Draft | None:
        assert context.press is not None
        if context.press.arg != context.draft.step:
            return None
        return start(context.draft, state) if afresh else go(context.draft, state)

    return tap(back, Tap.BACK)


def keys(callback: Callback, *, back: str) -> Handler:
    """Words where a keyboard lies below the question: its own keys come as words, too."""

    async def step(update: Update, context: Context) -> Draft | None:
        assert update.effective_message is not None
        words = speak(context.person.language, context.wiring.locale)
        said = (update.effective_message.text or "").strip()
        if said == back_said(words):
            return go(context.draft, back)
        if said == help_said(words):
            return await menu.asked_help(update, context)
        return await callback(update, context)

    return text(step)


def below(callback: Callback) -> Callback:
    """Pressed on a card, the screen comes below everything else instead of changing further up."""

    async def step(update: Update, context: Context) -> Draft | None:
        draft = await callback(update, context)
        query: Any = update.callback_query
        screen = context.screen_message
        if screen and query and query.message and screen != query.message.message_id:
            context.ring_screen()
        return draft

    return step
