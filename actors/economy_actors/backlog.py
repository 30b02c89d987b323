"""How many lines of chat are between the bus and the books, and when the bus has to wait.

The gateway counts a line in when it takes it, its channel counts it out when it is in the books.
Nothing that was taken in is dropped because something behind it is full: above a bound, of one
channel or of all together, the gate closes, chat waits at the bus, and private messages go on.

Lines on their way to a channel are counted apart from those that it has heard: a channel that
fails keeps the former in its mailbox and loses the latter.
"""

from dataclasses import dataclass

import structlog

from economy_actors.gateway.pressure import Gate

__all__ = ("ALL_LINES_MAX", "LINES_MAX", "Backlog")

LINES_MAX = 640
"""Of one channel; its mailbox has room for these and for all else that happens meanwhile."""
ALL_LINES_MAX = 16 * LINES_MAX
"""Of all channels together: what is taken in is memory, also where no channel has many."""
_LOW = 4
"""The gate opens again below this part of a bound."""

_log = structlog.get_logger("backlog")


@dataclass(slots=True)
class _Lines:
    """Of one channel: on their way to it, and heard by it but not in the books yet."""

    coming: int = 0
    heard: int = 0


class Backlog:
    """For all channels of a service, which share one gate."""

    def __init__(self, gate: Gate | None = None) -> None:
        self.gate = gate or Gate()
        self._lines: dict[str, _Lines] = {}
        self._all = 0
        self._behind: set[str] = set()

    @property
    def total(self) -> int:
        """The lines of all channels that are not in the books yet."""
        return self._all

    def of(self, channel: str) -> int:
        """The lines of a channel that are not in the books yet."""
        lines = self._lines.get(channel)
        return 0 if lines is None else lines.coming + lines.heard

    def begin(self, channel: str, waiting: int = 0) -> None:
        """A channel starts anew, with so many messages in its mailbox.

        What its instance before had heard is gone with it, and so is what its mailbox has lost.
        """
        lines = self._at(channel)
        self._leave(channel, lines, coming=max(0, lines.coming - waiting), heard=lines.heard)

    def taken(self, channel: str) -> None:
        """A line goes to its channel."""
        lines = self._at(channel)
        lines.coming += 1
        self._all += 1
        if lines.coming + lines.heard >= LINES_MAX:
            self._behind.add(channel)
        if self.gate.is_open and (channel in self._behind or self._all >= ALL_LINES_MAX):
            self._close(channel)

    def heard(self, channel: str) -> None:
        """A line has come to its channel."""
        lines = self._at(channel)
        if lines.coming:
            lines.coming -= 1
            lines.heard += 1

    def booked(self, channel: str, count: int) -> None:
        """So many lines that a channel has heard are in the books, or will never be."""
        lines = self._at(channel)
        self._leave(channel, lines, coming=0, heard=min(count, lines.heard))

    def settled(self, channel: str) -> None:
        """A channel has nothing left of what it has heard, whatever became of it."""
        self.booked(channel, self._at(channel).heard)

    def _at(self, channel: str) -> _Lines:
        return self._lines.setdefault(channel, _Lines())

    def _leave(self, channel: str, lines: _Lines, *, coming: int, heard: int) -> None:
        lines.coming -= coming
        lines.heard -= heard
        self._all -= coming + heard
        if lines.coming + lines.heard <= LINES_MAX // _LOW:
            self._behind.discard(channel)
        if not self._behind and self._all <= ALL_LINES_MAX // _LOW:
            self.gate.open()

    def _close(self, channel: str) -> None:
        """A burst closes the gate a hundred times; that is one line, and its number once more."""
        self.gate.close()
        _log.warning(
            "the books are behind: chat waits at the bus",
            channel=channel,
            lines=self._all,
            once_a_minute="",
        )
