"""The gateway on a real bus, with actors around it that only write down what they are told."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import anyio

from economy_actors.clock import SystemClock
from economy_actors.context import Context, LiveSettings
from economy_actors.gateway.actor import Gateway
from economy_actors.gateway.bus import Bus
from economy_actors.messages.workers import ApiRequest
from economy_actors.metrics.metrics import Metrics
from economy_actors.runtime import Actor, ActorSystem, open_system
from kryten_economy.config import Settings
from kryten_economy.dice import Dice

M = TypeVar("M")

PULSE_S = 0.3


class Recorder(Actor[Any]):
    """Keeps what it is told, with its trace id."""

    def __init__(self, heard: list[Any], traces: list[str | None]) -> None:
        self._heard = heard
        self._traces = traces

    async def receive(self, message: Any) -> None:
        self._heard.append(message)
        self._traces.append(self.trace)


class Answering(Actor[Any]):
    """Answers each request with its own body."""

    def __init__(self, house: "House") -> None:
        self._house = house

    async def receive(self, message: ApiRequest) -> None:
        self._house.requests.append(message)
        await self._house.admin_free.wait()
        await self._house.bus.reply(message.reply_to, {"length": len(message.body)})


@dataclass
class House:
    """One service's worth of neighbours of a gateway."""

    context: Context
    bus: Bus
    channels: dict[str, list[Any]] = field(default_factory=dict)
    outboxes: dict[str, list[Any]] = field(default_factory=dict)
    playlists: dict[str, list[Any]] = field(default_factory=dict)
    traces: list[str | None] = field(default_factory=list)
    requests: list[ApiRequest] = field(default_factory=list)
    stops: list[str] = field(default_factory=list)
    admin_free: anyio.Event = field(default_factory=anyio.Event)
    system: ActorSystem | None = None

    def told(self, channel: str, kind: type[M]) -> list[M]:
        """What the channel heard of this kind."""
        return [each for each in self.channels[channel] if isinstance(each, kind)]

    def sent(self, channel: str, kind: type[M]) -> list[M]:
        """What the outbox heard of this kind."""
        return [each for each in self.outboxes[channel] if isinstance(each, kind)]

    def dropped(self, reason: str) -> float:
        """How many events were dropped for this reason."""
        return self.sample("economy_gateway_dropped_total", reason=reason)

    def sample(self, name: str, **labels: str) -> float:
        """A metric's value."""
        value = self.context.metrics.registry.get_sample_value(name, labels)
        assert value is not None, name
        return value


class Root(Actor[Any]):
    """Starts the recorders, then the gateway."""

    def __init__(self, house: House, admin_capacity: int, pulse_s: float) -> None:
        self._house = house
        self._pulse_s = pulse_s
        self._admin_capacity = admin_capacity

    async def started(self) -> None:
        house, context = self._house, self._house.context
        for name in (each.channel for each in context.live.settings.channels):
            heard, sent = house.channels.setdefault(name, []), house.outboxes.setdefault(name, [])
            context.channels[name] = self.spawn(
                f"channel-{name}", partial(Recorder, heard, house.traces), capacity=1024
            )
            context.playlists[name] = self.spawn(
                f"playlist-{name}",
                partial(Recorder, house.playlists.setdefault(name, []), []),
                capacity=1024,
            )
            context.outboxes[name] = self.spawn(
                f"outbox-{name}", partial(Recorder, sent, []), capacity=1024
            )
        context.api = self.spawn("admin", lambda: Answering(house), capacity=self._admin_capacity)
        context.gateway = self.spawn(
            "gateway",
            lambda: Gateway(context, house.bus, house.stops.append, pulse_s=self._pulse_s),
        )


def settings_for(url: str, *channels: str, **more: Any) -> Settings:
    """Settings for these channels, with the shortest waits."""
    values: dict[str, Any] = {
        "nats": {"servers": [url], "connect_timeout": 1, "reconnect_time_wait": 1},
        "channels": [{"domain": "cytube.test", "channel": name} for name in channels],
        "metrics": {"enabled": False},
    }
    return Settings.model_validate({**values, **more})


@asynccontextmanager
async def open_house(
    settings: Settings, *, admin_capacity: int = 64, pulse_s: float = PULSE_S
) -> AsyncIterator[House]:
    """Run a gateway; at the end it stops first, and the bus is closed after it."""
    names = [each.channel for each in settings.channels]
    metrics = Metrics(channels=names)
    context = Context(LiveSettings(settings), SystemClock(), metrics, Dice(1), "1.0.0")
    house = House(context, Bus(settings))
    house.admin_free.set()
    async with open_system() as system:
        house.system = system
        await system.spawn_root("root", lambda: Root(house, admin_capacity, pulse_s))
        try:
            yield house
        finally:
            await system.stop(5.0)
            await house.bus.close()


async def until(condition: Callable[[], object], within_s: float = 30.0) -> None:
    """Let others run until the condition holds."""
    with anyio.fail_after(within_s):
        while not condition():  # noqa: ASYNC110  # a test looks from outside, nobody signals it
            await anyio.sleep(0.005)
