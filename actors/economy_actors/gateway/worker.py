"""What takes time on the bus, done beside the gateway so that it stays responsive.

One thing after the other. At a stop the supervisor cancels what is under way.
"""

from collections.abc import Mapping
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
from economy_actors.gateway.pauses import GrowingPause
from economy_actors.runtime import Actor, ActorGone, MailboxFull, Ref

__all__ = ("BusWorker", "FindRobots", "OpenBus", "ReadRooms", "Work")

_READ_S = 10.0
_TOLD_S = 5.0

_log = structlog.get_logger("gateway")


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


Work = OpenBus | FindRobots | ReadRooms


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
                await self._tell(Searched(found.present, found.lists))
            case ReadRooms(channels):
                await self._tell(await self._read(channels))
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
                rooms.append(RoomRead(channel, news, emotes, current))
        return RoomsRead(tuple(rooms))

    async def _tell(self, news: Opened | Searched | RoomsRead) -> None:
        try:
            await self._gateway.send(news, timeout_s=_TOLD_S)
        except MailboxFull:
            _log.warning("the gateway has no room for news", news=type(news).__name__)
        except ActorGone:
            _log.debug("the gateway has ended before its news came", news=type(news).__name__)
