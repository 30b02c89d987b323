"""The HTTP side: ``/metrics`` for Prometheus and ``/health`` for probes.

Promises: a check that fails or hangs answers 500 within two seconds; answers hold no secrets and
no error texts. Limits: no TLS, no authentication, plain GET; it binds to 127.0.0.1 unless told
otherwise. aiohttp needs the asyncio backend.
"""

import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Literal

import anyio
import structlog
from aiohttp import web

from economy_actors.metrics.metrics import CONTENT_TYPE

__all__ = ("Health", "HttpBindError", "Listening", "serve")

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
