"""How a drawn race is run: a picture for the web, and what there is to say about it.

It follows from the terms and the outcome alone, so it is the same whenever it is worked out. Only
the winner reaches the finish, in the last frame, and nobody ever rolls back.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from kryten_economy.dice import Chance, Dice
from kryten_economy.features.games.race.rules import Course

__all__ = ("Moment", "Timeline", "cutoff_s", "leader_at", "moments", "timeline")

_STEPS_MIN = 8
_CELLS_MAX = 40_000
"""Frames times racers; a longer race has longer frames, so that the bus can carry it."""

_JITTER = 0.18
_FINISH = 100.0
_MOMENTS_MAX = 9
_CLOSE_PCT = 4.0


class Timeline(NamedTuple):
    """The percent of the way of every racer, frame by frame, in the order of the racers."""

    frame_s: float
    frames: tuple[tuple[float, ...], ...]

    @property
    def duration_s(self) -> float:
        """From the start to the finish of the winner."""
        return round((len(self.frames) - 1) * self.frame_s, 3)

    def frame_at(self, elapsed_s: float) -> int:
        """The number of the frame that is shown by then."""
        return max(0, min(len(self.frames) - 1, int(elapsed_s / self.frame_s)))


def timeline(course: Course, outcome: Mapping[str, Any]) -> Timeline:
    """The whole race, of which the outcome knows the winner and the pace."""
    dice = Dice(outcome["pace"])
    wanted = max(_STEPS_MIN, round(course.duration_s / course.frame_s))
    steps = max(_STEPS_MIN, min(wanted, _CELLS_MAX // len(course.runners)))
    frame_s = course.frame_s if steps == wanted else course.duration_s / steps
    low, high = 0.70 + 0.18 * course.closeness, 0.90 + 0.09 * course.closeness
    curves = [
        _curve(
            _paces(each.trait, steps, dice),
            None if each.color == outcome["winner"] else low + (high - low) * dice.roll(),
        )
        for each in course.runners
    ]
    return Timeline(frame_s, tuple(zip(*curves, strict=True)))


def _paces(trait: str, steps: int, dice: Chance) -> list[float]:
    """How fast a racer is in each step, of which the sum says nothing."""
    mood = 1.0
    paces = []
    for step in range(steps):
        way = (step + 0.5) / steps
        if trait == "wildcard" and step % max(1, steps // 8) == 0:
            mood = 0.4 + 1.2 * dice.roll()
        pace = {"sprinter": 1.5 - way, "closer": 0.6 + 1.2 * way * way}.get(trait, mood)
        paces.append(dice.jitter(pace, _JITTER))
    return paces


def _curve(paces: Sequence[float], share: float | None) -> list[float]:
    """Where a racer is after each step; ``share`` None for the one who gets to the finish."""
    total, so_far, curve = sum(paces), 0.0, [0.0]
    end = _FINISH * (1.0 if share is None else share)
    for pace in paces[:-1]:
        so_far += pace
        curve.append(min(round(end * so_far / total, 2), 99.99))
    return [*curve, round(end, 2)]


def leader_at(frame: Sequence[float]) -> int | None:
    """The place of who is in front; None before anybody has moved."""
    best = max(frame)
    return frame.index(best) if best > 0 else None


def cutoff_s(course: Course, run: Timeline) -> float:
    """When bets end: the leader has come as far as live betting goes, or 0 without it."""
    if not course.live:
        return 0.0
    mark = _FINISH * course.cutoff
    reached = next(place for place, frame in enumerate(run.frames) if max(frame) >= mark)
    return reached * run.frame_s


class Moment(NamedTuple):
    """Something to say at ``at_s``: start, lead_change, event, close or clear."""

    at_s: float
    kind: str
    place: int


def moments(course: Course, run: Timeline, dice: Chance) -> list[Moment]:
    """What is worth a line, in order: the start first, the last straight last, few between."""
    last = len(run.frames) - 3
    close_s = last * run.frame_s
    gap_s = run.duration_s / _MOMENTS_MAX
    told = [Moment(0.0, "start", 0)]
    lead = None
    next_tick_s = course.tick_s
    for number in range(1, last):
        at_s, front = number * run.frame_s, leader_at(run.frames[number])
        happens = at_s >= next_tick_s and dice.chance(course.events)
        if at_s >= next_tick_s:
            next_tick_s = at_s + course.tick_s
        has_room = at_s - told[-1].at_s >= gap_s and close_s - at_s >= gap_s / 2
        if front is None or len(told) >= _MOMENTS_MAX - 1 or not has_room:
            continue
        if front != lead:
            lead = front
            told.append(Moment(round(at_s, 2), "lead_change", front))
        elif happens:
            told.append(Moment(round(at_s, 2), "event", dice.between(0, len(course.runners) - 1)))
    first, second, *_ = sorted(run.frames[last], reverse=True)
    kind = "close" if first - second < _CLOSE_PCT else "clear"
    return [*told, Moment(round(close_s, 2), kind, run.frames[last].index(first))]
