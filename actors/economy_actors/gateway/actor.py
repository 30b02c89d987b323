"""The gateway: keeps the bus open, knows whether it works, and hears it through its intake.

Promises: it connects whenever NATS comes, and stops at once also where it never came. Whether the
bus works is decided by a pulse: a message to ourselves that has to come back. After each outage
robots are looked for, the service announces itself, and user lists are read again.
"""

import json
from collections.abc import Callable, Mapping
from typing import ClassVar, assert_never

import structlog

from economy_actors.context import SERVICE_NAME, Context
from economy_actors.gateway.bus import Bus
from economy_actors.gateway.intake import Intake
from economy_actors.gateway.payloads import (
    emotes_in,
    items_in,
    medium_in,
    rank_listed,
    stored_uid,
)
from economy_actors.gateway.robots import Rivals, Robots
from economy_actors.gateway.survey import WantedLists
from economy_actors.gateway.translate import Translator
from economy_actors.gateway.worker import AskMemory, BusWorker, FindRobots, OpenBus, ReadRooms
from economy_actors.messages.channel import Listed, RoomStored
from economy_actors.messages.gateway import (
    Connect,
    GatewayMessage,
    GiveRank,
    LinkChanged,
    Opened,
    PlaylistRead,
    Pulse,
    PulseReturned,
    ReadPlaylist,
    ReadRoom,
    ReadUserlist,
    Refuse,
    Remembered,
    RivalCame,
    RobotCommand,
    RobotInDoubt,
    RobotStarted,
    RoomRead,
    RoomsRead,
    Search,
    Searched,
    Watch,
)
from economy_actors.messages.playlist import CommandLost, PlaylistListed
from economy_actors.outbox.protocol import SendFailed
from economy_actors.runtime import Actor, Supervision, Timer

__all__ = ("PULSE_S", "WATCH_S", "Gateway")

PULSE_S = 5.0
WATCH_S = 20.0
"""A robot that falls silent is known to be away within a minute."""
_SEARCH_AGAIN_S = 1.0
_SEARCH_AGAIN_MAX_S = 8.0
_OVERTAKEN_S = 0.2
_ANSWERED_S = 4.0
"""So long a question to the robots takes at most, if nobody is held up."""
_DOUBT_S = 2.0
"""A robot that has said goodbye still answers for a moment."""

_log = structlog.get_logger("gateway")


class Gateway(Actor[GatewayMessage]):
    """One per service, started last. ``restart`` asks the process to end and to be started again.

    Outgoing messages go through the `Bus`, which the composition root closes after everybody has
    drained: this actor stops first, and then only ceases to listen.
    """

    supervision: ClassVar[Supervision] = Supervision(drain_s=0.1)

    def __init__(
        self,
        context: Context,
        bus: Bus,
        restart: Callable[[str], None] = lambda _: None,
        *,
        pulse_s: float = PULSE_S,
        watch_s: float = WATCH_S,
    ) -> None:
        self._context = context
        self._bus = bus
        self._restart = restart
        self._pulse_s = pulse_s
        self._watch_s = watch_s
        self._asked_at_s = 0.0
        self._translator = Translator(context.live, context.clock)
        self._robots = Robots(context, self.now_s)
        self._rivals = Rivals(bus.instance, self._translator.places)
        self._up = False
        self._outages = 0
        self._unanswered = False
        self._pulse_due_s = 0.0
        self._seeking = False
        self._doubting = False
        self._wanted = WantedLists()
        self._rooms: set[str] = set()
        self._again: Timer | None = None
        self._again_s = _SEARCH_AGAIN_S

    async def started(self) -> None:
        """Nothing is known yet: no bus, no robots, no user lists."""
        self._show(up=False)
        self._robots.all_gone()
        for name in self._translator.places.names:
            self._wanted.want_stored(name)
        self._worker = self.spawn("worker", lambda: BusWorker(self._bus, self.ref), capacity=8)
        # Apart, so that a store which is slow to tell what plays keeps no user list waiting.
        self._room_reader = self.spawn(
            "room-reader", lambda: BusWorker(self._bus, self.ref), capacity=8
        )
        self._context.rivals = self._rivals.present
        self._context.robots_away = self._robots.away
        self._bus.listen(
            Intake(
                self._context,
                self._translator,
                self._robots,
                self._rivals,
                self.ref,
                self._restart,
            )
        )
        self.after(0.0, Connect())
        self._pulse_later()
        self.after(self._watch_s, Watch())

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
            case ReadUserlist() | ReadRoom() | ReadPlaylist():
                self._read(message)
            case RoomsRead() | PlaylistRead():
                self._was_read(message)
            case GiveRank() | RobotCommand():
                await self._act(message)
            case Search() | Watch():
                self._look(message)
            case Searched() | Remembered():
                self._found(message)
            case Refuse(body, reply_to):
                await self._refuse(body, reply_to)
            case _:
                assert_never(message)

    def _count_rivals(self) -> None:
        """Whoever has fallen silent is told to be gone and counts no more."""
        self._context.metrics.set_rivals(len(self._rivals.present()))

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
                self._read_unseen()
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
                self._wanted.want_confirmed(name)
        # Whatever the store lacks or has too late, the events of the robot tell.
        self._rooms.update(self._translator.places.names)
        self._seeking = True
        self._wanted.take_missing()
        self._again_s = _SEARCH_AGAIN_S
        self._search()

    def _show(self, *, up: bool) -> None:
        self._up = up
        self._bus.connected = up
        self._context.metrics.set_nats_connected(up)

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

    async def _act(self, message: GiveRank | RobotCommand) -> None:
        """What could not be sent was not done, and no event will come of it."""
        if isinstance(message, GiveRank):
            await self._give_rank(message)
            return
        try:
            await self._bus.robot(message.channel, message.command, message.args)
        except SendFailed as failed:
            _log.warning("command not sent", command=message.command, error=str(failed))
            self._context.playlists[message.channel].offer(CommandLost(message.command))

    async def _refuse(self, body: bytes, reply_to: str) -> None:
        try:
            await self._bus.reply(reply_to, _busy_answer(body))
        except SendFailed as failed:
            _log.warning("a request could not be refused", error=str(failed), once_a_minute="")

    # The robots

    def _read(self, message: ReadUserlist | ReadRoom | ReadPlaylist) -> None:
        match message:
            case ReadPlaylist():
                self._room_reader.offer(message)
                return
            case ReadUserlist(channel):
                self._wanted.want(channel)
            case ReadRoom(channel):
                self._rooms.add(channel)
            case _:
                assert_never(message)
        self._search()

    def _read_unseen(self) -> None:
        """Where the robot is back and has not told who is there, its list is read, confirmed."""
        away = set(self._robots.away())
        presence = self._context.presence
        unseen = [each for each in self._translator.places.names if not presence[each].value.seen]
        wanted = [each for each in unseen if each not in away]
        for channel in wanted:
            self._wanted.want_confirmed(channel)
        if wanted:
            self._search()

    def _search(self) -> None:
        """Send for news of robots and lists, if any are wanted and the bus works."""
        if not self._up or not (self._seeking or self._doubting or self._wanted or self._rooms):
            return
        if self._worker.depth:
            self._search_after(self._again_s)
            return
        self._ask(self._wanted.next())

    def _look(self, due: Search | Watch) -> None:
        """Robots that have died or gone deaf say nothing: they are asked whether they are there."""
        if isinstance(due, Search):
            self._again = None
            self._search()
            return
        self.after(self._watch_s, Watch())
        if self._up and not self._worker.depth:
            self._ask({})

    def _ask(self, wanted: Mapping[str, bool]) -> None:
        self._asked_at_s = self.now_s()
        self._worker.offer(FindRobots(wanted))

    def _search_after(self, delay_s: float) -> None:
        if self._again is not None:
            self._again.cancel()
        self._again = self.after(delay_s, Search())

    def _found(self, found: Searched | Remembered) -> None:
        if isinstance(found, Remembered):
            self._remembered(found)
        elif self._up:
            self._searched(found)

    def _searched(self, found: Searched) -> None:
        self._told_of_robots(found)
        if found.present:
            self._read_rooms()
            self._lists_read(found)
        if self._seeking or self._wanted or self._rooms:
            self._search_after(self._again_s)
            self._again_s = min(2 * self._again_s, _SEARCH_AGAIN_MAX_S)
        else:
            self._again_s = _SEARCH_AGAIN_S

    def _told_of_robots(self, found: Searched) -> None:
        # Where we were held up ourselves, what we have not heard proves nothing.
        is_late = self.now_s() - self._asked_at_s > _ANSWERED_S
        for channel in self._translator.places.names:
            if channel in found.present:
                if self._robots.answered(channel):
                    self._wanted.want_confirmed(channel)
            elif self._doubting:
                self._robots.gone(channel, is_silent=True)
            elif found.patient and not is_late:
                self._robots.silent(channel, self._asked_at_s)
        self._seeking = (self._seeking or self._doubting) and self._robots.any_away
        self._doubting = False

    def _read_rooms(self) -> None:
        news = self._translator.emote_news
        rooms = tuple((channel, news[channel]) for channel in self._rooms)
        if rooms and self._room_reader.offer(ReadRooms(rooms)):
            self._rooms.clear()

    def _lists_read(self, found: Searched) -> None:
        for channel, entries in found.lists:
            if not self._list_read(channel, entries) and self._wanted.missed(channel):
                self._worker.offer(AskMemory())

    def _list_read(self, channel: str, entries: list[object] | None) -> bool:
        users = self._translator.listed(entries)
        if users is None:
            return False
        bot_rank = rank_listed(entries, self._context.live.settings.bot.username)
        if bot_rank is not None:
            self._context.bot_ranks[channel] = bot_rank
        listed = Listed(users, self._context.clock.now_ms(), stored=True)
        self._context.channels[channel].offer(listed)
        self._wanted.have(channel)
        return True

    def _remembered(self, message: Remembered) -> None:
        """What the store has missed in an outage its robot may know."""
        channel, entries = message.found or ("", None)
        for name in self._wanted.take_missing():
            if name != channel or not self._list_read(name, entries):
                _log.warning(
                    "no user list to be had; it comes with the robot",
                    channel=name,
                    once_a_minute=name,
                )

    def _was_read(self, message: RoomsRead | PlaylistRead) -> None:
        if isinstance(message, RoomsRead):
            self._rooms_read(message.rooms)
        else:
            self._playlist_read(message.channel, message.items, message.current)

    def _rooms_read(self, rooms: tuple[RoomRead, ...]) -> None:
        for room in rooms:
            if room.news != self._translator.emote_news[room.channel]:
                # An event has overtaken the reading, which may not know what it told.
                self._rooms.add(room.channel)
                self._search_after(_OVERTAKEN_S)
                continue
            medium = medium_in(room.current, stored_uid(room.current))
            stored = RoomStored(emotes_in(room.emotes), medium)
            self._context.channels[room.channel].offer(stored)
            self._playlist_read(room.channel, room.items, room.current)

    def _playlist_read(self, channel: str, items: object, current: object) -> None:
        medium = medium_in(current, stored_uid(current))
        listed = PlaylistListed(items_in(items), stored=True, current=medium)
        self._context.playlists[channel].offer(listed)


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
