"""What operators see: gauges that need queries, and the answer to "are you well?".

The HTTP side: ``/metrics`` for Prometheus and ``/health`` for probes.

Promises: a check that fails or hangs answers 500 within two seconds; answers hold no secrets and
no error texts. Limits: no TLS, no authentication, plain GET; it binds to 127.0.0.1 unless told
otherwise. aiohttp needs the asyncio backend.
"""

import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Literal

import anyio
import structlog
from aiohttp import web

from economy_actors.context import Context
from economy_actors.messages.ledger import commit, query
from economy_actors.metrics.metrics import CONTENT_TYPE
from economy_actors.runtime import Actor, AskExpired, AskFailed, RuntimeFault
from kryten_economy.features.bounties.operations import open_bounties
from kryten_economy.features.games.returns import house_of, returns
from kryten_economy.features.panic import in_words
from kryten_economy.features.reports.rows import ChannelGauges
from kryten_economy.ledger.records import SaveCounters

__all__ = (
    "Exporter",
    "Health",
    "HttpBindError",
    "Listening",
    "Refresh",
    "check_health",
    "panic_in_words",
    "serve",
)

_CHECK_LIMIT_S: Final = 2.0
_TICK_AGE_MAX_S: Final = 180.0
_SHUTDOWN_S: Final = 1.0

_log = structlog.get_logger("http")


class HttpBindError(Exception):
    """The metrics address can't be bound. Change ``metrics.port`` or stop who holds it."""


@dataclass(frozen=True, slots=True)
class Health:
    """What is known about the service's health (`metrics.md` 5)."""

    uptime_seconds: float
    nats_connected: bool
    database_usable: bool
    channels_configured: int
    active_sessions: int
    version: str
    last_tick_age_seconds: float | None
    """None before the first tick."""
    books_lost: bool = False
    """Whether the book file was removed or replaced while it was in use."""
    rivals: tuple[str, ...] = ()
    """Other services that answer in a channel of this one, in words."""
    robots_away: tuple[str, ...] = ()
    """The channels without a robot."""
    panic: tuple[str, ...] = ()
    """What admins have stopped, in words; it is meant so, and nothing is amiss."""

    @property
    def status(self) -> Literal["healthy", "degraded", "error"]:
        """Error without the books; degraded where anything else is amiss."""
        if self.books_lost or not self.database_usable:
            return "error"
        return "degraded" if self.problems else "healthy"

    @property
    def problems(self) -> tuple[str, ...]:
        """What is amiss, in words for operators."""
        age_s = self.last_tick_age_seconds
        silent_s = self.uptime_seconds if age_s is None else age_s
        found = {
            "the book file was removed or replaced, see the log": self.books_lost,
            "the books can't be written": not self.database_usable and not self.books_lost,
            "NATS does not carry our messages": not self.nats_connected,
            "no minute of presence for too long": silent_s > _TICK_AGE_MAX_S,
        }
        # Without NATS no robot can be seen, and that is said already.
        away = self.robots_away if self.nats_connected else ()
        robots = (f"no robot in {channel}: its minutes are held" for channel in away)
        return (*(words for words, is_so in found.items() if is_so), *robots, *self.rivals)

    def as_json(self) -> dict[str, object]:
        """The fields as a probe reads them; seconds have three decimals."""
        fields = dataclasses.asdict(self)
        usable = fields.pop("database_usable")
        fields["problems"] = [*self.problems]
        fields["panic"] = [*self.panic]
        del fields["rivals"], fields["robots_away"], fields["books_lost"]
        rounded = {
            name: round(value, 3) if isinstance(value, float) else value
            for name, value in fields.items()
        }
        database = "connected" if usable else "disconnected"
        return {"service": "economy", "status": self.status, "database": database} | rounded


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the server is reached; the port is the bound one, also when 0 was asked for."""

    host: str
    port: int


@asynccontextmanager
async def serve(
    page: Callable[[], bytes],
    check: Callable[[], Awaitable[Health]],
    *,
    host: str = "127.0.0.1",
    port: int,
    metrics_path: str = "/metrics",
    health_path: str = "/health",
) -> AsyncIterator[Listening]:
    """Answer ``GET`` on both paths until the block is left; port 0 takes a free one.

    ``page`` makes the metrics page; ``check`` finds out the health. Raises HttpBindError.
    """
    app = web.Application()
    app.router.add_get(metrics_path, _metrics_handler(page))
    app.router.add_get(health_path, _health_handler(check))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise HttpBindError(
                f"HTTP can't listen on {host}:{port}: {reason}. "
                "Change metrics.host or metrics.port, or stop the process that holds it."
            ) from error
        bound = runner.addresses[0]
        _log.info("http listens", host=bound[0], port=bound[1])
        yield Listening(bound[0], bound[1])
    finally:
        await runner.cleanup()


def _metrics_handler(
    page: Callable[[], bytes],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=page(), headers={"Content-Type": CONTENT_TYPE})

    return answer


def _health_handler(
    check: Callable[[], Awaitable[Health]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_request: web.Request) -> web.Response:
        try:
            with anyio.fail_after(_CHECK_LIMIT_S):
                health = await check()
        except Exception:  # noqa: BLE001  # a probe needs an answer whatever is broken
            _log.warning("health check failed", exc_info=True)
            return web.json_response({"service": "economy", "status": "error"}, status=500)
        return web.json_response(
            health.as_json(), status=200 if health.status == "healthy" else 503
        )

    return answer


_REFRESH_EVERY_S = 30.0
_SHARES_EVERY_S = 300.0
_DATABASE_WITHIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Refresh:
    """Time to query the gauges anew."""


class Exporter(Actor[Refresh]):
    """Keeps the gauges that come from the books fresh, so that a scrape costs no query."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._shared_at_s: dict[str, float] = {}

    async def started(self) -> None:
        """Fill the gauges at once."""
        self.after(0.0, Refresh())

    async def receive(self, _message: Refresh) -> None:
        """Query each channel; a failing query leaves its samples as they were."""
        for channel in self._context.channels:
            try:
                await self._refresh(channel)
                await self._refresh_share(channel)
            except (AskExpired, AskFailed):
                self._context.metrics.error("exporter")
        self.after(_REFRESH_EVERY_S, Refresh())

    async def _refresh_share(self, channel: str) -> None:
        """Who holds how much; it sorts all accounts, and changes slowly."""
        now_s = self.now_s()
        if now_s - self._shared_at_s.get(channel, -_SHARES_EVERY_S) < _SHARES_EVERY_S:
            return
        self._shared_at_s[channel] = now_s
        share = await query(
            self._context.reader, lambda reports: reports.top_share_percent(channel)
        )
        self._context.metrics.set_channel_gauges(channel, {"top_share_percent": share})

    async def _refresh(self, channel: str) -> None:
        day = self._context.live.calendar.day(self._context.clock.now_ms())

        gauges, ranks, bounties, house, found = await query(
            self._context.reader,
            lambda reports: (
                reports.channel_gauges(channel, day),
                reports.rank_inputs(channel),
                open_bounties(reports, channel),
                house_of(reports, channel),
                returns(reports, channel),
            ),
        )
        metrics = self._context.metrics
        played: dict[str, float] = {
            "open_bounties": bounties,
            "gambling_lifetime_wagered": house.staked_z,
            "gambling_lifetime_won": house.paid_z,
            "gambling_active_gamblers": house.gamblers,
            "gambling_total_games": house.games,
        }
        metrics.set_channel_gauges(channel, _named(gauges) | played)
        metrics.set_game_returns(channel, found)
        ladder = self._context.live.ladder
        users: dict[str, int] = {}
        for row in ranks:
            name = ladder.shown(row.rank_name, row.lifetime_earned_z, row.rank_held_from_z)
            users[name] = users.get(name, 0) + row.accounts
        metrics.set_rank_distribution(channel, users)


def _named(gauges: ChannelGauges) -> dict[str, float]:
    """The gauges under the names of `metrics.md` 3."""
    return {
        "total_accounts": gauges.accounts,
        "total_circulation": gauges.circulation_z,
        "median_balance": gauges.median_balance_z,
        "participation_rate": gauges.participation_rate,
        "daily_z_earned": gauges.earned_today_z,
        "daily_z_spent": gauges.spent_today_z,
        "daily_z_gambled_in": gauges.gambled_in_today_z,
        "daily_z_gambled_out": gauges.gambled_out_today_z,
        "daily_active_economy_users": gauges.active_today,
        "escrow_held_z": gauges.escrow_z,
    }


def panic_in_words(context: Context, channels: Iterable[str]) -> tuple[str, ...]:
    """What admins have stopped in which of these channels."""
    return tuple(
        f"{channel}: {in_words(halt)}"
        for channel in channels
        for halt in context.halts[channel].value
    )


async def check_health(context: Context) -> Health:
    """Find out whether the books commit and the bus carries."""
    usable = False
    try:
        with anyio.fail_after(_DATABASE_WITHIN_S):
            values = tuple(context.metrics.persistent().items())
            await commit(
                context.ledger,
                SaveCounters(values, context.clock.now_ms()),
                timeout_s=_DATABASE_WITHIN_S,
            )
        usable = True
    except (RuntimeFault, TimeoutError):
        pass
    return Health(
        uptime_seconds=context.metrics.uptime_s(),
        nats_connected=context.bus_connected(),
        database_usable=usable,
        channels_configured=len(context.channels),
        active_sessions=sum(context.population.values()),
        version=context.version,
        last_tick_age_seconds=context.metrics.last_tick_age_s(),
        books_lost=context.books_lost,
        rivals=context.rivals(),
        robots_away=context.robots_away(),
        panic=panic_in_words(context, context.channels),
    )
