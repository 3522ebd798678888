"""The operators' errand: overview, lists, and what can be put right."""

from __future__ import annotations

from telegram.ext import CommandHandler, filters

from bot.domain.actions import CONFIRMS, Action
from bot.domain.alert_buttons import AlertAction
from bot.domain.message import Place
from handlers.conversation.buttons import back_to, below, on_card, pages, tap, text
from handlers.conversation.confirmations import sure
from handlers.conversation.errand import Errand
from handlers.conversation.navigation import MENU, OPERATIONS
from handlers.errands.operations import (
    closing,
    deliveries,
    figures,
    find,
    lists,
    messages,
    overview,
    problems,
    stale,
    take,
    tower,
)
from handlers.errands.operations.deliveries import DOINGS, sure_place
from handlers.telegram.links import OPERATIONS as OPERATIONS_LINK

_LISTED = [pages(), back_to(overview.OVERVIEW, afresh=True)]
_SURE = {CONFIRMS[yes]: yes for yes in DOINGS}

ERRAND = Errand(
    OPERATIONS,
    entry_points=[
        CommandHandler(
            "start", overview.followed_link, filters.Regex(rf"^/start\S* {OPERATIONS_LINK}")
        ),
        CommandHandler("ops", overview.began),
        tap(below(overview.began), Place.OPERATE),
        tap(below(deliveries.asked_orphan), AlertAction.RELEASE_ORPHAN, AlertAction.EMPTY_ORPHAN),
        tap(below(closing.asked_back), AlertAction.BACK_IN_USE),
        tap(deliveries.saw, AlertAction.SEEN),
        on_card(below(deliveries.looked), Action.LOOK),
        on_card(below(deliveries.asked_on_card), Action.SETTLE),
    ],
    states={
        overview.OVERVIEW: [
            tap(overview.to_towers, overview.TO_TOWERS),
            tap(overview.to_stuck, overview.TO_STUCK),
            tap(overview.to_orphans, overview.TO_ORPHANS),
            tap(overview.to_doors, overview.TO_DOORS),
            tap(figures.to_figures, figures.TO_FIGURES),
            tap(find.to_find, find.TO_FIND),
            tap(problems.to_problems, problems.TO_PROBLEMS),
            tap(stale.to_stale, stale.TO_STALE),
            tap(take.to_take, take.TO_TAKE),
            text(find.typed),
            back_to(MENU, afresh=True),
        ],
        overview.TOWERS: [tap(tower.opened, tower.OPEN), *_LISTED],
        lists.TOWER: [
            tap(closing.asked_close, closing.CLOSE),
            tap(closing.asked_open, closing.OPEN),
            tap(figures.to_figures, figures.TO_FIGURES),
            pages(),
            back_to(overview.TOWERS, afresh=True),
        ],
        figures.FIGURES: [figures.back_from_figures(overview.OVERVIEW)],
        closing.CLOSING: [
            tap(closing.closed, closing.YES_CLOSE),
            text(closing.wrote),
            back_to(lists.TOWER),
        ],
        closing.OPENING: [tap(closing.opened, closing.YES_OPEN), back_to(lists.TOWER)],
        closing.BACK: [tap(closing.took_back, closing.YES_BACK), back_to(lists.TOWER)],
        lists.STUCK: _LISTED,
        overview.ORPHANS: _LISTED,
        lists.DOORS: _LISTED,
        lists.PROBLEMS: [tap(problems.chose, problems.WHICH), *_LISTED],
        lists.STALE: [tap(stale.chose, stale.WHY), tap(stale.asked, stale.ALL), *_LISTED],
        stale.BULK: [
            tap(stale.did, stale.YES_ALL),
            text(stale.wrote),
            back_to(lists.STALE),
        ],
        take.TAKE: [
            tap(take.chose, take.SPAN),
            tap(take.took, take.FILE),
            text(take.typed),
            back_to(overview.OVERVIEW, afresh=True),
        ],
        find.FIND: [text(find.typed), back_to(overview.OVERVIEW, afresh=True)],
        lists.FOUND: [text(find.typed), *_LISTED],
        lists.DELIVERY: [
            tap(deliveries.asked, *_SURE),
            tap(messages.asked, Action.WRITE),
            tap(messages.asked_one, Action.ANSWER),
            lists.back_to_list(overview.OVERVIEW),
        ],
        **{
            sure_place(action): [
                on_card(deliveries.acted, yes),
                text(deliveries.wrote_reason),
                back_to(lists.DELIVERY),
            ]
            for action, yes in _SURE.items()
        },
        messages.EVERYBODY: [text(messages.wrote), back_to(lists.DELIVERY)],
        messages.ONE: [text(messages.wrote_one), back_to(lists.DELIVERY)],
        deliveries.SURE_ORPHAN: [
            tap(deliveries.freed_orphan, deliveries.YES_ORPHAN),
            back_to(overview.ORPHANS, afresh=True),
        ],
        deliveries.SURE_EMPTY: [
            tap(deliveries.emptied_orphan, deliveries.YES_EMPTY),
            back_to(overview.ORPHANS, afresh=True),
        ],
    },
    questions={
        overview.OVERVIEW: overview.overview_prompt,
        overview.TOWERS: overview.towers_prompt,
        lists.TOWER: tower.tower_prompt,
        figures.FIGURES: figures.figures_prompt,
        closing.CLOSING: closing.close_prompt,
        closing.OPENING: closing.open_prompt,
        closing.BACK: closing.back_prompt,
        lists.STUCK: lists.stuck_prompt,
        overview.ORPHANS: overview.orphans_prompt,
        lists.DOORS: lists.doors_prompt,
        find.FIND: find.find_prompt,
        take.TAKE: take.take_prompt,
        lists.FOUND: find.found_prompt,
        lists.DELIVERY: deliveries.delivery_prompt,
        **{sure_place(action): sure(action) for action in _SURE},
        messages.EVERYBODY: messages.prompt,
        messages.ONE: messages.one_prompt,
        lists.PROBLEMS: problems.problems_prompt,
        lists.STALE: stale.stale_prompt,
        stale.BULK: stale.bulk_prompt,
        deliveries.SURE_ORPHAN: deliveries.orphan_prompt,
        deliveries.SURE_EMPTY: deliveries.empty_prompt,
    },
)
