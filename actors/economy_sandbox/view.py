"""How the demo shows the channel: one line per thing that happens, coloured on a terminal.

Pure but for the stream it writes to. What anybody in the channel would see is shown, and,
dimmed, what others write to the bot, since that is what makes the economy move.

What was heard in the simulated channel, and waiting for it.

A ``Heard`` line keeps the text as typed. An ``Inbox`` belongs to one listener: lines are
numbered, and ``wait`` never gives the same line twice. Limits: an inbox keeps its newest
10,000 lines.
"""

import asyncio
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TextIO

from economy_sandbox.media import Event

__all__ = (
    "PATIENCE_S",
    "Command",
    "Heard",
    "Inbox",
    "View",
    "Wanted",
)

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


_RESET = "\x1b[0m"
_DIM = "\x1b[2m"
_BOLD = "\x1b[1m"
_BOT = "\x1b[1;33m"
_TO_YOU = "\x1b[1;35m"
_NOTE = "\x1b[36m"
_NAMES = ("\x1b[31m", "\x1b[32m", "\x1b[34m", "\x1b[91m", "\x1b[92m", "\x1b[94m", "\x1b[96m")
_INDENT = " " * 6
_REPLY_MS = 2_000
_SAME_MS = 60_000
_SHOWN_MAX = 32


class View:
    """Writes lines to ``sink``; ``user`` is who sits at the keyboard."""

    def __init__(self, sink: TextIO, user: str, bot: str, *, colour: bool) -> None:
        self.shows_others_pms = True
        self._sink = sink
        self._user = user.lower()
        self._bot = bot
        self._colour = colour
        self._asked: dict[str, int | None] = {}
        self._shown: deque[tuple[str, str, int]] = deque(maxlen=_SHOWN_MAX)

    def hear(self, heard: Heard) -> None:
        """Show a line of chat or a PM."""
        is_mine = self._user in {heard.sender.lower(), (heard.to or "").lower()}
        if heard.to is None:
            text = f"{self._name(heard.sender)} {self._text(heard)}"
        elif is_mine:
            text = self._paint(_TO_YOU, f"{heard.sender} → {heard.to}:") + f" {self._text(heard)}"
        elif self.shows_others_pms and self._is_news(heard):
            first, _, rest = heard.text.partition("\n")
            more = " …" if rest else ""
            text = self._paint(_DIM, f"{heard.sender} → {heard.to}: {_printable(first)}{more}")
        else:
            return
        self._line(heard.at_ms / 1000, text)

    def happen(self, event: Event, at_s: float) -> None:
        """Show an event that is not a message; most are not worth a line."""
        text = _told(event)
        if text is not None:
            self._line(at_s, self._paint(_DIM, text))

    def note(self, text: str) -> None:
        """Something the demo itself has to say."""
        for line in text.splitlines():
            self._write(self._paint(_NOTE, line))

    def _is_news(self, heard: Heard) -> bool:
        """A reply is shown by its first PM, what many are told at once by one of them."""
        if heard.sender != self._bot:
            self._asked[heard.sender] = None
            return True
        if heard.to in self._asked:
            answered_ms = self._asked[heard.to]
            if answered_ms is None:
                self._asked[heard.to] = heard.at_ms
                return True
            if heard.at_ms - answered_ms <= _REPLY_MS:
                return False
            del self._asked[heard.to]
        is_known = any(
            heard.sender == sender and heard.text == text and heard.at_ms - at_ms <= _SAME_MS
            for sender, text, at_ms in self._shown
        )
        if not is_known:
            self._shown.append((heard.sender, heard.text, heard.at_ms))
        return not is_known

    def _name(self, name: str) -> str:
        colour = _NAMES[zlib.crc32(name.lower().encode()) % len(_NAMES)]
        if name == self._bot:
            colour = _BOT
        if name.lower() == self._user:
            colour = _BOLD
        return self._paint(colour, f"<{name}>")

    def _text(self, heard: Heard) -> str:
        lines = [_printable(line) for line in heard.text.split("\n")]
        text = f"\n{_INDENT}".join(lines)
        return self._paint(_BOT, text) if heard.sender == self._bot and heard.to is None else text

    def _paint(self, colour: str, text: str) -> str:
        return f"{colour}{text}{_RESET}" if self._colour else text

    def _line(self, at_s: float, text: str) -> None:
        clock = datetime.fromtimestamp(at_s).astimezone().strftime("%H:%M")
        self._write(f"{self._paint(_DIM, clock)} {text}")

    def _write(self, text: str) -> None:
        self._sink.write(text + "\n")
        self._sink.flush()


def _printable(text: str) -> str:
    """Text of people must not steer the terminal."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _told(event: Event) -> str | None:
    payload: Any = event.payload
    match event.name:
        case "addUser":
            return f"→ {payload['name']} joined"
        case "userLeave":
            return f"← {payload['name']} left"
        case "setAFK":
            return f"  {payload['name']} is {'away' if payload['afk'] else 'back'}"
        case "changeMedia":
            return f"▶ {_printable(payload['title'])} ({payload['duration']})"
        case _:
            return None
