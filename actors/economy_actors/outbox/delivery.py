"""Proof of delivery: every text that was sent waits here for its own echo.

The echo is the only proof (`wire.md` 5). It carries the filtered text cut by the server, so
both sides are compared without the marks that filters turn into HTML. A channel's own filters may
change more than that; then the likeliest text to the same user counts.
"""

import re
from collections import OrderedDict, deque
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import Enum
from itertools import chain, count

from economy_actors.outbox.message import Outgoing, Pm
from economy_actors.outbox.pace import SLOP_S

__all__ = ("IN_FLIGHT_MAX", "Deliveries", "Medium", "Shipment", "fingerprint", "medium_of")

IN_FLIGHT_MAX = 2048
"""Texts that may wait for their echo; beyond that the oldest is given up."""
_SERVER_CUT_UNITS = 320
"""CyTube cuts longer texts before it escapes them (`wire.md` 4)."""
_ALIKE = 0.7
_ALIKE_TRIED_MAX = 8
_PROVEN_MAX = 64
_MARKS = re.compile(r"[_*`~\\]|\[/?sp\]|[\x00-\x1f\x7f]", re.IGNORECASE)


class Medium(Enum):
    """How a text travels."""

    PM = "pm"
    CHAT = "chat"


@dataclass(slots=True, eq=False)
class Shipment:
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


def medium_of(message: Outgoing) -> Medium:
    """How a message travels."""
    return Medium.PM if isinstance(message, Pm) else Medium.CHAT


def fingerprint(text: str) -> str:
    """What filters leave of a text: the first 320 units without marks, spaces made single."""
    if len(text) * 2 > _SERVER_CUT_UNITS:
        cut = text.encode("utf-16-le", "surrogatepass")[: _SERVER_CUT_UNITS * 2]
        text = cut.decode("utf-16-le", "ignore")
    bare = " ".join(_MARKS.sub(" ", text).split())
    return bare or text.strip()


class Deliveries:
    """The texts without an echo: those in flight, and those that wait to be sent once more."""

    def __init__(self) -> None:
        self._numbers = count()
        self._flying: OrderedDict[int, Shipment] = OrderedDict()
        self._waiting: OrderedDict[int, Shipment] = OrderedDict()
        self._by_mark: dict[str, list[Shipment]] = {}
        self._proven: deque[str] = deque(maxlen=_PROVEN_MAX)

    def __len__(self) -> int:
        return len(self._flying)

    @property
    def deadline_s(self) -> float:
        """When the oldest text in flight should have had its echo."""
        return next(iter(self._flying.values())).deadline_s if self._flying else float("inf")

    def sent(self, shipment: Shipment, now_s: float, deadline_s: float) -> Shipment | None:
        """Wait for the echo until the deadline; returns a text given up to make room."""
        shipment.sent_at_s, shipment.deadline_s = now_s, deadline_s
        self._index(shipment)
        self._waiting.pop(shipment.number, None)
        self._flying[shipment.number] = shipment
        if len(self._flying) <= IN_FLIGHT_MAX:
            return None
        oldest = next(iter(self._flying.values()))
        self.forget(oldest)
        return oldest

    def again(self, shipment: Shipment) -> None:
        """The text will be sent once more; an echo that comes before still counts."""
        self._index(shipment)
        self._flying.pop(shipment.number, None)
        self._waiting[shipment.number] = shipment

    def forget(self, shipment: Shipment) -> None:
        """Nobody waits for this echo any more."""
        self._flying.pop(shipment.number, None)
        self._waiting.pop(shipment.number, None)
        same = self._by_mark.get(shipment.mark, [])
        if shipment in same:
            same.remove(shipment)
        if not same:
            self._by_mark.pop(shipment.mark, None)

    def match(self, medium: Medium, to: str | None, text: str) -> Shipment | None:
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

    def overdue(self, now_s: float) -> list[Shipment]:
        """Take out the texts whose deadline has passed, oldest first."""
        late: list[Shipment] = []
        for shipment in self._flying.values():
            if shipment.deadline_s > now_s + SLOP_S:
                break
            late.append(shipment)
        for shipment in late:
            del self._flying[shipment.number]
        return late

    def flying(self) -> list[Shipment]:
        """The texts in flight, oldest first."""
        return list(self._flying.values())

    def _index(self, shipment: Shipment) -> None:
        if shipment.number < 0:
            shipment.number = next(self._numbers)
            shipment.mark = fingerprint(shipment.text)
            self._by_mark.setdefault(shipment.mark, []).append(shipment)

    def _alike(self, medium: Medium, recipient: str | None, mark: str) -> Shipment | None:
        """The most similar of the oldest texts to the same recipient, if similar enough."""
        best, best_ratio, tried = None, _ALIKE, 0
        matcher = SequenceMatcher(None, b=mark, autojunk=False)
        for shipment in chain(self._flying.values(), self._waiting.values()):
            if not _addressed(shipment, medium, recipient):
                continue
            matcher.set_seq1(shipment.mark)
            if matcher.quick_ratio() >= best_ratio and (ratio := matcher.ratio()) >= best_ratio:
                best, best_ratio = shipment, ratio
            tried += 1
            if tried == _ALIKE_TRIED_MAX:
                break
        return best


def _addressed(shipment: Shipment, medium: Medium, recipient: str | None) -> bool:
    if shipment.medium is not medium:
        return False
    return recipient is None or shipment.recipient == recipient
