"""Buying: the queue, its catalogue and its prices."""

from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from kryten_economy.config.multipliers import Cron, DurationHours
from kryten_economy.config.section import (
    CLAMP,
    DEFAULT_IF_EMPTY,
    OFF,
    SKIP,
    Count,
    Label,
    PositiveCount,
    Price,
    Remedy,
    Section,
    at_least,
    unique,
)

__all__ = ("BlackoutWindow", "Inflation", "MediaCms", "QueueTier", "Spending")

_TOKEN_PLACEHOLDER = "your-token-here"  # noqa: S105 - the shipped placeholder, not a secret
_PLACEHOLDER_HOSTS = ("example.com", "example.org", "example.net", "example")


class QueueTier(Section):
    """What media of at most ``max_minutes`` cost."""

    max_minutes: PositiveCount
    label: str
    cost: Price


def _tier(max_minutes: int, label: str, cost: int) -> QueueTier:
    return QueueTier(max_minutes=max_minutes, label=label, cost=cost)


def _by_length(tiers: tuple[QueueTier, ...]) -> tuple[QueueTier, ...]:
    return tuple(sorted(tiers, key=lambda tier: tier.max_minutes))


class BlackoutWindow(Section):
    """A recurring time without paid queueing."""

    name: Label
    cron: Cron
    duration_hours: DurationHours


class Spending(Section):
    """``spending``; tiers are sorted by length.

    `playnext` costs what `queue` does unless ``playnext_premium``; requests of other services
    are not held up by blackout windows unless ``blackout_applies_to_api``.
    """

    queue_tiers: Annotated[
        tuple[QueueTier, ...], Field(min_length=1), AfterValidator(_by_length), DEFAULT_IF_EMPTY
    ] = (
        _tier(15, "Short / Music Video", 2500),
        _tier(35, "30-min Episode", 5000),
        _tier(65, "60-min Episode", 7500),
        _tier(999, "Movie", 10000),
    )
    interrupt_play_next: Price = 100_000
    playnext_premium: bool = False
    force_play_now: Price = 1_000_000
    force_play_requires_admin: bool = True
    max_queues_per_day: Count = 3
    queue_cooldown_minutes: Count = 30
    blackout_windows: Annotated[
        tuple[BlackoutWindow, ...],
        unique("window name", lambda window: window.name, rename=True),
        SKIP,
    ] = ()
    blackout_applies_to_api: bool = False


class Inflation(Section):
    """``inflation``: prices follow the coins in circulation between two limits."""

    if_broken: ClassVar[Remedy | None] = OFF

    enabled: bool = False
    anchor_float: Annotated[int, Field(ge=1, le=10**15)] = 100_000_000
    min_multiplier: Annotated[float, Field(ge=0.01, le=1)] = 0.25
    max_multiplier: Annotated[float, Field(ge=1, le=10**6), at_least("min_multiplier")] = 8.0
    update_interval_seconds: Annotated[int, Field(ge=60, le=10**9)] = 3600


class MediaCms(Section):
    """``mediacms``: the catalogue people queue from."""

    base_url: str = "https://media.example.com"
    api_token: Annotated[str, Field(repr=False)] = _TOKEN_PLACEHOLDER
    search_results_limit: Annotated[int, Field(ge=1, le=1000), CLAMP] = 10
    web_queue_redirect: bool = True
    web_queue_url: str = "https://queue.dropsugar.co/"
    request_timeout_seconds: PositiveCount = 10
    cache_ttl_seconds: Count = 300

    @property
    def configured(self) -> bool:
        """Whether queueing is possible: an address that is neither empty nor a placeholder."""
        try:
            host = urlsplit(self.base_url).hostname or ""
        except ValueError:
            return False
        return bool(host) and not any(
            host == name or host.endswith(f".{name}") for name in _PLACEHOLDER_HOSTS
        )

    @property
    def server_url(self) -> str:
        """``base_url`` as it is asked."""
        return self.base_url.strip().rstrip("/")

    @property
    def token(self) -> str | None:
        """The token to send; None if it is empty or still the placeholder."""
        return None if self.api_token in {"", _TOKEN_PLACEHOLDER} else self.api_token
