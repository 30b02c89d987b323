"""What the service counts and measures, as one object that every part of it writes to.

Promises: names and labels are those of `metrics.md` and architecture.md 4, 6 and 10; label
values come from fixed sets; a value that is not known is left out of the page; lifetime counters
continue after a restart. Writing costs a microsecond or less and never fails for a normal value.
All calls come from the event loop's thread.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from fractions import Fraction
from typing import Final, NamedTuple

import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from economy_actors.metrics import families
from economy_actors.metrics.families import (
    AnnouncementDrop,
    CatalogueResult,
    CommandResult,
    Families,
    GatewayDrop,
    Lifetimes,
    Reading,
    RuntimeReadings,
)
from economy_actors.runtime.observer import Observer
from kryten_economy.features.events.rules import Combined
from kryten_economy.features.games.returns import GameReturn
from kryten_economy.features.panic import KINDS, Halt
from kryten_economy.ledger.facts import Committed, TriggerHits
from kryten_economy.transaction_types import kind_of_spend
from kryten_economy.users import UserKey

__all__ = ("CONTENT_TYPE", "CommitTimes", "Metrics")

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4

_log = structlog.get_logger("metrics")


class CommitTimes(NamedTuple):
    """Batches since the start, their mean, and within what 99 of 100 were done; None: longer."""

    batches: int
    mean_s: float
    within_s: float | None


def _is_bound(label: str) -> bool:
    return label[:1].isdigit()


class Metrics:
    """All metrics of one service.

    ``channels``, ``commands`` and ``api_commands`` are the known label values; a command outside
    them is counted as ``unknown``. ``triggers`` are those that can pay, so that one which never
    does is seen. ``clock`` gives monotonic seconds, ``wall`` UTC epoch seconds.
    """

    def __init__(
        self,
        *,
        channels: Collection[str] = (),
        commands: Collection[str] = (),
        api_commands: Collection[str] = (),
        triggers: Collection[str] = (),
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library left it untyped
        self.registry = CollectorRegistry()
        self._families = Families(self.registry)
        self._lifetimes = Lifetimes()
        self._totals = self._lifetimes.totals
        self._foreign: dict[str, int] = {}
        self._runtime = RuntimeReadings()
        self._commands = frozenset(commands)
        self._api_commands = frozenset(api_commands)
        self._sources: list[tuple[Callable[[], None], tuple[str, ...]]] = []
        self._clock = clock
        self._wall = wall
        self._started_s = clock()
        self._ticked_s: float | None = None
        self._prompts: set[UserKey] = set()
        self._depths: Callable[[], Mapping[str, tuple[int, float]]] = dict
        self._backup_at_ms: int | None = None
        self._values: dict[str, float | None] = {
            "economy_service_status": 1,
            "economy_nats_connected": 0,
            "economy_rival_services": 0,
            "economy_pm_queue_depth": 0,
            "economy_pending_confirms": 0,
            "economy_tick_duration_seconds": None,
            "economy_api_keys": None,
        }
        self._register()
        self._bind(channels, triggers)

    def _register(self) -> None:
        self.registry.register(self._lifetimes)
        self.registry.register(self._runtime)
        for name, text, read in (
            ("economy_uptime_seconds", "Time since the start.", self.uptime_s),
            ("economy_service_status", "1 while running.", None),
            ("economy_nats_connected", "1 while connected to NATS.", None),
            ("economy_rival_services", "Other economy services in our channels.", None),
            ("economy_pm_queue_depth", "PMs waiting.", None),
            ("economy_pending_confirms", "Questions that wait for a YES.", None),
            ("economy_tick_duration_seconds", "Duration of the last presence minute.", None),
            ("economy_api_keys", "Keys that tokens are checked with.", None),
            ("economy_last_tick_age_seconds", "Time since the last tick.", self.last_tick_age_s),
            ("economy_backup_age_seconds", "Age of the last verified backup.", self.backup_age_s),
        ):
            self.registry.register(Reading(name, text, read or self._value_of(name)))

    def _value_of(self, name: str) -> Callable[[], float | None]:
        return lambda: self._values[name]

    def _bind(self, channels: Collection[str], triggers: Collection[str]) -> None:
        """Make the children of hot and alerted series now, so that they start at 0."""
        own = self._families
        self._event = {kind: own.events.labels(kind) for kind in families.EVENT_TYPES}
        self._dropped = {why: own.gateway_dropped.labels(why) for why in families.GATEWAY_DROPS}
        self._triggers: dict[tuple[str, str], tuple[Counter, Counter]] = {}
        for priority in families.OUTBOX_PRIORITIES:
            own.outbox_wait.labels(priority)
        for component in families.ERROR_COMPONENTS:
            own.errors.labels(component)
        for result in families.CATALOGUE_RESULTS:
            own.catalogue_requests.labels(result)
        for reason in families.PM_UNDELIVERABLE_REASONS:
            own.pm_undeliverable.labels(reason)
        for channel in channels:
            own.outbox_depth.labels(channel)
            for drop in families.ANNOUNCEMENT_DROPS:
                own.announcements_dropped.labels(channel, drop)
            for trigger in triggers:
                self._trigger_pair(channel, trigger)

    # Lifetime counters

    def restore(self, values: Mapping[str, int]) -> None:
        """Continue from saved lifetime counters; keys are those of ``service_metrics``.

        Keys of counters that this version does not export are kept for `persistent`.
        """
        for key, value in values.items():
            if key in self._totals:
                self._totals[key] += value
            else:
                self._foreign[key] = value

    def persistent(self) -> dict[str, int]:
        """The lifetime counters to save, every 300 s and at the stop (`storage.md` 5)."""
        return self._foreign | self._totals

    def committed(self, committed: Committed) -> None:
        """Count what a commit has changed; every metric of money derives from here."""
        for key, by in committed.counts.items():
            assert by >= 0, (key, by)
            if key in self._totals:
                self._totals[key] += by
            else:
                self._foreign[key] = self._foreign.get(key, 0) + by
        for facts in committed.facts:
            for trigger, hits in facts.hits.items():
                self._trigger(facts.channel, trigger, hits)
            for posting in facts.postings:
                if posting.type == "spend":
                    kind = kind_of_spend(posting.trigger_id)
                    self._families.spend_z.labels(facts.channel, kind).inc(-posting.delta_z)

    # Events, commands, triggers, errors

    def event(self, kind: str) -> None:
        """Count an incoming channel event; ``kind`` is its lower-case CyTube name."""
        self._totals["events_processed"] += 1
        (self._event.get(kind) or self._event["other"]).inc()

    def pm_command(self, command: str, result: CommandResult) -> None:
        """Count a PM command and how it ended."""
        known = command in self._commands
        self._totals["commands_processed"] += known
        self._families.pm_commands.labels(command if known else "unknown", result).inc()

    def api_request(self, command: str, result: CommandResult) -> None:
        """Count a request on ``kryten.economy.command`` and how it ended."""
        known = command in self._api_commands
        self._totals["commands_processed"] += known
        self._families.api_requests.labels(command if known else "unknown", result).inc()

    def api_unauthorized(self, reason: str) -> None:
        """Count a request that was refused for its token."""
        self._families.api_unauthorized.labels(reason).inc()

    def page_request(self, page: str, status: int) -> None:
        """Count a request to pages; ``page`` is the path that a page was registered with."""
        result: CommandResult = "ok" if status < 400 else "refused" if status < 500 else "error"
        self._families.page_requests.labels(page, result).inc()

    def set_api_keys(self, known: int) -> None:
        """Say how many keys tokens may be signed with."""
        self._values["economy_api_keys"] = known

    def _trigger(self, channel: str, trigger: str, hits: TriggerHits) -> None:
        """Count rewards paid by a trigger, and their Z."""
        pair = self._triggers.get((channel, trigger)) or self._trigger_pair(channel, trigger)
        pair[0].inc(hits.hits)
        pair[1].inc(hits.amount_z)

    def _trigger_pair(self, channel: str, trigger: str) -> tuple[Counter, Counter]:
        pair = (
            self._families.trigger_hits.labels(channel, trigger),
            self._families.trigger_z.labels(channel, trigger),
        )
        self._triggers[channel, trigger] = pair
        return pair

    def error(self, component: str) -> None:
        """Count an error of a part of the service."""
        self._families.errors.labels(component).inc()

    def announcement_dropped(self, channel: str, reason: AnnouncementDrop, count: int = 1) -> None:
        """Count public lines that were not sent."""
        self._families.announcements_dropped.labels(channel, reason).inc(count)

    # The service as a whole

    def set_nats_connected(self, connected: bool | None) -> None:
        """Say whether the bus is connected."""
        self._values["economy_nats_connected"] = None if connected is None else int(connected)

    def set_rivals(self, count: int) -> None:
        """Say how many other services of our name serve a channel of ours."""
        self._values["economy_rival_services"] = count

    def set_pm_queue_depth(self, waiting: int | None) -> None:
        """Say how many PMs wait in all outboxes."""
        self._values["economy_pm_queue_depth"] = waiting

    def set_prompt(self, user: UserKey, *, waits: bool) -> None:
        """Say whether a user has a question to answer."""
        (self._prompts.add if waits else self._prompts.discard)(user)
        self._values["economy_pending_confirms"] = len(self._prompts)

    def ticked(self, duration_s: float) -> None:
        """Note the end of a presence minute and how long it took."""
        self._values["economy_tick_duration_seconds"] = duration_s
        self._ticked_s = self._clock()

    def set_backup_at_ms(self, at_ms: int | None) -> None:
        """Note when the newest verified backup was made; UTC epoch milliseconds."""
        self._backup_at_ms = at_ms

    def uptime_s(self) -> float:
        """Seconds since this object was made."""
        return self._clock() - self._started_s

    def last_tick_age_s(self) -> float | None:
        """Seconds since the last tick; None before the first."""
        return None if self._ticked_s is None else self._clock() - self._ticked_s

    def backup_age_s(self) -> float | None:
        """Seconds since the newest verified backup; None while there is none."""
        if self._backup_at_ms is None:
            return None
        return max(0.0, self._wall() - self._backup_at_ms / 1000)

    # Gauges per channel

    def set_channel_gauges(self, channel: str, values: Mapping[str, float | None]) -> None:
        """Set gauges of a channel, named as in ``CHANNEL_GAUGES``; None leaves a sample out.

        Gauges that are not named keep their value. Raises KeyError for an unknown name.
        """
        for name, value in values.items():
            gauge = self._families.channel[name]
            if value is None:
                gauge.remove(channel)
            else:
                gauge.labels(channel).set(round(value, 2))

    def set_inflation(self, channel: str, multiplier: Fraction) -> None:
        """Set what the prices of a channel are multiplied with, to four decimals."""
        gauge = self._families.channel["inflation_multiplier"]
        gauge.labels(channel).set(round(float(multiplier), 4))

    def set_rank_distribution(self, channel: str, users: Mapping[str, int] | None) -> None:
        """Set the number of users per rank of a channel; ranks not named are left out."""
        self._families.ranks.remove_by_labels({"channel": channel})
        for rank, count in (users or {}).items():
            self._families.ranks.labels(channel, rank).set(count)

    def set_multipliers(self, channel: str, combined: Combined) -> None:
        """Set what is in force in a channel; sources that are no longer active are left out."""
        self.set_channel_gauges(channel, {"active_multiplier": float(combined.product)})
        self._families.multiplier_active.remove_by_labels({"channel": channel})
        for factor in combined.factors:
            self._families.multiplier_active.labels(channel, factor.source).set(1)

    def set_game_returns(self, channel: str, returns: Sequence[GameReturn]) -> None:
        """Set what each game has paid of its stakes, should have paid, and may differ by chance."""
        own = self._families
        for family in (own.return_observed, own.return_expected, own.return_margin):
            family.remove_by_labels({"channel": channel})
        for each in returns:
            own.return_observed.labels(channel, each.game).set(round(each.observed, 6))
            own.return_expected.labels(channel, each.game).set(round(each.expected, 6))
            if each.margin is not None:
                own.return_margin.labels(channel, each.game).set(round(each.margin, 6))

    def set_panic(self, channel: str, halts: Sequence[Halt]) -> None:
        """Set what admins have stopped in a channel."""
        for what in KINDS:
            count = sum(each.what == what for each in halts)
            self._families.panic_level.labels(channel, what).set(count)

    def set_fair_seed(self, channel: str, day: str, seed_hash: str) -> None:
        """Tell the hash of the seed of a day that has begun; never the seed."""
        self._families.fair_seed.remove_by_labels({"channel": channel})
        self._families.fair_seed.labels(channel, day, seed_hash).set(1)

    # Runtime and ledger

    def watch_runtime(
        self, observer: Observer, depths: Callable[[], Mapping[str, tuple[int, float]]]
    ) -> None:
        """Read the runtime at each page; ``depths`` is `ActorSystem.depths`."""
        self._runtime.observer, self._depths = observer, depths

        def read_mailboxes() -> None:
            for actor, (depth, oldest_s) in depths().items():
                self._families.mailbox_depth.labels(actor).set(depth)
                self._families.oldest_message.labels(actor).set(oldest_s)

        self.add_source(
            read_mailboxes, "economy_actor_mailbox_depth", "economy_actor_oldest_message_seconds"
        )

    def ledger_committed(self, batch_size: int, seconds: float) -> None:
        """Count a committed batch."""
        self._families.batch_size.observe(batch_size)
        self._families.commit_seconds.observe(seconds)

    def ledger_unknown(self, operations: int = 1) -> None:
        """Count operations whose outcome is unknown after a failed commit."""
        self._families.ledger_unknown.inc(operations)

    # Edge and announcer

    def gateway_dropped(self, reason: GatewayDrop) -> None:
        """Count an event that was dropped at the edge."""
        self._dropped[reason].inc()

    def catalogue_request(self, result: CatalogueResult) -> None:
        """Count an HTTP request to the media catalogue and how it ended."""
        self._families.catalogue_requests.labels(result).inc()

    def userstats_silent(self) -> None:
        """Count a question that kryten-userstats did not answer."""
        self._families.userstats_silences.inc()

    def set_outbox_depth(self, channel: str, waiting: int) -> None:
        """Set the messages waiting in a channel's outbox."""
        self._families.outbox_depth.labels(channel).set(waiting)

    def outbox_waited(self, priority: str, seconds: float) -> None:
        """Note how long a message waited; ``priority`` is one of ``OUTBOX_PRIORITIES``."""
        self._families.outbox_wait.labels(priority).observe(seconds)

    def outbox_echoed(self, seconds: float) -> None:
        """Note the time from sending a message to its echo."""
        self._families.outbox_echo.observe(seconds)

    def pm_undeliverable(self, reason: str) -> None:
        """Count a PM that was given up."""
        self._families.pm_undeliverable.labels(reason).inc()

    # Read by the pages of operators

    def mailboxes(self) -> Mapping[str, tuple[int, float]]:
        """Per class of actor: messages waiting, and the age in seconds of the oldest."""
        return self._depths()

    def commit_times(self) -> CommitTimes:
        """How long batches have taken since the start."""
        [family] = self._families.commit_seconds.collect()
        found = {each.labels.get("le", each.name): each.value for each in family.samples}
        count, total_s = (found[f"economy_ledger_commit_seconds_{end}"] for end in ("count", "sum"))
        bounds = ((float(each), up_to) for each, up_to in found.items() if _is_bound(each))
        within_s = next((bound for bound, up_to in bounds if up_to >= 0.99 * count), None)
        return CommitTimes(int(count), total_s / count if count else 0.0, within_s)

    def outbox_depths(self) -> Mapping[str, int]:
        """The messages waiting to be sent, by channel."""
        [family] = self._families.outbox_depth.collect()
        return {each.labels["channel"]: int(each.value) for each in family.samples}

    # The page

    def add_source(self, refresh: Callable[[], None], *gauges: str) -> None:
        """Call ``refresh`` before each page; it sets the named gauges (full names).

        If it fails, the page is made without those samples, and the failure is logged and counted.
        """
        self._sources.append((refresh, gauges))

    def render(self) -> bytes:
        """The page, in Prometheus text format 0.0.4."""
        for refresh, gauges in self._sources:
            try:
                refresh()
            except Exception:  # noqa: BLE001  # a failing query costs its samples, not the page
                _log.warning("metrics source failed", gauges=gauges, exc_info=True)
                self.error("metrics")
                self._forget(gauges)
        return generate_latest(self.registry)

    def _forget(self, gauges: Collection[str]) -> None:
        labelled: dict[str, Gauge] = {
            f"economy_{name}": gauge for name, gauge in self._families.channel.items()
        } | {
            "economy_rank_distribution": self._families.ranks,
            "economy_actor_mailbox_depth": self._families.mailbox_depth,
            "economy_actor_oldest_message_seconds": self._families.oldest_message,
            "economy_outbox_depth": self._families.outbox_depth,
        }
        for name in gauges:
            if name in labelled:
                labelled[name].clear()
            else:
                self._values[name] = None
