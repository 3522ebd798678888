"""Operators of all towers, and one of a single tower at which nothing is going on."""

from __future__ import annotations

from typing import Any

from bot.domain.ids import PersonId, TowerId
from bot.domain.policy import Policy
from tests.support.chats import OPERATOR

OTTO, ODA = PersonId(9001), PersonId(9002)
ELSEWHERE = TowerId("0100000000000102")


def with_otto(*others: PersonId, **more: Any) -> Policy:
    """Olga and the others look after all towers, Otto after `ELSEWHERE` alone; `more` are Policy's
    own fields."""
    everywhere = frozenset({OPERATOR, *others})
    return Policy(operators=everywhere, tower_operators={ELSEWHERE: frozenset({OTTO})}, **more)
