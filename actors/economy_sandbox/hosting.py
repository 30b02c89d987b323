"""The real service inside the sandbox's own process, as the demo and the replay want it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

import anyio

from economy_actors import logs
from economy_actors.clock import Clock
from economy_actors.context import LiveSettings
from economy_actors.handlers.registry import COMMANDS
from economy_actors.service import Service
from economy_sandbox.bus import SandboxError
from economy_sandbox.settings import DemoConfig, ServiceInfo
from kryten_economy.config import load

__all__ = ("OpenService", "hosted", "looked_around", "starter")

_WITHIN_S = 30.0
_POLL_S = 0.001


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
    live = LiveSettings(loaded.settings, config_path)
    async with open_service(live, clock=clock) as service:
        yield service


async def looked_around(service: Service) -> None:
    """Wait until the service has read who is in its channels; raises SandboxError."""
    population = service.world.population
    try:
        with anyio.fail_after(_WITHIN_S):
            while population.keys() != service.world.channels.keys():  # noqa: ASYNC110  # nobody tells
                await anyio.sleep(_POLL_S)
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
                await looked_around(service)
                at = service.listening
                settings = service.world.live.settings
                url = f"http://{at.host}:{at.port}{settings.metrics.metrics_path}" if at else None
                words = [w for spec in COMMANDS if spec.enabled(settings) for w in spec.words]
                yield ServiceInfo(url, words)

    return start
