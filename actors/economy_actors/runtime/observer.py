"""What the runtime tells about itself: counts by class of actor, and dead letters.

Messages that get lost seldom come alone: those of one class of actor, reason and type are told
in one line with their count, a second after the first of them and then once a minute. What a
failure has cost is told at once as well.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Any, NamedTuple

import structlog

__all__ = ("HANDLING_BUCKETS_S", "ClassStats", "DeadLetterReason", "Observer")

HANDLING_BUCKETS_S = (0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0)

_FIRST_LINE_AFTER_S = 1.0
_NEXT_LINE_AFTER_S = 60.0
_SHOWN_LETTERS = 200

_log = structlog.get_logger("runtime")


class DeadLetterReason(Enum):
    """Why a message was not handled."""

    FULL = "full"
    GONE = "gone"
    EXPIRED = "expired"
    CRASHED = "crashed"
    STOPPED = "stopped"
    LATE = "late"
    """An answer came for an instance that has ended meanwhile."""


@dataclass(slots=True)
class ClassStats:
    """What all actors of one class did since the start."""

    handled: int = 0
    handling_s: float = 0.0
    restarts: int = 0
    live: int = 0
    passivated: int = 0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(HANDLING_BUCKETS_S) + 1))

    def observe(self, seconds: float) -> None:
        """Count one handled message (or batch)."""
        self.handled += 1
        self.handling_s += seconds
        self.buckets[bisect_left(HANDLING_BUCKETS_S, seconds)] += 1


class _Kind(NamedTuple):
    """Lost messages that are told together."""

    actors: str
    reason: DeadLetterReason
    message: type


@dataclass(slots=True)
class _Burst:
    """What was lost of one kind since the last line about it."""

    count: int = 0
    actor: str = ""
    message: str = ""
    trace: str | None = None


class Observer:
    """Collects statistics and logs what was lost. Messages show themselves by ``repr``."""

    def __init__(self) -> None:
        self.classes: dict[str, ClassStats] = {}
        self.dead_letters: Counter[DeadLetterReason] = Counter()
        self._bursts: dict[_Kind, _Burst] = {}
        self._later: Callable[[float, Callable[[], None]], object] | None = None

    def attach(self, later: Callable[[float, Callable[[], None]], object]) -> None:
        """Lines about bursts are written by ``later``, called with seconds and what to do.

        Without it each lost message has its line at once.
        """
        self._later = later

    def stats(self, kind: str) -> ClassStats:
        """The statistics of a class of actors, made on first use."""
        return self.classes.setdefault(kind, ClassStats())

    def dead_letter(
        self,
        address: str,
        message: Any,
        reason: DeadLetterReason,
        trace: str | None,
        *,
        kind: str | None = None,
    ) -> None:
        """Count a message that nobody will handle, and log it with others of its kind."""
        self.dead_letters[reason] += 1
        lost = _Kind(kind or address, reason, type(message))
        burst = self._bursts.get(lost)
        is_first = burst is None
        if burst is None:
            burst = self._bursts[lost] = _Burst()
            if self._later is not None:
                self._later(_FIRST_LINE_AFTER_S, partial(self._end_of_window, lost))
        burst.count += 1
        if burst.count == 1:
            burst.actor = address
            burst.message = repr(message)[:_SHOWN_LETTERS]
            burst.trace = trace
        if self._later is None:
            self.flush()
        elif reason is DeadLetterReason.CRASHED and is_first:
            # It belongs beside the line about the failure.
            self._tell(lost, burst)

    def _end_of_window(self, lost: _Kind) -> None:
        burst = self._bursts.get(lost)
        if burst is None or self._later is None:
            return
        if not burst.count:
            del self._bursts[lost]
            return
        self._tell(lost, burst)
        self._later(_NEXT_LINE_AFTER_S, partial(self._end_of_window, lost))

    @staticmethod
    def _tell(lost: _Kind, burst: _Burst) -> None:
        _log.warning(
            "message lost",
            actor=burst.actor,
            reason=lost.reason.value,
            count=burst.count,
            message=burst.message,
            correlation_id=burst.trace,
        )
        burst.count = 0

    def flush(self) -> None:
        """Log what was lost since the last lines."""
        for lost, burst in self._bursts.items():
            if burst.count:
                self._tell(lost, burst)
        self._bursts.clear()

    def failed(self, address: str, error: BaseException, trace: str | None) -> None:
        """Log a failure that a supervisor will deal with."""
        _log.error("actor failed", actor=address, correlation_id=trace, exc_info=error)

    def restarting(self, address: str, kind: str, pause_s: float) -> None:
        """Count and log a restart."""
        self.stats(kind).restarts += 1
        _log.warning("actor restarts", actor=address, pause_s=round(pause_s, 3))

    def escalated(self, address: str, child: str) -> None:
        """Log that a supervisor gave up on a child."""
        _log.error("too many restarts", actor=address, child=child)
