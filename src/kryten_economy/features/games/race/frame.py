"""A race as others may look at it: replaced at each change, never changed.

What it shows follows from it and the time, so that looking costs next to nothing. Whether bets are
taken and whether the picture may be shown is one and the same question: as long as somebody can
still bet, nothing here tells what is to come (P-GAM-13). Times are steady milliseconds, which
nobody can set back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from kryten_economy.features.games.race.rules import Course, Runner, race_id
from kryten_economy.features.games.race.texts import Bet, Outcome
from kryten_economy.features.games.race.timeline import Timeline, leader_at
from kryten_economy.features.games.tables import OpenRow

__all__ = ("RaceRun", "RaceView", "web_frame")

_SHOWN_AFTER_MS = 20_000


@dataclass(frozen=True, slots=True)
class RaceRun:
    """A race that was drawn; bets end ``bets_end_s`` after its start."""

    started_at_ms: int
    winner: Runner
    timeline: Timeline
    bets_end_s: float
    commentary: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class RaceView:
    """A race from its opening on; ``run`` None while bets are open, ``outcomes`` at its end."""

    race_id: str
    channel: str
    number: int
    course: Course
    closes_at_ms: int
    bets: tuple[Bet, ...] = ()
    run: RaceRun | None = None
    outcomes: tuple[Outcome, ...] = ()
    ended_at_ms: int | None = None

    @classmethod
    def opened(
        cls, channel: str, row: OpenRow, closes_at_ms: int, bets: Iterable[Bet] = ()
    ) -> Self:
        """A race as the books know it, before anything is drawn."""
        id_ = race_id(channel, row.number, row.opened_at_ms)
        return cls(id_, channel, row.number, Course.of(row.terms), closes_at_ms, tuple(bets))

    @property
    def phase(self) -> str:
        """``betting``, ``racing`` or ``finished``."""
        if self.ended_at_ms is not None:
            return "finished"
        return "betting" if self.run is None else "racing"

    def is_shown(self, now_ms: int) -> bool:
        """Whether there is still something to see."""
        return self.ended_at_ms is None or now_ms < self.ended_at_ms + _SHOWN_AFTER_MS

    def takes_bets(self, now_ms: int) -> bool:
        """Whether a bet may be made."""
        if self.run is None:
            return True
        return self.ended_at_ms is None and self._elapsed_s(self.run, now_ms) < self.run.bets_end_s

    def closes_in_s(self, now_ms: int) -> int:
        """Whole seconds until the race begins, 0 once it has."""
        return max(0, -(-(self.closes_at_ms - now_ms) // 1000)) if self.run is None else 0

    def way(self, now_ms: int) -> Sequence[float]:
        """How many percent of the way each racer has come."""
        if self.run is None:
            return [0.0] * len(self.course.runners)
        frames = self.run.timeline.frames
        return frames[-1] if self.ended_at_ms is not None else frames[self.tick(now_ms)]

    def _elapsed_s(self, run: RaceRun, now_ms: int) -> float:
        return max(0, now_ms - run.started_at_ms) / 1000

    def tick(self, now_ms: int) -> int:
        """The number of the frame that is shown."""
        if self.run is None:
            return 0
        shown_ms = now_ms if self.ended_at_ms is None else self.ended_at_ms
        return self.run.timeline.frame_at(self._elapsed_s(self.run, shown_ms))


def web_frame(view: RaceView, now_ms: int, symbol: str) -> dict[str, Any]:
    """What the page of the race reads (`gambling.md` 7)."""
    course, way, run = view.course, view.way(now_ms), view.run
    front = leader_at(way)
    frame: dict[str, Any] = {
        "race_id": view.race_id,
        "channel": view.channel,
        "phase": view.phase,
        "tick": view.tick(now_ms),
        "finish_distance": course.distance,
        "leader": None if front is None else course.runners[front].color,
        "betting_closes_in": view.closes_in_s(now_ms),
        "min_bet": course.lowest_z,
        "symbol": symbol,
        "racers": _racers(course, way),
        "pool": sum(each.bet_z for each in view.bets),
        "bettor_count": len(view.bets),
        "bets_by_color": _by_color(view.bets),
        "winner": None,
        "payouts": [],
    }
    if view.phase == "racing" and run is not None and not view.takes_bets(now_ms):
        elapsed_s = max(0, now_ms - run.started_at_ms) / 1000
        frame["timeline"] = {
            "frame_dt": run.timeline.frame_s,
            "duration": run.timeline.duration_s,
            "frames": run.timeline.frames,
            "commentary": run.commentary,
            "elapsed": round(min(elapsed_s, run.timeline.duration_s), 2),
        }
    if view.phase == "finished" and run is not None:
        won = run.winner
        frame["winner"] = {"color": won.color, "emoji": won.emoji, "name": won.name}
        frame["payouts"] = _paid(view.outcomes)
    return frame


def _racers(course: Course, way: Sequence[float]) -> list[dict[str, Any]]:
    order = sorted(range(len(way)), key=lambda place: -way[place])
    position = {place: number for number, place in enumerate(order, start=1)}
    return [
        {
            "color": runner.color,
            "emoji": runner.emoji,
            "name": runner.name,
            "progress": round(pct / 100 * course.distance, 2),
            "pct": round(pct, 1),
            "position": position[place],
            "odds": runner.odds,
            "trait": runner.trait,
        }
        for place, (runner, pct) in enumerate(zip(course.runners, way, strict=True))
    ]


def _by_color(bets: Sequence[Bet]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for bet in bets:
        on = found.setdefault(bet.color, {"amount": 0, "bettors": 0})
        on["amount"] += bet.bet_z
        on["bettors"] += 1
    return found


def _paid(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    won = sorted((each for each in outcomes if each.payout_z), key=lambda each: -each.net_z)
    return [{"username": each.name, "net": each.net_z} for each in won]
