"""The supervision tree: what depends on a restarted part is restarted with it.

Started from the books outwards to the bus and drained the other way round. Refs are handed
out through the `Context` and stay the same over restarts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from socket import socket
from typing import Any, ClassVar

import structlog

from economy_actors.api import MAILBOX as API_MAILBOX
from economy_actors.api import Api
from economy_actors.catalogue.actor import MAILBOX as CATALOGUE_MAILBOX
from economy_actors.catalogue.actor import Catalogue
from economy_actors.channel.actor import MAILBOX as CHANNEL_MAILBOX
from economy_actors.channel.actor import Channel
from economy_actors.colours import Colours
from economy_actors.context import Context
from economy_actors.exporter import Exporter
from economy_actors.gateway.actor import Gateway
from economy_actors.gateway.bus import Bus
from economy_actors.gateway.worker import PERSONS_MAILBOX, Persons
from economy_actors.jobs.configuration import KeepsSettings
from economy_actors.jobs.daily import DailyJobs
from economy_actors.jobs.fair import FairSeeds
from economy_actors.jobs.panic import Panic
from economy_actors.jobs.prices import Prices
from economy_actors.jobs.reports import Reporter
from economy_actors.jobs.scheduler import MAILBOX as EVENTS_MAILBOX
from economy_actors.jobs.scheduler import ChannelEvents, Scheduler
from economy_actors.keys import MAILBOX as KEYS_MAILBOX
from economy_actors.keys import Keys
from economy_actors.ledger import LEDGER_MAILBOX, Executor, Ledger, Reader, reader_capacity
from economy_actors.llm import Llm
from economy_actors.messages.channel import BooksChanged, BotSpoke
from economy_actors.messages.ledger import commit, query
from economy_actors.messages.vanity import LineTold
from economy_actors.outbox.actor import outbox_factory
from economy_actors.outbox.delivery import Depths
from economy_actors.outbox.limits import Limits
from economy_actors.pages.actor import Pages
from economy_actors.pages.streams import Live
from economy_actors.playlist.actor import MAILBOX as PLAYLIST_MAILBOX
from economy_actors.playlist.actor import Playlist
from economy_actors.questions import OpenTriviaDb, Questions, Source
from economy_actors.runtime import Actor, Ref, Strategy, Supervision
from economy_actors.stylesheet import Stylesheet
from economy_actors.tables.floor import FLOOR_MAILBOX, Floor
from economy_actors.wallets import MAILBOX as WALLETS_MAILBOX
from economy_actors.wallets import Changes, Told, WalletBucket
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.errors import LedgerError, UnsavedBooks
from kryten_economy.ledger.expiry import ReleaseOrphans, resumes
from kryten_economy.ledger.facts import Facts

__all__ = ("Parts", "Root")

OUTBOX_MAILBOX = 4096
STYLES_MAILBOX = 64

_log = structlog.get_logger("root")


@dataclass(frozen=True, slots=True)
class Parts:
    """What the tree is built around: the disk, the bus, and how the process is ended.

    ``restart`` has it started again, ``give_up`` says that only an operator can help;
    ``questions`` makes the server that trivia is played with; ``pages`` is the socket on which
    pages are served, if they are.
    """

    books: Callable[[], Executor[Books]]
    reports: Callable[[], Executor[Reports]]
    bus: Bus
    data_file: Path | None
    restart: Callable[[str], None]
    give_up: Callable[[str], None]
    questions: Callable[[], Source] = OpenTriviaDb
    pages: socket | None = None


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

    def __init__(self, context: Context, parts: Parts, channels: tuple[str, ...]) -> None:
        self._context = context
        self._parts = parts
        self._channels = channels
        self._wallets: Ref[Any] | None = None
        self._wallet_changes = Changes()
        self._live = Live()

    async def started(self) -> None:
        """Start the books first and the bus last."""
        context, parts = self._context, self._parts
        context.ledger = await self.spawn_started(
            "ledger",
            lambda: Ledger(parts.books, context.metrics, self._publish, self._books_taken_away),
            capacity=LEDGER_MAILBOX,
        )
        context.reader = await self.spawn_started(
            "reader", self._reader, capacity=reader_capacity(len(self._channels))
        )
        await self._settle_the_past()
        context.persons = await self.spawn_started(
            "persons", lambda: Persons(context.people), capacity=PERSONS_MAILBOX
        )
        context.prices = await self.spawn_started("prices", lambda: Prices(context, self._channels))
        context.panic = await self.spawn_started("panic", lambda: Panic(context, self._channels))
        await self.spawn_started("announcers", self._announcers())
        await self.spawn_started("channels", self._channel_group())
        await self.spawn_started("playlists", self._playlist_group())
        await self.spawn_started("stylesheets", self._stylesheet_group())
        await self.spawn_started("colours", self._colours_group())
        await self.spawn_started("channel_events", self._channel_events_group())
        await self.spawn_started("floors", self._floors())
        await self.spawn_started("scheduler", lambda: Scheduler(context, parts.data_file))
        await self.spawn_started("jobs", lambda: DailyJobs(context))
        self.spawn("settings", lambda: KeepsSettings(context))
        await self.spawn_started("reporter", lambda: Reporter(context))
        await self.spawn_started("fair_seeds", lambda: FairSeeds(context, self._channels))
        # Behind the channels, so that at a stop nobody in them waits for it.
        catalogue = await self.spawn_started(
            "catalogue", lambda: Catalogue(context), capacity=CATALOGUE_MAILBOX
        )
        context.catalogue = catalogue
        llm = await self.spawn_started("llm", Llm)
        context.llm = llm
        questions = await self.spawn_started(
            "questions", lambda: Questions(context, parts.questions)
        )
        context.questions = questions
        keys = await self.spawn_started("keys", lambda: Keys(context), capacity=KEYS_MAILBOX)
        context.keys = keys
        context.api = await self.spawn_started(
            "api", lambda: Api(context, parts.bus), capacity=API_MAILBOX
        )
        await self.spawn_started("exporter", lambda: Exporter(context))
        self._wallets = await self.spawn_started(
            "wallets",
            lambda: WalletBucket(context, parts.bus, self._wallet_changes),
            capacity=WALLETS_MAILBOX,
        )
        context.gateway = await self.spawn_started(
            "gateway", lambda: Gateway(context, parts.bus, parts.restart)
        )
        # Last, so that a failure of theirs is nobody else's, and that they are the first to end.
        await self.spawn_started("web", self._pages())

    def _publish(self, facts: Facts) -> None:
        """Tell a channel what a commit has changed there; without it the facts are for nobody."""
        channel = self._context.channels.get(facts.channel)
        if channel is not None and channel.is_open:
            channel.offer(BooksChanged(facts))
        self._live.note(facts)
        wallets = self._wallets
        if wallets is None or not self._context.live.settings.wallets.enabled:
            return
        if self._wallet_changes.note(facts) and wallets.is_open:
            wallets.offer(Told())

    def _books_taken_away(self, error: LedgerError) -> None:
        """Tell operators, and end once nothing would be lost by it."""
        self._context.books_lost = True
        if not isinstance(error, UnsavedBooks):
            self._parts.give_up(str(error))

    def _reader(self) -> Reader:
        context = self._context
        return Reader(
            self._parts.reports,
            context.ledger,
            context.metrics,
            context.clock.now_ms,
            self._channels,
        )

    def _bot_spoke(self, channel: str, text: str) -> None:
        """A public line of the bot account from elsewhere."""
        self._context.channels[channel].offer(BotSpoke(text))

    def _line_told(self, channel: str, receipt: str, said: bool) -> None:  # called by place
        """What has become of a public line that somebody waits for."""
        self._context.channels[channel].offer(LineTold(receipt, said))

    def _announcers(self) -> Callable[[], Group]:
        context = self._context
        depths = Depths(context.metrics)
        outboxes = {
            channel: outbox_factory(
                channel,
                pace=context.live.settings.pace,
                limits=Limits.of(context.live.settings),
                sender=self._parts.bus,
                meter=context.metrics,
                depths=depths,
                chance=context.dice.roll,
                foreign=partial(self._bot_spoke, channel),
                told=partial(self._line_told, channel),
            )
            for channel in self._channels
        }
        return lambda: Group(outboxes, context.outboxes, OUTBOX_MAILBOX, "outbox")

    def _channel_group(self) -> Callable[[], Group]:
        context = self._context
        channels = {name: partial(Channel, name, context) for name in self._channels}
        return lambda: Group(channels, context.channels, CHANNEL_MAILBOX, "channel")

    def _playlist_group(self) -> Callable[[], Group]:
        context = self._context
        playlists = {name: partial(Playlist, name, context) for name in self._channels}
        return lambda: Group(playlists, context.playlists, PLAYLIST_MAILBOX, "playlist")

    def _stylesheet_group(self) -> Callable[[], Group]:
        context, styles = self._context, self._parts.bus
        sheets = {name: partial(Stylesheet, name, context, styles) for name in self._channels}
        return lambda: Group(sheets, context.stylesheets, STYLES_MAILBOX, "stylesheet")

    def _colours_group(self) -> Callable[[], Group]:
        context = self._context
        colours = {name: partial(Colours, name, context) for name in self._channels}
        return lambda: Group(colours, context.colours, STYLES_MAILBOX, "colours")

    def _channel_events_group(self) -> Callable[[], Group]:
        context = self._context
        channel_events = {name: partial(ChannelEvents, name, context) for name in self._channels}
        return lambda: Group(
            channel_events, context.channel_events, EVENTS_MAILBOX, "channel_events"
        )

    def _floors(self) -> Callable[[], Group]:
        context = self._context
        floors = {name: partial(Floor, name, context) for name in self._channels}
        return lambda: Group(floors, context.floors, FLOOR_MAILBOX, "floor")

    def _pages(self) -> Callable[[], Group]:
        context, listening, web = self._context, self._parts.pages, self._context.live.settings.web
        pages: dict[str, Callable[[], Actor[Any]]] = {}
        if web is not None and listening is not None:
            pages["pages"] = partial(Pages, context, web, listening, self._live)
        return lambda: Group(pages, {}, 64, "pages")

    async def _settle_the_past(self) -> None:
        """Continue the lifetime counters, and give back what nobody is left to settle."""
        context = self._context
        context.metrics.restore(await query(context.reader, lambda reports: reports.counters()))
        at_ms = context.clock.now_ms()
        day = context.live.calendar.day(at_ms)
        purposes = await query(context.reader, self._open_purposes)
        while purposes:
            request = ReleaseOrphans(purposes, "service restarted", at_ms, day)
            answer = await commit(context.ledger, request)
            if not answer.released:
                return
            _log.warning("orphaned holds returned", count=len(answer.released))

    def _open_purposes(self, reports: Reports) -> tuple[str, ...]:
        holds = (hold for channel in self._channels for hold in reports.open_holds(channel))
        return tuple({hold.purpose for hold in holds if not resumes(hold.purpose)})
