"""Reading what CyTube put into an event: names, ranks, flags and texts, whatever came.

Everything from outside may be of any type; what does not fit gives None, never an exception.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from economy_actors.channel.messages import ListedUser
from kryten_economy.messages.markup import typed_text
from kryten_economy.users import is_name

__all__ = (
    "TEXT_MAX",
    "afk_in",
    "epoch_ms",
    "failed_pm_to",
    "listed_user",
    "name_in",
    "rank_in",
    "rank_of",
    "typed_line",
)

TEXT_MAX = 1000
"""CyTube's hard limit for the length of a message, in characters (`spec/wire.md` 4)."""
_HTML_MAX = 16 * TEXT_MAX
_RANK_MIN, _RANK_MAX = -1, 1_000_000
# Control characters but tab and line feed, and lone surrogates, which no database takes.
_UNWANTED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_PM_FAILED = re.compile(r"PM failed: ([A-Za-z0-9_-]{1,20}) isn(?:'|&#39;|&apos;)t connected")


def typed_line(filtered: str) -> str:
    """A message as the person typed it, without control characters, cut at `TEXT_MAX`."""
    text = typed_text(filtered[:_HTML_MAX])
    if not text.isprintable():
        text = _UNWANTED.sub("", text)
    return text[:TEXT_MAX]


def epoch_ms(at: datetime) -> int:
    """UTC epoch milliseconds; a time without zone is UTC."""
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return round(at.timestamp() * 1000)


def name_in(payload: object) -> str | None:
    """The user name in ``name``."""
    name = payload.get("name") if isinstance(payload, Mapping) else None
    return name if isinstance(name, str) and is_name(name) else None


def rank_in(payload: object) -> float | None:
    """The rank in ``rank``."""
    return rank_of(payload.get("rank")) if isinstance(payload, Mapping) else None


def rank_of(rank: object) -> float | None:
    """A rank; a temporary leader's 1.5 is one (`spec/wire.md` 2)."""
    if isinstance(rank, bool) or not isinstance(rank, int | float):
        return None
    return float(rank) if _RANK_MIN <= rank <= _RANK_MAX else None


def afk_in(payload: object) -> bool | None:
    """The flag in ``afk``."""
    afk = payload.get("afk") if isinstance(payload, Mapping) else None
    return afk if isinstance(afk, bool) else None


def listed_user(entry: object) -> ListedUser | None:
    """One entry of a user list, from the event or from the store, which may lack ``meta``."""
    name, rank = name_in(entry), rank_in(entry)
    if name is None or rank is None or not isinstance(entry, Mapping):
        return None
    return ListedUser(name, rank, afk_in(entry.get("meta")))


def failed_pm_to(payload: object) -> str | None:
    """Whom a PM did not reach, if that is what this ``errorMsg`` says."""
    text = payload.get("msg") if isinstance(payload, Mapping) else None
    found = _PM_FAILED.match(text) if isinstance(text, str) else None
    return found.group(1) if found is not None else None
