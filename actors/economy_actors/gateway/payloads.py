"""Reading what CyTube put into an event: names, ranks, flags and texts, whatever came.

Everything from outside may be of any type; what does not fit gives None, never an exception.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from economy_actors.messages.channel import ListedUser
from kryten_economy.features.media.rules import Medium
from kryten_economy.text.markup import typed_text
from kryten_economy.users import is_name

__all__ = (
    "TEXT_MAX",
    "afk_in",
    "css_in",
    "emote_in",
    "emotes_in",
    "epoch_ms",
    "failed_pm_to",
    "listed_user",
    "medium_in",
    "name_in",
    "position_in",
    "rank_in",
    "rank_listed",
    "rank_of",
    "stored_uid",
    "typed_line",
    "uid_of",
)

TEXT_MAX = 1000
"""CyTube's hard limit for the length of a message, in characters (`wire.md` 4)."""
_HTML_MAX = 16 * TEXT_MAX
_RANK_MIN, _RANK_MAX = -1, 1_000_000
_MEDIUM_TEXT_MAX = 500
_UID_MAX = _SECONDS_MAX = 2**31
_EMOTE_MAX = 100
_EMOTES_MAX = 10_000
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
    """A rank; a temporary leader's 1.5 is one (`wire.md` 2)."""
    if isinstance(rank, bool) or not isinstance(rank, int | float):
        return None
    return float(rank) if _RANK_MIN <= rank <= _RANK_MAX else None


def afk_in(payload: object) -> bool | None:
    """The flag in ``afk``."""
    afk = payload.get("afk") if isinstance(payload, Mapping) else None
    return afk if isinstance(afk, bool) else None


def css_in(payload: object) -> str | None:
    """The stylesheet in ``channelCSSJS``, to the byte."""
    css = payload.get("css") if isinstance(payload, Mapping) else None
    return css if isinstance(css, str) else None


def rank_listed(entries: object, name: str) -> float | None:
    """The rank that a user list gives somebody; None if they are not in it."""
    listed = map(listed_user, entries if isinstance(entries, list) else ())
    users = (each for each in listed if each is not None and each.name.lower() == name.lower())
    return next((each.rank for each in users), None)


def listed_user(entry: object) -> ListedUser | None:
    """One entry of a user list, from the event or from the store, which may lack ``meta``."""
    name, rank = name_in(entry), rank_in(entry)
    if name is None or rank is None or not isinstance(entry, Mapping):
        return None
    return ListedUser(name, rank, afk_in(entry.get("meta")))


def uid_of(payload: object) -> int | None:
    """The uid of a playlist item."""
    if isinstance(payload, bool) or not isinstance(payload, int):
        return None
    return payload if 0 <= payload <= _UID_MAX else None


def stored_uid(payload: object) -> int | None:
    """The uid of what the store says is playing."""
    return uid_of(payload.get("uid")) if isinstance(payload, Mapping) else None


def medium_in(payload: object, uid: int | None) -> Medium | None:
    """What plays, from ``changeMedia`` or from the store; an unknown length is 0."""
    if not isinstance(payload, Mapping):
        return None
    kind, medium_id, title = (payload.get(key) for key in ("type", "id", "title"))
    if not (isinstance(kind, str) and isinstance(medium_id, str) and medium_id):
        return None
    seconds = _number(payload.get("seconds"))
    return Medium(
        _UNWANTED.sub("", f"{kind}:{medium_id}"[:_MEDIUM_TEXT_MAX]),
        _UNWANTED.sub("", title[:_MEDIUM_TEXT_MAX]) if isinstance(title, str) else "",
        int(max(0, seconds)),
        uid,
    )


def is_empty_playlist(payload: object) -> bool:
    """Whether ``setPlaylistMeta`` says that there is nothing on the playlist."""
    count = payload.get("count") if isinstance(payload, Mapping) else None
    return isinstance(count, int) and not isinstance(count, bool) and count == 0


def position_in(payload: object) -> float:
    """How far the medium is, in seconds; below 0 in its lead-in."""
    return _number(payload.get("currentTime")) if isinstance(payload, Mapping) else 0.0


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    # Also a comparison that holds for no NaN, and that no huge number breaks.
    return float(value) if -_SECONDS_MAX <= value <= _SECONDS_MAX else 0.0


def emote_in(payload: object) -> str | None:
    """The name of an emote; one with spaces in it is no token of a text and so none of ours."""
    name = payload.get("name") if isinstance(payload, Mapping) else None
    if not isinstance(name, str) or not name or len(name) > _EMOTE_MAX:
        return None
    return None if any(map(str.isspace, name)) else name


def emotes_in(payload: object) -> frozenset[str] | None:
    """The names in a list of emotes from the event or from the store; None if it is no list."""
    if not isinstance(payload, list):
        return None
    return frozenset(filter(None, map(emote_in, payload[:_EMOTES_MAX])))


def failed_pm_to(payload: object) -> str | None:
    """Whom a PM did not reach, if that is what this ``errorMsg`` says."""
    text = payload.get("msg") if isinstance(payload, Mapping) else None
    found = _PM_FAILED.match(text) if isinstance(text, str) else None
    return found.group(1) if found is not None else None
