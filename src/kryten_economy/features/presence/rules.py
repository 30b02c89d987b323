"""Who is here, since when, and what a minute of it earns (`earning.md` 3).

A session is one visit: it survives bounces shorter than the debounce window. A user who has
left is departing until the window is over; meanwhile nothing is counted or paid, but the
minutes are held and paid together if the user returns in time.
"""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

__all__ = (
    "MINUTE_MS",
    "STALL_MINUTES_MAX",
    "Change",
    "Entrance",
    "MinuteShare",
    "Present",
    "Roster",
    "Visit",
    "elapsed_minutes",
    "is_genuine_arrival",
    "is_welcome_back",
)


MINUTE_MS = 60_000


DAY_MS = 24 * 60 * MINUTE_MS


STALL_MINUTES_MAX = 5
"""After a stall at most this many minutes are paid (`earning.md` 3.3)."""


class Entrance(Enum):
    """What a join turned out to be."""

    NEW = "new"
    """No session was known; whether it is a genuine arrival depends on the stored departure."""
    BOUNCE = "bounce"
    """The user came back within the window: the session continues."""
    ALREADY_HERE = "already_here"


@dataclass(slots=True)
class Visit:
    """One user's session; ``name`` is lower case, times are UTC epoch milliseconds."""

    name: str
    display_name: str
    since_ms: int
    rank: float
    rank_confirmed: bool
    afk: bool
    active_at_ms: int
    departed_at_ms: int | None = None
    held_minutes: int = 0
    held_active_minutes: int = 0

    @property
    def connected(self) -> bool:
        """Whether the user counts as present."""
        return self.departed_at_ms is None


class MinuteShare(NamedTuple):
    """What one user gets of a tick: whole minutes, and how many of them active."""

    visit: Visit
    minutes: int
    active_minutes: int


@dataclass(frozen=True, slots=True, order=True)
class Present:
    """Somebody connected; ``name`` is lower case."""

    name: str
    display_name: str


class Change(NamedTuple):
    """What a user list changed: sessions begun, bounces ended, users departing."""

    begun: tuple[Visit, ...]
    returned: tuple[Visit, ...]
    departed: tuple[Visit, ...]


def elapsed_minutes(since_ms: int, now_ms: int) -> int:
    """Whole minutes between two ticks, at most `STALL_MINUTES_MAX` and never negative."""
    return max(0, min((now_ms - since_ms) // MINUTE_MS, STALL_MINUTES_MAX))


def is_genuine_arrival(
    last_departure_ms: int | None, last_seen_ms: int | None, at_ms: int, window_ms: int
) -> bool:
    """Whether a join begins a new visit: the absence is unknown or at least the window long.

    After an unclean stop no departure was stored; the last tick that saw the user stands for
    it (`earning.md` 3.1).
    """
    known = [each for each in (last_departure_ms, last_seen_ms) if each is not None]
    return not known or at_ms - max(known) >= window_ms


def is_welcome_back(absent_since_ms: int | None, at_ms: int, days_absent: int) -> bool:
    """Whether an absence of whole days is long enough for the bonus (`earning.md` 7)."""
    return absent_since_ms is not None and (at_ms - absent_since_ms) // DAY_MS >= days_absent


class Roster:
    """The presence table of one channel."""

    __slots__ = ("_visits",)

    def __init__(self) -> None:
        self._visits: dict[str, Visit] = {}

    def __iter__(self) -> Iterator[Visit]:
        return iter(self._visits.values())

    def get(self, name: str) -> Visit | None:
        """The session of a user, in any casing; also a departing one."""
        return self._visits.get(name.lower())

    def connected(self) -> list[Visit]:
        """All who count as present."""
        return [visit for visit in self._visits.values() if visit.departed_at_ms is None]

    def join(
        self, name: str, rank: float, at_ms: int, window_ms: int, *, afk: bool = False
    ) -> Entrance:
        """Somebody came in. The rank is the global one: a channel rank known better stays."""
        visit = self._visits.get(name.lower())
        if visit is None or self._is_over(visit, at_ms, window_ms):
            self._begin(name, rank, at_ms, afk=afk, rank_confirmed=False)
            return Entrance.NEW
        visit.display_name = name
        if visit.departed_at_ms is None:
            return Entrance.ALREADY_HERE
        self._resume(visit, rank, at_ms, afk=afk)
        return Entrance.BOUNCE

    def leave(self, name: str, at_ms: int) -> Visit | None:
        """Somebody left: departing from this moment. None if nobody of that name was here."""
        visit = self._visits.get(name.lower())
        if visit is None or visit.departed_at_ms is not None:
            return None
        visit.departed_at_ms = at_ms
        # A rank belongs to the stay: whoever returns is told it again (`commands.md` 4).
        visit.rank = 0
        visit.rank_confirmed = False
        return visit

    def listed(
        self, users: Iterable[tuple[str, float, bool | None]], at_ms: int, window_ms: int
    ) -> Change:
        """Make the table equal to a user list of (name, channel rank, AFK or None)."""
        begun: list[Visit] = []
        returned: list[Visit] = []
        names: set[str] = set()
        for name, rank, afk in users:
            names.add(name.lower())
            entrance = self.join(name, rank, at_ms, window_ms, afk=bool(afk))
            visit = self._visits[name.lower()]
            visit.rank = rank
            visit.rank_confirmed = True
            if afk is not None:
                visit.afk = afk
            if entrance is Entrance.NEW:
                begun.append(visit)
            elif entrance is Entrance.BOUNCE:
                returned.append(visit)
        missing = [visit.name for visit in self.connected() if visit.name not in names]
        gone = [left for name in missing if (left := self.leave(name, at_ms)) is not None]
        return Change(tuple(begun), tuple(returned), tuple(gone))

    def set_rank(self, name: str, rank: float) -> Visit | None:
        """A rank change was announced. Unknown and departing users have none."""
        visit = self._visits.get(name.lower())
        if visit is None or visit.departed_at_ms is not None:
            return None
        visit.rank = rank
        visit.rank_confirmed = True
        return visit

    def set_afk(self, name: str, *, afk: bool, at_ms: int) -> None:
        """CyTube's AFK flag changed; coming back counts as activity."""
        visit = self._visits.get(name.lower())
        if visit is not None:
            visit.afk = afk
            if not afk:
                visit.active_at_ms = max(visit.active_at_ms, at_ms)

    def chatted(self, name: str, at_ms: int) -> Visit | None:
        """Somebody chatted, which also ends being AFK. None for users who are not here."""
        visit = self._visits.get(name.lower())
        if visit is None or visit.departed_at_ms is not None:
            return None
        visit.active_at_ms = max(visit.active_at_ms, at_ms)
        visit.afk = False
        return visit

    def tick(
        self,
        now_ms: int,
        minutes: int,
        window_ms: int,
        afk_after_ms: int,
        arriving: Container[str] = (),
    ) -> tuple[list[MinuteShare], list[Visit]]:
        """Share out ``minutes`` and forget the visits whose window is over.

        Returns the shares of all connected users, held minutes included, and the forgotten.
        The minutes of the ``arriving`` are held.
        """
        shares: list[MinuteShare] = []
        over: list[Visit] = []
        for visit in self._visits.values():
            if self._is_over(visit, now_ms, window_ms):
                over.append(visit)
                continue
            active = minutes if self._is_active(visit, now_ms, afk_after_ms) else 0
            if visit.departed_at_ms is not None or visit.name in arriving:
                visit.held_minutes += minutes
                visit.held_active_minutes += active
            else:
                total = minutes + visit.held_minutes
                shares.append(MinuteShare(visit, total, active + visit.held_active_minutes))
                visit.held_minutes = visit.held_active_minutes = 0
        for visit in over:
            del self._visits[visit.name]
        return shares, over

    @staticmethod
    def _is_active(visit: Visit, now_ms: int, afk_after_ms: int) -> bool:
        return not visit.afk and now_ms - visit.active_at_ms < afk_after_ms

    @staticmethod
    def _is_over(visit: Visit, now_ms: int, window_ms: int) -> bool:
        return visit.departed_at_ms is not None and now_ms - visit.departed_at_ms >= window_ms

    def _begin(
        self, name: str, rank: float, at_ms: int, *, afk: bool, rank_confirmed: bool
    ) -> None:
        key = name.lower()
        self._visits[key] = Visit(key, name, at_ms, rank, rank_confirmed, afk, at_ms)

    @staticmethod
    def _resume(visit: Visit, rank: float, at_ms: int, *, afk: bool) -> None:
        visit.departed_at_ms = None
        visit.rank = rank
        visit.afk = afk
        visit.active_at_ms = max(visit.active_at_ms, at_ms)
