"""The actor behind ``kryten.economy.command``: it hands requests to workers side by side.

Nothing in a request can stop it. When more wait than can be answered in time, callers are told
at once.
"""

from functools import partial
from typing import ClassVar, Final

import anyio
import structlog

from economy_actors.api.messages import ApiRequest
from economy_actors.api.reading import envelope
from economy_actors.api.worker import REPLY_TIMEOUT_S, Queue, Replies, Waiting, Work, Worker
from economy_actors.context import World
from economy_actors.handlers.answers import refused
from economy_actors.runtime import Actor, Ref, Supervision
from kryten_economy.refusals import Busy

__all__ = ("ANSWER_TIMEOUT_S", "MAILBOX", "WORKERS", "Api")

WORKERS: Final = 16
MAILBOX: Final = 1_024
ANSWER_TIMEOUT_S: Final = 4.0
"""Callers wait 5 s."""

_log = structlog.get_logger("api")


class Api(Actor[ApiRequest]):
    """Owns the workers."""

    supervision: ClassVar[Supervision] = Supervision(drain_s=5.0)

    def __init__(self, world: World, bus: Replies) -> None:
        self._world = world
        self._bus = bus
        self._queue = Queue()
        self._workers: list[Ref[Work]] = []

    async def started(self) -> None:
        """Set up the workers."""
        for number in range(WORKERS):
            worker = partial(Worker, number, self._world, self._bus, self._queue)
            self._workers.append(self.spawn(f"worker-{number}", worker, kind="worker"))

    async def receive(self, message: ApiRequest) -> None:
        """Put a request where the next free worker finds it."""
        if not self._queue.offer(Waiting(message, self.now_s() + ANSWER_TIMEOUT_S)):
            await self._turn_away(message)
            return
        worker = self._queue.rouse()
        if worker is not None:
            self._workers[worker].offer(Work())

    async def _turn_away(self, message: ApiRequest) -> None:
        self._world.metrics.api_request("unknown", "error")
        _log.warning("too many requests are waiting, one was turned away", once_a_minute="")
        if not message.reply_to:
            return
        answer = envelope("", refused(Busy(), self._world.live.settings.currency.symbol))
        try:
            with anyio.fail_after(REPLY_TIMEOUT_S):
                await self._bus.reply(message.reply_to, answer)
        except Exception as error:  # noqa: BLE001  # the edge: a broken bus must not stop the API
            _log.warning("answer not sent", error=repr(error), once_a_minute="")
