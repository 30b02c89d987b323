"""A channel with real books on a virtual clock, and an outbox that keeps what it was told."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import anyio
from tests.actors.shelf import Shelf

from economy_actors.channel.actor import Channel
from economy_actors.context import Context, LiveSettings
from economy_actors.gateway.worker import Persons
from economy_actors.handlers.registry import COMMANDS
from economy_actors.jobs.daily import DailyJobs
from economy_actors.jobs.fair import FairSeeds
from economy_actors.jobs.panic import Panic
from economy_actors.jobs.prices import Prices
from economy_actors.jobs.reports import Reporter
from economy_actors.jobs.scheduler import ChannelEvents, Scheduler
from economy_actors.keys import JwksSource, Keys, KeySource
from economy_actors.ledger import Executor, InlineExecutor, Ledger, Reader
from economy_actors.llm import Llm
from economy_actors.messages.channel import (
    BooksChanged,
    ChannelMessage,
    Joined,
    Left,
    Listed,
    ListedUser,
    MinutePassed,
    PrivateMessage,
    RankChanged,
    Said,
    ShowPresence,
)
from economy_actors.metrics.metrics import Metrics
from economy_actors.outbox.message import Line, Pm
from economy_actors.outbox.protocol import Drain, OutboxMessage
from economy_actors.playlist.actor import Playlist
from economy_actors.questions import Fetched, NoQuestions, Questions, Wish
from economy_actors.runtime import (
    Actor,
    ActorSystem,
    Observer,
    Ref,
    Strategy,
    Supervision,
    open_system,
)
from economy_actors.tables.floor import FLOOR_MAILBOX, Floor
from kryten_economy.config import Settings
from kryten_economy.dice import Dice
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.errors import LedgerError
from kryten_economy.ledger.facts import Facts
from kryten_economy.ledger.invariants import verify
from kryten_economy.ledger.operation import Request
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.users import UserKey

__all__ = (
    "CHANNEL",
    "NO_TRIGGERS",
    "PLAIN_MULTIPLIERS",
    "PRESENCE_ONLY",
    "START_MS",
    "House",
    "house",
    "settings_with",
)

CHANNEL = "TestChan"
START_MS = 1_795_168_800_000
"""2026-11-20 10:00:00 UTC."""

MINUTE_MS = 60_000

SETTLE_S = 0.06
"""More than anything waits before it does what follows at once."""


PLAIN_MULTIPLIERS: dict[str, Any] = {
    "off_peak": {"enabled": False},
    "high_population": {"enabled": False},
    "holidays": {"enabled": False},
}
"""Nothing multiplies, whatever the hour: most tests count plain minutes."""

_OFF: dict[str, Any] = {"enabled": False}
NO_TRIGGERS: dict[str, Any] = {
    "chat_triggers": {
        "long_message": _OFF,
        "laugh_received": _OFF,
        "kudos_received": _OFF,
        "first_message_of_day": _OFF,
        "conversation_starter": _OFF,
    },
    "content_triggers": {
        "first_after_media_change": _OFF,
        "comment_during_media": _OFF,
        "survived_full_media": _OFF,
    },
    "social_triggers": {
        "greeted_newcomer": _OFF,
        "mentioned_by_other": _OFF,
        "bot_interaction": _OFF,
    },
}
"""Talk pays nothing: most tests chat for another reason."""


PRESENCE_ONLY: dict[str, Any] = {
    "multipliers": PLAIN_MULTIPLIERS,
    **NO_TRIGGERS,
    "rain": {"enabled": False},
    "balance_maintenance": {"mode": "none"},
}
"""Nothing but minutes, arrivals and what they add up to pays by itself."""


def settings_with(**sections: Any) -> Settings:
    """Settings of one channel, with some sections given; what would pay by itself is off."""
    base: dict[str, Any] = {
        "nats": {"servers": ["nats://127.0.0.1:4222"]},
        "channels": [{"domain": "cytube.test", "channel": CHANNEL}],
        **PRESENCE_ONLY,
    }
    return Settings(**(base | sections))


class VirtualClock:
    """Wall time that follows the event loop's own clock."""

    def now_ms(self) -> int:
        return self.steady_ms() - self._zero_ms

    def steady_ms(self) -> int:
        return round(anyio.current_time() * 1000) + self._stalled_ms

    def stall(self, ms: int) -> None:
        """Time passes by both clocks while nobody in the process runs."""
        self._stalled_ms += ms

    def set_by(self, ms: int) -> None:
        """Somebody sets the wall clock, forward or back."""
        self._zero_ms -= ms

    def __init__(self, start_ms: int = START_MS) -> None:
        self._stalled_ms = 0
        self._zero_ms = round(anyio.current_time() * 1000) - start_ms

    def wait_s(self, at_ms: int) -> float:
        return max(0.0, (at_ms - self.now_ms()) / 1000)


class Recorder(Actor[OutboxMessage]):
    """Stands where the outbox stands and keeps what it is told."""

    def __init__(self, heard: list[OutboxMessage]) -> None:
        self.heard = heard

    async def receive(self, message: OutboxMessage) -> None:
        if isinstance(message, Drain):
            message.reply.send(0)
        else:
            self.heard.append(message)


@dataclass(slots=True)
class House:
    """What a test holds in its hands."""

    context: Context
    system: ActorSystem
    channel: Ref[ChannelMessage]
    path: Path
    observer: Observer
    heard: list[OutboxMessage] = field(default_factory=list)

    async def settle(self) -> None:
        """Let everything that is under way come to its end.

        The clock moves on only when every task waits, so one wait lets all of them run.
        """
        await anyio.sleep(SETTLE_S)

    async def join(self, name: str, rank: float = 1) -> None:
        self.channel.tell(Joined(name, rank, False, self.now_ms))
        await self.settle()

    async def leave(self, name: str) -> None:
        self.channel.tell(Left(name, self.now_ms))
        await self.settle()

    async def chat(self, name: str, text: str) -> None:
        self.channel.tell(Said(name, text, self.now_ms))
        await self.settle()

    async def pm(self, name: str, text: str, trace: str | None = None) -> list[str]:
        """Send a PM; returns what the sender was answered."""
        before = len(self.heard)
        self.channel.tell(PrivateMessage(name, text, self.now_ms), trace=trace)
        await self.settle()
        return [
            each.text
            for each in self.heard[before:]
            if isinstance(each, Pm) and each.to.lower() == name.lower()
        ]

    async def rank(self, name: str, rank: float) -> None:
        self.channel.tell(RankChanged(name, rank))
        await self.settle()

    async def userlist(self, *users: tuple[str, float], stored: bool = False) -> None:
        listed = tuple(ListedUser(name, rank, None) for name, rank in users)
        self.channel.tell(Listed(listed, self.now_ms, stored))
        await self.settle()

    async def minutes(self, count: int) -> None:
        """Let whole minutes pass, each with its tick."""
        for _ in range(count):
            due_ms = (self.now_ms // MINUTE_MS + 1) * MINUTE_MS
            await anyio.sleep((due_ms - self.now_ms) / 1000)
            self.channel.tell(MinutePassed(due_ms))
            await self.settle()

    async def present(self) -> set[str]:
        view = await self.channel.ask(ShowPresence, timeout_s=5)
        return {user.name for user in view.users}

    @property
    def now_ms(self) -> int:
        return self.context.clock.now_ms()

    def wallet(self, name: str) -> Wallet | None:
        day = self.context.live.calendar.day(self.now_ms)
        wallet: Wallet | None = self.report(
            lambda reports: reports.wallet(UserKey.of(CHANNEL, name), day)
        )
        return wallet

    def balance(self, name: str) -> int:
        wallet = self.wallet(name)
        assert wallet is not None, name
        return wallet.balance_z

    def report(self, query: Callable[[Reports], Any]) -> Any:
        reports = Reports.open(self.path)
        try:
            return query(reports)
        finally:
            reports.close()

    async def commit(self, request: Request[Any]) -> Any:
        from economy_actors.messages.ledger import commit

        return await commit(self.context.ledger, request)

    def pms(self, name: str) -> list[str]:
        return [m.text for m in self.heard if isinstance(m, Pm) and m.to.lower() == name.lower()]

    def lines(self) -> list[str]:
        return [m.text for m in self.heard if isinstance(m, Line)]


class _Root(Actor[Any]):
    supervision: ClassVar[Supervision] = Supervision(strategy=Strategy.REST_FOR_ONE)

    def __init__(self, start: Callable[["_Root"], Any]) -> None:
        self._start = start

    async def started(self) -> None:
        await self._start(self)


class Nowhere:
    """No server of questions can be reached, so the built-in ones are asked."""

    async def fetch(self, wish: Wish) -> Fetched:
        return NoQuestions(f"nothing at {wish.url}")

    async def close(self) -> None:
        pass


def _built_in(context: Context) -> Actor[Any]:
    return Questions(context, Nowhere)


def _reports_inline(path: Path) -> Executor[Reports]:
    return InlineExecutor(lambda: Reports.open(path))


@asynccontextmanager
async def house(
    path: Path,
    settings: Settings | None = None,
    *,
    channels: Sequence[str] = (CHANNEL,),
    scheduled: bool = False,
    start_ms: int = START_MS,
    books: Callable[[Path], Books] = Books.open,
    gateway: Callable[[Context], Actor[Any]] | None = None,
    catalogue: Callable[[Context], Actor[Any]] = lambda _context: Shelf(),
    reports: Callable[[Path], Executor[Reports]] = _reports_inline,
    llm: Callable[[], Actor[Any]] = Llm,
    questions: Callable[[Context], Actor[Any]] = _built_in,
    keys: Callable[[], KeySource] = JwksSource,
    outbox: Callable[[Context], Callable[[], Actor[OutboxMessage]]] | None = None,
    facts_to: Callable[[Facts], object] = lambda _: None,
    more: Callable[[Actor[Any], Context], object] = lambda _root, _context: None,
) -> AsyncIterator[House]:
    """Real books, reader, channel and sessions; a recording outbox; no bus.

    With ``scheduled`` the real scheduler tells the minutes, instead of `House.minutes`.
    The clock begins at ``start_ms``; ``books`` and ``reports`` open the file; ``gateway`` makes
    what stands between the channel and a bus, ``catalogue`` what is asked for media, ``llm`` what
    writes texts, ``questions`` what is asked for those of trivia, ``keys`` where those of tokens
    come from, ``outbox`` what speaks instead of the recorder; ``facts_to`` hears of each commit;
    ``more`` has the root start something besides.
    """
    live = LiveSettings(settings or settings_with())
    metrics = Metrics(channels=channels, commands=[spec.name for spec in COMMANDS])
    context = Context(live, VirtualClock(start_ms), metrics, Dice(7), "1.2.3")
    observer = Observer()
    heard: list[OutboxMessage] = []

    def publish(facts: Facts) -> None:
        facts_to(facts)
        channel = context.channels.get(facts.channel)
        if channel is not None and channel.is_open:
            channel.offer(BooksChanged(facts))

    def lost(_error: LedgerError) -> None:
        context.books_lost = True

    async def start(root: _Root) -> None:
        context.ledger = await root.spawn_started(
            "ledger",
            lambda: Ledger(lambda: InlineExecutor(lambda: books(path)), metrics, publish, lost),
            capacity=4096,
        )
        context.reader = await root.spawn_started(
            "reader",
            lambda: Reader(
                lambda: reports(path),
                context.ledger,
                metrics,
                context.clock.now_ms,
                channels,
            ),
        )
        context.prices = await root.spawn_started(
            "prices", lambda: Prices(context, tuple(channels))
        )
        context.panic = await root.spawn_started("panic", lambda: Panic(context, tuple(channels)))
        context.catalogue = root.spawn("catalogue", lambda: catalogue(context), capacity=1024)
        context.llm = root.spawn("llm", llm)
        context.questions = root.spawn("questions", lambda: questions(context))
        key_ring = root.spawn("keys", lambda: Keys(context, keys), capacity=1024)
        context.keys = key_ring
        context.persons = root.spawn("persons", lambda: Persons(context.people), capacity=1024)
        speaks = outbox(context) if outbox is not None else lambda: Recorder(heard)
        for channel in channels:
            context.outboxes[channel] = root.spawn(
                f"outbox-{channel}", speaks, capacity=4096, kind="outbox"
            )
            context.channels[channel] = root.spawn(
                channel, partial(Channel, channel, context), capacity=1024, kind="channel"
            )
            context.playlists[channel] = root.spawn(
                f"playlist-{channel}", partial(Playlist, channel, context), capacity=1024
            )

        for channel in channels:
            context.channel_events[channel] = root.spawn(
                f"events-{channel}", partial(ChannelEvents, channel, context), kind="events"
            )
        for channel in channels:
            context.floors[channel] = root.spawn(
                f"floor-{channel}",
                partial(Floor, channel, context),
                capacity=FLOOR_MAILBOX,
                kind="floor",
            )
        if scheduled:
            root.spawn("scheduler", lambda: Scheduler(context, None))
            root.spawn("jobs", lambda: DailyJobs(context))
            root.spawn("reporter", lambda: Reporter(context))
            root.spawn("fair_seeds", lambda: FairSeeds(context, tuple(channels)))
        if gateway is not None:
            context.gateway = root.spawn("gateway", lambda: gateway(context))
        more(root, context)

    async with open_system(observer=observer) as system:
        await system.spawn_root("root", lambda: _Root(start))
        yield House(context, system, context.channels[channels[0]], path, observer, heard)
        await system.stop(9)
    assert verify(path).ok, verify(path)
