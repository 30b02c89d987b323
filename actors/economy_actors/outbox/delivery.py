"""Proof of delivery: every text that was sent waits here for its own echo.

The echo is the only proof. It carries the filtered text cut by the server, so
both sides are compared without the marks that filters turn into HTML. A channel's own filters may
change more than that; then the likeliest text to the same user counts.
"""

import re
from collections import OrderedDict, deque
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import chain, count

from economy_actors.outbox.limits import SLOP_S
from economy_actors.outbox.message import Medium, Outgoing, Pm, medium_of
from kryten_economy.text.markup import as_meant

__all__ = (
    "IN_FLIGHT_MAX",
    "OWN_LINES_MAX",
    "OWN_LINES_S",
    "Deliveries",
    "OutgoingText",
    "OwnLines",
    "fingerprint",
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
