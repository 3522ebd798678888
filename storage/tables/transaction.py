"""The subjects put together: everything a step may read and write."""

from __future__ import annotations

from storage.tables.alerts import Alerts
from storage.tables.cards import Cards
from storage.tables.closures import Closures
from storage.tables.figures import Figures
from storage.tables.people import People
from storage.tables.reading import Reading
from storage.tables.records import Records
from storage.tables.sealed import Sealed
from storage.tables.search import Search
from storage.tables.upkeep import Upkeep
from storage.tables.vouched import Vouched
from storage.tables.waits import Waits


class SqlTransaction(
    People,
    Search,
    Records,
    Figures,
    Reading,
    Cards,
    Alerts,
    Closures,
    Vouched,
    Waits,
    Upkeep,
    Sealed,
):
    """`bot.ports.database.Transaction` over any `storage.connection.Connection`."""
