"""The month as the service hears it: with its own stops, and hours in which the robot is away."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tests.actors.month.cases import Case
from tests.actors.month.events import (
    Afk,
    DayOver,
    Event,
    In,
    List,
    Listed,
    Media,
    Out,
    Room,
    Start,
    Stop,
)
from tests.actors.month.people import DAY_MS, MINUTE_MS, Regular, regulars
from tests.actors.month.talk import EMOTES, talk

__all__ = ("feed",)


class _Gap(NamedTuple):
    """A time in which nothing is heard: the service is down, or only the robot is."""

    from_ms: int
    until_ms: int
    down: bool
    killed: bool = False


def feed(case: Case, seed: int) -> list[Event]:
    """Everything in its order, from the first start to the last stop."""
    dice = Random(seed)
    people = regulars(case, dice)
    days = list(_days(case))
    start_ms = _midnight(case, 0) + 20_000
    end_ms = days[-1].at_ms + 5_000
    happened = sorted(
        [*_comings(people), *talk(case, people, dice), *days], key=lambda each: each.at_ms
    )
    heard = _heard(happened, _gaps(case, dice))
    first = _Truth().told(start_ms + 500, stored=True)
    return [Start(start_ms), *first, *heard, Stop(end_ms, killed=False)]


def _midnight(case: Case, days: int) -> int:
    wall = datetime.combine(case.first_day, datetime.min.time()) + timedelta(days=days)
    return int(wall.replace(tzinfo=ZoneInfo(case.zone)).timestamp()) * 1000


def _days(case: Case) -> Iterator[DayOver]:
    for n in range(case.days):
        day = (case.first_day + timedelta(days=n)).isoformat()
        yield DayOver(_midnight(case, n + 1) + 45_000, day)


def _comings(people: Iterable[Regular]) -> Iterator[Event]:
    for person in people:
        for visit in person.visits:
            yield In(visit.in_ms, person.name, person.rank)
            if visit.afk:
                away_ms = (visit.out_ms - visit.in_ms) // 3 // MINUTE_MS * MINUTE_MS
                yield Afk(visit.in_ms + away_ms + 3_000, person.name, afk=True)
                yield Afk(visit.in_ms + 2 * away_ms + 3_000, person.name, afk=False)
            yield Out(visit.out_ms, person.name)


def _gaps(case: Case, dice: Random) -> list[_Gap]:
    """About one short gap in three days, and three that are as bad as can be."""
    gaps = []
    night, lost = case.days // 3, case.days * 2 // 3
    for n in range(1, case.days - 1):
        start_ms = _midnight(case, n)
        if _midnight(case, n + 1) - start_ms != DAY_MS:
            # In the night in which the clocks change, also in the hour that comes twice.
            from_ms = start_ms + dice.choice((65, 125, 185)) * MINUTE_MS
            gaps.append(_Gap(from_ms, from_ms + 2 * MINUTE_MS, True, True))
        if n == night:
            # From the evening over midnight and three o'clock: both daily jobs are missed.
            gaps.append(_Gap(start_ms - 70 * MINUTE_MS, start_ms + 300 * MINUTE_MS, True, True))
        elif n == lost:
            from_ms = start_ms + 1000 * MINUTE_MS
            gaps.append(_Gap(from_ms, from_ms + 1140 * MINUTE_MS, True))
        elif n not in {night - 1, lost + 1} and dice.random() < 0.45:
            from_ms = start_ms + dice.randint(600, 1400) * MINUTE_MS
            until_ms = from_ms + dice.randint(0, 20) * MINUTE_MS
            gaps.append(_Gap(from_ms, until_ms, dice.random() < 0.7, dice.random() < 0.5))
    return [_placed(gap, dice) for gap in gaps]


def _placed(gap: _Gap, dice: Random) -> _Gap:
    """Put a gap of whole minutes between the seconds in which people come, go and speak."""
    from_ms = dice.choice((500, 11_000, 36_000, 42_500, 56_500))
    until_ms = dice.choice((12_000, 44_500, 57_500))
    least_ms = gap.from_ms + (0 if until_ms > from_ms else MINUTE_MS)
    return gap._replace(
        from_ms=gap.from_ms + from_ms, until_ms=max(gap.until_ms, least_ms) + until_ms
    )


class _Truth:
    """Who is really in the channel, and what plays, whoever hears of it."""

    def __init__(self) -> None:
        self._here: dict[str, Listed] = {}
        self._item: Media | None = None

    def learn(self, event: Event) -> None:
        match event:
            case In(name=name, rank=rank):
                self._here[name] = Listed(name, rank, afk=False)
            case Out(name=name):
                self._here.pop(name, None)
            case Afk(name=name, afk=afk):
                self._here[name] = Listed(name, self._here[name].rank, afk)
            case Media():
                self._item = event
            case _:
                pass

    def told(self, at_ms: int, *, stored: bool) -> Iterator[Event]:
        """What the robot's store says at a start, or the robot itself when it is back."""
        item = self._item
        yield List(at_ms, tuple(self._here.values()), stored)
        if stored:
            yield Room(at_ms + 1, EMOTES, None if item is None else (item.key, item.duration_s))
        elif item is not None:
            yield Media(at_ms + 1, item.key, item.duration_s, begins=False)


def _heard(happened: Iterable[Event], gaps: Iterable[_Gap]) -> Iterator[Event]:
    """What of it is heard; of what happens in a gap only its outcome, in a user list."""
    truth, waiting = _Truth(), sorted(gaps)
    gap: _Gap | None = None
    for event in happened:
        while True:
            if gap is not None and event.at_ms > gap.until_ms:
                yield from _ends(gap, truth)
                gap = None
            if gap is not None or not waiting or event.at_ms < waiting[0].from_ms:
                break
            gap = waiting.pop(0)
            if gap.down:
                yield Stop(gap.from_ms, gap.killed)
        truth.learn(event)
        if gap is None or isinstance(event, DayOver):
            yield event


def _ends(gap: _Gap, truth: _Truth) -> Iterator[Event]:
    if gap.down:
        yield Start(gap.until_ms)
    yield from truth.told(gap.until_ms + 500, stored=gap.down)
