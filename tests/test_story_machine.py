"""Whatever people, doors, clocks and faults do, in whatever order: the invariants hold.

Hypothesis plays sender, recipient, passer-by, operator, Harbor and Telegram. The bot is the core
with its real presenter, a real database and a Harbor on a socket; people press what their messages
offer, through the table that the chat uses. `make test-long` plays for longer.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test

from bot.domain.actions import Action
from bot.domain.ids import PersonId
from bot.domain.message import Press
from bot.domain.openers import BY_TOKEN, Opener, Openers
from bot.domain.tower import Size
from bot.usecases import operate
from bot.usecases.actor import NotPermitted
from handlers.errands.parcel.acting import DOINGS
from tests.support.acting import PRESSABLE, Play
from tests.support.core import ANNA, BEN, CLEO, DORA, NAMES, OPERATOR
from tests.support.invariants import at_any_time, once_quiet
from tests.support.playing import Bot
from tests.support.run import examples

PEOPLE = (ANNA, BEN, CLEO)
WHO, SIZE, ANY = st.sampled_from(PEOPLE), st.sampled_from(Size), st.integers(0, 999)
SMALL, LARGE = Size.SMALL, Size.LARGE
PARCEL = st.tuples(WHO, WHO, SIZE, st.integers(0, 4))
OPENERS = st.builds(Openers, st.sampled_from(Opener), st.sampled_from(Opener))
MINUTE, HOUR, DAY = 60, 3600, 86400

CODES = (
    Action.DROP_OFF_CODE,
    Action.PICK_UP_CODE,
    Action.NEW_DROP_OFF_CODE,
    Action.NEW_PICK_UP_CODE,
)
HARBOR_FAULTS = (
    {"name": "503", "call": "*", "times": None},
    {"name": "503", "call": "*", "times": 2, "after": True},
    {"name": "reset_before", "call": "*", "times": 1},
    {"name": "reset_after", "call": "*", "times": 2},
    {"name": "empty_list", "call": "*", "times": None},
    {"name": "empty_list", "call": "assigned_lockers", "times": 3},
    {"name": "truncated", "call": "*", "times": 3},
    {"name": "409", "call": "reserve", "times": 2},
    {"name": "409", "call": "drop_off_token", "times": 1},
    {"name": "409", "call": "pick_up_request", "times": 1},
    {"name": "no_open_requests", "call": "*", "times": None},
    {"name": "429", "call": "*", "times": 2},
)


class Story(Play):
    """See the module."""

    @initialize(
        parcels=st.lists(st.tuples(WHO, WHO, SIZE, st.integers(0, 4)), min_size=1, max_size=4)
    )
    def some_parcels_are_on_their_way(
        self, parcels: list[tuple[PersonId, PersonId, Size, int]]
    ) -> None:
        for sender, recipient, size, steps in parcels:
            self.somebody_sends(sender, size, recipient)
            for _ in range(steps):
                self.go_on(self.made[-1])

    # -- people

    @rule(
        who=WHO,
        size=SIZE,
        to=st.sampled_from((None, *PEOPLE, DORA)),
        openers=OPENERS,
        prepare=st.booleans(),
    )
    def somebody_sends(
        self,
        who: PersonId,
        size: Size,
        to: PersonId | None,
        openers: Openers = BY_TOKEN,
        prepare: bool = False,
    ) -> None:
        if len(self.made) >= 8:
            return
        wish: dict[str, Any] = {"size": size, "recipient": to, "openers": openers}
        wish |= {"recipient_name": NAMES.get(to, "Dora") if to else None}
        book = self.core.prepare if prepare else self.core.request
        self.made.append(self.run(book(who, **wish)).id)
        self.settle()

    @rule(which=ANY)
    def somebody_is_at_the_tower(self, which: int) -> None:
        self.tap(self.chat.offered(Action.AT_TOWER, Action.NEXT), which)

    @rule(which=ANY)
    def somebody_prepares_one_more(self, which: int) -> None:
        if len(self.made) < 8:
            self.tap(self.chat.offered(Action.ONE_MORE), which)

    @rule(who=st.sampled_from((*PEOPLE, DORA)), which=ANY)
    def somebody_opens_a_claim_link(self, who: PersonId, which: int) -> None:
        self.run(self.claim(who, which))
        self.settle()

    @rule(which=ANY)
    def somebody_asks_for_a_code(self, which: int) -> None:
        self.tap(self.chat.offered(*CODES), which)

    @rule(which=ANY)
    def somebody_collects_all_there(self, which: int) -> None:
        self.tap(self.chat.offered(Action.COLLECT_ALL), which)

    @rule(which=ANY)
    def somebody_leaves_one_out_or_stops(self, which: int) -> None:
        self.tap(self.chat.offered(Action.SKIP, Action.STOP), which)

    @rule(which=ANY)
    def somebody_cancels(self, which: int) -> None:
        self.tap(self.chat.offered(Action.CANCEL), which)

    @rule(which=ANY, size=SIZE)
    def somebody_takes_another_size(self, which: int, size: Size) -> None:
        self.tap(self.chat.offered(Action.SIZE), which, size)

    @rule(which=ANY)
    def somebody_wants_more_time(self, which: int) -> None:
        self.tap(self.chat.offered(Action.MORE_TIME), which)

    @rule(which=ANY)
    def somebody_takes_it_back(self, which: int) -> None:
        self.tap(self.chat.offered(Action.TAKE_BACK), which)

    @rule(which=ANY)
    def somebody_hands_it_on(self, which: int) -> None:
        self.tap(self.chat.offered(Action.HAND_OVER), which)

    @rule(which=ANY, to=st.sampled_from((*PEOPLE, DORA)))
    def somebody_hands_it_on_to_somebody(self, which: int, to: PersonId) -> None:
        if offered := self.chat.offered(Action.HAND_OVER):
            self.run(self.hand_on(*offered[-1 - which % len(offered)], to))
            self.settle()

    @rule(which=ANY)
    def somebody_keeps_what_they_handed_on(self, which: int) -> None:
        self.tap(self.chat.offered(Action.KEEP), which)

    @rule(which=ANY)
    def somebody_refuses(self, which: int) -> None:
        self.tap(self.chat.offered(Action.DECLINE), which)

    @rule(who=WHO)
    def somebody_changes_whether_they_may_be_picked(self, who: PersonId) -> None:
        self.run(self.change_their_mind(who))

    @rule()
    def somebody_opens_the_bot_who_never_had(self) -> None:
        self.run(self.turn_up(DORA))
        self.settle()

    @rule(which=ANY)
    def somebody_tries_again(self, which: int) -> None:
        self.tap(self.chat.offered(Action.AGAIN, Action.ELSEWHERE), which)

    @rule(which=ANY, size=SIZE)
    def somebody_presses_an_old_button(self, which: int, size: Size) -> None:
        known = [(who, pressed) for who, pressed in self.chat.buttons if pressed.verb in PRESSABLE]
        self.tap(sorted(known, key=lambda button: button[0]), which, size)

    @rule(who=WHO, which=ANY, verb=st.sampled_from(sorted(DOINGS)), revision=st.integers(1, 12))
    def somebody_forges_a_button(self, who: PersonId, which: int, verb: str, revision: int) -> None:
        if self.made:
            forged = Press(verb, None, self.made[which % len(self.made)], revision)
            self.tap([(who, forged)], 0, Size.SMALL)

    @rule(which=ANY)
    def the_operator_ends_one(self, which: int) -> None:
        if which % 3 == 0 and self.made:
            with contextlib.suppress(NotPermitted):
                delivery = self.run(self.core.now(self.made[which % len(self.made)]))
                self.run(self.core.on(OPERATOR, delivery, operate.end, reason="stuck"))
            self.settle()

    @rule(who=WHO)
    def somebody_blocks_the_bot(self, who: PersonId) -> None:
        self.chat.blocked.add(who)

    @rule()
    def everybody_lets_the_bot_in_again(self) -> None:
        for who in sorted(self.chat.blocked):
            self.run(self.come_back(who))
        self.settle()

    # -- doors

    @rule(which=ANY, leave=st.booleans())
    def somebody_holds_a_code_to_the_tower(self, which: int, leave: bool) -> None:
        """An empty locker gets a parcel (or is left empty), a full one loses it."""
        if codes := list(self.chat.codes):
            text = codes[-1 - which % len(codes)]
            self.run(
                self.hold_and_close(text, self.chat.opens[text], leave=leave and which % 5 == 0)
            )
            self.settle()

    @rule(which=ANY, steps=st.integers(1, 4))
    def a_parcel_goes_on_as_it_should(self, which: int, steps: int) -> None:
        if self.made:
            for _ in range(steps):
                self.go_on(self.made[-1 - which % len(self.made)])

    @rule(automatic=st.booleans())
    def phones_at_the_tower_sync_or_do_not(self, automatic: bool) -> None:
        self.run(self.sync_by_itself(automatic))

    @rule()
    def a_phone_syncs_the_towers(self) -> None:
        self.run(self.sync())
        self.settle()

    # -- time, Harbor, Telegram, and the bot itself

    @rule(seconds=st.sampled_from((MINUTE, 4 * MINUTE, 10 * MINUTE, HOUR, 7 * HOUR, DAY)))
    def time_passes(self, seconds: int) -> None:
        self.core.clock.turn(seconds)
        self.run(self.bot.live())

    @rule()
    def a_little_later(self) -> None:
        self.core.clock.turn(5)
        self.run(self.bot.live())

    @rule(faults=st.sampled_from((*[(fault,) for fault in HARBOR_FAULTS], (), ())))
    def harbor_has_a_bad_day_or_recovers(self, faults: tuple[dict[str, Any], ...]) -> None:
        self.run(self.core.faults(*faults))

    @rule(fault=st.sampled_from(("away", "reply_lost", None)))
    def telegram_fails_or_recovers(self, fault: str | None) -> None:
        self.chat.fault = fault

    @rule()
    def the_bot_is_started_again(self) -> None:
        self.bot = Bot(self.core, self.chat)
        self.run(self.bot.recover())

    # -- what must be so

    @invariant()
    def no_code_is_anybody_elses_and_no_locker_is_shared(self) -> None:
        self.expect_nothing_wrong(at_any_time(self.world))

    @invariant()
    def nobody_is_written_to_who_never_opened_the_bot(self) -> None:
        met = self.run(self.core.database.look(lambda tx: tx.person(DORA)))
        assert met is not None or not self.chat.messages[DORA]

    @rule()
    def all_is_quiet_for_a_while(self) -> None:
        self.run(self.calm_down())
        self.expect_nothing_wrong(once_quiet(self.world, self.core.clock.now()))

    def close(self) -> None:
        """All is quiet, and it is over."""
        self.teardown()

    def teardown(self) -> None:
        try:
            self.all_is_quiet_for_a_while()
        finally:
            self.run(self.stack.aclose())
            self.runner.close()


def test_whatever_happens_in_whatever_order_the_promises_hold() -> None:
    run_state_machine_as_test(
        Story,
        settings=settings(
            max_examples=examples(10),
            stateful_step_count=30,
            deadline=None,
            derandomize=examples(1) == 1,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


# -- stories that were told wrong once; each goes on to the same quiet end


def two_parcels_are_one_visit(play: Story) -> None:
    play.some_parcels_are_on_their_way([(ANNA, BEN, SMALL, 2), (CLEO, BEN, LARGE, 2)])


def two_parcels_are_fetched_one_after_the_other(play: Story) -> None:
    play.some_parcels_are_on_their_way([(ANNA, BEN, SMALL, 2), (CLEO, BEN, LARGE, 2)])
    play.somebody_collects_all_there(0)
    play.somebody_leaves_one_out_or_stops(1)
    play.somebody_collects_all_there(0)
    play.somebody_holds_a_code_to_the_tower(0, leave=False)
    play.a_little_later()


def who_handed_it_on_is_told_that_it_ended(play: Story) -> None:
    play.some_parcels_are_on_their_way([(ANNA, BEN, SMALL, 0)])
    play.somebody_hands_it_on(0)
    play.the_operator_ends_one(0)


def handing_on_takes_the_code_away(play: Story) -> None:
    play.some_parcels_are_on_their_way([(ANNA, BEN, SMALL, 3)])
    play.somebody_hands_it_on(0)
    play.no_code_is_anybody_elses_and_no_locker_is_shared()


def a_code_got_by_more_time_and_shown_later(play: Story) -> None:
    play.some_parcels_are_on_their_way([(ANNA, ANNA, SMALL, 0)])
    play.somebody_wants_more_time(0)
    play.somebody_asks_for_a_code(0)


def the_recipient_has_blocked_the_bot(play: Story) -> None:
    play.some_parcels_are_on_their_way([(ANNA, BEN, SMALL, 2)])
    play.somebody_blocks_the_bot(BEN)
    play.somebody_wants_more_time(0)


def one_of_two_parcels_is_taken_out_again(play: Story) -> None:
    play.some_parcels_are_on_their_way([(ANNA, CLEO, SMALL, 2), (ANNA, CLEO, SMALL, 2)])
    play.somebody_takes_another_size(0, SMALL)


def it_is_for_somebody_who_comes_late(play: Story) -> None:
    play.somebody_sends(ANNA, SMALL, DORA)
    for _ in range(2):
        play.go_on(play.made[-1])
    play.somebody_opens_a_claim_link(CLEO, 0)
    play.time_passes(13 * HOUR)
    play.somebody_opens_the_bot_who_never_had()
    play.somebody_asks_for_a_code(0)


def it_is_handed_on_kept_and_refused(play: Story) -> None:
    play.some_parcels_are_on_their_way([(ANNA, BEN, SMALL, 2)])
    play.somebody_hands_it_on_to_somebody(0, DORA)
    play.somebody_keeps_what_they_handed_on(0)
    play.somebody_hands_it_on_to_somebody(0, CLEO)
    play.somebody_refuses(0)
    play.somebody_sends(BEN, SMALL, CLEO)


def a_parcel_is_prepared_for_somebody(play: Story) -> None:
    play.some_parcels_are_on_their_way([(ANNA, ANNA, SMALL, 0)])
    play.somebody_sends(BEN, SMALL, ANNA, prepare=True)


def the_answer_to_a_request_for_a_link_is_lost(play: Story) -> None:
    play.somebody_sends(ANNA, SMALL, None)
    play.harbor_has_a_bad_day_or_recovers(({"name": "reset_after", "call": "*", "times": 2},))
    play.somebody_sends(ANNA, SMALL, None, Openers(Opener.LINK, Opener.TOKEN))


@pytest.mark.parametrize(
    "story",
    [
        two_parcels_are_one_visit,
        two_parcels_are_fetched_one_after_the_other,
        who_handed_it_on_is_told_that_it_ended,
        handing_on_takes_the_code_away,
        a_code_got_by_more_time_and_shown_later,
        the_recipient_has_blocked_the_bot,
        one_of_two_parcels_is_taken_out_again,
        it_is_for_somebody_who_comes_late,
        it_is_handed_on_kept_and_refused,
        a_parcel_is_prepared_for_somebody,
        the_answer_to_a_request_for_a_link_is_lost,
    ],
    ids=lambda story: story.__name__,
)
def test_a_story_told_wrong_once_is_told_right(story: Callable[[Story], None]) -> None:
    play = Story()
    with contextlib.closing(play):
        story(play)
