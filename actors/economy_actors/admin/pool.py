"""Requests that wait for a desk, and the desks that wait for a request."""

from collections import deque
from dataclasses import dataclass

from economy_actors.admin.messages import ApiRequest

__all__ = ("WAITING_MAX", "Pool", "Ticket")

WAITING_MAX = 1_000
"""Far more than can be answered before the callers give up at 5 s only in a broken world."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A request and the loop time by which it must be answered, in seconds."""

    request: ApiRequest
    answer_by_s: float


class Pool:
    """One queue for all desks, so that a slow request holds up nobody while a desk is free.

    Used from one event loop without waiting in between, by the admin actor and its desks.
    """

    def __init__(self, waiting_max: int = WAITING_MAX) -> None:
        self._waiting: deque[Ticket] = deque()
        self._waiting_max = waiting_max
        self._idle: set[int] = set()

    def offer(self, ticket: Ticket) -> bool:
        """Take a request; False if too many wait."""
        if len(self._waiting) >= self._waiting_max:
            return False
        self._waiting.append(ticket)
        return True

    def take(self) -> Ticket | None:
        """The request that has waited longest."""
        return self._waiting.popleft() if self._waiting else None

    def rest(self, desk: int) -> None:
        """A desk has nothing to do."""
        self._idle.add(desk)

    def rouse(self) -> int | None:
        """A desk that had nothing to do and has now; None if all are at work."""
        return self._idle.pop() if self._idle else None
