"""The metric families: exact names, label names, help texts and buckets.

Names and label sets of `metrics.md` are an interface: existing dashboards read them.
Label values come from fixed sets, never from user names or free text. Values that somebody
alerts on are listed here, so that each series starts at 0: a counter that is born at 1 shows no
increase to Prometheus.

Collectors that read their values when the page is made, instead of being told each change.
"""

from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Final, Literal, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from economy_actors.runtime.observer import HANDLING_BUCKETS_S, DeadLetterReason, Observer

__all__ = (
    "ANNOUNCEMENT_DROPS",
    "CATALOGUE_RESULTS",
    "CHANNEL_GAUGES",
    "COMMAND_RESULTS",
    "ERROR_COMPONENTS",
    "EVENT_TYPES",
    "GATEWAY_DROPS",
    "LIFETIME_COUNTERS",
    "OUTBOX_PRIORITIES",
    "PM_UNDELIVERABLE_REASONS",
    "AnnouncementDrop",
    "CatalogueResult",
    "CommandResult",
    "Families",
    "GatewayDrop",
    "Lifetimes",
    "Reading",
    "RuntimeReadings",
)

GatewayDrop = Literal[
    "echo",
    "server_line",
    "shadow",
    "replayed",
    "duplicate",
    "malformed",
    "unknown_channel",
    "ignored",
]
AnnouncementDrop = Literal["rate", "duplicate", "gate"]
CommandResult = Literal["ok", "refused", "error"]
CatalogueResult = Literal[
    "ok",
    "not_found",
    "unreachable",
    "timeout",
    "throttled",
    "server_error",
    "rejected",
    "malformed",
]

GATEWAY_DROPS: Final[tuple[GatewayDrop, ...]] = get_args(GatewayDrop)
ANNOUNCEMENT_DROPS: Final[tuple[AnnouncementDrop, ...]] = get_args(AnnouncementDrop)
COMMAND_RESULTS: Final[tuple[CommandResult, ...]] = get_args(CommandResult)
CATALOGUE_RESULTS: Final[tuple[CatalogueResult, ...]] = get_args(CatalogueResult)
EVENT_TYPES: Final = ("chatmsg", "adduser", "userleave", "changemedia", "pm", "setafk", "other")
OUTBOX_PRIORITIES: Final = ("reply", "result", "public", "bulk", "digest")
PM_UNDELIVERABLE_REASONS: Final = ("absent", "no_echo", "expired", "overflow", "send_failed")
ERROR_COMPONENTS: Final = (
    "admin",
    "announcer",
    "backup",
    "books",
    "catalogue",
    "channel",
    "exporter",
    "gateway",
    "keys",
    "ledger",
    "metrics",
    "scheduler",
    "session",
    "triggers",
)

LIFETIME_COUNTERS: Final[dict[str, tuple[str, str]]] = {
    "z_earned_total": ("economy_z_earned_total", "Z credited that counts as earned."),
    "z_spent_total": ("economy_z_spent_total", "Z of spends, not reduced by refunds."),
    "events_processed": ("economy_events_processed_total", "Incoming channel events."),
    "commands_processed": (
        "economy_commands_processed_total",
        "PM commands and API requests executed.",
    ),
    "tips_total": ("economy_tips_total", "Tips."),
    "tips_z_total": ("economy_tips_z_total", "Z tipped."),
    "bounties_created_total": ("economy_bounties_created_total", "Bounties set out."),
    "bounties_claimed_total": ("economy_bounties_claimed_total", "Bounties won."),
    "bounties_expired_total": ("economy_bounties_expired_total", "Bounties that nobody won."),
    "refunds_total": ("economy_refunds_total", "Payments given back."),
    "refunds_z_total": ("economy_refunds_z_total", "Z given back."),
    "rank_promotions_total": ("economy_rank_promotions_total", "Promotions to a higher rank."),
    "cytube_promotions_total": (
        "economy_cytube_promotions_total",
        "CyTube levels given with a rank.",
    ),
    "achievements_awarded_total": (
        "economy_achievements_awarded_total",
        "Achievements awarded.",
    ),
    "competition_awards_total": (
        "economy_competition_awards_total",
        "Prizes of daily competitions.",
    ),
    "rain_drops_total": ("economy_rain_drops_total", "Rain, ambient and by an admin."),
    "rain_z_distributed_total": ("economy_rain_z_distributed_total", "Z that rain has paid."),
    "spins_total": ("economy_gambling_spins_total", "Spins, free ones included."),
    "flips_total": ("economy_gambling_flips_total", "Flips."),
    "challenges_total": ("economy_gambling_challenges_total", "Challenges that were fought."),
    "heists_total": ("economy_gambling_heists_total", "Stakes in heists that were settled."),
    "races_total": ("economy_gambling_races_total", "Bets on races that were settled."),
    "trivias_total": ("economy_gambling_trivias_total", "Stakes in trivia that were settled."),
    "blackjacks_total": ("economy_gambling_blackjacks_total", "Hands of blackjack."),
    "predictions_total": (
        "economy_gambling_predictions_total",
        "Stakes in predictions that were settled.",
    ),
    "raffles_total": ("economy_gambling_raffles_total", "Players of raffles that were drawn."),
    "auctions_total": ("economy_gambling_auctions_total", "Auctions that were won."),
    "gambling_z_wagered_total": ("economy_gambling_z_wagered_total", "Z staked in all games."),
    "gambling_z_won_total": ("economy_gambling_z_won_total", "Z paid by all games."),
    "queues_total": ("economy_queues_total", "Media paid for, by message and by request."),
    "vanity_purchases_total": (
        "economy_vanity_purchases_total",
        "Greetings, titles, GIFs, colours and names of the money that were paid for.",
    ),
    "shoutouts_total": ("economy_shoutouts_total", "Shoutouts that were said."),
    "fortunes_total": ("economy_fortunes_total", "Fortunes that were told."),
    "adhoc_events_started_total": (
        "economy_adhoc_events_started_total",
        "Events started by an admin.",
    ),
}
"""Key in ``service_metrics`` -> family and help; these survive restarts (`metrics.md` 2)."""

CHANNEL_GAUGES: Final[dict[str, str]] = {
    "active_users": "Connected users.",
    "robot_present": "1 while the channel's robot is there, 0 while it is away.",
    "active_multiplier": "What earning is multiplied by, hidden factors included.",
    "inflation_multiplier": "What prices are multiplied with; 1 where they follow nothing.",
    "total_accounts": "Accounts.",
    "total_circulation": "Z in all wallets and set aside.",
    "median_balance": "Median wallet, in Z.",
    "top_share_percent": "What the richest hundredth of those with coins hold, in percent.",
    "participation_rate": "Users who take part in the economy, in percent.",
    "daily_z_earned": "Z earned today.",
    "daily_z_spent": "Z spent today.",
    "daily_z_gambled_in": "Z staked today.",
    "daily_z_gambled_out": "Z paid out by games today.",
    "gambling_lifetime_wagered": "Z staked in games, ever.",
    "gambling_lifetime_won": "Z paid out by games, ever.",
    "gambling_active_gamblers": "Users who have played a game.",
    "gambling_total_games": "Settled rounds of all games and players.",
    "daily_active_economy_users": "Users who earned or spent today.",
    "open_bounties": "Bounties that nobody has won yet.",
    "escrow_held_z": "Z held for open stakes and payments.",
    "ledger_mismatch_accounts": "Accounts whose balance differs from their transfers; must be 0.",
}
"""Gauge per channel, named without the prefix ``economy_``."""

_WAIT_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
_ECHO_BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_COMMIT_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
_BATCH_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128, 257)
"""The writer takes one request and drains up to 256 more (architecture.md 6)."""


class Families:
    """All families that keep their own samples, registered in one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._commands()
        self._channels()
        self._runtime()
        self._ledger()
        self._edge()

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"economy_{name}", text, labels, registry=self._registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"economy_{name}", text, labels, registry=self._registry)

    def _histogram(
        self, name: str, text: str, buckets: tuple[float, ...], *labels: str
    ) -> Histogram:
        return Histogram(f"economy_{name}", text, labels, buckets=buckets, registry=self._registry)

    def _commands(self) -> None:
        self.pm_commands = self._counter(
            "pm_commands_total", "PM commands by outcome.", "command", "result"
        )
        self.api_requests = self._counter(
            "api_requests_total", "API requests by outcome.", "command", "result"
        )
        self.page_requests = self._counter(
            "page_requests_total", "Requests to pages by outcome.", "page", "result"
        )
        self.api_unauthorized = self._counter(
            "api_unauthorized_total", "API requests refused for their token.", "reason"
        )
        self.events = self._counter("events_total", "Incoming channel events by type.", "type")
        self.trigger_hits = self._counter(
            "trigger_hits_total", "Rewards paid by a trigger.", "channel", "trigger"
        )
        self.trigger_z = self._counter(
            "trigger_z_total", "Z paid by a trigger.", "channel", "trigger"
        )
        self.spend_z = self._counter("spend_z_total", "Z of spends by kind.", "channel", "type")
        self.errors = self._counter("errors_total", "Errors by component.", "component")

    def _channels(self) -> None:
        self.channel = {
            name: self._gauge(name, text, "channel") for name, text in CHANNEL_GAUGES.items()
        }
        self.ranks = self._gauge("rank_distribution", "Users per rank.", "channel", "rank")
        self.multiplier_active = self._gauge(
            "multiplier_active", "Active multipliers, 1 each.", "channel", "source"
        )
        self.panic_level = self._gauge(
            "panic_level",
            "1 while admins have stopped it; of freeze how many accounts are frozen.",
            "channel",
            "what",
        )
        of_game = ("channel", "game")
        self.return_observed = self._gauge(
            "game_return_observed", "The part of all stakes that came back.", *of_game
        )
        self.return_expected = self._gauge(
            "game_return_expected", "The part of all stakes to come back on average.", *of_game
        )
        self.return_margin = self._gauge(
            "game_return_margin",
            "How far the two may be apart by chance (99.9 %); none before 1,000 rounds.",
            *of_game,
        )
        self.fair_seed = self._gauge(
            "fair_seed_info", "The SHA-256 of the seed of today's dice.", "channel", "day", "hash"
        )
        self.announcements_dropped = self._counter(
            "announcements_dropped_total", "Public lines not sent.", "channel", "reason"
        )

    def _runtime(self) -> None:
        self.mailbox_depth = self._gauge(
            "actor_mailbox_depth", "Messages waiting in all mailboxes of a class.", "actor"
        )
        self.oldest_message = self._gauge(
            "actor_oldest_message_seconds", "Age of the oldest waiting message.", "actor"
        )

    def _ledger(self) -> None:
        self.batch_size = self._histogram(
            "ledger_batch_size", "Operations committed together.", _BATCH_BUCKETS
        )
        self.commit_seconds = self._histogram(
            "ledger_commit_seconds", "Time of one batch, from begin to commit.", _COMMIT_BUCKETS_S
        )
        self.ledger_unknown = self._counter(
            "ledger_unknown_total", "Operations whose outcome was unknown after a failed commit."
        )

    def _edge(self) -> None:
        self.outbox_depth = self._gauge("outbox_depth", "Messages waiting to be sent.", "channel")
        self.outbox_wait = self._histogram(
            "outbox_wait_seconds", "Wait in the outbox.", _WAIT_BUCKETS_S, "priority"
        )
        self.outbox_echo = self._histogram(
            "outbox_echo_seconds", "Time from sending to the echo.", _ECHO_BUCKETS_S
        )
        self.pm_undeliverable = self._counter("pm_undeliverable_total", "PMs given up.", "reason")
        self.gateway_dropped = self._counter(
            "gateway_dropped_total", "Events dropped at the edge.", "reason"
        )
        self.catalogue_requests = self._counter(
            "catalogue_requests_total",
            "HTTP requests to the media catalogue, each attempt by how it ended.",
            "result",
        )
        self.userstats_silences = self._counter(
            "userstats_silences_total",
            "Questions that kryten-userstats did not answer; for a minute nobody asks again.",
        )


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
