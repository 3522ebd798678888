"""Waiting for a size of which none is free, and booking when it is one's turn.

Guarantees: nothing is held at Harbor for whoever waits, and they are told so; a wait that is
somebody else's, over or made up changes nothing, and how things stand is shown again.
"""

from __future__ import annotations

from telegram import Update

from bot.domain.ids import TowerId, read_id
from bot.domain.message import Button, Message, press
from bot.domain.openers import Opener
from bot.domain.person import Draft
from bot.domain.tower import Low, Size
from bot.domain.waiting import Wait
from bot.usecases.wait import NoWait, book_turn, stop_waiting, turn_of, wait_for
from handlers.conversation.context import Context
from handlers.conversation.navigation import go, start
from handlers.conversation.questions import Screen
from handlers.errands.send.booking import WHO
from handlers.errands.send.size import SIZE, chosen_place, none_free_said
from handlers.errands.send.tower import openers_at
from wording.cards.wait import nothing_held_said, stop_button, wait_line
from wording.language import Words
from wording.tower_names import esc_tower

WAIT = "send/wait"
AGREE = "wait_yes"


# -- steps


async def asked_wait(update: Update, context: Context) -> Draft | None:
    """A size of which none is free has been tapped."""
    assert context.press is not None
    size = context.press.arg
    if size not in list(Size):
        return None
    context.say(none_free_said(context.words, context.person.low_locker))
    return go(context.draft, WAIT, wanted=size)


async def agreed(update: Update, context: Context) -> Draft:
    """They are to be told."""
    answers = context.draft.answers
    tower = TowerId(answers["tower"])
    refused = await wait_for(
        context.act,
        tower,
        Size(answers["wanted"]),
        low=context.person.low_locker is Low.ONLY,
        by_link=(await openers_at(context, tower)).drop_off is Opener.LINK,
    )
    if refused is not None:
        context.say(_refusal(context.words, refused, context.wiring.policy.waits), alert=True)
    else:
        context.say(context.words._("🔔 I tell you when it is your turn."))
    return go(context.draft, SIZE, wanted=None)


async def stopped(update: Update, context: Context) -> None:
    """They no longer wait."""
    _ = context.words._
    wait = _named(context)
    if await stop_waiting(context.act, wait):
        context.say(_("You no longer wait there."))
    else:
        context.say(_("That wait was over already."))


async def booked(update: Update, context: Context) -> None:
    """One tap, in one's turn: for whoever claims it."""
    wait = await _in_turn(context)
    if wait is not None:
        openers = await openers_at(context, wait.tower)
        await book_turn(context.act, context.person, wait, openers)


async def chose_who(update: Update, context: Context) -> Draft | None:
    """In one's turn, but first choose who collects."""
    wait = await _in_turn(context)
    if wait is None:
        return None
    return start(context.draft, WHO, tower=wait.tower, size=wait.size.value)


async def _in_turn(context: Context) -> Wait | None:
    wait = await turn_of(context.act, _named(context))
    if wait is None:
        context.say(context.words._("It is not your turn any more."), alert=True)
    return wait


def _named(context: Context) -> int:
    """The wait that a button names."""
    return read_id(context.press.arg if context.press else None)


def _refusal(words: Words, why: NoWait, most: int) -> str:
    _ = words._
    return {
        NoWait.UNKNOWN: _("I don't know that tower any more, so I can't wait there for you."),
        NoWait.CLOSED: _(
            "That tower is closed just now, so I don't wait there for you. Nothing is lost: try "
            "again once it is open."
        ),
        NoWait.ALREADY: _("You wait for that already."),
        NoWait.TOO_MANY: words.n(
            "You may wait for {count} locker at a time. Stop waiting for another first.",
            "You may wait for {count} lockers at a time. Stop waiting for another first.",
            most,
        ),
    }[why]


# -- prompts


async def wait_prompt(screen: Screen) -> Message:
    """What waiting means, or that they do; a yes."""
    words, place = screen.words, await chosen_place(screen)
    _, size = words._, Size(screen.answers["wanted"])
    at_place = screen.sight.at_place(place)
    waits = await screen.sight.waits(TowerId(screen.answers["tower"]), at_place=at_place)
    here = _(
        "📍 <b>{tower}</b> · {size}",
        tower=esc_tower(await screen.called(place)),
        size=words.size(size),
    )
    mine = [x for x in waits if x.person == screen.person.id and x.size is size]
    if mine:
        tower = await screen.sight.waiting_at(mine[0])
        towers = (await screen.sight.towers.all()).value
        line = wait_line(words, mine[0], tower, towers, screen.now)
        lines = [_("🔔 <b>You wait for a locker</b>"), line]
        return screen.view("\n".join(lines), (stop_button(words, mine[0], tower, towers),))
    policy = screen.sight.policy
    lines = [
        here,
        none_free_said(words, screen.person.low_locker),
        "",
        _("🔔 <b>Shall I tell you when one is free?</b>"),
        _(
            "First come, first served: in your turn I tell you, and for {span} nobody else in this"
            " bot gets it.",
            span=words.span(policy.head_start),
        ),
        nothing_held_said(words),
        _(
            "I look out for {span} at most. A turn that you don't use ends the wait.",
            span=words.span(policy.wait),
        ),
    ]
    return screen.view("\n".join(lines), (Button(_("🔔 Tell me"), press(AGREE)),))
