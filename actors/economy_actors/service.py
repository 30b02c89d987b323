"""The composition of a running service, for the command line, the sandbox and the tests."""

import gc
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio
import structlog

from economy_actors.backlog import Backlog
from economy_actors.clock import Clock, SystemClock
from economy_actors.context import LiveSettings, World
from economy_actors.gateway.aliases import Aliases
from economy_actors.gateway.bus import Bus
from economy_actors.handlers.registry import COMMANDS, REQUESTS
from economy_actors.ledger.home import books_at, reports_at
from economy_actors.metrics.exporter import check_health
from economy_actors.metrics.http import Listening, serve
from economy_actors.metrics.metrics import Metrics
from economy_actors.root import Parts, Root
from economy_actors.runtime import ActorSystem, DrainReport, Observer, open_system
from kryten_economy import __version__
from kryten_economy.config import enabled_multipliers_line, presence_hour_line
from kryten_economy.dice import Dice
from kryten_economy.features.chat.triggers import dead_triggers

__all__ = ("STOP_WITHIN_S", "Service", "freeze_startup_objects", "open_service")

STOP_WITHIN_S = 8.5
"""Draining must leave time to close the bus before systemd loses its patience after 10 s."""

_BUS_CLOSE_S = 1.0

_GC_THRESHOLDS = (10_000, 10, 10)
"""New objects before the youngest are searched, and searches before the next older ones are."""

_log = structlog.get_logger("service")


def freeze_startup_objects() -> None:
    """Keep the garbage collector away from what was loaded until now, and have it run less often.

    Code and settings stay as long as the process. A crowd's minute or a batch makes and drops
    thousands of values without a cycle; with Python's own thresholds they would be searched for
    cycles a hundred times, and with them all that was ever loaded.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)


@dataclass(slots=True)
class Service:
    """A running service."""

    world: World
    system: ActorSystem
    bus: Bus
    listening: Listening | None
    stop_asked: anyio.Event
    drained: DrainReport | None = None
    restart_asked: bool = False
    """Whether whoever runs the service is to start it again when it has ended."""

    operator_needed: bool = False
    """Whether starting it again would do harm before an operator has acted."""

    def ask_to_stop(self, reason: str) -> None:
        """Have whoever runs the service end it."""
        _log.info("stop asked", reason=reason)
        self.stop_asked.set()

    def ask_to_restart(self, reason: str) -> None:
        """Have whoever runs the service end it and start it again."""
        self.restart_asked = True
        self.ask_to_stop(reason)

    def give_up(self, reason: str) -> None:
        """Have whoever runs the service end it, and leave it to an operator."""
        self.operator_needed = True
        self.ask_to_stop(reason)


@asynccontextmanager
async def open_service(
    live: LiveSettings, *, clock: Clock | None = None, dice: Dice | None = None
) -> AsyncIterator[Service]:
    """Run a service until the block is left; then it drains, the books last.

    The bus may be away: the service keeps trying to reach it. Raises the errors of the books
    and of the HTTP server when they can't be opened, RootFailed when the tree fails at start.
    """
    settings = live.settings
    channels = tuple(each.channel for each in settings.channels)
    metrics = Metrics(
        channels=channels,
        commands=[spec.name for spec in COMMANDS],
        api_commands=REQUESTS.names,
        triggers=dead_triggers(settings, ()),
    )
    chance = dice or Dice.from_system()
    world = World(live, clock or SystemClock(), metrics, chance, __version__)
    observer = Observer()
    async with (
        open_system(observer=observer, chance=chance.roll) as system,
        AsyncExitStack() as http,
    ):
        metrics.watch_runtime(observer, system.depths)
        bus = Bus(settings)
        world.backlog = Backlog(bus.gate)
        world.bus_connected = lambda: bus.connected
        world.people = Aliases(bus.alias_owner, metrics.userstats_silent)
        service = Service(world, system, bus, None, anyio.Event())
        data_file = Path(settings.database.path)
        parts = Parts(
            books=partial(books_at, data_file),
            reports=partial(reports_at, data_file),
            bus=bus,
            data_file=data_file,
            restart=service.ask_to_restart,
            give_up=service.give_up,
        )
        await system.spawn_root("root", lambda: Root(world, parts, channels))
        if settings.metrics.enabled:
            service.listening = await http.enter_async_context(_http(world))
        _log.info("service started", version=__version__, channels=channels)
        _log.info(enabled_multipliers_line(settings))
        hour = presence_hour_line(settings)
        if hour is not None:
            _log.info(hour)
        try:
            yield service
        finally:
            with anyio.CancelScope(shield=True):
                service.drained = await system.stop(STOP_WITHIN_S)
                with anyio.move_on_after(_BUS_CLOSE_S):
                    await bus.close("Service stopped")


@asynccontextmanager
async def _http(world: World) -> AsyncIterator[Listening]:
    settings = world.live.settings.metrics
    page: Callable[[], bytes] = world.metrics.render
    async with serve(
        page,
        partial(check_health, world),
        host=settings.host,
        port=settings.port,
        metrics_path=settings.metrics_path,
        health_path=settings.health_path,
    ) as listening:
        yield listening
