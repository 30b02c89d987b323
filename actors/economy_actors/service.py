"""The composition of a running service, for the command line, the sandbox and the tests.

Word to systemd about the service's state, as sd_notify(3) defines it.

Promises: does nothing when systemd did not ask (no ``NOTIFY_SOCKET``); never waits and never
fails because of systemd. Limits: unix sockets only, by path or abstract (``@name``).
"""

import gc
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio
import structlog

from economy_actors.backlog import Backlog
from economy_actors.clock import Clock, SystemClock
from economy_actors.context import Context, LiveSettings
from economy_actors.exporter import Listening, check_health, serve
from economy_actors.gateway.bus import Bus
from economy_actors.gateway.worker import Aliases
from economy_actors.handlers.registry import COMMANDS, REQUESTS
from economy_actors.ledger import books_at, reports_at
from economy_actors.metrics.metrics import Metrics
from economy_actors.pages.server import listen
from economy_actors.root import Parts, Root
from economy_actors.runtime import ActorSystem, DrainReport, Observer, open_system
from kryten_economy import __version__
from kryten_economy.config import enabled_multipliers_line, presence_hour_line
from kryten_economy.dice import Dice
from kryten_economy.features.chat.triggers import dead_triggers

__all__ = (
    "STOP_WITHIN_S",
    "Notifier",
    "Service",
    "open_service",
    "prepare_interpreter",
)

_log = structlog.get_logger("notify")


@dataclass(frozen=True, slots=True)
class Notifier:
    """Speaks to the service manager; build it with `from_environ`."""

    address: str | None
    """Path of the socket, or ``@name`` for an abstract one; None: nobody listens."""
    watchdog_s: float | None
    """How often systemd wants a sign of life, at the latest; None: never."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], pid: int | None = None) -> "Notifier":
        """Read ``NOTIFY_SOCKET``, ``WATCHDOG_USEC`` and ``WATCHDOG_PID``."""
        address = environ.get("NOTIFY_SOCKET") or None
        if address is not None and address[0] not in "/@":
            _log.warning("notify socket has an unknown form", address=address)
            address = None
        usec = environ.get("WATCHDOG_USEC", "")
        meant_for = environ.get("WATCHDOG_PID", "")
        ours = not meant_for or meant_for == str(os.getpid() if pid is None else pid)
        wanted = ours and usec.isascii() and usec.isdigit() and int(usec) > 0
        return cls(address, int(usec) / 1_000_000 if wanted else None)

    def ready(self) -> None:
        """The service takes work."""
        self._send("READY=1")

    def status(self, text: str) -> None:
        """One line for people, shown by ``systemctl status``."""
        self._send("STATUS=" + " ".join(text.split()))

    def stopping(self) -> None:
        """The service drains and will end."""
        self._send("STOPPING=1")

    def watchdog(self) -> None:
        """A sign of life."""
        self._send("WATCHDOG=1")

    async def feed_watchdog(self, alive: Callable[[], bool]) -> None:
        """Give signs of life twice per interval while ``alive()``; ends at once if none are wanted.

        It runs on the event loop on purpose: a blocked loop gives no sign and is restarted.
        """
        while self.watchdog_s is not None:
            if alive():
                self.watchdog()
            await anyio.sleep(self.watchdog_s / 2)

    def _send(self, message: str) -> None:
        if self.address is None:
            return
        target = "\0" + self.address[1:] if self.address.startswith("@") else self.address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            try:
                sender.sendto(message.encode(), target)
            except OSError as error:
                _log.warning("systemd did not take a message", sent=message, error=str(error))


STOP_WITHIN_S = 8.5
"""Draining must leave time to close the bus before systemd loses its patience after 10 s."""

_BUS_CLOSE_S = 1.0

_GC_THRESHOLDS = (10_000, 50, 10)
"""New objects before the youngest are searched, and searches before the next older ones are.

A minute of 20,000 users makes fewer that last than the second search waits for, so most are gone
before anybody looks at them again. To go through all that a crowd consists of takes a second, in
which nobody is answered; to go through 10,000 new ones takes three milliseconds.
"""

_SWITCH_S = 0.001
"""So long a thread keeps the interpreter while another waits for it.

The ledger's thread lets go of it with each statement and has to get it back: with Python's own
five milliseconds a commit of ten statements waits fifty while the loop has much to do.
"""


def prepare_interpreter() -> None:
    """Have those who ask wait for neither the garbage collector nor another thread.

    The collector keeps away from what was loaded until now, since code and settings stay as long
    as the process. A crowd's minute or a batch makes and drops thousands of values without a
    cycle; with Python's own thresholds they would be searched for cycles a hundred times, and with
    them all that was ever loaded.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
    sys.setswitchinterval(_SWITCH_S)


@dataclass(slots=True)
class Service:
    """A running service."""

    context: Context
    system: ActorSystem
    bus: Bus
    listening: Listening | None
    pages: str | None
    """The address under which browsers reach the pages, if there are any."""
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
    context = Context(live, clock or SystemClock(), metrics, chance, __version__)
    observer = Observer()
    async with (
        open_system(observer=observer, chance=chance.roll) as system,
        AsyncExitStack() as http,
    ):
        metrics.watch_runtime(observer, system.depths)
        bus = Bus(settings)
        context.backlog = Backlog(bus.gate)
        context.bus_connected = lambda: bus.connected
        context.people = Aliases(bus.alias_owner, metrics.userstats_silent)
        service = Service(context, system, bus, None, None, anyio.Event())
        data_file = Path(settings.database.path)
        pages = None
        if settings.web is not None:
            pages = http.enter_context(closing(listen(settings.web)))
            service.pages = settings.web.public_url or _address(pages)
        parts = Parts(
            books=partial(books_at, data_file),
            reports=partial(reports_at, data_file),
            bus=bus,
            data_file=data_file,
            restart=service.ask_to_restart,
            give_up=service.give_up,
            pages=pages,
        )
        await system.spawn_root("root", lambda: Root(context, parts, channels))
        if settings.metrics.enabled:
            service.listening = await http.enter_async_context(_http(context))
        if service.pages is not None:
            _log.info("pages are open", address=service.pages)
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


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@asynccontextmanager
async def _http(context: Context) -> AsyncIterator[Listening]:
    settings = context.live.settings.metrics
    page: Callable[[], bytes] = context.metrics.render
    async with serve(
        page,
        partial(check_health, context),
        host=settings.host,
        port=settings.port,
        metrics_path=settings.metrics_path,
        health_path=settings.health_path,
    ) as listening:
        yield listening
