"""A room, its robot and a bus on the virtual clock, for the real gateway.

They behave as `wire.md` 6 says: a robot that is away tells nothing, its store stays as it was, a
robot on a broken bus tries each event again for 7 s, and who is there comes as a list when a robot
starts. The truth is kept beside it: who was in the room when, and when nobody could see it.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

import anyio
from kryten import RawEvent
from tests.actors.house import CHANNEL

from economy_actors.backlog import Gate
from economy_actors.context import Context
from economy_actors.gateway.actor import Gateway
from economy_actors.gateway.bus import Bus, BusAway, Listener
from economy_actors.gateway.client import PatientClient, client_config
from economy_actors.gateway.robots import Places
from economy_actors.gateway.survey import Found, Survey
from economy_actors.outbox.protocol import SendFailed

__all__ = ("RETRIES_S", "Room", "gateway_of")

RETRIES_S = 7.0
DOMAIN = "cytube.test"
BOT = "ZCoinBot"


class Room:
    """The channel as CyTube has it, its robot, the robot's store, and the bus between."""

    def __init__(self, context: Context) -> None:
        settings = context.live.settings
        self.connected = False
        self.gate = Gate()
        self.instance = "ours"
        self.people: dict[str, int] = {BOT: 3}
        self.robot_is_here = True
        self.robot_is_deaf = False
        self.nats_is_here = True
        self.history: dict[str, list[tuple[float, bool]]] = {}
        self.sightless: list[tuple[float, float]] = []
        self._memory = [self._entry(BOT)]
        self._store = list(self._memory)
        self._context = context
        self._listener: Listener | None = None
        self._open = False
        self._late: list[tuple[float, str, Any]] = []
        self._count = 0
        self._client: Any = PatientClient(client_config(settings), lambda _: None)
        self._survey = Survey(self, Places(settings.channels))

    # What happens in the room

    def join(self, name: str) -> None:
        self.people[name] = 1
        self._note(name, here=True)
        self._see("addUser", self._entry(name))

    def leave(self, name: str) -> None:
        del self.people[name]
        self._note(name, here=False)
        self._see("userLeave", {"name": name})

    def chat(self, name: str, text: str) -> None:
        now_ms = self._context.clock.now_ms()
        self._see("chatMsg", {"username": name, "msg": text, "meta": {}, "time": now_ms})

    # What happens to the robot and to the bus

    def stop_robot(self, *, kill: bool = False) -> None:
        self.robot_is_here = False
        if not kill:
            self._notice("disconnected", f'{{"domain": "{DOMAIN}", "channel": "{CHANNEL}"}}')
            self._notice("shutdown", "{}")

    def start_robot(self) -> None:
        self.robot_is_here, self.robot_is_deaf = True, False
        self._notice("startup", "{}")
        self._notice("connected", f'{{"domain": "{DOMAIN}", "channel": "{CHANNEL}"}}')
        self._remember()
        self._event("userlist", self._memory)

    def stop_nats(self) -> None:
        self.nats_is_here = False
        if self._listener is not None:
            self._listener.link(False)

    def start_nats(self, *, deaf: bool) -> None:
        """NATS is back; a ``deaf`` robot has given up and will not come back by itself."""
        self.nats_is_here = True
        self.robot_is_deaf = deaf
        late, self._late = self._late, []
        if self._listener is not None:
            self._listener.link(True)
        if not deaf:
            for at_s, kind, payload in late:
                if anyio.current_time() - at_s < RETRIES_S:
                    self._event(kind, payload)

    @property
    def is_told(self) -> bool:
        """Whether what happens now is heard."""
        return self.robot_is_here and not self.robot_is_deaf and self.nats_is_here

    # The bus, as the gateway uses it

    def listen(self, listener: Listener) -> None:
        self._listener = listener

    async def hush(self) -> None:
        self._listener = None

    @property
    def is_open(self) -> bool:
        return self._open

    async def open(self) -> None:
        if not self.nats_is_here:
            raise BusAway("no NATS")
        self._open = True

    async def pulse(self) -> None:
        if not self.nats_is_here:
            raise SendFailed("no NATS")
        if self._listener is not None:
            self._listener.pulse()

    async def announce(self) -> None:
        """Nobody listens."""

    async def look_for_robots(self, wanted: Mapping[str, bool]) -> Found:
        return await self._survey.look(wanted)

    async def remembered_list(self) -> tuple[str, list[object]] | None:
        return await self._survey.remembered()

    async def ask_all(
        self,
        subject: str,
        question: Mapping[str, Any],
        heard: Callable[[Any], bool],
        *,
        within_s: float,
        quiet_s: float | None = None,
    ) -> None:
        if not self.is_told or subject != "kryten.robot.command":
            await anyio.sleep(quiet_s or within_s)
            return
        await anyio.sleep(0.02)
        if question["command"] == "system.ping":
            place = {"domain": DOMAIN, "channel": CHANNEL, "cytube_connected": True}
            heard({"data": {"pong": True} | place})
        else:
            heard({"data": {"userlist": list(self._memory)}})

    async def stored(self, channel: str, kind: str, key: str) -> object:
        assert channel == CHANNEL
        del key
        return list(self._store) if kind == "userlist" and self.nats_is_here else None

    # Inside

    @staticmethod
    def _entry(name: str) -> dict[str, Any]:
        return {"name": name, "rank": 1, "meta": {"afk": False}, "profile": {}}

    def _note(self, name: str, *, here: bool) -> None:
        self.history.setdefault(name, []).append((anyio.current_time(), here))

    def _remember(self) -> None:
        self._memory = [self._entry(name) for name in self.people]
        if self.nats_is_here:
            self._store = list(self._memory)

    def _see(self, kind: str, payload: Any) -> None:
        """The robot sees something and tells it, if it can."""
        if not self.robot_is_here:
            return
        self._memory = [self._entry(name) for name in self.people]
        if self.is_told:
            self._store = list(self._memory)
            self._event(kind, payload)
        elif not self.nats_is_here:
            self._late.append((anyio.current_time(), kind, payload))

    def _event(self, kind: str, payload: Any) -> None:
        if self._listener is None or not self.is_told:
            return
        self._count += 1
        now = datetime.fromtimestamp(self._context.clock.now_ms() / 1000, UTC)
        raw = RawEvent(
            event_name=kind,
            payload=payload,
            channel=CHANNEL,
            domain=DOMAIN,
            timestamp=now.isoformat(),
            correlation_id=f"id-{self._count}",
        )
        self._listener.event(kind.lower(), self._client._convert_to_typed_event(raw))

    def _notice(self, kind: str, body: str) -> None:
        if self._listener is not None and self.nats_is_here and not self.robot_is_deaf:
            self._listener.lifecycle(kind, body.encode())


def gateway_of(rooms: list[Room]) -> Callable[[Context], Gateway]:
    """A gateway whose bus is a room, which is put into the list."""

    def make(context: Context) -> Gateway:
        if not rooms:
            rooms.append(Room(context))
            context.bus_connected = lambda: rooms[0].connected
        return Gateway(context, cast("Bus", rooms[0]))

    return make
