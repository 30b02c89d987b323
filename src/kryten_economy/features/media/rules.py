"""What plays in a channel, and what it pays those who watch and talk (`earning.md` 8.5).

One `Screening` per channel; it has no clock: times are UTC epoch milliseconds, names lower case
(P-USR-4). It forgets everything about an item when the next one begins.
"""

from typing import NamedTuple

from kryten_economy.config import Settings
from kryten_economy.features.chat.triggers import (
    NOTHING,
    TRIGGERS,
    Effect,
    Room,
    Spoken,
    Trigger,
    TriggerAward,
    Window,
    award_of,
    trigger,
)

__all__ = (
    "LIKE",
    "PRESENT_AT_EVENT",
    "SURVIVED",
    "Medium",
    "Screening",
    "begins",
    "comment",
    "comment_cap",
    "first_after_media",
    "like_award",
    "survived_award",
)


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
        self.comments: dict[str, int] = {}
        self.is_claimed = False

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
        self.comments.clear()
        self.is_claimed = False

    def end(self) -> None:
        """Nothing plays; the same item may begin again later and is another screening then."""
        self.medium = self.started_at_ms = None

    def told_again(self, at_ms: int, position_s: float) -> None:
        """A resync; what was found playing and is still in its lead-in begins only now."""
        if self.started_at_ms is None and position_s < 0:
            self.started_at_ms = at_ms


@trigger(
    "content.first_after_media_change",
    "First message after the media change",
    section=lambda s: s.content_triggers.first_after_media_change,
    reward=lambda s: s.content_triggers.first_after_media_change.reward,
    wording=lambda _: "the first message after something new starts",
)
def first_after_media(line: Spoken, room: Room) -> Effect:
    """The first line within so many seconds of a start that was seen."""
    screening = room.memory.of(Screening)
    window_ms = room.settings.content_triggers.first_after_media_change.window_seconds * 1000
    if screening.medium is None or screening.is_claimed or screening.started_at_ms is None:
        return NOTHING
    if line.at_ms - screening.started_at_ms > window_ms:
        return NOTHING
    screening.is_claimed = True
    return Effect(award_of(first_after_media, room.settings, line.name))


@trigger(
    "content.comment_during_media",
    "Comment during media",
    section=lambda s: s.content_triggers.comment_during_media,
    reward=lambda s: s.content_triggers.comment_during_media.reward_per_message,
    wording=lambda _: "talking while something plays",
)
def comment(line: Spoken, room: Room) -> Effect:
    """Each line while something plays, so many of a user and item."""
    screening = room.memory.of(Screening)
    if screening.medium is None:
        return NOTHING
    count = screening.comments.get(line.name, 0)
    if count >= comment_cap(room.settings, screening.medium):
        return NOTHING
    screening.comments[line.name] = count + 1
    return Effect(award_of(comment, room.settings, line.name))


LIKE = TRIGGERS.add(
    Trigger(
        "content.like_current",
        "Liked what is playing",
        lambda s: s.content_triggers.like_current,
        lambda s: s.content_triggers.like_current.reward,
        lambda _: "like: send me this word while something plays",
    )
)


SURVIVED = TRIGGERS.add(
    Trigger(
        "content.survived_full_media",
        "Watched it to the end",
        lambda s: s.content_triggers.survived_full_media,
        lambda s: s.content_triggers.survived_full_media.reward,
        lambda _: "being there from the start to the end of what plays",
    )
)


PRESENT_AT_EVENT = TRIGGERS.add(
    Trigger(
        "content.present_at_event_start",
        "Present at the start of an event",
        lambda s: s.content_triggers.present_at_event_start,
        lambda s: s.content_triggers.present_at_event_start.default_reward,
        lambda _: "being there when an event starts, shared by all",
        offered=lambda s: bool(s.multipliers.scheduled_events),
    )
)


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
