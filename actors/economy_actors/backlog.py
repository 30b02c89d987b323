"""How many lines of chat are between the bus and the books, and when the bus has to wait.

The gateway counts a line in when it takes it, its channel counts it out when it is in the books.
Nothing that was taken in is dropped because something behind it is full: above a bound the gate
closes, chat waits at the bus, and private messages go on.
"""

from economy_actors.gateway.pressure import Gate

__all__ = ("LINES_MAX", "Backlog")

LINES_MAX = 640
"""Of one channel; its mailbox has room for these and for all else that happens meanwhile."""
_LINES_LOW = LINES_MAX // 4


class Backlog:
    """For all channels of a service, which share one gate."""

    def __init__(self, gate: Gate | None = None) -> None:
        self.gate = gate or Gate()
        self._lines: dict[str, int] = {}
        self._behind: set[str] = set()

    def of(self, channel: str) -> int:
        """The lines of a channel that are not in the books yet."""
        return self._lines.get(channel, 0)

    def begin(self, channel: str) -> None:
        """A channel starts anew: what its instance before had counted is gone with it."""
        self.booked(channel, self.of(channel))

    def taken(self, channel: str) -> None:
        """A line goes to its channel."""
        lines = self._lines[channel] = self.of(channel) + 1
        if lines >= LINES_MAX and channel not in self._behind:
            self._behind.add(channel)
            self.gate.close()

    def booked(self, channel: str, count: int) -> None:
        """So many lines of a channel are in the books, or will never be."""
        lines = self._lines[channel] = max(0, self.of(channel) - count)
        if lines <= _LINES_LOW and channel in self._behind:
            self._behind.discard(channel)
            if not self._behind:
                self.gate.open()
