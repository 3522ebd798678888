"""A sender's errand: which tower, which size, who collects, a note, a name; prepared or held."""

from __future__ import annotations

from telegram.ext import CommandHandler, MessageHandler, filters

from bot.domain.message import Place
from bot.domain.waiting import Tapped as Wait
from handlers.conversation.buttons import back_to, below, keys, pages, tap, text
from handlers.conversation.errand import Errand
from handlers.conversation.naming import NO_NAME
from handlers.conversation.navigation import MENU
from handlers.conversation.picking import PICK, PICKED
from handlers.conversation.questions import Tap
from handlers.errands.send import booking, naming, size, tower, wait

ERRAND = Errand(
    "send",
    entry_points=[
        CommandHandler("send", booking.began),
        tap(below(booking.began), Place.SEND),
        tap(wait.booked, Wait.BOOK),
        tap(below(wait.chose_who), Wait.WHO),
        tap(wait.stopped, Wait.STOP),
    ],
    states={
        MENU: [tap(booking.began_again, Tap.RESEND)],
        tower.TOWER: [
            tap(tower.took_tower, tower.TAKE),
            tap(tower.asked_nearby, tower.NEARBY),
            tap(tower.listed_every, tower.EVERY),
            pages(),
            MessageHandler(filters.LOCATION, tower.shared_location),
            text(tower.searched),
            back_to(MENU, afresh=True),
        ],
        tower.NEAR: [
            MessageHandler(filters.LOCATION, tower.shared_location),
            keys(tower.searched, back=tower.TOWER),
        ],
        size.SIZE: [
            tap(size.took_size, size.TAKE),
            tap(size.tapped_full, Tap.NOTE_ONLY),
            tap(wait.asked_wait, size.ASK_WAIT),
            tap(size.toggled_low, size.LOW),
            tap(size.toggled_larger, size.LARGER),
            text(size.typed_size),
            back_to(tower.TOWER),
        ],
        wait.WAIT: [tap(wait.agreed, wait.AGREE), back_to(size.SIZE)],
        booking.WHO: [
            tap(booking.by_link, booking.BY_LINK),
            tap(booking.asked_person, PICK),
            tap(booking.to_myself, booking.MYSELF),
            MessageHandler(PICKED, booking.picked_person),
            back_to(size.SIZE),
        ],
        booking.PERSON: [
            MessageHandler(PICKED, booking.picked_person),
            keys(booking.typed_person, back=booking.WHO),
        ],
        booking.REVIEW: [
            tap(booking.reserved, booking.RESERVE),
            tap(booking.prepared, booking.PREPARE),
            tap(booking.asked_note, booking.ADD_NOTE),
            tap(booking.elsewhere, booking.ELSEWHERE),
            tap(naming.asked_name, booking.ADD_NAME),
            back_to(booking.WHO),
        ],
        booking.NAME: [
            text(naming.wrote_name),
            tap(naming.dropped_name, NO_NAME),
            back_to(booking.REVIEW),
        ],
        booking.NOTE: [
            text(booking.wrote_note),
            tap(booking.dropped_note, booking.NO_NOTE),
            back_to(booking.REVIEW),
        ],
    },
    questions={
        tower.TOWER: tower.tower_prompt,
        tower.NEAR: tower.near_prompt,
        size.SIZE: size.size_prompt,
        wait.WAIT: wait.wait_prompt,
        booking.WHO: booking.who_prompt,
        booking.PERSON: booking.person_prompt,
        booking.REVIEW: booking.review_prompt,
        booking.NOTE: booking.note_prompt,
        booking.NAME: naming.name_prompt,
    },
)
