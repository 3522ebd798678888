"""The whole conversation as one readable list: what may begin anywhere, what each place
understands, and what is left.

Guarantees: every place has its way back and its way to help; whatever is not in this list is
answered with the present question.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from telegram import Update
from telegram.ext import CallbackQueryHandler, CommandHandler, MessageHandler, filters

from bot.model import SCREEN, Draft
from handlers import (
    acts,
    asking,
    choosing,
    collect,
    menu,
    operators,
    parcels,
    privacy,
    righting,
    send,
    settings,
)
from handlers.buttons import pattern, pattern_on
from handlers.context import Context, Phrases
from handlers.dialogue import Dialogue, Handler
from handlers.moves import HELP, MENU, go, start
from handlers.prompting import Tap, back_said, help_said
from handlers.verbs import Go, Verb
from handlers.words import speak

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
        CommandHandler("send", send.began),
        CommandHandler("collect", collect.began),
        CommandHandler("parcels", parcels.began),
        CommandHandler("settings", settings.began),
        CommandHandler("privacy", privacy.began),
        CommandHandler("help", menu.asked_help),
        CommandHandler("cancel", menu.cancelled),
        CommandHandler("ops", operators.began),
        tap(below(menu.began), Go.MENU),
        tap(below(send.began), Go.SEND),
        tap(below(collect.began), Go.COLLECT),
        tap(below(parcels.began), Go.PARCELS),
        tap(below(settings.began), Go.SETTINGS),
        tap(below(menu.asked_help), Go.HELP),
        tap(below(operators.began), Go.OPERATE),
        tap(below(righting.asked_orphan), Verb.RELEASE_ORPHAN),
        on_card(below(righting.looked), Verb.LOOK),
        on_card(parcels.showed, collect.SHOW),
        on_card(asking.asked, *asking.ASKS),
        on_card(acts.acted, *acts.DOINGS),
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
        MENU: [tap(send.began_again, send.RESEND), text(collect.typed_anywhere)],
        "none/none": [text(collect.typed_anywhere)],
        choosing.TOWER: [
            tap(choosing.took_tower, choosing.TAKE),
            tap(choosing.asked_nearby, choosing.NEARBY),
            tap(choosing.listed_every, choosing.EVERY),
            tap(menu.turned_page, Tap.PAGE),
            MessageHandler(filters.LOCATION, choosing.shared_location),
            text(choosing.searched),
            back_to(MENU, afresh=True),
        ],
        choosing.NEAR: [
            MessageHandler(filters.LOCATION, choosing.shared_location),
            keys(choosing.searched, back=choosing.TOWER),
        ],
        send.SIZE: [
            tap(send.took_size, send.TAKE),
            tap(send.tapped_full, Tap.NOTE_ONLY),
            tap(send.toggled_low, send.LOW),
            tap(send.toggled_larger, send.LARGER),
            text(send.typed_size),
            back_to(choosing.TOWER),
        ],
        send.WHO: [
            tap(send.by_link, send.BY_LINK),
            tap(send.asked_person, send.PICK),
            tap(send.to_myself, send.MYSELF),
            MessageHandler(PICKED, send.picked_person),
            back_to(send.SIZE),
        ],
        send.PERSON: [
            MessageHandler(PICKED, send.picked_person),
            keys(send.typed_person, back=send.WHO),
        ],
        send.REVIEW: [
            tap(send.reserved, send.RESERVE),
            tap(send.asked_note, send.ADD_NOTE),
            back_to(send.WHO),
        ],
        send.NOTE: [
            text(send.wrote_note),
            tap(send.dropped_note, send.NO_NOTE),
            back_to(send.REVIEW),
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
        asking.CANCEL: [back],
        asking.TAKE_BACK: [back],
        asking.HAND_OVER: [back],
        asking.SIZE: [back],
        asking.HISTORY: [back],
        asking.PROBLEM: [text(asking.wrote_problem), back],
        asking.DOOR: [
            tap(asking.still_closed, asking.STILL_CLOSED),
            tap(asking.opened, asking.OPENED),
            tap(asking.told_operator, asking.TELL),
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
    listed = [tap(menu.turned_page, Tap.PAGE), back_to(operators.OVERVIEW, afresh=True)]
    return {
        operators.OVERVIEW: [
            tap(operators.to_towers, operators.TO_TOWERS),
            tap(operators.to_stuck, operators.TO_STUCK),
            tap(operators.to_orphans, operators.TO_ORPHANS),
            tap(operators.to_doors, operators.TO_DOORS),
            back_to(MENU, afresh=True),
        ],
        operators.TOWERS: listed,
        operators.STUCK: listed,
        operators.ORPHANS: listed,
        operators.DOORS: listed,
        righting.DELIVERY: [
            tap(righting.asked_release, righting.RELEASE),
            tap(righting.asked_end, righting.END),
            tap(righting.asked_message, righting.WRITE),
            back_to(operators.STUCK, afresh=True),
        ],
        righting.SURE_RELEASE: [
            tap(righting.released, righting.YES_RELEASE),
            back_to(righting.DELIVERY),
        ],
        righting.SURE_END: [tap(righting.ended, righting.YES_END), back_to(righting.DELIVERY)],
        righting.MESSAGE: [text(righting.wrote), back_to(righting.DELIVERY)],
        righting.SURE_ORPHAN: [
            tap(righting.freed_orphan, righting.YES_ORPHAN),
            back_to(operators.ORPHANS, afresh=True),
        ],
    }


# -- the words that this list is written in


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
        card = await context.tx.card(context.person.id, SCREEN)
        if card and query and query.message and card.message != query.message.message_id:
            context.ring_screen()
        return draft

    return step
