"""The channel's playlist as CyTube keeps it: items with uids, one of them playing.

Pure: time comes in, events (name, payload) come out, in the order and shape of `traces/`.
Uids are never reused while the server lives, and a shuffle gives new ones (`wire.md` 3).
Limits: what may be queued is decided by a ``Library`` given to it, not by the internet.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from random import Random
from typing import Any, NamedTuple
from urllib.parse import urlsplit

__all__ = ("LEAD_IN_S", "Event", "Item", "Library", "Media", "Playlist")

LEAD_IN_S = 3.0
"""A new medium waits this long before it plays (`wire.md` 3)."""


class Event(NamedTuple):
    """One frame the server sends to the bot."""

    name: str
    payload: Any


def _clock_text(seconds: float) -> str:
    whole = int(seconds)
    if whole >= 3600:
        return f"{whole // 3600:02}:{whole % 3600 // 60:02}:{whole % 60:02}"
    return f"{whole // 60:02}:{whole % 60:02}"


@dataclass(frozen=True, slots=True)
class Media:
    """A medium; ``seconds`` 0 is a live stream or an embed without a known length."""

    id: str
    title: str
    seconds: int
    type: str = "cm"
    meta: dict[str, Any] = field(default_factory=dict)

    def as_payload(self) -> dict[str, Any]:
        """The ``media`` object of playlist items."""
        return {
            "id": self.id,
            "title": self.title,
            "seconds": self.seconds,
            "duration": _clock_text(self.seconds) if self.seconds else "--:--",
            "type": self.type,
            "meta": self.meta,
        }


@dataclass(slots=True)
class Item:
    """A medium in the playlist."""

    media: Media
    uid: int
    temp: bool
    queueby: str

    def as_payload(self) -> dict[str, Any]:
        """The item as ``queue`` and ``playlist`` show it."""
        return {
            "media": self.media.as_payload(),
            "uid": self.uid,
            "temp": self.temp,
            "queueby": self.queueby,
        }


class Library:
    """What can be queued: known media, refusals by id, and anything else by a made-up title."""

    def __init__(self, media: Iterable[Media] = ()) -> None:
        self._media = {one.id: one for one in media}
        self._refusals: dict[str, str] = {}
        self._slow: dict[str, float] = {}

    def add(self, media: Media) -> None:
        """Make a medium known by its id."""
        self._media[media.id] = media

    def refuse(self, media_id: str, message: str) -> None:
        """Answer every try to queue ``media_id`` with this ``queueFail`` message."""
        self._refusals[media_id] = message

    def delay(self, media_id: str, seconds: float) -> None:
        """Let the server take so long to look ``media_id`` up; others are queued meanwhile."""
        self._slow[media_id] = seconds

    def delay_of(self, media_id: str) -> float:
        """How long the server takes to look it up."""
        return self._slow.get(media_id, 0.0)

    def find(self, media_type: str, media_id: str) -> Media | str:
        """The medium, or the server's refusal text."""
        if media_id in self._refusals:
            return self._refusals[media_id]
        known = self._media.get(media_id)
        if known is not None:
            return known
        stem = PurePosixPath(urlsplit(media_id).path).stem
        return Media(id=media_id, title=stem or "Untitled", seconds=180, type=media_type)


class Playlist:
    """Items in order and what plays now."""

    def __init__(self, library: Library, now_s: Callable[[], float], random: Random) -> None:
        self.library = library
        self.items: list[Item] = []
        self.current: Item | None = None
        self._now_s = now_s
        self._random = random
        self._next_uid = 0
        self._started_s = 0.0

    def position(self) -> tuple[float, bool]:
        """Seconds into the current medium, and whether it still waits in its lead-in."""
        if self.current is None or not self.current.media.seconds:
            return 0, False
        passed = round(self._now_s() - self._started_s, 3)
        return (int(passed) if passed.is_integer() else passed), passed < 0

    def has_ended(self) -> bool:
        """Whether the current medium has played to its end."""
        current = self.current
        return bool(
            current and current.media.seconds and self.position()[0] >= current.media.seconds
        )

    def change_media(self) -> Event:
        """The ``changeMedia`` frame for what plays now."""
        assert self.current is not None
        time_s, paused = self.position()
        payload = {**self.current.media.as_payload(), "currentTime": time_s, "paused": paused}
        return Event("changeMedia", payload)

    def media_update(self) -> list[Event]:
        """The five-second ``mediaUpdate``; none for embeds or an empty list."""
        if self.current is None or not self.current.media.seconds or not self.items:
            return []
        time_s, paused = self.position()
        return [Event("mediaUpdate", {"currentTime": time_s, "paused": paused})]

    def as_payload(self) -> list[dict[str, Any]]:
        """The whole list as the ``playlist`` frame shows it."""
        return [item.as_payload() for item in self.items]

    def set_meta(self) -> Event:
        """The ``setPlaylistMeta`` frame: count and total length."""
        total = sum(item.media.seconds for item in self.items)
        payload = {"count": len(self.items), "rawTime": total, "time": _clock_text(total)}
        return Event("setPlaylistMeta", payload)

    def queue(
        self, by: str, media_type: str, media_id: str, *, pos: str = "end", temp: bool = True
    ) -> list[Event]:
        """Add an item at ``end`` or ``next``; refused: ``queueFail``; other places: silence."""
        if pos not in {"end", "next"}:
            return []
        found = self.library.find(media_type, media_id)
        if isinstance(found, Media) and any(
            item.media.id == found.id and item.media.type == found.type for item in self.items
        ):
            found = "This item is already on the playlist"
        if isinstance(found, str):
            return [self.queue_fail(media_type, media_id, found)]
        item = Item(found, self._take_uid(), temp, by)
        at = len(self.items)
        if pos == "next" and self.current in self.items:
            at = self.items.index(self.current) + 1
        after = self.items[at - 1].uid if at else "prepend"
        self.items.insert(at, item)
        events = [Event("queue", {"item": item.as_payload(), "after": after}), self.set_meta()]
        return events if len(self.items) > 1 else events + self._play(item)

    @staticmethod
    def queue_fail(media_type: str, media_id: str, message: str) -> Event:
        """The refusal only the one who queued gets to see."""
        link = f"https://youtu.be/{media_id}" if media_type == "yt" else media_id
        return Event("queueFail", {"msg": message, "link": link, "id": media_id})

    def delete(self, uid: object) -> list[Event]:
        """Take an item out; if it was playing the next one starts."""
        item = self._find(uid)
        if item is None:
            return []
        follower = self._follower() if item is self.current else None
        self.items.remove(item)
        events = [Event("delete", {"uid": item.uid}), self.set_meta()]
        if follower is item:
            self.current = None
        elif follower is not None:
            events += self._play(follower)
        return events

    def move(self, uid: object, after: object) -> list[Event]:
        """Put an item behind another one, or first with ``prepend``."""
        item = self._find(uid)
        target = self._find(after)
        if item is None or (target is None and after != "prepend"):
            return []
        self.items.remove(item)
        self.items.insert(0 if target is None else self.items.index(target) + 1, item)
        return [Event("moveVideo", {"from": item.uid, "after": after})]

    def set_temp(self, uid: object, temp: bool) -> list[Event]:
        """Mark an item as to be removed after it has played, or not."""
        item = self._find(uid)
        if item is None:
            return []
        item.temp = temp
        return [Event("setTemp", {"uid": item.uid, "temp": temp})]

    def jump(self, uid: object) -> list[Event]:
        """Play this item now."""
        item = self._find(uid)
        return [] if item is None else self._change_to(item)

    def play_next(self) -> list[Event]:
        """Go on to the following item, as at the end of a medium."""
        follower = self._follower()
        if follower is None:
            return []
        if follower is self.current and follower.temp:
            return self.delete(follower.uid)
        return self._change_to(follower)

    def shuffle(self) -> list[Event]:
        """New order, new uids; the playing medium goes first and is announced again."""
        if not self.items:
            return []
        self._random.shuffle(self.items)
        if self.current in self.items:
            self.items.remove(self.current)
            self.items.insert(0, self.current)
        for item in self.items:
            item.uid = self._take_uid()
        self.current = self.items[0]
        return [Event("playlist", self.as_payload()), *self._announced()]

    def clear(self) -> list[Event]:
        """Empty the list; what played last stays the current medium for the robot."""
        self.items.clear()
        self.current = None
        return [Event("playlist", []), self.set_meta()]

    def renumber(self) -> None:
        """Start uids from 0 again, as a restarted server does."""
        self._next_uid = 0
        for item in self.items:
            item.uid = self._take_uid()

    def _take_uid(self) -> int:
        self._next_uid += 1
        return self._next_uid - 1

    def _find(self, uid: object) -> Item | None:
        return next((item for item in self.items if item.uid == uid), None)

    def _follower(self) -> Item | None:
        if not self.items:
            return None
        if self.current not in self.items:
            return self.items[0]
        return self.items[(self.items.index(self.current) + 1) % len(self.items)]

    def _change_to(self, item: Item) -> list[Event]:
        old = self.current
        if old is None or not old.temp or old is item or old not in self.items:
            return self._play(item)
        self.items.remove(old)
        return [Event("delete", {"uid": old.uid}), self.set_meta(), *self._play(item)]

    def _play(self, item: Item) -> list[Event]:
        self.current = item
        self._started_s = self._now_s() + (LEAD_IN_S if item.media.seconds else 0)
        return self._announced()

    def _announced(self) -> list[Event]:
        assert self.current is not None
        return [
            Event("setCurrent", self.current.uid),
            self.change_media(),
            Event("drinkCount", 0),
            Event("voteskip", {"count": 0, "need": 0}),
        ]
