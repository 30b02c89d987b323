"""What the runtime tells about itself: counts by class of actor, and dead letters."""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import structlog

__all__ = ("HANDLING_BUCKETS_S", "ClassStats", "DeadLetterReason", "Observer")

HANDLING_BUCKETS_S = (0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0)

_log = structlog.get_logger("runtime")


class DeadLetterReason(Enum):
    """Why a message was not handled."""

    FULL = "full"
    GONE = "gone"
    EXPIRED = "expired"
    CRASHED = "crashed"
    STOPPED = "stopped"


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


class Observer:
    """Collects statistics and logs what was lost. Messages show themselves by ``repr``."""

    def __init__(self) -> None:
        self.classes: dict[str, ClassStats] = {}
        self.dead_letters: Counter[DeadLetterReason] = Counter()

    def stats(self, kind: str) -> ClassStats:
        """The statistics of a class of actors, made on first use."""
        return self.classes.setdefault(kind, ClassStats())

    def dead_letter(
        self,
        address: str,
        message: Any,
        reason: DeadLetterReason,
        trace: str | None,
    ) -> None:
        """Count and log a message that nobody will handle; of a burst, one line and a count."""
        self.dead_letters[reason] += 1
        kind = f"{_kind_of(address)}: {type(message).__name__}, {reason.value}"
        _log.warning(
            "message lost",
            actor=address,
            reason=reason.value,
            message=repr(message)[:500],
            correlation_id=trace,
            once_a_minute=kind,
        )

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


def _kind_of(address: str) -> str:
    """The address without what counts up in it: all sessions of a channel are one kind."""
    return "/".join(address.split("/")[:3])
