"""A fake bus with its channel, and an outbox on it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio

from economy_actors.metrics.metrics import Metrics
from economy_actors.outbox.actor import OutboxActor, outbox_factory
from economy_actors.outbox.delivery import Depths
from economy_actors.outbox.limits import Limits
from economy_actors.outbox.message import Medium
from economy_actors.outbox.protocol import Echoed, OutboxMessage, SendFailed
from economy_actors.runtime import Actor, ActorSystem, Observer, Ref, open_system
from kryten_economy.config import Pace

CHANNEL = "Lounge"
UNPACED = Pace.gap(0.0, 0.0)


@dataclass(frozen=True)
class Said:
    """One text that reached the bus."""

    at_s: float
    to: str | None
    text: str


@dataclass
class Bus:
    """Takes texts, and echoes them to the outbox as the channel would."""

    said: list[Said] = field(default_factory=list)
    ref: Ref[OutboxMessage] | None = None
    echoing: bool = True
    broken: bool = False
    hanging: bool = False
    poison: str | None = None
    on_send: Callable[[str], None] | None = None

    async def pm(self, channel: str, to: str, text: str) -> None:
        await self._take(channel, to, text)

    async def chat(self, channel: str, text: str) -> None:
        await self._take(channel, None, text)

    async def _take(self, channel: str, to: str | None, text: str) -> None:
        assert channel == CHANNEL
        if self.hanging:
            await anyio.sleep_forever()
        if self.broken:
            raise SendFailed("no bus")
        if text == self.poison:
            raise ValueError(text)
        self.said.append(Said(anyio.current_time(), to, text))
        if self.on_send is not None:
            self.on_send(text)
        if self.echoing and self.ref is not None:
            medium = Medium.CHAT if to is None else Medium.PM
            self.ref.offer(Echoed(medium, to, text))

    @property
    def texts(self) -> list[str]:
        return [each.text for each in self.said]


@dataclass
class House:
    """Everything a test looks at."""

    system: ActorSystem
    ref: Ref[OutboxMessage]
    bus: Bus
    metrics: Metrics
    observer: Observer
    foreign: list[str]

    def sample(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, labels)


class Announcers(Actor[str]):
    """The supervisor of the outboxes, here of one."""

    def __init__(self, factory: Callable[[], OutboxActor], refs: list[Ref[OutboxMessage]]) -> None:
        self._factory = factory
        self._refs = refs

    async def started(self) -> None:
        self._refs.append(await self.spawn_started(CHANNEL, self._factory, capacity=1024))


@asynccontextmanager
async def house(
    bus: Bus | None = None, *, pace: Pace | None = None, limits: Limits | None = None
) -> AsyncIterator[House]:
    """A running outbox under a supervisor."""
    bus = bus or Bus()
    metrics, observer = Metrics(channels=[CHANNEL]), Observer()
    foreign: list[str] = []
    factory = outbox_factory(
        CHANNEL,
        pace=pace or Pace.bucket(8, 4.0),
        limits=limits or Limits(),
        sender=bus,
        meter=metrics,
        depths=Depths(metrics),
        chance=lambda: 0.0,
        foreign=foreign.append,
    )
    refs: list[Ref[OutboxMessage]] = []
    async with open_system(observer=observer) as system:
        await system.spawn_root("announcers", lambda: Announcers(factory, refs))
        bus.ref = refs[0]
        yield House(system, refs[0], bus, metrics, observer, foreign)
