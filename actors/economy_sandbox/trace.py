"""Recorded bus traffic: a file of JSON lines, read and checked (`tests/traces/README.md`).

Promises: a bad file is refused with the number of the line and what is wrong with it; what a
replay needs to know (channels, bot, length, when it began) is found out once.
Limits: the whole recording is held in memory; 100,000 lines at most.
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ("EVENTS", "Trace", "TraceError", "TraceLine", "recorded_at")

EVENTS = "kryten.events.cytube."
_LINES_MAX = 100_000
_ENVELOPE = ("event_name", "payload", "channel", "domain", "timestamp")


class TraceError(ValueError):
    """The recording can't be used; the message names the line and the fault."""


class TraceLine(NamedTuple):
    """One message: ``at_s`` seconds after the recorder started, parsed ``data``."""

    at_s: float
    subject: str
    reply: str | None
    data: Any

    @property
    def is_event(self) -> bool:
        """Whether it is an event envelope of a channel."""
        return self.subject.startswith(EVENTS)


def recorded_at(data: object) -> float | None:
    """The epoch seconds of a message's ``timestamp``; None if it has none."""
    stamp = data.get("timestamp") if isinstance(data, dict) else None
    if not isinstance(stamp, str):
        return None
    try:
        return datetime.fromisoformat(stamp).timestamp()
    except ValueError:
        return None


@dataclass(frozen=True)
class Trace:
    """A recording, in the order in which it was received."""

    lines: Sequence[TraceLine]

    @classmethod
    def load(cls, path: Path | str) -> "Trace":
        """Read a file.

        Raises:
            TraceError: it can't be read, or a line of it is not a message.
        """
        try:
            with Path(path).open(encoding="utf-8") as file:
                return cls.parse(file)
        except OSError as error:
            raise TraceError(f"Can't read {path}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise TraceError(f"{path} is not a text file in UTF-8") from None

    @classmethod
    def parse(cls, texts: Iterable[str]) -> "Trace":
        """Check lines of text; blank ones are passed over.

        Raises:
            TraceError: a line is not a message, or there is none.
        """
        lines: list[TraceLine] = []
        for number, text in enumerate(texts, 1):
            if not text.strip():
                continue
            if len(lines) == _LINES_MAX:
                raise TraceError(f"Line {number}: more than {_LINES_MAX} messages")
            line = _line(number, text)
            if lines and line.at_s < lines[-1].at_s:
                raise TraceError(f"Line {number}: t goes back from {lines[-1].at_s} to {line.at_s}")
            lines.append(line)
        if not lines:
            raise TraceError("The file holds no messages")
        return cls(tuple(lines))

    @property
    def duration_s(self) -> float:
        """Seconds from the first message to the last."""
        return self.lines[-1].at_s - self.lines[0].at_s

    @cached_property
    def channels(self) -> tuple[tuple[str, str], ...]:
        """``(domain, channel)`` of the recorded events, in order of appearance."""
        found = {
            (str(line.data["domain"]), str(line.data["channel"])): None
            for line in self.lines
            if line.is_event
        }
        return tuple(found)

    @cached_property
    def bot(self) -> str | None:
        """The robot's account, as its ``login`` frame names it."""
        for line in self.lines:
            if line.is_event and line.data["event_name"] == "login":
                return str(line.data["payload"]["name"])
        return None

    @cached_property
    def began_s(self) -> float | None:
        """The epoch seconds of ``t`` 0, by the first time stamp; None if there is none."""
        for line in self.lines:
            stamp = recorded_at(line.data)
            if stamp is not None:
                return stamp - line.at_s
        return None


def _line(number: int, text: str) -> TraceLine:
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise TraceError(f"Line {number}: not JSON ({error})") from None
    if not isinstance(raw, dict):
        raise TraceError(f"Line {number}: not a JSON object")
    at_s, subject, reply = raw.get("t"), raw.get("subject"), raw.get("reply")
    if isinstance(at_s, bool) or not isinstance(at_s, int | float) or not math.isfinite(at_s):
        raise TraceError(f"Line {number}: t must be a number of seconds, found {at_s!r}")
    if not isinstance(subject, str) or not subject:
        raise TraceError(f"Line {number}: subject must be a text, found {subject!r}")
    if reply is not None and not isinstance(reply, str):
        raise TraceError(f"Line {number}: reply must be a text or null, found {reply!r}")
    if "data" not in raw:
        raise TraceError(f"Line {number}: data is missing")
    line = TraceLine(float(at_s), subject, reply, raw["data"])
    if line.is_event:
        _check_envelope(number, line.data)
    return line


def _check_envelope(number: int, data: object) -> None:
    if not isinstance(data, dict):
        raise TraceError(f"Line {number}: an event must be an object")
    for key in _ENVELOPE:
        if key not in data:
            raise TraceError(f"Line {number}: the event has no {key}")
    if recorded_at(data) is None:
        raise TraceError(f"Line {number}: timestamp is no ISO time: {data['timestamp']!r}")
