"""What presence is worth, worked out from the truth alone: who was in a room when, and when nobody
could see it. Shares nothing with the service but the rules of `earning.md` 3.
"""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ("Bounds", "Outage", "bounds")

WINDOW_S = 300.0
MISSED_WITHIN_S = 45.0
"""So long a robot may be dead before anybody misses it."""
_NEAR_S = 5.0

History = Sequence[tuple[float, bool]]


class Outage(NamedTuple):
    """A time in which nobody saw who came and went, in seconds."""

    from_s: float
    until_s: float


class Stretch(NamedTuple):
    """A stay as far as it can be known, and how many of its ends lie in outages."""

    from_s: float
    until_s: float
    begins_unseen: bool
    ends_unseen: bool


class Bounds(NamedTuple):
    """The least and the most minutes that may be paid."""

    least: float
    most: float


def bounds(history: History, outages: Sequence[Outage]) -> Bounds:
    """What somebody with this history may be paid for: (time, whether they were here from then).

    Within one minute of each session, and one more for each of its ends that lies in an outage.
    Who was here before and after an outage was here all the time; who was here before only has
    left with its beginning, who was here after only has come with its end: more can't be known.
    """
    stretches = _stretches(history, outages)
    split = _sessions(stretches, WINDOW_S - _NEAR_S)
    joined = _sessions(stretches, WINDOW_S + MISSED_WITHIN_S + _NEAR_S)
    slack = len(split) + sum(each.begins_unseen + each.ends_unseen for each in split)
    return Bounds(_minutes(split) - slack, _minutes(joined) + slack)


def _minutes(sessions: Sequence[Stretch]) -> float:
    return sum(each.until_s - each.from_s for each in sessions) / 60


def _is_here(history: History, at_s: float) -> bool:
    return next((here for since_s, here in reversed(history) if since_s <= at_s), False)


def _stretches(history: History, outages: Sequence[Outage]) -> list[Stretch]:
    cuts = sorted({at_s for at_s, _ in history} | {at_s for each in outages for at_s in each})
    found: list[Stretch] = []
    for from_s, until_s in itertools.pairwise(cuts):
        outage = next((o for o in outages if o.from_s <= from_s and until_s <= o.until_s), None)
        if outage is None:
            here = _is_here(history, from_s)
        else:
            before, after = outage.from_s - 0.01, outage.until_s
            here = _is_here(history, before) and _is_here(history, after)
        if not here:
            continue
        if found and found[-1].until_s == from_s:
            found[-1] = found[-1]._replace(until_s=until_s)
        else:
            found.append(Stretch(from_s, until_s, False, False))
    begins, ends = {each.until_s for each in outages}, {each.from_s for each in outages}
    return [
        each._replace(begins_unseen=each.from_s in begins, ends_unseen=each.until_s in ends)
        for each in found
    ]


def _sessions(stretches: Sequence[Stretch], window_s: float) -> list[Stretch]:
    """Absences shorter than the window belong to the session."""
    found: list[Stretch] = []
    for each in stretches:
        if found and each.from_s - found[-1].until_s < window_s:
            found[-1] = found[-1]._replace(until_s=each.until_s, ends_unseen=each.ends_unseen)
        else:
            found.append(each)
    return found
