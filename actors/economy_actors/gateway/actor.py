"""The gateway: keeps the bus open, knows whether it works, and hears it through its intake.

Promises: it connects whenever NATS comes, and stops at once also where it never came. Whether the
bus works is decided by a pulse: a message to ourselves that has to come back. After each outage
robots are looked for, the service announces itself, and user lists are read again.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, assert_never

import structlog

from economy_actors.channel.messages import Listed, RoomStored
from economy_actors.context import SERVICE_NAME, World
from economy_actors.gateway.bus import Bus
from economy_actors.gateway.intake import Intake
from economy_actors.gateway.messages import (
    Connect,
    GatewayMessage,
    GiveRank,
    LinkChanged,
    Opened,
    Pulse,
    PulseReturned,
    ReadRoom,
    ReadUserlist,
    Refuse,
    RivalCame,
    RobotInDoubt,
    RobotStarted,
    RoomRead,
    RoomsRead,
    Search,
    Searched,
)
from economy_actors.gateway.payloads import emotes_in, medium_in, stored_uid
from economy_actors.gateway.rivals import Rivals
from economy_actors.gateway.robots import Robots
from economy_actors.gateway.translate import Translator
from economy_actors.gateway.worker import BusWorker, FindRobots, OpenBus, ReadRooms
from economy_actors.outbox.protocol import SendFailed
from economy_actors.runtime import Actor, Supervision, Timer

__all__ = ("PULSE_S", "Gateway")

PULSE_S = 5.0
_SEARCH_AGAIN_S = 1.0
_SEARCH_AGAIN_MAX_S = 8.0
_OVERTAKEN_S = 0.2
_UNCONFIRMED_TRIES = 3
_DOUBT_S = 2.0
"""A robot that has said goodbye still answers for a moment."""

_log = structlog.get_logger("gateway")


@dataclass(slots=True)
class _Want:
    """A list that is wanted: so many more tries to have it confirmed, then perhaps without."""

    tries: int
    unconfirmed_then: bool


class Gateway(Actor[GatewayMessage]):
    """One per service, started last. ``restart`` asks the process to end and to be started again.

    Outgoing messages go through the `Bus`, which the composition root closes after everybody has
    drained: this actor stops first, and then only ceases to listen.
    """

    supervision: ClassVar[Supervision] = Supervision(drain_s=0.1)

    def __init__(
        self,
        world: World,
        bus: Bus,
        restart: Callable[[str], None] = lambda _: None,
        *,
        pulse_s: float = PULSE_S,
    ) -> None:
        self._world = world
        self._bus = bus
        self._restart = restart
        self._pulse_s = pulse_s
        self._translator = Translator(world.live, world.clock)
        self._robots = Robots(world)
        self._rivals = Rivals(bus.instance, self._translator.places)
        self._up = False
        self._outages = 0
        self._unanswered = False
        self._pulse_due_s = 0.0
        self._seeking = False
        self._doubting = False
        self._wanted: dict[str, _Want] = {}
        self._rooms: set[str] = set()
        self._again: Timer | None = None
        self._again_s = _SEARCH_AGAIN_S

    async def started(self) -> None:
        """Nothing is known yet: no bus, no robots, no user lists."""
        self._show(up=False)
        self._robots.all_gone()
        # At the start nothing better is known than what the store says.
        self._wanted = {name: _Want(0, True) for name in self._translator.places.names}
        self._worker = self.spawn("worker", lambda: BusWorker(self._bus, self.ref), capacity=8)
        # Apart, so that a store which is slow to tell what plays keeps no user list waiting.
        self._room_reader = self.spawn(
            "room-reader", lambda: BusWorker(self._bus, self.ref), capacity=8
        )
        self._world.rivals = self._rivals.present
        self._bus.listen(
            Intake(
                self._world,
                self._translator,
                self._robots,
                self._rivals,
                self.ref,
                self._restart,
            )
        )
        self.after(0.0, Connect())
        self._pulse_later()

    async def stopping(self) -> None:
        """Cease to listen; the bus stays open for the outboxes."""
        await self._bus.hush()

    async def receive(self, message: GatewayMessage) -> None:
        """Handle news about the bus and the robots."""
        match message:
            case Connect() | Opened() | LinkChanged() | Pulse() | PulseReturned():
                await self._about_bus(message)
            case RobotStarted() | RivalCame():
                self._count_rivals()
                await self._announce()
            case RobotInDoubt():
                self._doubting = True
                self._search_after(_DOUBT_S)
            case ReadUserlist() | ReadRoom():
                self._read(message)
            case RoomsRead(rooms):
                self._rooms_read(rooms)
            case GiveRank():
                await self._give_rank(message)
            case Search():
                self._again = None
                self._search()
            case Searched():
                self._searched(message)
            case Refuse(body, reply_to):
                await self._refuse(body, reply_to)
            case _:
                assert_never(message)

    def _count_rivals(self) -> None:
        """Whoever has fallen silent is told to be gone and counts no more."""
        self._world.metrics.set_rivals(len(self._rivals.present()))

    # The bus

    async def _about_bus(
        self, message: Connect | Opened | LinkChanged | Pulse | PulseReturned
    ) -> None:
        match message:
            case Connect():
                await self._connect()
            case Opened() | LinkChanged(True):
                await self._beat()
            case LinkChanged(_):
                self._lost("the connection broke")
            case Pulse():
                is_late = self.now_s() - self._pulse_due_s > self._pulse_s / 2
                self._pulse_later()
                self._count_rivals()
                await self._check(is_late=is_late)
            case PulseReturned():
                self._unanswered = False
                if not self._up:
                    await self._came_up()
            case _:
                assert_never(message)

    async def _connect(self) -> None:
        if self._bus.is_open:
            await self._beat()
        elif not self._worker.depth:
            self._worker.offer(OpenBus())

    def _pulse_later(self) -> None:
        self._pulse_due_s = self.now_s() + self._pulse_s
        self.after(self._pulse_s, Pulse())

    async def _check(self, *, is_late: bool) -> None:
        """``is_late``: we were held up ourselves, so what we have not heard yet proves nothing."""
        if not self._bus.is_open:
            self._lost("the connection was closed")
        elif self._unanswered and not is_late:
            self._lost("no pulse: is NATS there, and may we publish to our own subject?")
        await self._connect()

    async def _beat(self) -> None:
        self._unanswered = True
        try:
            await self._bus.pulse()
        except SendFailed as failed:
            _log.debug("pulse not sent", error=str(failed))

    def _lost(self, why: str) -> None:
        if not self._up:
            return
        self._outages += 1
        _log.warning("the bus is away", reason=why, once_a_minute="")
        self._show(up=False)
        self._robots.all_gone()

    async def _came_up(self) -> None:
        self._show(up=True)
        _log.info("the bus carries our messages", outages=self._outages, once_a_minute="")
        if self._outages:
            await self._announce()
            for name in self._translator.places.names:
                # After an outage the store may be older than what we know: then we keep that.
                self._wanted.setdefault(name, _Want(5, False))
        # Whatever the store lacks or has too late, the events of the robot tell.
        self._rooms.update(self._translator.places.names)
        self._seeking = True
        self._again_s = _SEARCH_AGAIN_S
        self._search()

    def _show(self, *, up: bool) -> None:
        self._up = up
        self._bus.connected = up
        self._world.metrics.set_nats_connected(up)

    async def _announce(self) -> None:
        try:
            await self._bus.announce()
        except SendFailed as failed:
            _log.warning("the service could not be announced", error=str(failed))

    async def _give_rank(self, message: GiveRank) -> None:
        try:
            await self._bus.give_rank(message.channel, message.name, message.rank)
        except SendFailed as failed:
            _log.warning("level not given", user=message.name, error=str(failed))

    async def _refuse(self, body: bytes, reply_to: str) -> None:
        try:
            await self._bus.reply(reply_to, _busy_answer(body))
        except SendFailed as failed:
            _log.warning("a request could not be refused", error=str(failed), once_a_minute="")

    # The robots

    def _read(self, message: ReadUserlist | ReadRoom) -> None:
        match message:
            case ReadUserlist(channel):
                self._wanted.setdefault(channel, _Want(3, True))
            case ReadRoom(channel):
                self._rooms.add(channel)
            case _:
                assert_never(message)
        self._search()

    def _search(self) -> None:
        """Send for news of robots and lists, if any are wanted and the bus works."""
        if not self._up or not (self._seeking or self._doubting or self._wanted or self._rooms):
            return
        if self._worker.depth:
            self._search_after(self._again_s)
            return
        wanted = {name: want.tries > 0 for name, want in self._wanted.items()}
        self._worker.offer(FindRobots(wanted))

    def _search_after(self, delay_s: float) -> None:
        if self._again is not None:
            self._again.cancel()
        self._again = self.after(delay_s, Search())

    def _searched(self, found: Searched) -> None:
        if not self._up:
            return
        self._told_of_robots(found.present)
        if found.present:
            self._read_rooms()
            self._lists_read(found)
        if self._seeking or self._wanted or self._rooms:
            self._search_after(self._again_s)
            self._again_s = min(2 * self._again_s, _SEARCH_AGAIN_MAX_S)
        else:
            self._again_s = _SEARCH_AGAIN_S

    def _told_of_robots(self, present: frozenset[str]) -> None:
        if self._doubting:
            for channel in self._translator.places.names:
                if channel not in present:
                    self._robots.gone(channel, is_silent=True)
            self._seeking, self._doubting = True, False
        if self._seeking:
            for channel in present.intersection(self._robots.away):
                self._robots.back(channel)
        self._seeking = self._seeking and self._robots.any_away

    def _read_rooms(self) -> None:
        news = self._translator.emote_news
        rooms = tuple((channel, news[channel]) for channel in self._rooms)
        if rooms and self._room_reader.offer(ReadRooms(rooms)):
            self._rooms.clear()

    def _lists_read(self, found: Searched) -> None:
        for channel, entries in found.lists:
            users = self._translator.listed(entries)
            if users is not None:
                listed = Listed(users, self._world.clock.now_ms(), stored=True)
                self._world.channels[channel].offer(listed)
                self._wanted.pop(channel, None)
            else:
                self._missed(channel)

    def _missed(self, channel: str) -> None:
        want = self._wanted.get(channel)
        if want is None:
            return
        want.tries -= 1
        if want.tries <= (-_UNCONFIRMED_TRIES if want.unconfirmed_then else 0):
            _log.warning("no user list to be had; it comes with the robot", channel=channel)
            del self._wanted[channel]

    def _rooms_read(self, rooms: tuple[RoomRead, ...]) -> None:
        for room in rooms:
            if room.news != self._translator.emote_news[room.channel]:
                # An event has overtaken the reading, which may not know what it told.
                self._rooms.add(room.channel)
                self._search_after(_OVERTAKEN_S)
                continue
            medium = medium_in(room.current, stored_uid(room.current))
            stored = RoomStored(emotes_in(room.emotes), medium)
            self._world.channels[room.channel].offer(stored)


def _busy_answer(body: bytes) -> dict[str, object]:
    """The API's envelope for a request it has no room for (`admin-api.md` 1, 7)."""
    try:
        request = json.loads(body)
    except (ValueError, RecursionError):
        request = None
    command = request.get("command") if isinstance(request, dict) else None
    return {
        "service": SERVICE_NAME,
        "command": command if isinstance(command, str) else "",
        "success": False,
        "error": "The economy is busy. Please try again in a moment.",
        "error_code": "unavailable",
    }
