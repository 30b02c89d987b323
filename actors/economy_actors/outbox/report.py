"""What the outbox tells about its work: waits, echoes, losses; and where that goes.

The outbox knows only `Report`. `MeterReport` turns it into metrics and log lines; a flood of
losses becomes one line per reason and minute.
"""

from typing import Literal, Protocol

import structlog

from economy_actors.outbox.message import Loss, Medium, Priority

__all__ = ("Depths", "Meter", "MeterReport", "Report")

_log = structlog.get_logger("outbox")

_QUIET_S = 60.0
"""At most one log line per reason in this time."""
_UNTOLD = frozenset({Loss.GATE, Loss.DUPLICATE, Loss.EMPTY})
_LineDrop = Literal["rate", "duplicate", "gate"]
_LINE_DROPS: dict[Loss, _LineDrop] = {
    Loss.RATE: "rate",
    Loss.DUPLICATE: "duplicate",
    Loss.GATE: "gate",
}


class Report(Protocol):
    """The outbox calls these; all times are seconds."""

    def waited(self, priority: Priority, wait_s: float) -> None:
        """A message got its turn after waiting so long."""

    def echoed(self, delay_s: float) -> None:
        """A text was proven delivered so long after it was sent."""

    def repeated(self, priority: Priority, trace: str | None) -> None:
        """A text without echo goes out once more."""

    def lost(self, medium: Medium, loss: Loss, now_s: float, trace: str | None) -> None:
        """A message, or a part of one, was given up."""


class Meter(Protocol):
    """The part of `economy_actors.metrics.metrics.Metrics` that the outbox writes to."""

    def set_outbox_depth(self, channel: str, waiting: int) -> None:
        """Messages waiting in a channel's outbox."""

    def set_pm_queue_depth(self, waiting: int | None) -> None:
        """PMs waiting in all outboxes."""

    def outbox_waited(self, priority: str, seconds: float) -> None:
        """How long a message waited."""

    def outbox_echoed(self, seconds: float) -> None:
        """How long an echo took."""

    def pm_undeliverable(self, reason: str) -> None:
        """A PM was given up."""

    def announcement_dropped(self, channel: str, reason: _LineDrop, count: int = 1) -> None:
        """A public line was not sent."""


class Depths:
    """The depth gauges of all outboxes of a service; one object, given to each of them."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._pms: dict[str, int] = {}
        self._all: dict[str, int] = {}

    def set(self, channel: str, pms: int, lines: int) -> None:
        """So many messages wait in this channel."""
        if self._all.get(channel) != pms + lines:
            self._all[channel] = pms + lines
            self._meter.set_outbox_depth(channel, pms + lines)
        if self._pms.get(channel) != pms:
            self._pms[channel] = pms
            self._meter.set_pm_queue_depth(sum(self._pms.values()))


class MeterReport:
    """Metrics and log lines of one channel's outbox."""

    def __init__(self, channel: str, meter: Meter) -> None:
        self._channel = channel
        self._meter = meter
        self._told_at_s: dict[tuple[Medium, Loss], float] = {}
        self._untold: dict[tuple[Medium, Loss], int] = {}

    def waited(self, priority: Priority, wait_s: float) -> None:
        """See `Report.waited`."""
        self._meter.outbox_waited(priority.label, wait_s)

    def echoed(self, delay_s: float) -> None:
        """See `Report.echoed`."""
        self._meter.outbox_echoed(delay_s)

    def repeated(self, priority: Priority, trace: str | None) -> None:
        """See `Report.repeated`."""
        _log.info(
            "sent once more, no echo came",
            channel=self._channel,
            priority=priority.label,
            correlation_id=trace,
        )

    def lost(self, medium: Medium, loss: Loss, now_s: float, trace: str | None) -> None:
        """See `Report.lost`."""
        if medium is Medium.PM:
            self._meter.pm_undeliverable(loss.value)
        elif loss in _LINE_DROPS:
            self._meter.announcement_dropped(self._channel, _LINE_DROPS[loss])
        if loss not in _UNTOLD:
            self._tell(medium, loss, now_s, trace)

    def _tell(self, medium: Medium, loss: Loss, now_s: float, trace: str | None) -> None:
        reason = (medium, loss)
        self._untold[reason] = self._untold.get(reason, 0) + 1
        if now_s - self._told_at_s.get(reason, float("-inf")) < _QUIET_S:
            return
        self._told_at_s[reason] = now_s
        _log.warning(
            "message dropped",
            channel=self._channel,
            medium=medium.value,
            reason=loss.value,
            since_last_line=self._untold.pop(reason),
            correlation_id=trace,
        )
