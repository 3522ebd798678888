"""What Prometheus sees of the bot: read from the bot itself at each scrape, nothing kept twice.

Guarantees: no label carries anything about a person, a parcel or a code. States, legal transitions,
kinds of alerts and loops are there from the start, at nought; calls are once they have been made.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator

from prometheus_client import (
    CollectorRegistry,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from bot.domain.alerts import AlertKind
from bot.domain.lifecycle import TRANSITIONS, State
from bot.ports.calls import Calls, Durations
from bot.ports.upkeep import Counts
from web.reading import Reading


class _Collector(Collector):
    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def collect(self) -> Iterable[Metric]:
        yield from self._outbox()
        yield from self._database()
        yield from self._condition()
        yield from self._failures()
        yield from self._journal()
        yield from _calls("harbor", "Harbor", self._reading.harbor)
        yield from _calls("telegram", "Telegram", self._reading.telegram)

    def _condition(self) -> Iterable[Metric]:
        reading = self._reading
        build = GaugeMetricFamily(
            "lockerbot_build_info", "What is run, and how; always 1", labels=list(reading.build)
        )
        build.add_metric(list(reading.build.values()), 1.0)
        yield build
        yield _seconds(
            "lockerbot_watcher_lag_seconds",
            "Since assigned lockers were last looked at",
            reading.watcher_lag,
        )
        yield _seconds(
            "lockerbot_last_update_age_seconds",
            "Since the last update of Telegram came in; silence is no fault",
            reading.update_age,
        )
        for name, text, ok in (
            ("harbor_up", "Whether Harbor answers", reading.harbor_ok),
            ("telegram_up", "Whether what people do reaches the bot", reading.telegram_ok),
            ("saving_up", "Whether what is to be kept can be written", reading.saving_ok),
        ):
            yield GaugeMetricFamily(f"lockerbot_{name}", text, value=float(ok))

    def _failures(self) -> Iterable[Metric]:
        yield CounterMetricFamily(
            "lockerbot_failed_steps",
            "Updates whose step failed for a fault of the bot's own",
            value=float(self._reading.failed_steps),
        )
        turns = CounterMetricFamily(
            "lockerbot_failed_turns", "Turns of the bot's loops that failed", labels=["loop"]
        )
        for loop, number in self._reading.failed_turns.items():
            turns.add_metric([loop], float(number))
        yield turns

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
        counts, stuck = self._reading.counts, self._reading.stuck
        yield GaugeMetricFamily(
            "lockerbot_database_up", "Whether storage answers", value=float(counts is not None)
        )
        if counts is None:
            return
        deliveries = GaugeMetricFamily(
            "lockerbot_deliveries", "Deliveries by state", labels=["state"]
        )
        for state in State:
            deliveries.add_metric([state.value], float(counts.deliveries.get(state.value, 0)))
        yield deliveries
        for name, number, text in (
            ("cards_owed", counts.cards_owed, "Cards waiting to be brought up to date"),
            ("requests_owed", counts.requests_owed, "Deliveries waiting for something of Harbor"),
            ("overdue_deliveries", stuck.overdue, "Parcels that nobody has collected in time"),
            ("stuck_deliveries", stuck.stuck, "Live deliveries that somebody should look at"),
            ("reported_doors", stuck.doors, "Live deliveries whose door was said not to open"),
        ):
            yield GaugeMetricFamily(f"lockerbot_{name}", text, value=float(number))
        yield from self._ages(counts)
        alerts = GaugeMetricFamily(
            "lockerbot_alerts", "What operators were told in the chat and stands", labels=["kind"]
        )
        for kind in AlertKind:
            alerts.add_metric([kind.value], float(stuck.alerts.get(kind, 0)))
        yield alerts

    def _ages(self, counts: Counts) -> Iterable[Metric]:
        now = self._reading.now
        for name, since, text in (
            (
                "oldest_card_owed",
                counts.card_owed_since,
                "How long a card has been owed to somebody who can be reached; 0: none is",
            ),
            (
                "oldest_request_owed",
                counts.request_asked_at,
                "How long ago the oldest open request of Harbor was made; 0: none is open",
            ),
        ):
            age = 0.0 if since is None or now is None else (now - since).total_seconds()
            yield _seconds(f"lockerbot_{name}_seconds", text, max(age, 0.0))

    def _journal(self) -> Iterable[Metric]:
        journal = self._reading.journal
        changes = CounterMetricFamily(
            "lockerbot_transitions",
            "Deliveries that went from one state to another, by event",
            labels=["before", "after", "cause"],
        )
        legal = {
            (before.value, after.value, event.value)
            for (before, event), after in TRANSITIONS.items()
        }
        for key in sorted(legal | set(journal.changes)):
            changes.add_metric(list(key), float(journal.changes[key]))
        yield changes
        for name, text, durations in (
            ("ring_delay", "From when a phone was to ring until it was sent", journal.rings),
            (
                "occupied_to_rung",
                "From when a parcel was known to be in, to the ring of whoever collects it",
                journal.occupied_to_rung,
            ),
        ):
            family = HistogramMetricFamily(f"lockerbot_{name}_seconds", text)
            family.add_metric([], _buckets(durations), durations.sum)
            yield family


def _seconds(name: str, text: str, value: float | None) -> Metric:
    return GaugeMetricFamily(name, text, value=float("nan") if value is None else value)


def _buckets(durations: Durations) -> list[tuple[str, float]]:
    return [
        ("+Inf" if bound == float("inf") else str(bound), float(count))
        for bound, count in durations.cumulative
    ]


def _calls(whose: str, called: str, calls: Calls) -> Iterator[Metric]:
    ended = CounterMetricFamily(
        f"lockerbot_{whose}_calls",
        f"Calls to {called}, by what was asked and the HTTP status (none: no answer)",
        labels=["call", "status"],
    )
    for (name, status), number in sorted(calls.ended.items()):
        ended.add_metric([name, status], float(number))
    yield ended
    took = HistogramMetricFamily(
        f"lockerbot_{whose}_call_seconds",
        f"How long calls to {called} took, answered or not",
        labels=["call"],
    )
    for name, durations in sorted(calls.durations.items()):
        took.add_metric([name], _buckets(durations), durations.sum)
    yield took


_PROCESS = (ProcessCollector(registry=None), PlatformCollector(registry=None))


async def exposition(read: Callable[[], Awaitable[Reading]]) -> tuple[bytes, str]:
    """The text format and its content type."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(await read()))
    for collector in _PROCESS:
        registry.register(collector)
    return generate_latest(registry), CONTENT_TYPE_LATEST
