"""Collectors that read their values when the page is made, instead of being told each change."""

from collections.abc import Callable, Iterator
from itertools import accumulate

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from economy_actors.metrics.families import LIFETIME_COUNTERS
from economy_actors.runtime.observer import HANDLING_BUCKETS_S, DeadLetterReason, Observer

__all__ = ("Lifetimes", "Reading", "RuntimeReadings")


class Lifetimes(Collector):
    """Counters that survive restarts, by their key in ``service_metrics``; plain ints."""

    def __init__(self) -> None:
        self.totals = dict.fromkeys(LIFETIME_COUNTERS, 0)

    def collect(self) -> Iterator[Metric]:
        """One family per counter."""
        for key, (name, text) in LIFETIME_COUNTERS.items():
            yield CounterMetricFamily(name, text, value=self.totals[key])

    describe = collect


class Reading(Collector):
    """An unlabelled gauge that is left out of the page while its value is not known."""

    def __init__(self, name: str, text: str, read: Callable[[], float | None]) -> None:
        self._name = name
        self._text = text
        self._read = read

    def describe(self) -> Iterator[Metric]:
        """The family without samples."""
        yield GaugeMetricFamily(self._name, self._text)

    def collect(self) -> Iterator[Metric]:
        """The family with its one sample, if known."""
        family = GaugeMetricFamily(self._name, self._text)
        value = self._read()
        if value is not None:
            family.add_metric([], value)
        yield family


class RuntimeReadings(Collector):
    """What the actor runtime counted, by class of actor (architecture.md 4)."""

    def __init__(self) -> None:
        self.observer: Observer | None = None

    def describe(self) -> Iterator[Metric]:
        """The families without samples."""
        yield from self._families()

    def collect(self) -> Iterator[Metric]:
        """The families with the samples of the watched runtime, if any."""
        handling, restarts, live, passivated, dead = families = self._families()
        if self.observer is not None:
            for actor, stats in self.observer.classes.items():
                counts = list(accumulate(stats.buckets))
                bounds = [*(str(bound) for bound in HANDLING_BUCKETS_S), "+Inf"]
                handling.add_metric(
                    [actor], list(zip(bounds, counts, strict=True)), stats.handling_s
                )
                restarts.add_metric([actor], stats.restarts)
                live.add_metric([actor], stats.live)
                passivated.add_metric([actor], stats.passivated)
            for reason in DeadLetterReason:
                dead.add_metric([reason.value], self.observer.dead_letters[reason])
        yield from families

    @staticmethod
    def _families() -> tuple[
        HistogramMetricFamily,
        CounterMetricFamily,
        GaugeMetricFamily,
        GaugeMetricFamily,
        CounterMetricFamily,
    ]:
        label = ["actor"]
        return (
            HistogramMetricFamily(
                "economy_actor_handling_seconds", "Time to handle a message.", labels=label
            ),
            CounterMetricFamily("economy_actor_restarts_total", "Actors restarted.", labels=label),
            GaugeMetricFamily("economy_actors_live", "Actors running.", labels=label),
            GaugeMetricFamily(
                "economy_actors_passivated", "Actors asleep until their next message.", labels=label
            ),
            CounterMetricFamily(
                "economy_dead_letters_total", "Messages nobody handled.", labels=["reason"]
            ),
        )
