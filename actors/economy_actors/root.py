"""The supervision tree: what depends on a restarted part is restarted with it.

Started from the books outwards to the bus and drained the other way round. Refs are handed
out through the `World` and stay the same over restarts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import structlog

from economy_actors.api.actor import MAILBOX as API_MAILBOX
from economy_actors.api.actor import Api
from economy_actors.channel.actor import MAILBOX as CHANNEL_MAILBOX
from economy_actors.channel.actor import Channel
from economy_actors.channel.messages import BooksChanged, BotSpoke
from economy_actors.context import World
from economy_actors.gateway.actor import Gateway
from economy_actors.gateway.bus import Bus
from economy_actors.jobs.actor import MAILBOX as OCCASIONS_MAILBOX
from economy_actors.jobs.actor import Occasions
from economy_actors.jobs.daily import DailyJobs
from economy_actors.jobs.scheduler import Scheduler
from economy_actors.ledger.actor import MAILBOX as LEDGER_MAILBOX
from economy_actors.ledger.actor import Ledger
from economy_actors.ledger.client import commit, query
from economy_actors.ledger.home import Home
from economy_actors.ledger.reader import MAILBOX as READER_MAILBOX
from economy_actors.ledger.reader import Reader
from economy_actors.metrics.exporter import Exporter
from economy_actors.outbox.actor import outbox_factory
from economy_actors.outbox.limits import Limits
from economy_actors.outbox.report import Depths
from economy_actors.persons import MAILBOX as PERSONS_MAILBOX
from economy_actors.persons import Persons
from economy_actors.runtime import Actor, Ref, Strategy, Supervision
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.errors import LedgerError, UnsavedBooks
from kryten_economy.ledger.facts import Facts
from kryten_economy.ledger.holds import ReleaseOrphans

__all__ = ("Parts", "Root")

OUTBOX_MAILBOX = 4096

_log = structlog.get_logger("root")


@dataclass(frozen=True, slots=True)
class Parts:
    """What the tree is built around: the disk, the bus, and how the process is ended.

    ``restart`` has it started again, ``give_up`` says that only an operator can help.
    """

    books: Callable[[], Home[Books]]
    reports: Callable[[], Home[Reports]]
    bus: Bus
    data_file: Path | None
    restart: Callable[[str], None]
    give_up: Callable[[str], None]


class Group(Actor[Any]):
    """A supervisor without work of its own; its children do not depend on each other."""

    supervision: ClassVar[Supervision] = Supervision(drain_s=5.0)

    def __init__(
        self,
        children: Mapping[str, Callable[[], Actor[Any]]],
        refs: dict[str, Ref[Any]],
        capacity: int,
        kind: str,
    ) -> None:
        self._children = children
        self._refs = refs
        self._capacity = capacity
        self._kind = kind

    async def started(self) -> None:
        """Start or adopt the children."""
        for name, factory in self._children.items():
            self._refs[name] = self.spawn(name, factory, capacity=self._capacity, kind=self._kind)


class Root(Actor[Any]):
    """Owns everything; when it fails, the process ends and is started afresh."""

    supervision: ClassVar[Supervision] = Supervision(strategy=Strategy.REST_FOR_ONE, drain_s=5.0)

    def __init__(self, world: World, parts: Parts, channels: tuple[str, ...]) -> None:
        self._world = world
        self._parts = parts
        self._channels = channels

    async def started(self) -> None:
        """Start the books first and the bus last."""
        world, parts = self._world, self._parts
        world.ledger = await self.spawn_started(
            "ledger",
            lambda: Ledger(parts.books, world.metrics, self._publish, self._books_taken_away),
            capacity=LEDGER_MAILBOX,
        )
        world.reader = await self.spawn_started("reader", self._reader, capacity=READER_MAILBOX)
        await self._settle_the_past()
        world.persons = await self.spawn_started(
            "persons", lambda: Persons(world.people), capacity=PERSONS_MAILBOX
        )
        await self.spawn_started("announcers", self._announcers())
        await self.spawn_started("channels", self._channel_group())
        await self.spawn_started("occasions", self._occasion_group())
        await self.spawn_started("scheduler", lambda: Scheduler(world, parts.data_file))
        await self.spawn_started("jobs", lambda: DailyJobs(world))
        world.api = await self.spawn_started(
            "api", lambda: Api(world, parts.bus), capacity=API_MAILBOX
        )
        await self.spawn_started("exporter", lambda: Exporter(world))
        world.gateway = await self.spawn_started(
            "gateway", lambda: Gateway(world, parts.bus, parts.restart)
        )

    def _publish(self, facts: Facts) -> None:
        """Tell a channel what a commit has changed there; without it the facts are for nobody."""
        channel = self._world.channels.get(facts.channel)
        if channel is not None and channel.is_open:
            channel.offer(BooksChanged(facts))

    def _books_taken_away(self, error: LedgerError) -> None:
        """Tell operators, and end once nothing would be lost by it."""
        self._world.books_lost = True
        if not isinstance(error, UnsavedBooks):
            self._parts.give_up(str(error))

    def _reader(self) -> Reader:
        world = self._world
        return Reader(
            self._parts.reports, world.ledger, world.metrics, world.clock.now_ms, self._channels
        )

    def _bot_spoke(self, channel: str, text: str) -> None:
        """A public line of the bot account from elsewhere."""
        self._world.channels[channel].offer(BotSpoke(text))

    def _announcers(self) -> Callable[[], Group]:
        world = self._world
        depths = Depths(world.metrics)
        outboxes = {
            channel: outbox_factory(
                channel,
                pace=world.live.settings.pace,
                limits=Limits.of(world.live.settings),
                sender=self._parts.bus,
                meter=world.metrics,
                depths=depths,
                chance=world.dice.roll,
                foreign=partial(self._bot_spoke, channel),
            )
            for channel in self._channels
        }
        return lambda: Group(outboxes, world.outboxes, OUTBOX_MAILBOX, "outbox")

    def _channel_group(self) -> Callable[[], Group]:
        world = self._world
        channels = {name: partial(Channel, name, world) for name in self._channels}
        return lambda: Group(channels, world.channels, CHANNEL_MAILBOX, "channel")

    def _occasion_group(self) -> Callable[[], Group]:
        world = self._world
        occasions = {name: partial(Occasions, name, world) for name in self._channels}
        return lambda: Group(occasions, world.occasions, OCCASIONS_MAILBOX, "occasions")

    async def _settle_the_past(self) -> None:
        """Continue the lifetime counters, and give back what nobody is left to settle."""
        world = self._world
        world.metrics.restore(await query(world.reader, lambda reports: reports.counters()))
        at_ms = world.clock.now_ms()
        day = world.live.calendar.day(at_ms)
        purposes = await query(world.reader, self._open_purposes)
        while purposes:
            request = ReleaseOrphans(purposes, "service restarted", at_ms, day)
            answer = await commit(world.ledger, request)
            if not answer.released:
                return
            _log.warning("orphaned holds returned", count=len(answer.released))

    def _open_purposes(self, reports: Reports) -> tuple[str, ...]:
        holds = (hold for channel in self._channels for hold in reports.open_holds(channel))
        return tuple({hold.purpose for hold in holds})
