"""What takes time on the bus, done beside the gateway so that it stays responsive.

One thing after the other. At a stop the supervisor cancels what is under way. Besides: who is
behind a name, as kryten-userstats knows it (`earning.md` 1, `wire.md` 8), found out by an actor of
its own, so that no question holds a session. That never raises and never keeps anybody waiting for
longer than `ANSWER_S`; a name that was asked for is known for ten minutes. Where userstats does
not answer, a name stands for itself, and for a minute nobody asks again.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, assert_never

import anyio
import structlog

from economy_actors.gateway.bus import ANSWER_S, Bus, BusAway
from economy_actors.gateway.intake import GrowingPause
from economy_actors.messages.gateway import (
    FindPersons,
    GatewayMessage,
    Opened,
    PlaylistRead,
    ReadPlaylist,
    Remembered,
    RoomRead,
    RoomsRead,
    Searched,
)
from economy_actors.runtime import Actor, ActorGone, MailboxFull, Ref

__all__ = (
    "AWAY_S",
    "FIND_PERSONS_S",
    "KEPT_S",
    "NAMES_MAX",
    "PERSONS_MAILBOX",
    "Aliases",
    "AskMemory",
    "BusWorker",
    "FindRobots",
    "OpenBus",
    "People",
    "Persons",
    "ReadRooms",
    "Work",
)

PERSONS_MAILBOX = 1024
FIND_PERSONS_S = 2.0
"""So long names are asked for; those that are left are taken for what they are."""


class People(Protocol):
    """The way to kryten-userstats; it remembers answers, and its silence for a while."""

    async def canonical(self, name: str) -> str:
        """The one name of a person; it may take a while to be found out."""
        ...


class Persons(Actor[FindPersons]):
    """Asks one question after the other."""

    def __init__(self, people: People) -> None:
        self._people = people

    async def receive(self, message: FindPersons) -> None:
        """Answer with those of the names that are the speaker's own."""
        began_s = self.now_s()
        person = await self._people.canonical(message.speaker)
        own = set()
        for name in message.names:
            # A question that was asked is waited for, so that its silence is remembered.
            if self.now_s() - began_s >= FIND_PERSONS_S:
                break
            if await self._people.canonical(name) == person:
                own.add(name)
        message.reply.send(frozenset(own))


KEPT_S = 600.0
AWAY_S = 60.0
NAMES_MAX = 4096

_log = structlog.get_logger("aliases")


class Aliases:
    """``owner_of`` asks whose alias a name is: None for nobody's; it may raise BusAway.

    ``silent`` is called for each question that was not answered.
    """

    def __init__(
        self,
        owner_of: Callable[[str], Awaitable[str | None]],
        silent: Callable[[], None] = lambda: None,
    ) -> None:
        self._owner_of = owner_of
        self._silent = silent
        self._known: dict[str, tuple[str, float]] = {}
        self._away_until_s = float("-inf")
        self._is_away = False

    def at_hand(self, names: Sequence[str]) -> list[str] | None:
        """For each the name by which the person is always known; None if one is to be asked for."""
        now_s, found = anyio.current_time(), []
        for name in names:
            plain = name.lower()
            owner, kept_until_s = self._known.get(plain, (plain, self._away_until_s))
            if now_s >= kept_until_s:
                if now_s >= self._away_until_s:
                    return None
                owner = plain
            found.append(owner)
        return found

    async def canonical(self, name: str) -> str:
        """The lower-case name by which the same person is always known."""
        known = self.at_hand((name,))
        if known is not None:
            return known[0]
        plain = name.lower()
        try:
            with anyio.fail_after(ANSWER_S):
                owner = await self._owner_of(plain)
        except (BusAway, TimeoutError) as failed:
            self._failed(failed)
            return plain
        if self._is_away:
            self._is_away = False
            _log.info("userstats answers again")
        return self._keep(plain, plain if owner is None else owner.lower())

    def _keep(self, name: str, owner: str) -> str:
        if len(self._known) >= NAMES_MAX:
            self._known.clear()
        self._known[name] = (owner, anyio.current_time() + KEPT_S)
        return owner

    def _failed(self, why: Exception) -> None:
        self._away_until_s = anyio.current_time() + AWAY_S
        self._silent()
        if not self._is_away:
            self._is_away = True
            _log.warning("userstats does not answer: names stand for themselves", error=repr(why))


_READ_S = 10.0
_TOLD_S = 5.0


@dataclass(frozen=True, slots=True)
class OpenBus:
    """Connect, unless connected; the gateway is told when it worked."""


@dataclass(frozen=True, slots=True)
class FindRobots:
    """See which robots answer, and read these lists; the gateway is told in any case.

    By channel, whether the list must be confirmed (`Survey.look`).
    """

    wanted: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class ReadRooms:
    """Read these channels' emotes and what plays there; with each its `RoomRead.news`."""

    channels: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class AskMemory:
    """Ask the robot itself who is there (`Survey.remembered`); the gateway is told in any case."""


Work = OpenBus | FindRobots | ReadRooms | ReadPlaylist | AskMemory


class BusWorker(Actor[Work]):
    """Goes to the bus and comes back with an answer."""

    def __init__(self, bus: Bus, gateway: Ref[GatewayMessage]) -> None:
        self._bus = bus
        self._gateway = gateway
        self._away = GrowingPause()

    async def receive(self, message: Work) -> None:
        """Do one piece of work."""
        match message:
            case OpenBus():
                await self._open()
            case FindRobots(wanted):
                found = await self._bus.look_for_robots(wanted)
                await self._tell(Searched(*found, patient=not any(wanted.values())))
            case ReadRooms(channels):
                await self._tell(await self._read(channels))
            case ReadPlaylist(channel):
                await self._tell(await self._read_playlist(channel))
            case AskMemory():
                await self._tell(Remembered(await self._bus.remembered_list()))
            case _:
                assert_never(message)

    async def _open(self) -> None:
        try:
            await self._bus.open()
        except BusAway as away:
            if attempts := self._away.attempts_to_tell():
                reason = str(away)
                _log.warning("NATS is away, it will be tried again", error=reason, tries=attempts)
        else:
            self._away.over()
            await self._tell(Opened())

    async def _read(self, channels: tuple[tuple[str, int], ...]) -> RoomsRead:
        rooms = []
        with anyio.move_on_after(_READ_S):
            for channel, news in channels:
                emotes = await self._bus.stored(channel, "emotes", "list")
                items = await self._bus.stored(channel, "playlist", "items")
                # Of an emptied playlist the last item stays current in the store.
                is_empty = items == []
                current = (
                    None if is_empty else await self._bus.stored(channel, "playlist", "current")
                )
                rooms.append(RoomRead(channel, news, emotes, items, current))
        return RoomsRead(tuple(rooms))

    async def _read_playlist(self, channel: str) -> PlaylistRead:
        items = await self._bus.stored(channel, "playlist", "items")
        current = await self._bus.stored(channel, "playlist", "current")
        return PlaylistRead(channel, items, current)

    async def _tell(self, news: Opened | Searched | RoomsRead | PlaylistRead | Remembered) -> None:
        try:
            await self._gateway.send(news, timeout_s=_TOLD_S)
        except MailboxFull:
            _log.warning("the gateway has no room for news", news=type(news).__name__)
        except ActorGone:
            _log.debug("the gateway has ended before its news came", news=type(news).__name__)
