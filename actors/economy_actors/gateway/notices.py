"""What a robot says about itself on its way in and out (`spec/wire.md` 6, 7, 10).

Only the robot that is ready names its channel. One that leaves does not.
"""

import json
from enum import Enum
from typing import NamedTuple

__all__ = ("News", "Notice", "read_notice")


class News(Enum):
    """What the notice means for us."""

    STARTED = "started"
    """A robot is on the bus and knows no services yet."""
    READY = "ready"
    """It is in its channel."""
    GONE = "gone"
    """It has left its channel, or the bus."""


class Notice(NamedTuple):
    """``domain`` and ``channel`` are "" where the robot did not name them."""

    news: News
    domain: str
    channel: str


def read_notice(kind: str, body: bytes) -> Notice | None:
    """Read a message on ``kryten.lifecycle.robot.<kind>``; None if it is of no concern."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        data = None
    fields = data if isinstance(data, dict) else {}
    domain, channel = _text(fields.get("domain")), _text(fields.get("channel"))
    match kind:
        case "startup":
            return Notice(News.STARTED, domain, channel)
        case "connected" if channel:
            return Notice(News.READY, domain, channel)
        case "disconnected" | "shutdown":
            return Notice(News.GONE, domain, channel)
        case _:
            return None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
