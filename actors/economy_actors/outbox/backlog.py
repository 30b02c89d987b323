"""The waiting messages of a channel, and whose turn it is.

Decides what is taken in, merged and dropped; knows nothing of the pace, the robot or echoes.
Times are monotonic seconds. The clock of the public lines is here, since ordinary lines above
their rate are dropped and not kept.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable

from economy_actors.outbox.delivery import OutgoingText, Report, report_loss
from economy_actors.outbox.limits import LINE_GAP_S, SLOP_S, Limits, LineClock
from economy_actors.outbox.message import Line, Loss, Outgoing, Pm, Priority
from economy_actors.outbox.waiting import (
    Entry,
    Waiting,
    line_texts,
    lines_fitting,
    pm_texts,
    pms_fitting,
)
from kryten_economy.text.markup import public_line

__all__ = ("Backlog",)

_NEVER_S = float("inf")
_SWEEP_S = 1.0


class Backlog:
    """Everything that waits to be sent; ``forget`` hears of repeats that were given up."""

    def __init__(
        self, limits: Limits, report: Report, forget: Callable[[OutgoingText], None]
    ) -> None:
        self._limits = limits
        self._report = report
        self._forget = forget
        self._clock = LineClock(limits.lines_per_minute)
        self._waiting = Waiting()
        self._again: dict[int, Entry] = {}
        self._repeats = Repeats(limits.dedup_window_s)
        self._audience = Audience()
        self._swept_at_s = float("-inf")
        self.outage = False
        """Nothing can be sent at present: replies and results grow old as well."""

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def pms(self) -> int:
        """PMs waiting."""
        return self._waiting.pms

    @property
    def lines(self) -> int:
        """Public lines waiting."""
        return self._waiting.lines

    def change(self, limits: Limits) -> None:
        """Go on with other limits."""
        self._limits = limits
        self._clock.per_minute = limits.lines_per_minute
        self._repeats.window_s = limits.dedup_window_s

    # Intake

    def offer(self, message: Outgoing, now_s: float) -> Loss | None:
        """Take a message; None if it waits now, else why not (which is reported as well)."""
        entry = Entry(
            message,
            now_s,
            self._limits.expires_at_s(message, now_s),
            self._limits.outage_expires_at_s(message, now_s),
        )
        loss = self._refusal(entry, now_s) or self._make_room(entry, now_s)
        if loss is not None:
            report_loss(self._report, message, loss, now_s)
            return loss
        self._note(message, now_s)
        self._waiting.add(entry)
        return None

    def put_back(self, outgoing: OutgoingText) -> None:
        """A text is to be sent once more, ahead of all others of its priority."""
        entry = Entry(
            outgoing.message,
            outgoing.offered_at_s,
            outgoing.expires_at_s,
            outgoing.outage_expires_at_s,
            again=outgoing,
        )
        self._again[outgoing.number] = entry
        self._waiting.add_first(entry)

    def withdraw(self, outgoing: OutgoingText) -> None:
        """A text that was put back needs no second try."""
        entry = self._again.pop(outgoing.number, None)
        if entry is not None:
            self._waiting.remove(entry)

    def _refusal(self, entry: Entry, now_s: float) -> Loss | None:
        if entry.expires_at_s <= now_s:
            return Loss.EXPIRED
        match entry.message:
            case Pm() as pm:
                return self._pm_refusal(pm)
            case Line() as line:
                return self._line_refusal(line, now_s)

    def _pm_refusal(self, pm: Pm) -> Loss | None:
        if not pm.text.strip():
            return Loss.EMPTY
        # Who asks something is there, whatever the list says; an answer costs one PM.
        if pm.priority is not Priority.REPLY and self._audience.lacks(pm.to):
            return Loss.ABSENT
        return None

    def _line_refusal(self, line: Line, now_s: float) -> Loss | None:
        if not line.kind.kept and line.gate in self._limits.closed_gates:
            return Loss.GATE
        text = public_line(line.text)
        if not text:
            return Loss.EMPTY
        if _repeatable(line) and self._repeats.seen(text, now_s):
            return Loss.DUPLICATE
        return None

    def _make_room(self, entry: Entry, now_s: float) -> Loss | None:
        if len(self._waiting) < self._limits.waiting_max:
            return None
        victim = self._waiting.sheddable()
        if victim is not None and victim.priority >= entry.priority:
            self._drop(victim, Loss.OVERFLOW, now_s)
            return None
        urgent = entry.priority <= Priority.RESULT
        if entry.kept or (urgent and len(self._waiting) < self._limits.protected_max):
            return None
        return Loss.OVERFLOW

    def _note(self, message: Outgoing, now_s: float) -> None:
        if isinstance(message, Line) and _repeatable(message):
            self._repeats.note(public_line(message.text), now_s)

    # Who is present

    def audience(self, names: Iterable[str], now_s: float) -> None:
        """The full list of those present."""
        self._audience.replace(names)
        for entry in self._waiting:
            if entry.recipient is not None and self._audience.lacks(entry.recipient):
                self._drop(entry, Loss.ABSENT, now_s)

    def present(self, name: str) -> None:
        """Somebody has come."""
        self._audience.came(name)

    def left(self, name: str, now_s: float) -> None:
        """Somebody has left; what waits for that user is dropped."""
        self._audience.left(name)
        for entry in self._waiting.pms_to(name.lower()):
            self._drop(entry, Loss.ABSENT, now_s)

    # The turn

    def choose(self, now_s: float, *, unpaced: bool) -> tuple[Entry | None, float]:
        """Whose turn it is; if nobody's, when the next public line may go."""
        if self._clock.full(now_s):
            for entry in self._waiting.lines_of(Priority.PUBLIC):
                if not entry.begun:
                    self._drop(entry, Loss.RATE, now_s)
        pm = self._fresh(self._waiting.first_pm, now_s)
        line = self._fresh(self._waiting.first_line, now_s)
        line_at_s = _NEVER_S if line is None else self._line_at_s(line, now_s, unpaced=unpaced)
        if line is None or line_at_s > now_s + SLOP_S:
            return pm, line_at_s
        if pm is None or (line.priority, line.order) < (pm.priority, pm.order):
            return line, line_at_s
        return pm, line_at_s

    def _fresh(self, first: Callable[[], Entry | None], now_s: float) -> Entry | None:
        while (entry := first()) is not None and self._stale(entry, now_s):
            self._drop(entry, Loss.EXPIRED, now_s)
        return entry

    def _line_at_s(self, entry: Entry, now_s: float, *, unpaced: bool) -> float:
        gap_s = 0.0 if unpaced else LINE_GAP_S
        if isinstance(entry.message, Line) and not entry.begun:
            gap_s = max(gap_s, entry.message.pause_s)
        return self._clock.ready_at_s(now_s, gap_s)

    def take(self, entry: Entry, now_s: float) -> OutgoingText:
        """The next text of the message whose turn it is."""
        if entry.again is not None:
            self.withdraw(entry.again)
            return entry.again
        if not entry.texts:
            self._compose(entry, now_s)
        text = entry.texts.popleft()
        if not entry.texts:
            self._waiting.remove(entry)
        return OutgoingText(
            entry.message,
            text,
            entry.offered_at_s,
            entry.expires_at_s,
            entry.outage_expires_at_s,
            last=not entry.texts,
        )

    def line_sent(self, now_s: float) -> None:
        """A public line was sent now."""
        self._clock.spend(now_s)

    def _compose(self, entry: Entry, now_s: float) -> None:
        """Make the texts of a message, together with those that go out with it."""
        max_units = self._limits.max_units
        match entry.message:
            case Pm() as pm:
                with_it = self._pms_with(entry, pm, now_s)
                entry.texts = pm_texts([pm, *(message for _, message in with_it)], max_units)
                gone = [each for each, _ in with_it]
            case Line() as line:
                beside = self._lines_with(entry, line, now_s)
                entry.texts = line_texts([line, *(message for _, message in beside)], max_units)
                gone = [each for each, _ in beside]
        assert entry.texts, entry.message
        for each in gone:
            self._waiting.remove(each)
        for each in (entry, *gone):
            self._note(each.message, now_s)
            self._report.waited(each.priority, max(0.0, now_s - each.offered_at_s))

    def _pms_with(self, entry: Entry, pm: Pm, now_s: float) -> list[tuple[Entry, Pm]]:
        if not pm.merge or pm.priority is Priority.REPLY:
            return []
        row = [
            (each, each.message)
            for each in self._waiting.pms_to(pm.to.lower())
            if isinstance(each.message, Pm) and each is not entry and not self._stale(each, now_s)
        ]
        begun = next((place for place, (each, _) in enumerate(row) if each.begun), len(row))
        fitting = pms_fitting(pm, [message for _, message in row[:begun]], self._limits.max_units)
        return row[:fitting]

    def _lines_with(self, entry: Entry, line: Line, now_s: float) -> list[tuple[Entry, Line]]:
        if not line.batch:
            return []
        row = [
            (each, each.message)
            for each in self._waiting.lines_of(line.priority)
            if isinstance(each.message, Line)
            and each.message.batch
            and each is not entry
            and not (each.begun or self._stale(each, now_s))
        ]
        fitting = lines_fitting(line, [message for _, message in row], self._limits.max_units)
        return row[:fitting]

    # What is given up

    def sweep(self, now_s: float, *, forced: bool = False) -> None:
        """Drop what has expired, so that it takes no room; once a second is often enough."""
        if not forced and now_s - self._swept_at_s < _SWEEP_S:
            return
        self._swept_at_s = now_s
        for entry in self._waiting:
            if self._stale(entry, now_s):
                self._drop(entry, Loss.EXPIRED, now_s)

    def _stale(self, entry: Entry, now_s: float) -> bool:
        if self.outage and entry.outage_expires_at_s <= now_s:
            return True
        return entry.expires_at_s <= now_s and not entry.begun

    def _drop(self, entry: Entry, loss: Loss, now_s: float) -> None:
        self._waiting.remove(entry)
        if entry.again is not None:
            del self._again[entry.again.number]
            self._forget(entry.again)
        if isinstance(entry.message, Line) and not entry.begun:
            self._repeats.forget(public_line(entry.message.text))
        report_loss(self._report, entry.message, loss, now_s)


class Audience:
    """Names in any casing; until the first full list everybody may be present."""

    def __init__(self) -> None:
        self._names: set[str] | None = None

    def replace(self, names: Iterable[str]) -> None:
        """The full list of those present."""
        self._names = {name.lower() for name in names}

    def came(self, name: str) -> None:
        """Somebody is present."""
        if self._names is not None:
            self._names.add(name.lower())

    def left(self, name: str) -> None:
        """Somebody is not."""
        if self._names is not None:
            self._names.discard(name.lower())

    def lacks(self, name: str) -> bool:
        """Whether it is known that this user is absent."""
        return self._names is not None and name.lower() not in self._names


class Repeats:
    """Knows which lines are waiting or were accepted or sent within the window."""

    def __init__(self, window_s: float) -> None:
        self.window_s = window_s
        self._seen_s: OrderedDict[str, float] = OrderedDict()

    def seen(self, text: str, now_s: float) -> bool:
        """Whether the same text came within the window."""
        while self._seen_s:
            oldest = next(iter(self._seen_s))
            if now_s - self._seen_s[oldest] < self.window_s:
                break
            del self._seen_s[oldest]
        return text in self._seen_s

    def note(self, text: str, now_s: float) -> None:
        """The text was accepted, or sent, now."""
        self._seen_s[text] = now_s
        self._seen_s.move_to_end(text)

    def forget(self, text: str) -> None:
        """The text was not said after all; the next one like it is no repeat."""
        self._seen_s.pop(text, None)


def _repeatable(line: Line) -> bool:
    """Whether a repeat of this line is dropped; never one that is paid or ordered."""
    return line.dedup and not line.kind.kept
