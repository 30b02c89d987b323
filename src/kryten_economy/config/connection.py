"""Where the service lives: NATS, channels, service identity and the HTTP server.

The keys are those of kryten-py's own configuration; name and version
of the service are forced whatever the file says.

How fast the bot may speak: the one place where the pace is decided.

Small sections of the core: data file, currency, bot, newcomers, commands, chat lines.
"""

import math
import re
from typing import Annotated, ClassVar, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, field_validator

from kryten_economy import __version__
from kryten_economy.config.section import (
    CLAMP,
    COUNT_MAX,
    DEFAULT,
    Amount,
    Count,
    Label,
    Port,
    PositiveCount,
    Section,
    refuse,
    template,
)

__all__ = (
    "SERVICE_NAME",
    "Admin",
    "Bot",
    "Channel",
    "Commands",
    "Currency",
    "Database",
    "Messages",
    "Metrics",
    "Nats",
    "Onboarding",
    "Pace",
    "Service",
)


class Pace(NamedTuple):
    """The pace of one channel's outgoing messages; a message waits for both rules.

    Bucket: ``burst`` messages at once, then ``per_second`` (infinite: no such rule).
    Gap: at least ``gap_s`` seconds plus up to ``jitter_s`` random ones between two messages.
    """

    burst: int
    per_second: float
    gap_s: float
    jitter_s: float

    @classmethod
    def bucket(cls, burst: int, per_second: float) -> Self:
        """A burst, then an even stream."""
        return cls(burst, per_second, 0.0, 0.0)

    @classmethod
    def gap(cls, gap_s: float, jitter_s: float) -> Self:
        """One message at a time; 0 and 0 is no pacing at all."""
        return cls(1, math.inf, gap_s, jitter_s)

    @property
    def unpaced(self) -> bool:
        """Whether no message ever waits."""
        return math.isinf(self.per_second) and self.gap_s == 0 and self.jitter_s == 0


def _sqlite(backend: str) -> str:
    if backend != "sqlite":
        raise refuse(
            "must be sqlite: this service keeps its books in a file of its own, and starting"
            " it here would open empty books beside the accounts in that database. Write sqlite,"
            " name a new file in database.path, and bring the accounts over before the first"
            " start: kryten-economy import with this file as its source (docs/migration.md)"
        )
    return backend


class Database(Section):
    """``database``: the file of the books, and the copies made of it while the service runs.

    ``backup_directory`` empty means ``backups`` beside the file; an interval of 0 means none.
    """

    ignored_keys: ClassVar[frozenset[str]] = frozenset({"postgres"})

    backend: Annotated[str, AfterValidator(_sqlite)] = "sqlite"
    path: Label = "economy.db"
    backup_directory: str = ""
    backup_interval_hours: Count = 24
    backup_keep: PositiveCount = 7


class Currency(Section):
    """``currency``: how a coin is called."""

    name: str = "Z-Coin"
    symbol: str = "Z"
    plural: str = "Z-Coins"


class Bot(Section):
    """``bot``: the account private messages arrive at."""

    username: Label = "ZCoinBot"


class Onboarding(Section):
    """``onboarding``: the welcome wallet and the gates before earning."""

    welcome_wallet: Amount = 100
    welcome_message: Annotated[str, template("amount")] = (
        "Welcome! You've got {amount} {currency}. Stick around and you'll earn more. "
        "Try 'help' to see what you can do."
    )
    welcome_delay_seconds: Count = 90
    min_account_age_minutes: Count = 0
    min_messages_to_earn: Count = 0


class Commands(Section):
    """``commands``: limits of private-message commands."""

    rate_limit_per_minute: PositiveCount = 10
    confirm_timeout_seconds: PositiveCount = 120


class Admin(Section):
    """``admin``: the CyTube rank that admin commands need, and from when a rain is asked about."""

    owner_level: Annotated[int, Field(ge=0, le=COUNT_MAX), DEFAULT] = 4
    confirm_rain_from: Amount = 10_000


class Messages(Section):
    """``messages``: length (UTF-16 units) and pace of what the bot says."""

    max_length: Annotated[int, Field(ge=80, le=1000)] = 240
    burst: Annotated[int, Field(ge=1, le=1000)] = 16
    per_second: Annotated[float, Field(gt=0, le=1000)] = 8.0


SERVICE_NAME = "economy"
_SCHEMES = frozenset({"nats", "tls", "ws", "wss"})
# Names, IPv4 and (between brackets, which urlsplit takes away) IPv6 addresses.
_HOST = re.compile(r"[A-Za-z0-9_.:%-]+")


def _server(address: str) -> str:
    """As the client reads it: a host alone has the scheme nats and port 4222."""
    has_scheme = "://" in address
    try:
        parts = urlsplit(address if has_scheme else f"nats://{address}")
        port = parts.port
        is_host = _HOST.fullmatch(parts.hostname or "") is not None
    except ValueError:
        is_host, port, parts = False, None, urlsplit("")
    if (
        not is_host
        or port == 0
        or parts.scheme not in _SCHEMES
        or parts.path.strip("/")
        or any(sign.isspace() for sign in address)
    ):
        raise refuse("must be an address such as nats://localhost:4222 (nats, tls, ws or wss)")
    return address


class Nats(Section):
    """``nats``: servers and credentials; an empty credential means none. Times in seconds."""

    servers: Annotated[tuple[Annotated[Label, AfterValidator(_server)], ...], Field(min_length=1)]
    user: str | None = None
    password: Annotated[str | None, Field(repr=False)] = None
    token: Annotated[str | None, Field(repr=False)] = None
    tls_cert: str | None = None
    tls_key: str | None = None
    tls_ca: str | None = None
    connect_timeout: PositiveCount = 10
    reconnect_time_wait: PositiveCount = 2
    max_reconnect_attempts: int = -1
    ping_interval: PositiveCount = 120

    @field_validator("user", "password", "token", "tls_cert", "tls_key", "tls_ca")
    @classmethod
    def _empty_is_none(cls, text: str | None) -> str | None:
        # An unset ${VARIABLE} becomes "", and an empty token would be sent as a wrong one.
        return text or None


class Channel(Section):
    """One of ``channels``: a CyTube host and a channel name in its exact case."""

    domain: Label
    channel: Label


class Service(Section):
    """``service``: what is published about this service. Ports are advertised only."""

    name: str = SERVICE_NAME
    version: str = __version__
    enable_lifecycle: bool = True
    enable_heartbeat: bool = True
    heartbeat_interval: Annotated[int, Field(ge=5, le=300), CLAMP] = 30
    enable_discovery: bool = True
    health_port: Port | None = None
    health_path: str = "/health"
    metrics_port: Port | None = None
    metrics_path: str = "/metrics"

    @field_validator("name", mode="before")
    @classmethod
    def _forced_name(cls, _: object) -> str:
        return SERVICE_NAME

    @field_validator("version", mode="before")
    @classmethod
    def _forced_version(cls, _: object) -> str:
        return __version__


class Metrics(Section):
    """``metrics``: the HTTP server for metrics and health; not ``enabled`` means no server."""

    enabled: bool = True
    host: Label = "127.0.0.1"
    port: Port = 28286
    health_path: str = "/health"
    metrics_path: str = "/metrics"
