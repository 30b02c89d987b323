"""The messages that wait for their turn, and how they become the texts that are sent.

They wait by priority and in order. When there is no room, digests go first, then bulk notices,
then announcements, the oldest of a kind before the newer ones. Replies, results and what somebody
paid for stay.

This is the one place where a text gets the form in which the channel's filters leave it alone;
its length is counted after that.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from economy_actors.outbox.delivery import OutgoingText
from economy_actors.outbox.message import Line, Outgoing, Pm, Priority
from kryten_economy.features.notices import with_quiet_hint
from kryten_economy.text.markup import (
    public_line,
    public_parts,
    split,
    unformatted,
    units,
    user_text,
)

__all__ = ("Entry", "Waiting", "line_texts", "lines_fitting", "pm_texts", "pms_fitting")

_BATCH_BAR = " | "
"""Between the lines of a batch."""
_SHORT_PARTS = 4
"""A last part below one of so many parts of the limit is no message of its own."""
_STEP_UNITS = 8
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
    again: OutgoingText | None = None
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


def pm_texts(messages: Sequence[Pm], max_units: int) -> deque[str]:
    """The parts of one PM that says all of ``messages``.

    The hint about quiet mode stands once, at the end, if there is room: no part is sent for it.
    """
    parts = _even_parts(_pm_body(messages), max_units)
    if _mutable(messages) and parts:
        hinted = with_quiet_hint(parts[-1])
        if units(hinted) <= max_units:
            parts[-1] = hinted
    return deque(parts)


def line_texts(messages: Sequence[Line], max_units: int) -> deque[str]:
    """The parts of one public line that says all of ``messages``."""
    line = _line_body(messages)
    is_short = units(unformatted(line)) <= max_units
    # Only what is too long for one line is cut at the breaks that its author has made.
    text = messages[0].text if len(messages) == 1 and not is_short else line
    return deque(_parts(text, max_units, public_parts))


def pms_fitting(first: Pm, more: Sequence[Pm], max_units: int) -> int:
    """How many of ``more`` go out with ``first`` in one PM of at most ``max_units``.

    The first one that must stay alone or has no room ends the row: order is kept.
    """
    together = [first]
    for message in more if first.merge else ():
        together.append(message)
        body = _pm_body(together)
        hinted = with_quiet_hint(body) if _mutable(together) else body
        if not message.merge or units(unformatted(hinted)) > max_units:
            return len(together) - 2
    return len(together) - 1


def lines_fitting(first: Line, more: Sequence[Line], max_units: int) -> int:
    """How many of ``more``, all of them batch lines, go out with ``first`` as one line."""
    together = [first]
    for message in more if first.batch else ():
        together.append(message)
        if units(unformatted(_line_body(together))) > max_units:
            return len(together) - 2
    return len(together) - 1


def _pm_body(messages: Sequence[Pm]) -> str:
    return "\n".join(message.text.strip() for message in messages)


def _mutable(messages: Sequence[Pm]) -> bool:
    return any(message.mutable for message in messages)


def _line_body(messages: Sequence[Line]) -> str:
    return public_line(_BATCH_BAR.join(user_text(message.text) for message in messages))


def _parts(text: str, max_units: int, cut: Callable[[str, int], list[str]]) -> list[str]:
    """The text cut into parts of at most ``max_units`` as they are sent.

    Writing them for the filters may lengthen them a little; then they are cut shorter.
    """
    room = max_units
    while True:
        parts = [unformatted(part) for part in cut(text, room)]
        over = max(map(units, parts), default=0) - max_units
        if over <= 0:
            return parts
        room -= over


def _even_parts(text: str, max_units: int) -> list[str]:
    """The parts of a PM; a short rest takes lines or words over from the part before it."""
    parts = _parts(text, max_units, split)
    even, room = parts, max_units
    while len(parts) > 1 and units(even[-1]) * _SHORT_PARTS < max_units:
        room -= _STEP_UNITS
        tried = _parts(text, room, split) if room > max_units // 2 else []
        if len(tried) != len(parts):
            return parts
        even = tried
    return even
