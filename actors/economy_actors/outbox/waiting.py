"""The messages that wait for their turn: by priority, in order, bounded.

When full, digests go first, then bulk notices, then announcements, the oldest of a kind before
the newer ones. Replies, results and what somebody paid for stay.
"""

from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from economy_actors.outbox.delivery import Shipment
from economy_actors.outbox.message import Line, Outgoing, Pm, Priority

__all__ = ("Entry", "Waiting")

_SHED_ORDER = (Priority.DIGEST, Priority.BULK, Priority.PUBLIC)


@dataclass(slots=True, eq=False)
class Entry:
    """One message and what of it is still to be sent. Times are monotonic seconds."""

    message: Outgoing
    offered_at_s: float
    expires_at_s: float
    outage_expires_at_s: float
    order: int = 0
    texts: deque[str] = field(default_factory=deque)
    """The parts still to be sent; empty until the turn of the message has come."""
    again: Shipment | None = None
    """A text without echo that is to be sent once more."""

    @property
    def priority(self) -> Priority:
        """The urgency of the message."""
        return self.message.priority

    @property
    def begun(self) -> bool:
        """Whether something of it was sent already; then the rest follows whatever happens."""
        return bool(self.texts) or self.again is not None

    @property
    def kept(self) -> bool:
        """Whether somebody paid for it or ordered it."""
        return isinstance(self.message, Line) and self.message.kind.kept

    @property
    def recipient(self) -> str | None:
        """The recipient of a PM as a key."""
        return self.message.to.lower() if isinstance(self.message, Pm) else None


_Lane = OrderedDict[int, Entry]


class Waiting:
    """All waiting messages of one channel."""

    def __init__(self) -> None:
        self._pms: dict[Priority, _Lane] = {each: OrderedDict() for each in Priority}
        self._lines: dict[Priority, _Lane] = {each: OrderedDict() for each in Priority}
        self._by_name: dict[str, dict[int, Entry]] = {}
        self._last = 0
        self._first = 0
        self.pms = 0
        self.lines = 0

    def __len__(self) -> int:
        return self.pms + self.lines

    def __iter__(self) -> Iterator[Entry]:
        for lanes in (self._pms, self._lines):
            for lane in lanes.values():
                yield from list(lane.values())

    def add(self, entry: Entry) -> None:
        """Wait behind all others of the same priority."""
        self._last += 1
        entry.order = self._last
        self._put(entry)

    def add_first(self, entry: Entry) -> None:
        """Wait ahead of all others of the same priority."""
        self._first -= 1
        entry.order = self._first
        self._put(entry)
        self._lane(entry).move_to_end(entry.order, last=False)

    def remove(self, entry: Entry) -> None:
        """Wait no more."""
        del self._lane(entry)[entry.order]
        name = entry.recipient
        if name is None:
            self.lines -= 1
            return
        self.pms -= 1
        mine = self._by_name[name]
        del mine[entry.order]
        if not mine:
            del self._by_name[name]

    def first_pm(self) -> Entry | None:
        """The PM whose turn it is."""
        return next((_head(lane) for lane in self._pms.values() if lane), None)

    def first_line(self) -> Entry | None:
        """The public line whose turn it is; the rest of one that was begun goes first."""
        heads = [_head(lane) for lane in self._lines.values() if lane]
        return next((head for head in heads if head.begun), heads[0] if heads else None)

    def pms_to(self, name: str) -> list[Entry]:
        """What waits for one user (lower case), in the order of sending."""
        mine = self._by_name.get(name, {})
        return sorted(mine.values(), key=lambda each: (each.priority, each.order))

    def lines_of(self, priority: Priority) -> list[Entry]:
        """The public lines of one priority, in order."""
        return list(self._lines[priority].values())

    def sheddable(self) -> Entry | None:
        """The message that goes first when there is no room."""
        for priority in _SHED_ORDER:
            heads = [
                entry
                for lanes in (self._pms, self._lines)
                if (entry := _first_untouched(lanes[priority])) is not None
            ]
            if heads:
                return min(heads, key=lambda each: each.order)
        return None

    def _put(self, entry: Entry) -> None:
        self._lane(entry)[entry.order] = entry
        name = entry.recipient
        if name is None:
            self.lines += 1
        else:
            self.pms += 1
            self._by_name.setdefault(name, {})[entry.order] = entry

    def _lane(self, entry: Entry) -> _Lane:
        lanes = self._pms if isinstance(entry.message, Pm) else self._lines
        return lanes[entry.priority]


def _head(lane: _Lane) -> Entry:
    return next(iter(lane.values()))


def _first_untouched(lane: _Lane) -> Entry | None:
    return next((entry for entry in lane.values() if not entry.begun), None)
