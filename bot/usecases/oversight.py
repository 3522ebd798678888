"""What an operator looks after: the deliveries and alerts at their towers, and nothing else."""

from __future__ import annotations

from bot.domain.alerts import Alert
from bot.domain.delivery import Delivery
from bot.domain.ids import PersonId
from bot.domain.policy import Policy
from bot.ports.database import Transaction
from bot.usecases.cards import tower_of


async def deliveries_at_harbor(
    tx: Transaction, operator: PersonId, policy: Policy
) -> list[Delivery]:
    """`Deliveries.deliveries_at_harbor`, at the towers that `operator` looks after."""
    found = await tx.deliveries_at_harbor()
    return [each for each in found if policy.operates_at(operator, each.tower)]


async def standing_alerts(tx: Transaction, operator: PersonId, policy: Policy) -> list[Alert]:
    """Alerts that stand, and are `operator`'s business."""
    found = await tx.alerts()
    if operator in policy.operators:
        return found
    return [each for each in found if policy.operates_at(operator, await tower_of(tx, each))]
