"""What was said in public a short while ago: for dropping repeats and for knowing one's own lines.

Both memories are bounded, by time and by number.
"""

from collections import OrderedDict, deque

from economy_actors.outbox.delivery import fingerprint

__all__ = ("OWN_LINES_MAX", "OWN_LINES_S", "OwnLines", "Repeats")

OWN_LINES_MAX = 50
OWN_LINES_S = 60.0
"""The last 50 own texts of 60 s (`earning.md` 8.4, `announcements.md` 1)."""


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
