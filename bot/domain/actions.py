"""What people may do to a delivery: one table, by which buttons are shown and acts are checked.

Guarantees: an action that the table forbids is neither offered nor carried out; `permitted` is a
pure function of the delivery, the person and the policy; an action's value is the word that buttons
in chats already carry, so it is never renamed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from bot.domain.codes import CodeKind
from bot.domain.delivery import Delivery, RequestKind, Role, Turn
from bot.domain.ids import PersonId
from bot.domain.lifecycle import LIVE, Event, State
from bot.domain.openers import Opener
from bot.domain.policy import Policy


class Action(StrEnum):
    """What a button on a delivery's card does; its button carries delivery and revision."""

    AT_TOWER = "here"
    """The sender is at the tower: get the locker and the code in one."""
    NEXT = "next"
    """The same for the next parcel that is prepared for this tower."""
    ONE_MORE = "same"
    """Prepare one more parcel like this one."""
    DROP_OFF_CODE = "din"
    """Get the drop-off code, or show it again."""
    NEW_DROP_OFF_CODE = "dnew"
    """Replace the drop-off code by a new one; a new link may be for another door."""
    PICK_UP_CODE = "pin"
    """Get the pick-up code, or show it again."""
    NEW_PICK_UP_CODE = "pnew"
    """Replace the pick-up code by a new one."""
    COLLECT_ALL = "all"
    """Fetch all parcels that wait for them in this tower: one code after the other."""
    SKIP = "later"
    """Leave this one out of the visit for now; the next one's turn begins."""
    STOP = "stop"
    """This one is the last of the visit: nothing more comes by itself."""
    MORE_TIME = "more"
    """Hold the locker, keep the parcel, or leave it prepared, longer."""
    SIZE = "size"
    """Another size (it doesn't fit): asks which; with a size as argument, takes that one. Offered
    too when no locker was found, where it means: try again with that size."""
    ANOTHER_DOOR = "other"
    """Another locker, where the door of this one is left out of booking: gives this one back."""
    ANOTHER_DOOR_OK = "other_ok"
    """Yes, another door."""
    CANCEL = "drop"
    """Give the locker up."""
    CANCEL_OK = "drop_ok"
    """Yes, cancel."""
    TAKE_BACK = "back"
    """The sender fetches the parcel back."""
    TAKE_BACK_OK = "back_ok"
    """Yes, take it back."""
    HAND_OVER = "hand"
    """Let somebody else collect."""
    HAND_OVER_OK = "hand_ok"
    """Yes, hand it over; the old link and code stop working."""
    KEEP = "keep"
    """Whoever let somebody else collect takes that back: it is theirs again."""
    DECLINE = "nope"
    """Not for me: whoever was picked without being asked refuses, from that person for good."""
    DECLINE_OK = "nope_ok"
    """Yes, not for me."""
    SLIP = "slip"
    """Show the slip: what whoever forwards the claim passes on by any channel; with a language as
    argument, in that one."""
    MAP = "map"
    """Show the tower on the messenger's own map."""
    DOOR = "door"
    """The door did not open: walks through what helps."""
    PROBLEM = "help"
    """Report a problem to the operators: asks for words."""
    AGAIN = "again"
    """The same parcel once more, after no locker was found or the reservation ran out."""
    ELSEWHERE = "else"
    """The same parcel at the tower that was offered instead."""
    NAME = "name"
    """Give the parcel a name, or another: asks for words."""
    PHOTO = "photo"
    """Add a photo of the parcel, another, or none: asks for it."""
    SEE_PHOTO = "see"
    """Show the sender's photo of the parcel."""
    HISTORY = "log"
    """The whole timeline of the delivery."""
    LOOK = "look"
    """Operators: open a delivery in the operators' errand."""
    RELEASE = "release"
    """Operators: give the locker back at Harbor."""
    RELEASE_OK = "release_ok"
    """Yes, release."""
    END = "end"
    """Operators: end a delivery that holds no parcel."""
    END_OK = "end_ok"
    """Yes, end it."""
    FETCH = "fetch"
    """Operators: fetch the parcel out, by a pick-up code of their own."""
    FETCH_OK = "fetch_ok"
    """Yes, fetch it out."""
    HOLD = "hold"
    """Operators: let the parcel wait longer, whatever the limit."""
    HOLD_OK = "hold_ok"
    """Yes, hold it longer."""
    GIVE = "give"
    """Operators: let somebody else collect, by a new claim."""
    GIVE_OK = "give_ok"
    """Yes, give it to somebody else."""
    WRITE = "write"
    """Operators: a message to everybody concerned."""
    ANSWER = "answer"
    """Operators: a message to one of them; the argument is which, `sender` or `recipient`."""
    SETTLE = "settle"
    """Operators: a problem that was reported is dealt with."""
    SETTLE_OK = "settle_ok"
    """Yes, it is dealt with."""


CONFIRMS: Mapping[Action, Action] = MappingProxyType(
    {
        Action.ANOTHER_DOOR_OK: Action.ANOTHER_DOOR,
        Action.CANCEL_OK: Action.CANCEL,
        Action.TAKE_BACK_OK: Action.TAKE_BACK,
        Action.HAND_OVER_OK: Action.HAND_OVER,
        Action.DECLINE_OK: Action.DECLINE,
        Action.RELEASE_OK: Action.RELEASE,
        Action.END_OK: Action.END,
        Action.FETCH_OK: Action.FETCH,
        Action.HOLD_OK: Action.HOLD,
        Action.GIVE_OK: Action.GIVE,
        Action.SETTLE_OK: Action.SETTLE,
    }
)
"""The answer "yes" to an action that asks first, and the action whose rule it is checked by."""

ANSWERS: Mapping[Action, Action] = MappingProxyType({asks: yes for yes, asks in CONFIRMS.items()})
"""An action that asks first, and its "yes"."""

Condition = Callable[[Delivery, PersonId, Policy], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may take an action, in which states, and what it brings about.

    `when` is a pure condition beside that. `event` is what befalls the delivery at once, `request`
    what is then asked of Harbor. `at_any_revision`: it counts although the card has changed since.
    """

    roles: frozenset[Role]
    states: frozenset[State]
    when: Condition | None = None
    event: Event | None = None
    request: RequestKind | None = None
    at_any_revision: bool = False


def _rule(
    roles: tuple[Role, ...],
    states: tuple[State, ...] | frozenset[State],
    when: Condition | None = None,
    *,
    event: Event | None = None,
    request: RequestKind | None = None,
    at_any_revision: bool = False,
) -> Rule:
    return Rule(frozenset(roles), frozenset(states), when, event, request, at_any_revision)


def extensions_left(delivery: Delivery, policy: Policy) -> int:
    """How often the storage deadline may still be moved by those concerned."""
    return max(0, policy.extensions - delivery.extensions)


def _collects(delivery: Delivery, person: PersonId, policy: Policy) -> bool:
    return delivery.collector == person


def _in_turn(delivery: Delivery, person: PersonId, policy: Policy) -> bool:
    return delivery.turn is Turn.NOW and delivery.collector == person


def _extensible(delivery: Delivery, person: PersonId, policy: Policy) -> bool:
    return (
        delivery.collect_until is not None
        and extensions_left(delivery, policy) > 0
        and _still_theirs(delivery, person, policy)
    )


def _still_theirs(delivery: Delivery, person: PersonId, policy: Policy) -> bool:
    """What an operator fetches out is the operators' business, what the sender has taken back is
    the sender's, and nobody else's."""
    if delivery.fetcher is not None:
        return False
    return person == delivery.sender or not delivery.taken_back


def _handed_on(delivery: Delivery, person: PersonId, policy: Policy) -> bool:
    """Whether it can still be theirs again: they had it, and nobody has it yet."""
    theirs = delivery.unclaimed and not policy.operates_at(person, delivery.tower)
    return theirs and not delivery.recalled


def _was_picked(delivery: Delivery, person: PersonId, policy: Policy) -> bool:
    picked = delivery.picked_by not in (None, person) and delivery.recipient == person
    return picked and not delivery.recalled


def _shown_the_way(delivery: Delivery, person: PersonId, policy: Policy) -> bool:
    """Whoever sends it or is to collect it; of operators, who fetches it out."""
    if person in (delivery.sender, delivery.fetcher):
        return True
    return person == delivery.recipient and not delivery.recalled


def _not_recalled(delivery: Delivery, person: PersonId, policy: Policy) -> bool:
    return not delivery.recalled


def _for_anyone(delivery: Delivery, person: PersonId, policy: Policy) -> bool:
    """Whoever comes first may claim it: it is neither somebody's nor kept for somebody."""
    return delivery.recipient is None and not delivery.recalled


def _not_fetching(delivery: Delivery, person: PersonId, policy: Policy) -> bool:
    return delivery.fetcher != person


def _no_successor(delivery: Delivery, person: PersonId, policy: Policy) -> bool:
    return delivery.successor is None


def _door_suspect(delivery: Delivery, person: PersonId, policy: Policy) -> bool:
    return delivery.door_suspect and delivery.successor is None


def _fits_not(delivery: Delivery, person: PersonId, policy: Policy) -> bool:
    return delivery.successor is None and not delivery.recalled


def _drops_off_by(opener: Opener) -> Condition:
    """Whether the drop-off's door is opened by `opener`."""
    return lambda delivery, person, policy: delivery.opener(CodeKind.DROP_OFF, policy) is opener


def _has_code(delivery: Delivery, person: PersonId, policy: Policy) -> bool:
    return delivery.code_until is not None


def _link_spent(delivery: Delivery, person: PersonId, policy: Policy) -> bool:
    """Whether the link may be of no more use: the same one opens the door as often as it takes, so
    a new one is made only when its time is over, or somebody has said that it does not open."""
    return delivery.code_until is None or delivery.door_reports > 0


def _new_drop_off_link(delivery: Delivery, person: PersonId, policy: Policy) -> bool:
    by_link = delivery.opener(CodeKind.DROP_OFF, policy) is Opener.LINK
    unused = delivery.successor is None
    return by_link and unused and _link_spent(delivery, person, policy)


def _new_pick_up_code(delivery: Delivery, person: PersonId, policy: Policy) -> bool:
    by_link = delivery.opener(CodeKind.PICK_UP, policy) is Opener.LINK
    return _collects(delivery, person, policy) and (
        not by_link or _link_spent(delivery, person, policy)
    )


def _is_read(delivery: Delivery, person: PersonId, policy: Policy) -> bool:
    """Whether there is an operator to read it."""
    return bool(policy.operators_at(delivery.tower))


def _photo_wanted(delivery: Delivery, person: PersonId, policy: Policy) -> bool:
    """Whether somebody can be shown a photo, or there is one to be taken away."""
    return delivery.photo is not None or delivery.photo_shown


def _photo(delivery: Delivery, person: PersonId, policy: Policy) -> bool:
    return delivery.photo is not None


def _photo_for_them(delivery: Delivery, person: PersonId, policy: Policy) -> bool:
    return delivery.photo is not None and not (delivery.recalled or delivery.awaited)


def _photo_of_problem(delivery: Delivery, person: PersonId, policy: Policy) -> bool:
    return delivery.photo is not None and delivery.problem_reported


def _has_elsewhere(delivery: Delivery, person: PersonId, policy: Policy) -> bool:
    return delivery.successor is None and delivery.elsewhere is not None


_SENDER, _OPERATOR = (Role.SENDER,), (Role.OPERATOR,)
_EITHER, _FORWARDS = (Role.SENDER, Role.RECIPIENT), (Role.SENDER, Role.HANDED_ON)
_ANYBODY = (*_EITHER, Role.OPERATOR)
_HELD = (State.RESERVED, State.RENTED)
_WAITING = (State.REQUESTED, *_HELD)
_PREPARED, _STORED = (State.PREPARED,), (State.STORED,)
_AGAIN = (State.NO_LOCKER, State.LAPSED, State.CANCELLED)
_ALL = frozenset(State)
_DROP_OFF, _PICK_UP, _RELEASE, _LOCKER = (
    RequestKind.DROP_OFF_TOKEN,
    RequestKind.PICK_UP_TOKEN,
    RequestKind.RELEASE,
    RequestKind.LOCKER,
)

RULES: Mapping[Action, tuple[Rule, ...]] = MappingProxyType(
    {
        Action.AT_TOWER: (_rule(_SENDER, _PREPARED, event=Event.REQUESTED, request=_LOCKER),),
        Action.NEXT: (_rule(_SENDER, (*_HELD, *_STORED), at_any_revision=True),),
        Action.ONE_MORE: (_rule(_SENDER, _PREPARED, at_any_revision=True),),
        Action.DROP_OFF_CODE: (
            _rule(_SENDER, _HELD, _drops_off_by(Opener.TOKEN), request=_DROP_OFF),
            _rule(_SENDER, _HELD, _has_code),  # the same link is shown again
        ),
        Action.NEW_DROP_OFF_CODE: (
            _rule(_SENDER, _HELD, _drops_off_by(Opener.TOKEN), request=_DROP_OFF),
            _rule(_SENDER, _HELD, _new_drop_off_link, event=Event.CANCELLED, request=_RELEASE),
        ),
        Action.PICK_UP_CODE: (_rule(_ANYBODY, _STORED, _collects, request=_PICK_UP),),
        Action.NEW_PICK_UP_CODE: (_rule(_ANYBODY, _STORED, _new_pick_up_code, request=_PICK_UP),),
        Action.COLLECT_ALL: (
            _rule(_EITHER, _STORED, _collects, request=_PICK_UP, at_any_revision=True),
        ),
        Action.SKIP: (_rule(_EITHER, _STORED, _in_turn),),
        Action.STOP: (_rule(_EITHER, _STORED, _in_turn),),
        Action.MORE_TIME: (
            _rule(_SENDER, _HELD, _drops_off_by(Opener.TOKEN), request=_DROP_OFF),
            _rule(_EITHER, _STORED, _extensible, event=Event.EXTENDED),
            _rule(_SENDER, _PREPARED, event=Event.EXTENDED),
        ),
        Action.SIZE: (
            _rule(_SENDER, _PREPARED),
            _rule(_SENDER, _WAITING, _no_successor, event=Event.CANCELLED, request=_RELEASE),
            _rule(_SENDER, _STORED, _fits_not, request=_PICK_UP),
            _rule(_SENDER, _AGAIN, _no_successor, request=_LOCKER),
        ),
        Action.ANOTHER_DOOR: (
            _rule(_SENDER, _HELD, _door_suspect, event=Event.CANCELLED, request=_RELEASE),
        ),
        Action.CANCEL: (
            _rule(_SENDER, _PREPARED, event=Event.CANCELLED),
            _rule(_SENDER, _WAITING, event=Event.CANCELLED, request=_RELEASE),
        ),
        Action.TAKE_BACK: (_rule(_SENDER, _STORED, _not_recalled),),
        Action.HAND_OVER: (_rule(_EITHER, (*_PREPARED, *_WAITING, *_STORED), _still_theirs),),
        Action.KEEP: (_rule((Role.HANDED_ON,), (*_PREPARED, *_WAITING, *_STORED), _handed_on),),
        Action.DECLINE: (_rule((Role.RECIPIENT,), (*_PREPARED, *_WAITING, *_STORED), _was_picked),),
        Action.SLIP: (
            _rule(_FORWARDS, (*_PREPARED, *_WAITING, *_STORED), _for_anyone, at_any_revision=True),
        ),
        Action.MAP: (
            _rule(
                _ANYBODY, (*_PREPARED, *_WAITING, *_STORED), _shown_the_way, at_any_revision=True
            ),
        ),
        Action.DOOR: (
            _rule(_SENDER, _HELD, at_any_revision=True),
            _rule(_EITHER, _STORED, at_any_revision=True),
        ),
        Action.PROBLEM: (_rule(_EITHER, _ALL, _is_read, at_any_revision=True),),
        Action.AGAIN: (_rule(_SENDER, _AGAIN, _no_successor, request=_LOCKER),),
        Action.ELSEWHERE: (_rule(_SENDER, (State.NO_LOCKER,), _has_elsewhere, request=_LOCKER),),
        Action.NAME: (_rule(_SENDER, LIVE - {State.RELEASING}, at_any_revision=True),),
        Action.PHOTO: (_rule(_SENDER, _STORED, _photo_wanted, at_any_revision=True),),
        Action.SEE_PHOTO: (
            _rule(_SENDER, _STORED, _photo, at_any_revision=True),
            _rule((Role.RECIPIENT,), _STORED, _photo_for_them, at_any_revision=True),
            _rule(_OPERATOR, _ALL, _photo_of_problem, at_any_revision=True),
        ),
        Action.HISTORY: (_rule(_ANYBODY, _ALL, at_any_revision=True),),
        Action.LOOK: (_rule(_OPERATOR, _ALL, at_any_revision=True),),
        Action.RELEASE: (
            _rule(_OPERATOR, _WAITING, event=Event.CANCELLED, request=_RELEASE),
            _rule(_OPERATOR, (State.RELEASING,), request=_RELEASE),
        ),
        # A delivery that holds a parcel ends only when its locker is free again: see FETCH.
        Action.END: (_rule(_OPERATOR, LIVE - {State.STORED}, event=Event.CLOSED),),
        Action.FETCH: (_rule(_OPERATOR, _STORED, _not_fetching, request=_PICK_UP),),
        Action.HOLD: (_rule(_OPERATOR, _STORED, event=Event.EXTENDED),),
        Action.GIVE: (_rule(_OPERATOR, _STORED),),
        Action.WRITE: (_rule(_OPERATOR, _ALL),),
        Action.ANSWER: (_rule(_OPERATOR, _ALL),),
        Action.SETTLE: (_rule(_OPERATOR, _ALL),),
    }
)
"""Which action is whose, and when: the first rule that fits counts."""


_OPERATES, _NOBODY = frozenset({Role.OPERATOR}), frozenset[Role]()


def roles_of(delivery: Delivery, person: PersonId, policy: Policy) -> frozenset[Role]:
    """What `person` is to `delivery`; an operator is one to every delivery at their towers."""
    operates = policy.operates_at(person, delivery.tower)
    return delivery.roles_of(person) | (_OPERATES if operates else _NOBODY)


def permitted(action: Action, delivery: Delivery, person: PersonId, policy: Policy) -> Rule | None:
    """The rule that lets `person` take `action` now; None where none does."""
    theirs = roles_of(delivery, person, policy)
    for rule in RULES[CONFIRMS.get(action, action)]:
        fits = delivery.state in rule.states and bool(theirs & rule.roles)
        if fits and (rule.when is None or rule.when(delivery, person, policy)):
            return rule
    return None


def concerns(action: Action, delivery: Delivery, person: PersonId, policy: Policy) -> bool:
    """Whether `person` has a role that may take `action` in some state: else it is not theirs."""
    theirs = roles_of(delivery, person, policy)
    return any(theirs & rule.roles for rule in RULES[CONFIRMS.get(action, action)])


def table() -> str:
    """The table as Markdown, for docs/architecture.md."""
    lines = [
        "| action | word | who | in | brings about | asks first |",
        "|---|---|---|---|---|---|",
    ]
    for action, rules in RULES.items():
        for rule in rules:
            who = ", ".join(role.value for role in Role if role in rule.roles)
            states = (
                "any state"
                if rule.states == _ALL
                else ", ".join(state.value for state in State if state in rule.states)
            )
            brings = ", ".join(
                part.value for part in (rule.event, rule.request) if part is not None
            )
            asks = "yes" if action in ANSWERS else ""
            name = action.name.lower()
            lines.append(f"| {name} | `{action.value}` | {who} | {states} | {brings} | {asks} |")
    return "\n".join(lines)
