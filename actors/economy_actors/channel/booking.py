"""A channel's lines on their way to the books: as batches, one of which is under way.

What the sessions have decided waits here until the batch before it is answered, so that a burst
makes bigger batches and not fuller mailboxes. A batch whose outcome is unknown is asked for again
by its id, for as long as it takes; one that meets a defect is booked line by line, so that only
the line at fault is lost.
"""

import uuid
from collections import deque
from collections.abc import Callable

import structlog

from economy_actors.channel.messages import LinesBooked
from economy_actors.context import World
from economy_actors.ledger.client import commit
from economy_actors.ledger.messages import Defect
from economy_actors.runtime import RuntimeFault
from kryten_economy.features.chat.operations import PayTriggers, RecordChat, RecordLines

__all__ = ("PATIENCE_S", "Booking")

LINES_MAX = 256
PATIENCE_S = 60.0
"""For an answer: longer than the books themselves wait for a locked file. A disk that hangs for
some seconds is no reason to ask again, since nothing else of the channel is under way."""
_AGAIN_S = 0.5

_log = structlog.get_logger("chat")


class Booking:
    """``request`` has the channel ask the books; the answer comes as `LinesBooked`."""

    def __init__(
        self,
        channel: str,
        world: World,
        request: Callable[[RecordLines], None],
        later: Callable[[float, LinesBooked], object],
    ) -> None:
        self._channel = channel
        self._world = world
        self._request = request
        self._later = later
        self._waiting: deque[RecordChat | PayTriggers] = deque()
        self._under_way: RecordLines | None = None
        self._one_by_one = 0
        self._tries = 0

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way or waits for its turn."""
        return self._under_way is None and not self._waiting

    def add(self, lines: tuple[RecordChat | PayTriggers, ...]) -> None:
        """Take what a session has decided."""
        self._waiting.extend(lines)
        self._send()

    def booked(self, message: LinesBooked) -> None:
        """The books have answered, or somebody else in their place."""
        batch = self._under_way
        if batch is None:
            return
        fault = message.fault
        if fault is None:
            self._done(batch)
        elif isinstance(fault, Defect):
            self._isolate(batch)
        elif message.waited or not self._tries:
            self._tries += 1
            self._request(batch)
            return
        else:
            _log.warning(
                "lines are asked for again",
                channel=self._channel,
                fault=str(fault),
                once_a_minute="",
            )
            self._later(_AGAIN_S, LinesBooked(fault, waited=True))
            return
        self._tries = 0
        self._under_way = None
        self._send()

    def _done(self, batch: RecordLines) -> None:
        self._one_by_one = max(0, self._one_by_one - len(batch.lines))
        said = sum(isinstance(line, RecordChat) for line in batch.lines)
        self._world.backlog.booked(self._channel, said)

    def _isolate(self, batch: RecordLines) -> None:
        """Nothing of a batch with a defect stands: find the line."""
        if len(batch.lines) == 1:
            [line] = batch.lines
            _log.warning(
                "triggers not booked",
                channel=self._channel,
                op_id=line.op_id,
                once_a_minute=self._channel,
            )
            self._done(batch)
            return
        self._waiting.extendleft(reversed(batch.lines))
        self._one_by_one = len(batch.lines)

    def _send(self) -> None:
        if self._under_way is not None or not self._waiting:
            return
        count = 1 if self._one_by_one else min(len(self._waiting), LINES_MAX)
        lines = tuple(self._waiting.popleft() for _ in range(count))
        self._under_way = RecordLines(self._channel, uuid.uuid4().hex, lines)
        self._request(self._under_way)

    async def finish(self) -> None:
        """The sessions have ended: book what is left, before the channel ends."""
        batch = self._under_way
        try:
            if batch is not None:
                await commit(self._world.ledger, batch)
            while self._waiting:
                count = min(len(self._waiting), LINES_MAX)
                lines = tuple(self._waiting.popleft() for _ in range(count))
                await commit(
                    self._world.ledger, RecordLines(self._channel, uuid.uuid4().hex, lines)
                )
        except RuntimeFault:
            _log.warning("last lines not known to be booked", channel=self._channel)
