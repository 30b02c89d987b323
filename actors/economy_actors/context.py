"""What every actor of the service may use: settings, time, chance, metrics and each other's refs.

The root fills in the refs before anybody who needs them is started; they stay valid over
restarts.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from economy_actors.api.messages import ApiRequest
from economy_actors.backlog import Backlog
from economy_actors.channel.messages import ChannelMessage
from economy_actors.channel.snapshot import NOT_KNOWN, Published, WhoIsHere
from economy_actors.clock import Clock
from economy_actors.gateway.messages import GatewayMessage
from economy_actors.jobs.messages import OccasionMessage
from economy_actors.ledger.messages import LedgerMessage, ReaderMessage
from economy_actors.metrics.metrics import Metrics
from economy_actors.outbox.protocol import OutboxMessage
from economy_actors.persons import FindPersons
from economy_actors.runtime import Ref
from kryten_economy.calendar import Calendar
from kryten_economy.config import Settings
from kryten_economy.dice import Dice
from kryten_economy.features.events.rules import AdHoc
from kryten_economy.features.media.rules import Medium
from kryten_economy.features.presence.minutes import EarningTerms
from kryten_economy.features.ranks.rules import Ladder

__all__ = ("SERVICE_NAME", "LiveSettings", "People", "World")


SERVICE_NAME = "economy"


class LiveSettings:
    """Read ``settings`` and what is made of them at each use; never keep them over an await."""

    __slots__ = ("_ignored", "calendar", "ladder", "path", "settings")

    def __init__(self, settings: Settings, path: Path | None = None) -> None:
        self.path = path
        self.swap(settings)

    def swap(self, settings: Settings) -> None:
        """Put new settings in force, in one step."""
        self.settings = settings
        self.calendar = Calendar(settings.timezone)
        self.ladder = Ladder(settings.ranks.tiers)
        names = (*settings.ignored_users, settings.bot.username)
        self._ignored = frozenset(name.lower() for name in names)

    def ignores(self, name: str) -> bool:
        """Whether this name (in any casing) is the bot's or an ignored user's."""
        return name.lower() in self._ignored


class People(Protocol):
    """Who is behind a name, as far as is known."""

    def at_hand(self, names: Sequence[str]) -> list[str] | None:
        """For each the one name of the person; None where somebody has to be asked."""
        ...

    async def canonical(self, name: str) -> str:
        """The one name of a person; it may take a while to be found out."""
        ...


class _Plain:
    """Everybody has one name."""

    def at_hand(self, names: Sequence[str]) -> list[str]:
        return [name.lower() for name in names]

    async def canonical(self, name: str) -> str:
        return name.lower()


@dataclass(slots=True)
class World:
    """Shared by all actors of one service; only the root writes the refs.

    What ``presence`` holds for a channel is published by that channel alone. ``books_lost``:
    the book file was taken away, and nothing is acknowledged any more.
    """

    live: LiveSettings
    clock: Clock
    metrics: Metrics
    dice: Dice
    version: str
    ledger: Ref[LedgerMessage] = field(init=False)
    reader: Ref[ReaderMessage] = field(init=False)
    persons: Ref[FindPersons] = field(init=False)
    api: Ref[ApiRequest] = field(init=False)
    gateway: Ref[GatewayMessage] | None = None
    books_lost: bool = False
    bus_connected: Callable[[], bool] = lambda: False
    rivals: Callable[[], tuple[str, ...]] = tuple
    robots_away: Callable[[], tuple[str, ...]] = tuple
    people: People = field(default_factory=_Plain)
    population: dict[str, int] = field(default_factory=dict)
    presence: dict[str, Published[WhoIsHere]] = field(
        default_factory=lambda: defaultdict(lambda: Published(NOT_KNOWN))
    )
    playing: dict[str, Medium] = field(default_factory=dict)
    occasions: dict[str, Ref[OccasionMessage]] = field(default_factory=dict)
    adhoc: dict[str, AdHoc] = field(default_factory=dict)
    terms: dict[str, tuple[object, EarningTerms]] = field(default_factory=dict)
    backlog: Backlog = field(default_factory=Backlog)
    outboxes: dict[str, Ref[OutboxMessage]] = field(default_factory=dict)
    channels: dict[str, Ref[ChannelMessage]] = field(default_factory=dict)

    def channel_named(self, name: str) -> str | None:
        """A configured channel by its name in any casing (`storage.md` S4)."""
        lowered = name.lower()
        return next((each for each in self.channels if each.lower() == lowered), None)
