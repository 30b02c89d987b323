"""What a CyTube server does to a typed line before anyone sees it.

Pure: typed text in, the HTML of the ``msg`` field (and its ``meta``) out, as `wire.md` 4
and 0.2 tell and `traces/` show: cut, escape, links, the five default chat filters, tags
closed in order. Limits: only the default filters; custom ones are a channel's own.

CyTube's rate limiter, decision for decision: a burst, then a steady rate.

Pure: the time comes in with each question. The numbers are those of `wire.md` 4.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

__all__ = (
    "ANTIFLOOD",
    "CHAT",
    "MESSAGE_MAX",
    "QUEUE",
    "Limiter",
    "Line",
    "Rate",
    "chat_line",
    "cut_utf16",
    "pm_line",
    "to_html",
)

MESSAGE_MAX = 320
"""Longest message in UTF-16 units; the server cuts what is longer (`wire.md` 4)."""

_LINK = re.compile(
    r"[A-Za-z0-9_]+://(?:[^:/\[\]\s]+|\[[0-9a-f:]+\])(?::\d+)?(?:/[^/\s]*)*", re.IGNORECASE
)
_HOLD = "\ueeee"
_FILTERS = (
    (re.compile(r"`(.+?)`"), r"<code>\1</code>"),
    (re.compile(r"\*(.+?)\*"), r"<strong>\1</strong>"),
    (re.compile(r"_(.+?)_"), r"<em>\1</em>"),
    (re.compile(r"~~(.+?)~~"), r"<s>\1</s>"),
    (re.compile(r"\[sp\](.*?)\[/sp\]"), r'<span class="spoiler">\1</span>'),
)
_TAG = re.compile(r"<(/?)([a-z]+)[^>]*>")
_CONTROL = re.compile(r"[\x00-\x1f]+")
_STYLES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "/me": {"addClass": "action", "action": True},
        "/sp": {"addClass": "spoiler"},
        "/say": {"addClass": "shout", "addClassToNameAndTimestamp": True, "forceShowName": True},
    }
)
_SHOUT_RANK = 1.5


class Line(NamedTuple):
    """A message as the server passes it on: ``typed`` is what was left of it after the cut."""

    typed: str
    html: str
    meta: dict[str, Any]


def cut_utf16(text: str, units_max: int = MESSAGE_MAX) -> str:
    """The first ``units_max`` UTF-16 units; half of a cut emoji becomes a replacement sign."""
    if len(text) * 2 <= units_max:
        return text
    raw = text.encode("utf-16-le", "surrogatepass")[: units_max * 2]
    return raw.decode("utf-16-le", "replace")


def to_html(text: str) -> str:
    """Typed text as the server sends it: escaped, links made, default filters applied."""
    escaped = html.escape(text, quote=False)
    if not any(mark in escaped for mark in "`*_~[:"):
        return escaped
    links = _LINK.findall(escaped)
    result = _LINK.sub(_HOLD, escaped) if links else escaped
    for pattern, replacement in _FILTERS:
        result = pattern.sub(replacement, result)
    result = _close_in_order(result)
    for link in links:
        result = result.replace(_HOLD, _anchor(link), 1)
    return result


def pm_line(text: str) -> Line:
    """A private message: cut and filtered; newlines and a leading slash stay."""
    typed = cut_utf16(text)
    return Line(typed, to_html(typed), _greentext(typed))


def chat_line(text: str, *, rank: float = 1) -> Line | None:
    """A public line, or None if the server drops it for being blank.

    Slash commands that only dress the line are carried out (``/me``, ``/sp``, and ``/say``
    from rank 1.5); others are the room's business and are not looked at here.
    """
    typed = _CONTROL.sub(" ", cut_utf16(text))
    if not typed.strip():
        return None
    word, _, rest = typed.partition(" ")
    if word in _STYLES and rest.strip() and (word != "/say" or rank >= _SHOUT_RANK):
        return Line(typed, to_html(rest), dict(_STYLES[word]))
    return Line(typed, to_html(typed), _greentext(typed))


def _greentext(typed: str) -> dict[str, Any]:
    return {"addClass": "greentext"} if typed.startswith(">") else {}


def _anchor(link: str) -> str:
    address = link.replace('"', "&quot;")
    return f'<a href="{address}" target="_blank" rel="noopener noreferrer">{link}</a>'


def _close_in_order(text: str) -> str:
    """Close nested tags where filters crossed each other, as the server's sanitizer does."""
    if "<" not in text:
        return text
    parts: list[str] = []
    is_open: list[str] = []
    end = 0
    for tag in _TAG.finditer(text):
        parts.append(text[end : tag.start()])
        end = tag.end()
        name = tag[2]
        if not tag[1]:
            is_open.append(name)
            parts.append(tag[0])
        elif name in is_open:
            while (last := is_open.pop()) != name:
                parts.append(f"</{last}>")
            parts.append(tag[0])
    parts.append(text[end:])
    parts.extend(f"</{name}>" for name in reversed(is_open))
    return "".join(parts)


class Rate(NamedTuple):
    """``burst`` messages at once, then ``per_s`` a second; refilled after ``refill_s`` of quiet."""

    burst: int
    per_s: float
    refill_s: float

    @property
    def wait_ms(self) -> int:
        """What the ``cooldown`` event tells the throttled sender."""
        return int(1000 / self.per_s)


CHAT = Rate(20, 10, 2)
ANTIFLOOD = Rate(4, 1, 4)
QUEUE = Rate(10, 2, 5)


@dataclass(slots=True)
class Limiter:
    """One sender's count; refused messages do not lengthen the wait."""

    _count: int = 0
    _last_s: float = float("-inf")

    def admits(self, rate: Rate, now_s: float) -> bool:
        """Count a message sent at ``now_s`` (seconds); False if the server drops it."""
        if now_s - self._last_s > rate.refill_s:
            self._count = 1
        elif self._count < rate.burst:
            self._count += 1
        elif now_s - self._last_s < 1 / rate.per_s:
            return False
        self._last_s = now_s
        return True
