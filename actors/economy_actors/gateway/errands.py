"""What takes time on the bus, done beside the gateway so that it stays responsive.

Errands are done one after the other. At a stop the supervisor cancels the one under way.
"""

from dataclasses import dataclass
from typing import assert_never

import anyio
import structlog

from economy_actors.gateway.bus import Bus, BusAway
from economy_actors.gateway.messages import (
    GatewayMessage,
    Opened,
    RoomRead,
    RoomsRead,
    Searched,
)
from economy_actors.runtime import Actor, ActorGone, MailboxFull, Ref

__all__ = ("Errand", "Errands", "FindRobots", "OpenBus", "ReadRooms", "WantedList")

_SEARCH_S = 10.0
_TOLD_S = 5.0

_log = structlog.get_logger("gateway")


@dataclass(frozen=True, slots=True)
class OpenBus:
    """Connect, unless connected; the gateway is told when it worked."""


@dataclass(frozen=True, slots=True)
class WantedList:
    """A user list to read; ``confirmed`` as in `Bus.userlist`."""

    channel: str
    confirmed: bool


@dataclass(frozen=True, slots=True)
class FindRobots:
    """See whether a robot answers, and read these lists; the gateway is told in any case."""

    wanted: tuple[WantedList, ...]


@dataclass(frozen=True, slots=True)
class ReadRooms:
    """Read these channels' emotes and what plays there; with each its `RoomRead.news`."""

    channels: tuple[tuple[str, int], ...]


Errand = OpenBus | FindRobots | ReadRooms


class Errands(Actor[Errand]):
    """Goes to the bus and comes back with an answer."""

    def __init__(self, bus: Bus, gateway: Ref[GatewayMessage]) -> None:
        self._bus = bus
        self._gateway = gateway

    async def receive(self, message: Errand) -> None:
        """Do one errand."""
        match message:
            case OpenBus():
                await self._open()
            case FindRobots(wanted):
                await self._tell(await self._search(wanted))
            case ReadRooms(channels):
                await self._tell(await self._read(channels))
            case _:
                assert_never(message)

    async def _open(self) -> None:
        try:
            await self._bus.open()
        except BusAway as away:
            _log.warning("NATS is away, it will be tried again", error=str(away))
        else:
            await self._tell(Opened())

    async def _search(self, wanted: tuple[WantedList, ...]) -> Searched:
        answered = False
        found: list[tuple[str, list[object] | None]] = []
        with anyio.move_on_after(_SEARCH_S):
            answered = await self._bus.robot_answers()
            for each in wanted if answered else ():
                users = await self._bus.userlist(each.channel, confirmed=each.confirmed)
                found.append((each.channel, users))
        return Searched(answered, tuple(found))

    async def _read(self, channels: tuple[tuple[str, int], ...]) -> RoomsRead:
        rooms = []
        with anyio.move_on_after(_SEARCH_S):
            for channel, news in channels:
                emotes = await self._bus.stored(channel, "emotes", "list")
                current = await self._bus.stored(channel, "playlist", "current")
                rooms.append(RoomRead(channel, news, emotes, current))
        return RoomsRead(tuple(rooms))

    async def _tell(self, news: Opened | Searched | RoomsRead) -> None:
        try:
            await self._gateway.send(news, timeout_s=_TOLD_S)
        except (MailboxFull, ActorGone):
            _log.warning("the gateway has no room for news", news=type(news).__name__)
