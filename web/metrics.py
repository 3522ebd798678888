"""What Prometheus sees of the bot: read from the bot itself at each scrape, nothing kept twice.

Guarantees: no label carries anything about a person, a parcel or a code.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from bot.ports.upkeep import Counts
from bot.workers.outbox import Tally


@dataclass(frozen=True, slots=True)
class Reading:
    """One scrape's worth of facts; `watcher_lag` in seconds, None before the first look."""

    counts: Counts | None
    tally: Tally
    watcher_lag: float | None
    harbor_ok: bool


class _Collector(Collector):
    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def collect(self) -> Iterable[Metric]:
        yield from self._outbox()
        yield from self._database()
        lag = self._reading.watcher_lag
        yield GaugeMetricFamily(
            "lockerbot_watcher_lag_seconds",
            "Since assigned lockers were last looked at",
            value=float("nan") if lag is None else lag,
        )
        yield GaugeMetricFamily(
            "lockerbot_harbor_up", "Whether Harbor answers", value=float(self._reading.harbor_ok)
        )

    def _outbox(self) -> Iterable[Metric]:
        tally = self._reading.tally
        messages = CounterMetricFamily(
            "lockerbot_messages", "Cards brought up to date, by how", labels=["how"]
        )
        for how in ("sent", "edited", "unchanged", "postponed"):
            messages.add_metric([how], float(getattr(tally, how)))
        yield messages
        yield CounterMetricFamily(
            "lockerbot_possible_double_messages",
            "Messages sent again because the answer to the first sending was lost",
            value=float(tally.possible_doubles),
        )

    def _database(self) -> Iterable[Metric]:
        counts = self._reading.counts
        yield GaugeMetricFamily(
            "lockerbot_database_up", "Whether storage answers", value=float(counts is not None)
        )
        if counts is None:
            return
        deliveries = GaugeMetricFamily(
            "lockerbot_deliveries", "Deliveries by state", labels=["state"]
        )
        for state, number in counts.deliveries.items():
            deliveries.add_metric([state], float(number))
        yield deliveries
        for name, number, text in (
            ("cards_owed", counts.cards_owed, "Cards waiting to be brought up to date"),
            ("requests_owed", counts.requests_owed, "Deliveries waiting for something of Harbor"),
        ):
            yield GaugeMetricFamily(f"lockerbot_{name}", text, value=float(number))


async def exposition(read: Callable[[], Awaitable[Reading]]) -> tuple[bytes, str]:
    """The text format and its content type."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(await read()))
    return generate_latest(registry), CONTENT_TYPE_LATEST
