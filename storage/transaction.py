"""The subjects put together: everything a step may read and write."""

from __future__ import annotations

from storage.alerts import Alerts
from storage.cards import Cards
from storage.deliveries import Deliveries
from storage.people import People
from storage.reading import Reading
from storage.upkeep import Upkeep


class SqlTransaction(People, Deliveries, Reading, Cards, Alerts, Upkeep):
    """`bot.ports.database.Transaction` over any `storage.connection.Connection`."""
