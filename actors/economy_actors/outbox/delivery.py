"""Proof of delivery: every text that was sent waits here for its own echo.

The echo is the only proof. It carries the filtered text cut by the server, so
both sides are compared without the marks that filters turn into HTML. A channel's own filters may
change more than that; then the likeliest text to the same user counts.

What the outbox tells about its work: waits, echoes, losses; and where that goes.

The outbox knows only `Report`. `MeterReport` turns it into metrics and log lines; a flood of
losses becomes one line per reason and minute.
"""

import re
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import chain, count
from typing import Literal, Protocol

import structlog

from economy_actors.outbox.limits import SLOP_S
from economy_actors.outbox.message import Line, Loss, Medium, Outgoing, Pm, Priority, medium_of
from kryten_economy.text.markup import as_meant

__all__ = (
    "IN_FLIGHT_MAX",
    "OWN_LINES_MAX",
    "OWN_LINES_S",
    "Deliveries",
    "Depths",
    "Meter",
    "MeterReport",
    "OutgoingText",
    "OwnLines",
    "Report",
    "fingerprint",
    "report_loss",
)

IN_FLIGHT_MAX = 2048
"""Texts that may wait for their echo; beyond that the oldest is given up."""
OWN_LINES_MAX = 50
OWN_LINES_S = 60.0
"""The last 50 own texts of 60 s that bot-interaction rewards look at."""
_SERVER_CUT_UNITS = 320
"""CyTube cuts longer texts before it escapes them."""
_ALIKE = 0.7
_ALIKE_TRIED_MAX = 8
_PROVEN_MAX = 64
_MARKS = re.compile(r"[_*`~\\]|\[/?sp\]|[\x00-\x1f\x7f]", re.IGNORECASE)


@dataclass(slots=True, eq=False)
class OutgoingText:
    """One text on its way, and the message it belongs to. Times are monotonic seconds."""

    message: Outgoing
    text: str
    offered_at_s: float
    expires_at_s: float
    outage_expires_at_s: float
    attempt: int = 1
    throttles: int = 0
    throttled: bool = False
    """CyTube has dropped something since this text was sent."""
    last: bool = True
    """No other part of its message follows."""
    abandoned: bool = False
    """The recipient has left: no second try."""
    sent_at_s: float = 0.0
    deadline_s: float = 0.0
    number: int = -1
    mark: str = ""

    @property
    def to(self) -> str | None:
        """The display name of the recipient; None for a public line."""
        return self.message.to if isinstance(self.message, Pm) else None

    @property
    def recipient(self) -> str | None:
        """The recipient as a key."""
        return self.message.to.lower() if isinstance(self.message, Pm) else None

    @property
    def medium(self) -> Medium:
        """PM or public line."""
        return medium_of(self.message)


def fingerprint(text: str) -> str:
    """What any way through the filters leaves of a text, to know it again by.

    The first 320 units, read as they are meant, without marks and with single spaces.
    """
    if len(text) * 2 > _SERVER_CUT_UNITS:
        cut = text.encode("utf-16-le", "surrogatepass")[: _SERVER_CUT_UNITS * 2]
        text = cut.decode("utf-16-le", "ignore")
    text = as_meant(text)
    bare = " ".join(_MARKS.sub(" ", text).split())
    return bare or text.strip()


class Deliveries:
    """The texts without an echo: those in flight, and those that wait to be sent once more."""

    def __init__(self) -> None:
        self._numbers = count()
        self._flying: OrderedDict[int, OutgoingText] = OrderedDict()
        self._waiting: OrderedDict[int, OutgoingText] = OrderedDict()
        self._by_mark: dict[str, list[OutgoingText]] = {}
        self._proven: deque[str] = deque(maxlen=_PROVEN_MAX)

    def __len__(self) -> int:
        return len(self._flying)

    @property
    def deadline_s(self) -> float:
        """When the oldest text in flight should have had its echo."""
        return next(iter(self._flying.values())).deadline_s if self._flying else float("inf")

    def sent(self, outgoing: OutgoingText, now_s: float, deadline_s: float) -> OutgoingText | None:
        """Wait for the echo until the deadline; returns a text given up to make room."""
        outgoing.sent_at_s, outgoing.deadline_s = now_s, deadline_s
        self._index(outgoing)
        self._waiting.pop(outgoing.number, None)
        self._flying[outgoing.number] = outgoing
        if len(self._flying) <= IN_FLIGHT_MAX:
            return None
        oldest = next(iter(self._flying.values()))
        self.forget(oldest)
        return oldest

    def again(self, outgoing: OutgoingText) -> None:
        """The text will be sent once more; an echo that comes before still counts."""
        self._index(outgoing)
        self._flying.pop(outgoing.number, None)
        self._waiting[outgoing.number] = outgoing

    def forget(self, outgoing: OutgoingText) -> None:
        """Nobody waits for this echo any more."""
        self._flying.pop(outgoing.number, None)
        self._waiting.pop(outgoing.number, None)
        same = self._by_mark.get(outgoing.mark, [])
        if outgoing in same:
            same.remove(outgoing)
        if not same:
            self._by_mark.pop(outgoing.mark, None)

    def match(self, medium: Medium, to: str | None, text: str) -> OutgoingText | None:
        """The text whose echo this is, no longer waited for; None for a foreign text.

        ``to`` None for a PM means that its recipient is not known.
        """
        mark = fingerprint(text)
        recipient = None if to is None else to.lower()
        found = next(
            (each for each in self._by_mark.get(mark, ()) if _addressed(each, medium, recipient)),
            None,
        )
        # The second echo of a text that arrived twice must not prove another one like it.
        if found is None and mark not in self._proven:
            found = self._alike(medium, recipient, mark)
        if found is not None:
            self.forget(found)
            self._proven.append(found.mark)
        return found

    def overdue(self, now_s: float) -> list[OutgoingText]:
        """Take out the texts whose deadline has passed, oldest first."""
        late: list[OutgoingText] = []
        for outgoing in self._flying.values():
            if outgoing.deadline_s > now_s + SLOP_S:
                break
            late.append(outgoing)
        for outgoing in late:
            del self._flying[outgoing.number]
        return late

    def flying(self) -> list[OutgoingText]:
        """The texts in flight, oldest first."""
        return list(self._flying.values())

    def _index(self, outgoing: OutgoingText) -> None:
        if outgoing.number < 0:
            outgoing.number = next(self._numbers)
            outgoing.mark = fingerprint(outgoing.text)
            self._by_mark.setdefault(outgoing.mark, []).append(outgoing)

    def _alike(self, medium: Medium, recipient: str | None, mark: str) -> OutgoingText | None:
        """The most similar of the oldest texts to the same recipient, if similar enough."""
        best, best_ratio, tried = None, _ALIKE, 0
        matcher = SequenceMatcher(None, b=mark, autojunk=False)
        for outgoing in chain(self._flying.values(), self._waiting.values()):
            if not _addressed(outgoing, medium, recipient):
                continue
            matcher.set_seq1(outgoing.mark)
            if matcher.quick_ratio() >= best_ratio and (ratio := matcher.ratio()) >= best_ratio:
                best, best_ratio = outgoing, ratio
            tried += 1
            if tried == _ALIKE_TRIED_MAX:
                break
        return best


def _addressed(outgoing: OutgoingText, medium: Medium, recipient: str | None) -> bool:
    if outgoing.medium is not medium:
        return False
    return recipient is None or outgoing.recipient == recipient


class OwnLines:
    """Remembers the lines this service has said, as their echo will show them."""

    def __init__(self) -> None:
        self._lines: deque[tuple[float, str]] = deque(maxlen=OWN_LINES_MAX)

    def remember(self, text: str, now_s: float) -> None:
        """Note a line said now."""
        self._lines.append((now_s, fingerprint(text)))

    def has(self, text: str, now_s: float) -> bool:
        """Whether this text was said in the last 60 s."""
        mark = fingerprint(text)
        return any(said == mark and now_s - at_s <= OWN_LINES_S for at_s, said in self._lines)


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

    def receipt(self, receipt: str, *, said: bool) -> None:
        """What a line with this receipt was to say was said to its end, or was given up."""


def report_loss(report: Report, message: Outgoing, loss: Loss, now_s: float) -> None:
    """Report a message, or a part of one, that was given up."""
    report.lost(medium_of(message), loss, now_s, message.trace)
    if isinstance(message, Line) and message.receipt is not None:
        report.receipt(message.receipt, said=False)


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
    """Metrics and log lines of one channel's outbox; ``told`` hears what becomes of receipts."""

    def __init__(
        self, channel: str, meter: Meter, told: Callable[[str, bool], None] | None = None
    ) -> None:
        self._channel = channel
        self._meter = meter
        self._told = told
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

    def receipt(self, receipt: str, *, said: bool) -> None:
        """See `Report.receipt`."""
        if self._told is not None:
            self._told(receipt, said)

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
