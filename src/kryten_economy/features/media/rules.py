"""What plays in a channel, and what it pays those who watch and talk (`earning.md` 8.5).

One `Screening` per channel; it has no clock: times are UTC epoch milliseconds, names lower case
(P-USR-4). It forgets everything about an item when the next one begins.
"""

from typing import NamedTuple

from kryten_economy.config import Settings
from kryten_economy.features.chat.rules import NOTHING, Effect, Judge, Room, Spoken, award_of
from kryten_economy.features.chat.triggers import (
    COMMENT,
    FIRST_AFTER_MEDIA,
    LIKE,
    SURVIVED,
    TriggerAward,
    Window,
)

__all__ = ("Medium", "Screening", "begins", "comment_cap", "like_award", "survived_award")


_DAY_MS = 86_400_000


_LEAD_IN_S = 3.0
"""A film begins this long before its position 0 (`wire.md` 3)."""


class Medium(NamedTuple):
    """An item of the playlist; ``key`` names it by type and id, a duration of 0 is unknown.

    ``uid`` tells two items with the same film apart, until somebody shuffles the playlist.
    """

    key: str
    title: str
    duration_s: int
    uid: int | None = None


class Screening:
    """The current item since its start; ``started_at_ms`` is None where nobody saw it start."""

    def __init__(self) -> None:
        self.medium: Medium | None = None
        self.started_at_ms: int | None = None
        self._comments: dict[str, int] = {}
        self._is_claimed = False
        self.judges = (
            Judge(FIRST_AFTER_MEDIA.id, self._first),
            Judge(COMMENT.id, self._comment),
        )

    def is_change(self, medium: Medium, position_s: float = 0.0) -> bool:
        """Whether this is another item; the same one told again is a resync.

        CyTube tells again what plays when the robot comes in, and after a shuffle, which gives
        every item a new uid: then the film goes on from its position. The same film under
        another uid is another item only where it begins with its lead-in.
        """
        current = self.medium
        if current is None or medium.key != current.key:
            return True
        if medium.uid is None or current.uid is None or medium.uid == current.uid:
            return False
        return position_s <= -_LEAD_IN_S

    def is_survivable(self, settings: Settings, at_ms: int) -> bool:
        """Whether so much of the item was shown that it counts as watched to the end."""
        medium = self.medium
        if medium is None or medium.duration_s <= 0 or self.started_at_ms is None:
            return False
        percent = settings.content_triggers.survived_full_media.min_presence_percent
        return (at_ms - self.started_at_ms) * 100 >= medium.duration_s * 1000 * percent

    def change(self, medium: Medium, at_ms: int | None) -> None:
        """Another item begins, or (without a time) is found to have begun unseen."""
        self.medium, self.started_at_ms = medium, at_ms
        self._comments.clear()
        self._is_claimed = False

    def end(self) -> None:
        """Nothing plays; the same item may begin again later and is another screening then."""
        self.medium = self.started_at_ms = None

    def told_again(self, at_ms: int, position_s: float) -> None:
        """A resync; what was found playing and is still in its lead-in begins only now."""
        if self.started_at_ms is None and position_s < 0:
            self.started_at_ms = at_ms

    def _first(self, line: Spoken, room: Room) -> Effect:
        window_ms = room.settings.content_triggers.first_after_media_change.window_seconds * 1000
        if self.medium is None or self._is_claimed or self.started_at_ms is None:
            return NOTHING
        if line.at_ms - self.started_at_ms > window_ms:
            return NOTHING
        self._is_claimed = True
        return Effect(award_of(FIRST_AFTER_MEDIA, room.settings, line.name))

    def _comment(self, line: Spoken, room: Room) -> Effect:
        if self.medium is None:
            return NOTHING
        count = self._comments.get(line.name, 0)
        if count >= comment_cap(room.settings, self.medium):
            return NOTHING
        self._comments[line.name] = count + 1
        return Effect(award_of(COMMENT, room.settings, line.name))


def begins(position_s: float) -> bool:
    """Whether an item told at this position begins now, in its lead-in or at 0.

    One told further on began while nobody listened: the robot came in, or had been away. Its
    start could be computed, but not who was there then, nor when the item before it ended; so
    neither of them can be survived, and nobody is the first to talk after the change (8.5).
    """
    return position_s <= 0


def comment_cap(settings: Settings, medium: Medium) -> int:
    """How many lines of one user an item pays; 60 minutes pay twice the base."""
    section = settings.content_triggers.comment_during_media
    base = section.max_per_item_base
    if not section.scale_with_duration:
        return base
    return max(base, base * medium.duration_s // 1800)


def like_award(settings: Settings, name: str, medium: Medium, at_ms: int) -> TriggerAward:
    """One like per user and item; the claim outlives the item and a restart.

    The uid lets a film be liked again when it comes again as another item; since a restarted
    CyTube counts uids from 0 anew, it does not name the item by itself.
    """
    limit = Window(f"{LIKE.id}:{medium.uid}:{medium.key}", at_ms + _DAY_MS, 1)
    return TriggerAward(name, LIKE.id, LIKE.reason, LIKE.reward(settings), limit)


def survived_award(settings: Settings, name: str) -> tuple[TriggerAward, ...]:
    """For somebody who was there from the start to the end."""
    return award_of(SURVIVED, settings, name)
