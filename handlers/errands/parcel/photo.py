"""A photo of a parcel in its locker, from its sender: asked for aside, or sent as it comes.

Guarantees: a photo that comes as it is belongs to the one parcel that asks for one and was just put
in; else it is asked which, and until that is answered nobody is shown it. What can't be taken is
said in a sentence above the present question, of an album once; nothing else is lost by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from telegram import Update
from telegram.ext import MessageHandler, filters

from bot.domain.actions import Action, permitted
from bot.domain.delivery import Delivery
from bot.domain.message import Button, Message, press, press_on
from bot.domain.person import Draft
from bot.usecases.actor import authorized
from bot.usecases.photo import add_photo, drop_photo, just_in, open_for_photo
from handlers.conversation.buttons import back_from_aside, on_card, pages, tap
from handlers.conversation.confirmations import overtaken, still_possible, which
from handlers.conversation.context import Context
from handlers.conversation.deliveries import about, looked_up
from handlers.conversation.dialogue import Handler, state_of
from handlers.conversation.navigation import ASK, MENU, NOTHING, aside, resume, start
from handlers.conversation.questions import Prompt, Row, Screen
from handlers.telegram.photos import NO_PHOTO, photo_in
from wording.language import Words
from wording.sanitize import plain, plain_name

PLACE, WHICH = f"{ASK}/{Action.PHOTO.value}", f"{ASK}/photo_of"
NONE, FOR = "nophoto", "photo_of"
_ALBUM = "album"
"""The answer that names the album of which it has been said that it can't be taken."""
_WORDS_ALONE = f"{ASK}/{Action.PROBLEM.value}"


# -- steps


async def came(update: Update, context: Context) -> Draft | None:
    """A photo where none was asked for by a question."""
    if (draft := _album(update, context)) is not None:
        return draft
    if state_of(context.draft) == _WORDS_ALONE:
        context.say(context.words._("I can pass on words only. The photo was not kept."))
        return None
    photo = _photo(update, context)
    if photo is None:
        return _back(context)
    parcels = await open_for_photo(context.act)
    delivery = just_in(parcels, context.now)
    if delivery is not None:
        return await _added(context, delivery, photo)
    if parcels:
        return aside(context.draft, WHICH, photo=photo)
    context.say(
        context.words._(
            "You can add a photo of a parcel that you have sent, while it waits in a locker for "
            "somebody in Telegram. There is none now."
        )
    )
    return _back(context)


async def given(update: Update, context: Context) -> Draft | None:
    """A photo in answer to the question."""
    if (draft := _album(update, context)) is not None:
        return draft
    photo = _photo(update, context)
    if photo is None:
        return None
    delivery, me = await context.tx.delivery(about(context.draft)), context.person.id
    if delivery is None or not permitted(Action.PHOTO, delivery, me, context.wiring.policy):
        return None  # the question says that it has changed
    await add_photo(context.act, delivery, photo)
    context.say(_added_said(context.words))
    return None


async def chose(update: Update, context: Context) -> Draft | None:
    """The parcel that the photo is of."""
    delivery = await looked_up(update, context, Action.PHOTO)
    photo = context.draft.answers.get("photo")
    if delivery is None or not isinstance(photo, str):
        return None
    await add_photo(context.act, delivery, photo)
    context.say(_added_said(context.words))
    return replace(context.draft, step=Action.PHOTO.value, answers=_about(context.draft, delivery))


def _about(draft: Draft, delivery: Delivery) -> dict[str, object]:
    kept = {key: draft.answers[key] for key in draft.answers if key not in ("photo", "page")}
    return {**kept, "delivery": delivery.id}


async def dropped(update: Update, context: Context) -> Draft:
    """No photo, or no longer."""
    delivery = await authorized(context.act, about(context.draft), Action.PHOTO)
    await drop_photo(context.act, delivery)
    if delivery.photo is not None:
        context.say(context.words._("The photo is removed."))
    return resume(context.draft)


async def other(update: Update, context: Context) -> Draft | None:
    """A file, a video, a sticker, where a photo was asked for by a question."""
    draft = _album(update, context)
    if draft is None:
        _say_no_photo(context)
    return draft


async def other_came(update: Update, context: Context) -> Draft | None:
    """The same anywhere else: it may have been meant for a parcel whose card asks for a photo."""
    parcels = await open_for_photo(context.act)
    if not any(each.photo_asked for each in parcels):
        return _back(context)
    draft = _album(update, context)
    if draft is None:
        _say_no_photo(context)
        return _back(context)
    return draft


async def _added(context: Context, delivery: Delivery, photo: str) -> Draft:
    await add_photo(context.act, delivery, photo)
    context.say(_added_said(context.words))
    return aside(context.draft, PLACE, delivery=delivery.id)


def _added_said(words: Words) -> str:
    return words._("The photo is added.")


def _say_no_photo(context: Context) -> None:
    context.say(context.words._("I can't use that. Send it as a photo, not as a file."))


def _photo(update: Update, context: Context) -> str | None:
    """Which photo was sent; None, with a word on it, where it can't be taken."""
    assert update.effective_message is not None
    photo = photo_in(update.effective_message)
    if photo is None:
        context.say(context.words._("That photo is too large for me. Please send a smaller one."))
    return photo


def _album(update: Update, context: Context) -> Draft | None:
    """Of an album: the place to go on from, with a word on it at its first picture. Each of them is
    a message of its own, and the word stays till something else comes."""
    assert update.effective_message is not None
    album, draft = update.effective_message.media_group_id, context.draft
    if album is None:
        return None
    context.say(context.words._("A parcel has one photo, sent by itself. None of these was kept."))
    if draft.answers.get(_ALBUM) == album:
        context.keep_screen()
        return draft
    draft = _back(context) or draft
    return replace(draft, answers={**draft.answers, _ALBUM: album})


def _back(context: Context) -> Draft | None:
    """The present question again; the menu where none stands."""
    return start(context.draft, MENU) if state_of(context.draft) == NOTHING else None


# -- prompts


async def photo_prompt(screen: Screen) -> Message:
    """Asks for one; where there is one, for another."""
    _, delivery = screen.words._, await still_possible(screen, Action.PHOTO)
    if delivery is None:
        return overtaken(screen)
    seen = _(
        "Whoever collects the parcel in Telegram sees it, and an operator once a problem is "
        "reported. I forget it once the parcel is out and its time to collect has passed."
    )
    if delivery.photo is None:
        lines = [_("📷 <b>Send a photo now</b>"), await which(screen, delivery), seen]
        return screen.view("\n".join(lines), (Button(_("Without a photo"), press(NONE)),))
    lines = [
        _("📷 <b>This parcel has a photo</b>"),
        await which(screen, delivery),
        seen,
        _("To replace it, send another."),
    ]
    see = Button(_("📷 See the photo"), press_on(Action.SEE_PHOTO, delivery))
    away = Button(_("🗑 Remove the photo"), press(NONE))
    return screen.view("\n".join(lines), (see,), (away,))


async def which_prompt(screen: Screen) -> Message:
    """Which parcel the photo is of; nothing is done with it until that is said."""
    _, me = screen.words._, screen.person.id
    live = await screen.sight.database.look(lambda tx: tx.deliveries_of(me, live=True))
    parcels = [each for each in live if permitted(Action.PHOTO, each, me, screen.sight.policy)]
    if not parcels or "photo" not in screen.answers:
        return overtaken(screen)
    page, shown, more = screen.page_of(parcels)
    names, rows = await screen.towers_of(shown), list[Row]()
    for each in shown:
        label = _label(screen.words, each, names.get(each.id, ""))
        rows.append((Button(label, press_on(FOR, each)),))
    text = _("📷 <b>Which parcel is this a photo of?</b>\nNobody is shown it before you say.")
    return screen.view(text, *rows, screen.pages(page, more))


def _label(words: Words, delivery: Delivery, tower: str) -> str:
    door = words._("Locker {door}", door=plain(delivery.locker_name, 8))
    return " · ".join(filter(None, (plain_name(delivery.parcel_name, 24), door, tower)))


# -- the tables

PHOTO_ANSWERS: Sequence[Handler] = (
    MessageHandler(filters.PHOTO, given),
    MessageHandler(NO_PHOTO, other),
    tap(dropped, NONE),
)
"""What the question understands."""

PHOTO_STATES: Mapping[str, Sequence[Handler]] = {
    WHICH: [on_card(chose, FOR), pages(), back_from_aside()],
}
PHOTO_PROMPTS: Mapping[str, Prompt] = {WHICH: which_prompt}

PHOTO_LEFTOVERS: Sequence[Handler] = (
    MessageHandler(filters.PHOTO, came),
    MessageHandler(NO_PHOTO, other_came),
)
"""What counts where no place has understood it."""
