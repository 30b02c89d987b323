"""Prices follow the coins in circulation, in each channel by itself (`spending.md` 2).

The float is read before anything can be sold, at a reload and in the configured interval, never
for a purchase. Limits and anchor are those in force whenever a price is worked out, and the float
is read while inflation is off as well: a reload that turns it on finds one.
"""

import structlog

from economy_actors.context import Context
from economy_actors.handlers.kit import price_factor
from economy_actors.messages.ledger import query
from economy_actors.messages.workers import PricesDue
from economy_actors.runtime import Actor, RuntimeFault, Timer

__all__ = ("Prices",)

_AGAIN_S = 60.0
"""Until a float is known at all, it is asked for so often."""

_log = structlog.get_logger("prices")


class Prices(Actor[PricesDue]):
    """Keeps the floats of all channels."""

    def __init__(self, context: Context, channels: tuple[str, ...]) -> None:
        self._context = context
        self._channels = channels
        self._timer: Timer | None = None

    async def started(self) -> None:
        """Know the floats before anything is sold."""
        await self.receive(PricesDue())

    async def receive(self, _message: PricesDue) -> None:
        """Read the floats; a query that fails leaves its channel the one it had."""
        if self._timer is not None:
            self._timer.cancel()
        for channel in self._channels:
            await self._refresh(channel)
        known = all(channel in self._context.floats for channel in self._channels)
        interval_s = self._context.live.settings.inflation.update_interval_seconds
        self._timer = self.after(float(interval_s) if known else _AGAIN_S, PricesDue())

    async def _refresh(self, channel: str) -> None:
        context = self._context
        try:
            circulation = await query(context.reader, lambda reports: reports.float_of(channel))
        except RuntimeFault as fault:
            _log.warning("prices stay as they are", channel=channel, reason=str(fault))
        else:
            context.floats[channel] = circulation.float_z
        context.metrics.set_inflation(channel, price_factor(context, channel))
