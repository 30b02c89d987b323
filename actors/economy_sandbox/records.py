"""What was heard in the simulated channel, and waiting for it.

A ``Heard`` line keeps the text as typed. An ``Inbox`` belongs to one listener: lines are
numbered, and ``wait`` never gives the same line twice. Limits: an inbox keeps its newest
10,000 lines.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ("PATIENCE_S", "Command", "Heard", "Inbox", "Wanted")

PATIENCE_S = 20.0
"""How long to wait for what comes within moments on a machine that has nothing else to do."""

Wanted = str | Callable[[str], bool] | None
"""What to wait for: a part of the text, a predicate, or any line at all."""

_INBOX_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Command:
    """One message the service sent to the robot; ``at_s`` is the robot's clock."""

    at_s: float
    name: str
    args: dict[str, Any]
    meta: dict[str, Any]
    is_request: bool


@dataclass(frozen=True, slots=True)
class Heard:
    """One line of chat (``to`` is None) or one PM to or from the bot, as typed."""

    at_ms: int
    sender: str
    to: str | None
    text: str
    is_shadow: bool = False


def _matches(text: str, wanted: Wanted) -> bool:
    if wanted is None:
        return True
    return wanted in text if isinstance(wanted, str) else wanted(text)


class Inbox:
    """The lines one listener got, in order."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=_INBOX_MAX)
        self._total = 0
        self._seen = 0
        self._arrived = asyncio.Event()

    @property
    def lines(self) -> list[str]:
        """The newest lines, oldest first."""
        return list(self._lines)

    def add(self, text: str) -> None:
        """Deliver a line."""
        self._lines.append(text)
        self._total += 1
        self._arrived.set()

    def skip(self) -> None:
        """Take everything delivered up to now as seen."""
        self._seen = self._total

    async def wait(self, wanted: Wanted = None, timeout_s: float = PATIENCE_S) -> str:
        """The first line not given before that matches; later lines stay waiting.

        Raises:
            TimeoutError: none came; the message shows what came instead.
        """
        at = self._seen
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    oldest = self._total - len(self._lines)
                    for number in range(max(at, oldest), self._total):
                        text = self._lines[number - oldest]
                        if _matches(text, wanted):
                            self._seen = number + 1
                            return text
                    at = self._total
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            newest = "\n  ".join(self.lines[-5:]) or "nothing"
            raise TimeoutError(f"{wanted!r} did not come; newest were:\n  {newest}") from None
