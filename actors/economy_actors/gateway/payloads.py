"""Reading what CyTube put into an event: names, ranks, flags and texts, whatever came.

Everything from outside may be of any type; what does not fit gives None, never an exception.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from economy_actors.messages.channel import ListedUser
from economy_actors.messages.playlist import (
    Deleted,
    Item,
    LockChanged,
    Moved,
    PlaylistListed,
    PlaylistNews,
    Queued,
    QueueFailed,
    RightsTold,
)
from kryten_economy.features.media.rules import Medium
from kryten_economy.text.markup import typed_text
from kryten_economy.users import is_name

__all__ = (
    "PLAYLIST_KINDS",
    "TEXT_MAX",
    "afk_in",
    "css_in",
    "emote_in",
    "emotes_in",
    "epoch_ms",
    "failed_pm_to",
    "item_in",
    "items_in",
    "listed_user",
    "medium_in",
    "name_in",
    "playlist_news",
    "position_in",
    "rank_in",
    "rank_listed",
    "rank_of",
    "refusal_in",
    "rights_in",
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
_ITEMS_MAX = 20_000
_REFUSAL_MAX = 200
_RIGHTS = {
    "playlistaddrawfile", "playlistadd", "playlistnext", "oplaylistadd", "oplaylistnext"
}  # fmt: skip
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


def item_in(payload: object) -> Item | None:
    """An item of the playlist, from ``queue``, from the whole list or from the store."""
    if not isinstance(payload, Mapping) or (uid := uid_of(payload.get("uid"))) is None:
        return None
    medium = medium_in(payload.get("media"), uid)
    by = payload.get("queueby")
    return None if medium is None else Item(uid, medium, by if isinstance(by, str) else "")


def items_in(payload: object) -> tuple[Item, ...] | None:
    """The whole playlist; None if it is none. Entries that are no items are left out."""
    if not isinstance(payload, list):
        return None
    return tuple(filter(None, map(item_in, payload[:_ITEMS_MAX])))


def refusal_in(payload: object) -> QueueFailed | None:
    """What CyTube says to an item it did not take; its text is HTML."""
    if not isinstance(payload, Mapping) or not isinstance(payload.get("msg"), str):
        return None
    ids = (payload.get(key) for key in ("id", "link"))
    known = frozenset(each for each in ids if isinstance(each, str) and each)
    return QueueFailed(known, typed_line(payload["msg"])[:_REFUSAL_MAX])


def rights_in(payload: object) -> RightsTold | None:
    """The rank that adding a film by its address needs, from ``setPermissions``."""
    if not isinstance(payload, Mapping):
        return None
    told = {key: rank for key, each in payload.items() if (rank := rank_of(each)) is not None}
    if not told.keys() >= _RIGHTS:
        return None
    raw = told["playlistaddrawfile"]
    return RightsTold(
        max(raw, told["playlistadd"], told["playlistnext"]),
        max(raw, told["oplaylistadd"], told["oplaylistnext"]),
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


def playlist_news(kind: str, payload: object) -> PlaylistNews | None:
    """What an event tells of the list itself; None where it tells nothing that can be read."""
    reader = _PLAYLIST_NEWS.get(kind)
    return None if reader is None else reader(payload)


def _queued(payload: object) -> PlaylistNews | None:
    item = item_in(payload.get("item")) if isinstance(payload, Mapping) else None
    if item is None or not isinstance(payload, Mapping):
        return None
    return Queued(item, uid_of(payload.get("after")))


def _deleted(payload: object) -> PlaylistNews | None:
    uid = stored_uid(payload)
    return None if uid is None else Deleted(uid)


def _moved(payload: object) -> PlaylistNews | None:
    uid = uid_of(payload.get("from")) if isinstance(payload, Mapping) else None
    if uid is None or not isinstance(payload, Mapping):
        return None
    return Moved(uid, uid_of(payload.get("after")))


def _listed(payload: object) -> PlaylistNews | None:
    items = items_in(payload)
    return None if items is None else PlaylistListed(items)


def _locked(payload: object) -> PlaylistNews | None:
    return LockChanged(payload) if isinstance(payload, bool) else None


_PLAYLIST_NEWS: Mapping[str, Callable[[object], PlaylistNews | None]] = {
    "queue": _queued,
    "delete": _deleted,
    "movevideo": _moved,
    "playlist": _listed,
    "queuefail": refusal_in,
    "setplaylistlocked": _locked,
    "setpermissions": rights_in,
}
PLAYLIST_KINDS = frozenset(_PLAYLIST_NEWS)
"""The events that tell of the list itself."""
