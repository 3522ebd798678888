"""Somebody picked out of the contacts: how they are asked for, read, and what becomes of the pick.

Guarantees: a pick is somebody's id as Telegram gives it, never a typed name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from telegram import Update
from telegram.ext import filters

from bot.domain.ids import PersonId
from bot.domain.message import Ask, Button, Key, Message, press
from bot.domain.recipient import Reach
from bot.usecases.recipients import reach_of
from handlers.conversation.context import Context
from handlers.conversation.questions import Screen
from wording.language import Words
from wording.sanitize import capital, esc_name

PICK = "to_pick"
"""What the button says that leads to the picker."""
PICKED = filters.StatusUpdate.USERS_SHARED | filters.CONTACT
_NAME = 64


async def read_pick(update: Update, context: Context) -> Mapping[str, Any] | None:
    """Whom the message picks, as an answer of a draft: `id` and `name`; None where it picks nobody
    with a Telegram of their own.

    Somebody who is here goes by the name that the bot knows.
    """
    message = update.effective_message
    assert message is not None
    if message.users_shared and message.users_shared.users:
        picked = message.users_shared.users[0]
        name = " ".join(filter(None, (picked.first_name, picked.last_name)))
        user, name = picked.user_id, name or picked.username or ""
    elif message.contact and message.contact.user_id:
        user, name = message.contact.user_id, message.contact.first_name
    else:
        return None
    known = await context.tx.person(PersonId(user))
    if user == context.person.id or (known is not None and known.reachable):
        name = known.name if known is not None else context.person.name
    return {"id": user, "name": name[:_NAME]}


def say_pick_instead(context: Context) -> None:
    """Words where a pick is wanted: what to do."""
    words = context.words
    context.say(
        words._(
            "A typed name does not tell me who it is. Pick somebody with the button below, or go "
            "back for a link."
        )
    )


def pick_button(words: Words) -> Button:
    """The way to the picker."""
    return Button(words._("👤 Pick a person"), press(PICK))


def picker(screen: Screen) -> Message:
    """A keyboard with Telegram's user picker."""
    _ = screen.words._
    return screen.keyed(
        _("👤 <b>Who collects it?</b>\nPick them with the button below."),
        Key(_("👤 Pick a person"), Ask.PERSON),
    )


async def reach_on(screen: Screen, to: Mapping[str, Any]) -> Reach | None:
    """What becomes of the pick as things stand; None where nobody was picked."""
    if "id" not in to:
        return None
    person, me = PersonId(to["id"]), screen.person.id
    return await screen.sight.database.look(lambda tx: reach_of(tx, person, by=me))


def becomes(screen: Screen, to: Mapping[str, Any], reach: Reach) -> str:
    """The same in a sentence, for whoever picks."""
    _ = screen.words._
    if to["id"] == screen.person.id:
        return _("🙋 You collect it yourself.")
    name = esc_name(to.get("name"))
    if reach is Reach.HERE:
        return _("👤 For {name}, whom this bot will tell.", name=name or _("somebody"))
    if reach is Reach.AWAITED:
        return _(
            "👤 For {name}, and nobody else. Telegram doesn't let me write to them before they open"
            " this bot: you get a link to send them.",
            name=name or _("somebody"),
        )
    return _(
        "👤 {name} takes no parcel without being asked first. You get a claim link and a claim"
        " code; the first person to use one can collect.",
        name=name or capital(_("somebody")),
    )
