"""What admins have stopped ends by itself when its time has come, over a restart too.

The books know what is stopped, and refuse by it; here is who looks at the clock. It also tells
everybody else: the snapshot for `/health` and the sessions, and the gauges.
"""

import structlog

from economy_actors.context import Context
from economy_actors.messages.ledger import commit, query
from economy_actors.messages.workers import HaltsKnown, PanicDue, PanicMessage
from economy_actors.runtime import Actor, RuntimeFault, Timer
from kryten_economy.features.panic import EndPanics, Halt, halts_of

__all__ = ("Panic",)

_AGAIN_S = 5.0
_LONGEST_S = 3600.0
"""A wall clock may be set: so often it is looked at again."""

_log = structlog.get_logger("panic")


class Panic(Actor[PanicMessage]):
    """Keeps the time of all channels."""

    def __init__(self, context: Context, channels: tuple[str, ...]) -> None:
        self._context = context
        self._channels = channels
        self._timer: Timer | None = None

    async def started(self) -> None:
        """Know what the books hold, and end what has run out meanwhile."""
        await self.receive(PanicDue())

    async def receive(self, message: PanicMessage) -> None:
        """Take what an admin has changed, or end what is due; then wait for the next."""
        wait_s = _LONGEST_S
        match message:
            case HaltsKnown(channel, halts):
                self._publish(channel, halts)
            case PanicDue():
                try:
                    for channel in self._channels:
                        await self._look(channel)
                except RuntimeFault as fault:
                    self._context.metrics.error("scheduler")
                    _log.warning("panic levels wait", error=repr(fault), once_a_minute="")
                    wait_s = _AGAIN_S
        ends_ms = [
            each.until_ms
            for channel in self._channels
            for each in self._context.halts[channel].value
            if each.until_ms is not None
        ]
        if ends_ms and wait_s > _AGAIN_S:
            wait_s = min(wait_s, self._context.clock.wait_s(min(ends_ms)))
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.after(wait_s, PanicDue())

    async def _look(self, channel: str) -> None:
        context, now_ms = self._context, self._context.clock.now_ms()
        halts = await query(context.reader, lambda reports: halts_of(reports, channel))
        if any(each.until_ms is not None and each.until_ms <= now_ms for each in halts):
            answer = await commit(context.ledger, EndPanics(channel, now_ms))
            halts = answer.halts
            for each in answer.ended:
                _log.warning(
                    "resumed by the clock", channel=channel, what=each.what, user=each.name
                )
        self._publish(channel, halts)

    def _publish(self, channel: str, halts: tuple[Halt, ...]) -> None:
        self._context.halts[channel].publish(halts)
        self._context.metrics.set_panic(channel, halts)
