"""Keeps a running service in step with a recording: the recorded clock moves, and it waits.

Promises: before the recorded clock passes a whole minute, and at every pause people make, the
service has done all that follows from what it was told; each minute is paid before the next line.
So a recording comes out the same at any speed. Limits: what the service measures on its own
running clock (rate limits, the pace and repetition of messages) is not in step.

The real service inside the sandbox's own process, as the demo and the replay want it.
"""

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

import anyio

from economy_actors import logs
from economy_actors.clock import Clock, SteppedClock
from economy_actors.context import LiveSettings
from economy_actors.gateway.translate import Translator
from economy_actors.handlers.registry import COMMANDS
from economy_actors.messages.channel import ShowPresence
from economy_actors.messages.ledger import commit
from economy_actors.outbox.protocol import Drain
from economy_actors.service import Service
from economy_sandbox.outbox import SandboxError
from economy_sandbox.settings import DemoConfig, ServiceInfo
from kryten_economy.config import load
from kryten_economy.features.presence.operations import Depart
from kryten_economy.features.presence.rules import MINUTE_MS

__all__ = (
    "PAUSE_MS",
    "OpenService",
    "Stage",
    "Timekeeper",
    "events_checked",
    "hosted",
    "starter",
)

_WITHIN_S = 30.0
_HOSTING_POLL_S = 0.001


class OpenService(Protocol):
    """How to run a service, as `economy_actors.service.open_service` does."""

    def __call__(
        self, live: LiveSettings, *, clock: Clock | None = None
    ) -> AbstractAsyncContextManager[Service]:
        """A running service until the block is left; without a clock on the machine's."""
        ...


@asynccontextmanager
async def hosted(
    open_service: OpenService, config_path: Path, clock: Clock | None = None
) -> AsyncIterator[Service]:
    """Run the service on a written configuration; the environment has no say in it."""
    loaded = load(config_path, {})
    live = LiveSettings(loaded.settings, config_path, loaded)
    async with open_service(live, clock=clock) as service:
        yield service


async def events_checked(service: Service) -> None:
    """Wait until the service has read who is in its channels; raises SandboxError."""
    population = service.context.population
    try:
        with anyio.fail_after(_WITHIN_S):
            while population.keys() != service.context.channels.keys():  # noqa: ASYNC110  # nobody tells
                await anyio.sleep(_HOSTING_POLL_S)
    except TimeoutError:
        raise SandboxError("The service did not read who is in the channel") from None


def starter(
    open_service: OpenService,
) -> Callable[[DemoConfig], AbstractAsyncContextManager[ServiceInfo]]:
    """The demo's way to start the service: its log goes to a file in the demo's folder."""

    @asynccontextmanager
    async def start(config: DemoConfig) -> AsyncIterator[ServiceInfo]:
        with config.log_path.open("a", encoding="utf-8") as log:
            logs.configure("INFO", log, as_json=False)
            async with hosted(open_service, config.config_path) as service:
                await events_checked(service)
                at = service.listening
                settings = service.context.live.settings
                url = f"http://{at.host}:{at.port}{settings.metrics.metrics_path}" if at else None
                words = [w for spec in COMMANDS if spec.enabled(settings) for w in spec.words]
                yield ServiceInfo(url, words, service.pages)

    return start


PAUSE_MS = 250
"""What people do after such a pause they do with the service's answers before them."""
_ANSWER_S = 5.0
_POLL_S = 0.001
_HELD_S = 3.0
_STILL_HELD_S = 0.05
_UNCOUNTED = frozenset({"ledger", "scheduler"})
"""The one is asked here, the other looks at the stepped clock all the time."""


class Stage(Protocol):
    """The other end of the bus, where the recording is played."""

    def told(self, kinds: Collection[str]) -> int:
        """How many events of these kinds (lower case) have been published."""
        ...

    async def exchanged(self) -> None:
        """Wait until everything the service has sent so far is here, and echoed."""
        ...


class Timekeeper:
    """Moves ``clock``, on which ``service`` runs."""

    def __init__(self, service: Service, clock: SteppedClock) -> None:
        self._service = service
        self._context = service.context
        self._clock = clock
        self._kinds = frozenset(Translator(self._context.live, clock).kinds)
        self._heard_before = self._events()
        self._held: set[str] = set()

    def now_s(self) -> float:
        """The recorded time, in epoch seconds."""
        return self._clock.now_ms() / 1000

    async def begin(self) -> None:
        """Wait until the service has read the stored user lists; raises SandboxError."""
        await events_checked(self._service)

    async def reach(self, at_s: float, stage: Stage) -> None:
        """Let the recorded time pass until ``at_s``; raises SandboxError if the service hangs."""
        at_ms = round(at_s * 1000)
        if at_ms - self._clock.now_ms() >= PAUSE_MS:
            await self.digested(stage)
        while self._next_minute_ms() <= at_ms:
            await self._tick(stage)
        self._clock.move_to(at_ms)

    async def complete(self, stage: Stage) -> None:
        """Let the recorded minute end."""
        await self._tick(stage)

    async def digested(self, stage: Stage) -> None:
        """Wait until nothing is left to do about what was published; raises SandboxError."""
        try:
            with anyio.fail_after(_WITHIN_S):
                while not await self._is_done(stage):  # noqa: ASYNC110  # many parts, no common event
                    await anyio.sleep(_POLL_S)
        except TimeoutError:
            text = f"The service did not take in its events within {_WITHIN_S:.0f} s"
            raise SandboxError(text) from None

    # Time

    def _next_minute_ms(self) -> int:
        return (self._clock.now_ms() // MINUTE_MS + 1) * MINUTE_MS

    async def _tick(self, stage: Stage) -> None:
        """Pass the next whole minute, and have it paid."""
        await self.digested(stage)
        looks = self._service.system.observer.stats("scheduler")
        before = looks.handled
        self._clock.move_to(self._next_minute_ms())
        try:
            with anyio.fail_after(_WITHIN_S):
                while looks.handled == before:  # noqa: ASYNC110  # the scheduler tells nobody
                    await anyio.sleep(_POLL_S)
        except TimeoutError:
            raise SandboxError("The service did not notice that a minute had passed") from None
        await self.digested(stage)

    # Whether there is anything left to do

    def _events(self) -> int:
        return self._context.metrics.persistent()["events_processed"]

    def _has_heard(self, stage: Stage) -> bool:
        return self._events() - self._heard_before >= stage.told(self._kinds)

    def _is_at_rest(self) -> bool:
        """No mail waits and nobody is at work, but perhaps those who work on whole batches."""
        return self._service.system.at_rest()

    def _work_done(self) -> int:
        classes = self._service.system.observer.classes
        return sum(stats.handled for kind, stats in classes.items() if kind not in _UNCOUNTED)

    async def _is_done(self, stage: Stage) -> bool:
        if not (self._has_heard(stage) and self._is_at_rest()):
            return False
        for channel in self._context.channels:
            await self._context.channels[channel].ask(ShowPresence, timeout_s=_ANSWER_S)
            await self._sent(channel)
        await stage.exchanged()
        # The books come last: behind what was offered to them without waiting for an answer.
        before = self._work_done()
        await commit(self._context.ledger, Depart("", (), self._clock.now_ms()))
        return self._has_heard(stage) and self._is_at_rest() and self._work_done() == before

    async def _sent(self, channel: str) -> None:
        """Wait for the outbox, unless it keeps its messages because the robot is away."""
        outbox = self._context.outboxes[channel]
        wait_s = _STILL_HELD_S if channel in self._held else _HELD_S
        self._held.add(channel)
        with anyio.move_on_after(wait_s):
            while await outbox.ask(Drain, timeout_s=_ANSWER_S):
                pass
            self._held.discard(channel)
