"""What every actor of the service may use: settings, time, chance, metrics and each other's refs.

The root fills in the refs before anybody who needs them is started; they stay valid over
restarts. Who is here is a snapshot of each channel, which replaces it whenever something changes
and never alters one: others may read it at any moment, keep it over an await, and wait for
nobody. Besides: what earning is multiplied by at this moment, and notices to users.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Generic, NamedTuple, Protocol, TypeVar

import structlog

from economy_actors.backlog import Backlog
from economy_actors.clock import Clock
from economy_actors.messages.catalogue import NOTHING_KNOWN, CatalogueMessage, KnownItems
from economy_actors.messages.channel import ChannelMessage
from economy_actors.messages.colours import ColoursMessage, StylesheetMessage
from economy_actors.messages.gateway import FindPersons, GatewayMessage
from economy_actors.messages.keys import NO_KEYS, FindKey, KnownKeys
from economy_actors.messages.ledger import LedgerMessage, ReaderMessage
from economy_actors.messages.llm import Compose
from economy_actors.messages.playlist import PlaylistMessage
from economy_actors.messages.questions import PickQuestion
from economy_actors.messages.tables import FloorMessage
from economy_actors.messages.workers import ApiRequest, EventsMessage, PanicMessage, PricesDue
from economy_actors.metrics.metrics import Metrics
from economy_actors.outbox.message import Pm, Priority
from economy_actors.outbox.protocol import OutboxMessage
from economy_actors.runtime import Ref
from kryten_economy.calendar import Calendar
from kryten_economy.config import Loaded, Settings
from kryten_economy.config.origins import Source
from kryten_economy.dice import Dice
from kryten_economy.features.events.rules import AdHoc, Combined, active_multipliers
from kryten_economy.features.games.fairness import fresh_seed
from kryten_economy.features.games.race.frame import RaceView
from kryten_economy.features.media.rules import Medium
from kryten_economy.features.panic import Halt
from kryten_economy.features.presence.minutes import EarningTerms
from kryten_economy.features.presence.rules import MINUTE_MS, Visit
from kryten_economy.features.queue import outcomes
from kryten_economy.features.ranks.rules import Ladder
from kryten_economy.features.vanity.rules import TITLE, with_title
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import Halted, Level
from kryten_economy.users import Present, UserKey

__all__ = (
    "NOT_KNOWN",
    "SERVICE_NAME",
    "Connected",
    "Context",
    "Highlight",
    "LiveSettings",
    "MayAdd",
    "People",
    "Published",
    "WhoIsHere",
    "adorn",
    "adorned",
    "halted_in",
    "hindrance",
    "multipliers_now",
    "note_highlight",
    "notice",
    "notify",
    "present_if_known",
    "present_users",
    "shown_name",
    "terms_now",
    "who_is_here",
)

T = TypeVar("T")


class Published(Generic[T]):
    """A value with one writer and many readers; it is replaced and never changed."""

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    @property
    def value(self) -> T:
        """What was published last."""
        return self._value

    def publish(self, value: T) -> None:
        """Replace the value; for its one writer."""
        self._value = value


class Connected(NamedTuple):
    """A connected user as others may know them; ``since_ms`` is UTC epoch milliseconds."""

    display_name: str
    rank: float
    since_ms: int


class MayAdd(NamedTuple):
    """Whether the bot is in the channel, and the rank it needs to add to the playlist."""

    here: bool
    rank: float


class Highlight(NamedTuple):
    """Something about a user that a channel was told, as it was told."""

    user: UserKey
    text: str
    at_ms: int


_HIGHLIGHTS_MAX = 20


@dataclass(frozen=True, slots=True)
class WhoIsHere:
    """The connected users by lower-case name; ``known`` once a user list has been heard.

    Not ``seen`` is while nobody sees who comes and goes: these were the last ones seen.
    """

    users: Mapping[str, Connected]
    known: bool
    seen: bool = True


NOT_KNOWN = WhoIsHere(MappingProxyType({}), known=False)


def who_is_here(visits: Iterable[Visit], *, heard_list: bool, is_seen: bool = True) -> WhoIsHere:
    """A snapshot of the visits that are not departing."""
    users = {each.name: Connected(each.display_name, each.rank, each.since_ms) for each in visits}
    return WhoIsHere(MappingProxyType(users), heard_list or bool(users), is_seen)


SERVICE_NAME = "economy"


class LiveSettings:
    """Read ``settings`` and what is made of them at each use; never keep them over an await.

    ``written`` is what the file says, be it that it needs a restart, and ``source`` where; None
    where there is no file.
    """

    __slots__ = ("_ignored", "calendar", "ladder", "path", "settings", "source", "written")

    def __init__(
        self, settings: Settings, path: Path | None = None, loaded: Loaded | None = None
    ) -> None:
        self.path = path
        self.source: Source | None = None
        self.written: Settings | None = None
        self.swap(settings, loaded)

    def swap(self, settings: Settings, loaded: Loaded | None = None) -> None:
        """Put new settings in force, in one step."""
        self.settings = settings
        if loaded is not None:
            self.written, self.source = loaded.settings, loaded.source
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
class Context:
    """Shared by all actors of one service; only the root writes the refs.

    What ``presence`` holds for a channel is published by that channel alone. ``floats``: the Z
    in circulation by channel, as they were when prices were last set by them. ``bot_ranks``: the
    bot's own rank by channel, missing while nobody knows it; the gateway's to say. ``adornments``:
    what users own that is shown with their names, by its type in the books. ``may_add``: what each
    channel's playlist asks of the bot, as far as it is known. ``shoutouts``: the holds of bought
    lines that this process has under way. ``seeded``: the day by channel up to which the seeds of
    the fair dice are announced. ``halts``: what admins have stopped. ``books_lost``: the book file
    was taken away, and nothing is acknowledged any more. ``highlights``: the wins and achievements
    that a channel was told last, the newest first.
    """

    live: LiveSettings
    clock: Clock
    metrics: Metrics
    dice: Dice
    version: str
    ledger: Ref[LedgerMessage] = field(init=False)
    reader: Ref[ReaderMessage] = field(init=False)
    persons: Ref[FindPersons] = field(init=False)
    catalogue: Ref[CatalogueMessage] = field(init=False)
    llm: Ref[Compose] = field(init=False)
    questions: Ref[PickQuestion] = field(init=False)
    keys: Ref[FindKey] = field(init=False)
    api: Ref[ApiRequest] = field(init=False)
    prices: Ref[PricesDue] = field(init=False)
    panic: Ref[PanicMessage] = field(init=False)
    gateway: Ref[GatewayMessage] | None = None
    books_lost: bool = False
    bus_connected: Callable[[], bool] = lambda: False
    rivals: Callable[[], tuple[str, ...]] = tuple
    robots_away: Callable[[], tuple[str, ...]] = tuple
    people: People = field(default_factory=_Plain)
    known_items: Published[KnownItems] = field(default_factory=lambda: Published(NOTHING_KNOWN))
    known_keys: Published[KnownKeys] = field(default_factory=lambda: Published(NO_KEYS))
    population: dict[str, int] = field(default_factory=dict)
    presence: dict[str, Published[WhoIsHere]] = field(
        default_factory=lambda: defaultdict(lambda: Published(NOT_KNOWN))
    )
    halts: dict[str, Published[tuple[Halt, ...]]] = field(
        default_factory=lambda: defaultdict(lambda: Published(()))
    )
    playing: dict[str, Medium] = field(default_factory=dict)
    channel_events: dict[str, Ref[EventsMessage]] = field(default_factory=dict)
    adhoc: dict[str, AdHoc] = field(default_factory=dict)
    floors: dict[str, Ref[FloorMessage]] = field(default_factory=dict)
    chat_words: dict[str, Published[Mapping[str, str]]] = field(
        default_factory=lambda: defaultdict(lambda: Published(MappingProxyType({})))
    )
    races: dict[str, Published[RaceView | None]] = field(
        default_factory=lambda: defaultdict(lambda: Published(None))
    )
    fresh_seed: Callable[[], str] = fresh_seed
    seeded: dict[str, str] = field(default_factory=dict)
    floats: dict[str, int] = field(default_factory=dict)
    highlights: dict[str, tuple[Highlight, ...]] = field(default_factory=dict)
    bot_ranks: dict[str, float] = field(default_factory=dict)
    stylesheets: dict[str, Ref[StylesheetMessage]] = field(default_factory=dict)
    colours: dict[str, Ref[ColoursMessage]] = field(default_factory=dict)
    adornments: dict[UserKey, dict[str, str]] = field(default_factory=dict)
    shoutouts: set[str] = field(default_factory=set)
    terms: dict[str, tuple[object, EarningTerms]] = field(default_factory=dict)
    backlog: Backlog = field(default_factory=Backlog)
    outboxes: dict[str, Ref[OutboxMessage]] = field(default_factory=dict)
    channels: dict[str, Ref[ChannelMessage]] = field(default_factory=dict)
    playlists: dict[str, Ref[PlaylistMessage]] = field(default_factory=dict)
    may_add: dict[str, MayAdd] = field(default_factory=dict)

    def channel_named(self, name: str) -> str | None:
        """A configured channel by its name in any casing (`storage.md` S4).

        No name is that of the only channel, where there is but one.
        """
        if not name and len(self.channels) == 1:
            return next(iter(self.channels))
        lowered = name.lower()
        return next((each for each in self.channels if each.lower() == lowered), None)


def hindrance(context: Context, channel: str) -> str | None:
    """Why nothing can be added to a playlist now, as far as is known, for those about to pay.

    A reason as it stands in the middle of a sentence, or None.
    """
    may = context.may_add.get(channel)
    if may is None:
        return None
    if not may.here:
        return outcomes.BOT_AWAY
    rank = context.bot_ranks.get(channel)
    return outcomes.no_right(may.rank) if rank is not None and rank < may.rank else None


def halted_in(context: Context, channel: str, by: Collection[Level]) -> Halted | None:
    """Which of these levels admins have set in a channel, for who only asks; the books decide."""
    for each in context.halts[channel].value:
        if each.what != "freeze" and each.what in by:
            return Halted(channel, each.reason, each.what, each.until_ms)
    return None


def multipliers_now(context: Context, channel: str, at_ms: int | None = None) -> Combined:
    """The factors in force, hidden ones included; ``at_ms`` None is now."""
    live = context.live
    return active_multipliers(
        live.settings,
        live.calendar,
        context.clock.now_ms() if at_ms is None else at_ms,
        context.population.get(channel, 0),
        context.adhoc.get(channel),
    )


def terms_now(context: Context, channel: str, at_ms: int) -> EarningTerms:
    """The same with the ladder of ranks; worked out once a minute, and when anything changes.

    Hours, days and scheduled events begin with a minute; ends and ad-hoc events are looked at.
    """
    adhoc = context.adhoc.get(channel)
    runs = adhoc is not None and adhoc.started_at_ms <= at_ms < adhoc.ends_at_ms
    population = context.population.get(channel, 0)
    cause = (at_ms // MINUTE_MS, population, adhoc if runs else None, context.live.settings)
    known = context.terms.get(channel)
    if known is not None and known[0] == cause and known[1].in_force(at_ms):
        return known[1]
    combined = multipliers_now(context, channel, at_ms)
    terms = EarningTerms(context.live.settings, context.live.ladder, combined)
    context.terms[channel] = (cause, terms)
    return terms


def present_users(context: Context, channel: str) -> tuple[Present, ...]:
    """The connected users by name."""
    return present_if_known(context, channel) or ()


def present_if_known(context: Context, channel: str) -> tuple[Present, ...] | None:
    """As `present_users`; None as long as nobody knows or sees who is here."""
    here = context.presence[channel].value
    if not here.known or not here.seen:
        return None
    return tuple(sorted(Present(name, each.display_name) for name, each in here.users.items()))


def note_highlight(context: Context, user: UserKey, text: str) -> None:
    """A channel is told this about a user; pages show what was told last."""
    told = Highlight(user, text, context.clock.now_ms())
    before = context.highlights.get(user.channel, ())
    context.highlights[user.channel] = (told, *before[: _HIGHLIGHTS_MAX - 1])


def adorned(context: Context, user: UserKey, type_: str) -> str | None:
    """A title or the like that somebody owns and that is shown with their name."""
    return context.adornments.get(user, {}).get(type_)


def adorn(context: Context, user: UserKey, type_: str, value: str) -> None:
    """What the books have stored is shown from now on; for whoever had them store it."""
    context.adornments[user] = context.adornments.get(user, {}) | {type_: value}


def shown_name(context: Context, user: UserKey, display_name: str) -> str:
    """The name as the bot speaks of somebody, behind their title if they have one."""
    return with_title(adorned(context, user, TITLE), display_name)


_log = structlog.get_logger("notices")


def notify(context: Context, wallet: Wallet, text: str, *, trace: str | None = None) -> None:
    """Tell a user something quiet mode mutes (`commands.md` 5); several go out as one.

    It is lost if the outbox can't take it: money never depends on a message.
    """
    if wallet.quiet:
        return
    pm = notice(wallet.display_name, text, trace=trace)
    if not context.outboxes[wallet.user.channel].offer(pm, trace=trace):
        _log.warning("notice lost", channel=wallet.user.channel, user=wallet.display_name)


def notice(to: str, text: str, *, trace: str | None = None) -> Pm:
    """The message that tells such a thing."""
    return Pm(to=to, text=text, priority=Priority.BULK, mutable=True, merge=True, trace=trace)
