"""Who is here, since when, and what a minute of it earns (`earning.md` 3).

A session is one visit: it survives bounces shorter than the debounce window. A user who has
left is departing until the window is over; meanwhile nothing is counted or paid, but the
minutes are held and paid together if the user returns in time. The same holds for everybody as
long as nobody sees who is here, since the robot is away: the next user list settles it.

Two clocks are at work. What is told to others and stored is the wall clock's, every duration is
the steady clock's; so a clock that is set makes no visit longer or shorter.

Who is new enough to wait before earning.

What a closed gate withholds (multiplied credits, rain, milestones, streak rewards) is not paid
later; minutes, messages and streak days are counted all the same.

How long somebody must be here in a day until something is due (`earning.md` 4 to 6).

A mark is a number of minutes of one day. What was met and is not known to be settled is due
again and again, so that neither a crash nor a restart between the minute and the award loses
one; paying once is the matter of the books.
"""

from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, Protocol

from kryten_economy.config import Settings
from kryten_economy.config.connection import Onboarding

__all__ = (
    "FULL_DAY_MINUTES",
    "MINUTE_IDS",
    "MINUTE_MS",
    "OPEN",
    "STALL_MINUTES_MAX",
    "UNSEEN_MINUTES_MAX",
    "Attendance",
    "Change",
    "Counted",
    "EarningGate",
    "Entrance",
    "MinuteShare",
    "Moment",
    "Roster",
    "Visit",
    "earning_gate",
    "is_past",
    "is_welcome_back",
    "marks",
    "milestones_met",
    "nearest_minute",
    "qualifies",
)

_MINUTE_MS = 60_000


class EarningGate(NamedTuple):
    """How old an account must be, in ms, and how many messages it must have sent."""

    min_age_ms: int = 0
    min_messages: int = 0

    def is_open(self, first_seen_ms: int, lifetime_messages: int, at_ms: int) -> bool:
        """Whether somebody earns at ``at_ms``; exactly the age and the count are enough."""
        old_enough = not self.min_age_ms or at_ms - first_seen_ms >= self.min_age_ms
        return old_enough and lifetime_messages >= self.min_messages


OPEN = EarningGate()
"""Lets everybody earn."""


class _Member(Protocol):
    """What the gate asks of a wallet or an account."""

    @property
    def first_seen_ms(self) -> int: ...
    @property
    def lifetime_messages(self) -> int: ...


def is_past(gate: EarningGate, wallet: _Member, at_ms: int) -> bool:
    """Whether the account behind a wallet is old and busy enough to earn."""
    return gate.is_open(wallet.first_seen_ms, wallet.lifetime_messages, at_ms)


def earning_gate(onboarding: Onboarding) -> EarningGate:
    """The gate that the settings put up."""
    return EarningGate(
        onboarding.min_account_age_minutes * _MINUTE_MS, onboarding.min_messages_to_earn
    )


MINUTE_MS = 60_000


DAY_MS = 24 * 60 * MINUTE_MS


MINUTE_IDS = "presence:{}:{}"
"""The id under which the books pay a minute: its channel, and a number that only rises."""


STALL_MINUTES_MAX = 5
"""After a stall at most this many minutes are paid (`earning.md` 3.3)."""

UNSEEN_MINUTES_MAX = 60
"""Of a time in which nobody saw who was here at most this many minutes are paid to those who were
seen before and after. A restart or a repair takes less, and is paid in full. Who was away in the
middle of a longer one is not known: so it is bounded what they can get for it."""


class Moment(NamedTuple):
    """One instant by both clocks: UTC epoch milliseconds, and those since some start."""

    at_ms: int
    steady_ms: int


class Counted(NamedTuple):
    """Minutes of a visit, and how many of them were active ones."""

    minutes: int = 0
    active: int = 0

    def __add__(self, other: "Counted") -> "Counted":  # type: ignore[override]  # a sum, no longer tuple
        return Counted(self.minutes + other.minutes, self.active + other.active)

    def at_most(self, minutes: int) -> "Counted":
        """The same, but no more than so many minutes."""
        return Counted(min(self.minutes, minutes), min(self.active, minutes))


_NONE = Counted()


class Entrance(Enum):
    """What a join turned out to be."""

    NEW = "new"
    """No session was known; whether it is a genuine arrival depends on the stored departure."""
    BOUNCE = "bounce"
    """The user came back within the window: the session continues."""
    ALREADY_HERE = "already_here"


@dataclass(slots=True)
class Visit:
    """One user's session; ``name`` is lower case, ``since_ms`` is UTC epoch milliseconds.

    ``begun_ms``, ``entered_ms`` (of the visit, and of its last stay), ``active_ms`` and
    ``departed_ms`` are the steady clock's. Minutes are ``held`` while it is open whether they
    count, because the user is away or just arriving; ``unseen`` while nobody sees whether the user
    is here; ``owed`` once they count and wait for the next minute to be paid with it.
    """

    name: str
    display_name: str
    since_ms: int
    rank: float
    rank_confirmed: bool
    afk: bool
    begun_ms: int
    entered_ms: int
    active_ms: int
    departed_ms: int | None = None
    held: Counted = _NONE
    unseen: Counted = _NONE
    owed: Counted = _NONE

    @property
    def connected(self) -> bool:
        """Whether the user counts as present."""
        return self.departed_ms is None

    def count_held(self) -> None:
        """The held minutes count."""
        if self.held.minutes:
            self.owed, self.held = self.owed + self.held, _NONE

    def count_unseen(self) -> None:
        """The user was seen before and after: the time between counts, within bounds."""
        self.owed += self.unseen.at_most(UNSEEN_MINUTES_MAX)
        self.unseen = _NONE
        self.count_held()

    def take_owed(self) -> Counted:
        """What is to be paid now."""
        owed, self.owed = self.owed, _NONE
        return owed


class MinuteShare(NamedTuple):
    """What one user gets of a tick: whole minutes, and how many of them active."""

    visit: Visit
    minutes: int
    active_minutes: int


class Change(NamedTuple):
    """What a user list changed: sessions begun, bounces ended, users departing."""

    begun: tuple[Visit, ...]
    returned: tuple[Visit, ...]
    departed: tuple[Visit, ...]


def nearest_minute(at_ms: int) -> int:
    """The number of the whole minute that is nearest to an instant or a length of time."""
    return (at_ms + MINUTE_MS // 2) // MINUTE_MS


def is_welcome_back(absent_since_ms: int | None, at_ms: int, days_absent: int) -> bool:
    """Whether an absence of whole days is long enough for the bonus (`earning.md` 7)."""
    return absent_since_ms is not None and (at_ms - absent_since_ms) // DAY_MS >= days_absent


class Roster:
    """The presence table of one channel.

    ``unseen_since`` is the moment from which nobody sees who comes and goes, None while somebody
    does.
    """

    __slots__ = ("_visits", "unseen_since")

    def __init__(self) -> None:
        self._visits: dict[str, Visit] = {}
        self.unseen_since: Moment | None = None

    def __iter__(self) -> Iterator[Visit]:
        return iter(self._visits.values())

    def get(self, name: str) -> Visit | None:
        """The session of a user, in any casing; also a departing one."""
        return self._visits.get(name.lower())

    def connected(self) -> list[Visit]:
        """All who count as present."""
        return [visit for visit in self._visits.values() if visit.departed_ms is None]

    def lose_sight(self, now: Moment) -> None:
        """From now on nobody sees who comes and goes, until the next user list."""
        if self.unseen_since is None:
            self.unseen_since = now

    def join(
        self, name: str, rank: float, now: Moment, window_ms: int, *, afk: bool = False
    ) -> Entrance:
        """Somebody came in. The rank is the global one: a channel rank known better stays."""
        visit = self._visits.get(name.lower())
        if visit is not None and self._is_unseen(visit):
            # Who comes in now had left while nobody saw it.
            self._vanish(visit)
        if visit is None or self._is_over(visit, now, window_ms):
            owed = _NONE if visit is None else visit.owed
            self._begin(name, rank, now, afk=afk, owed=owed)
            return Entrance.NEW
        visit.display_name = name
        if visit.departed_ms is None:
            return Entrance.ALREADY_HERE
        self._resume(visit, rank, now, afk=afk)
        return Entrance.BOUNCE

    def leave(self, name: str, now: Moment) -> Visit | None:
        """Somebody left: departing from this moment. None if nobody of that name was here."""
        visit = self._visits.get(name.lower())
        if visit is None or visit.departed_ms is not None:
            return None
        visit.count_unseen()
        self._depart(visit, now.steady_ms)
        return visit

    def listed(
        self, users: Iterable[tuple[str, float, bool | None]], now: Moment, window_ms: int
    ) -> Change:
        """Make the table equal to a user list of (name, channel rank, AFK or None).

        Who is missing has left now, or when they were last seen.
        """
        listed = {name.lower(): (name, rank, afk) for name, rank, afk in users}
        gone = [visit for visit in self.connected() if visit.name not in listed]
        for visit in gone:
            if self._is_unseen(visit):
                self._vanish(visit)
            else:
                self.leave(visit.name, now)
        self.unseen_since = None
        begun: list[Visit] = []
        returned: list[Visit] = []
        for name, rank, afk in listed.values():
            entrance = self.join(name, rank, now, window_ms, afk=bool(afk))
            visit = self._visits[name.lower()]
            visit.rank = rank
            visit.rank_confirmed = True
            if afk is not None:
                visit.afk = afk
            if entrance is Entrance.NEW:
                begun.append(visit)
            elif entrance is Entrance.BOUNCE:
                returned.append(visit)
            else:
                visit.count_unseen()
        return Change(tuple(begun), tuple(returned), tuple(gone))

    def set_rank(self, name: str, rank: float) -> Visit | None:
        """A rank change was announced. Unknown and departing users have none."""
        visit = self._visits.get(name.lower())
        if visit is None or visit.departed_ms is not None:
            return None
        visit.rank = rank
        visit.rank_confirmed = True
        return visit

    def set_afk(self, name: str, now: Moment, *, afk: bool) -> None:
        """CyTube's AFK flag changed; coming back counts as activity."""
        visit = self._visits.get(name.lower())
        if visit is not None:
            visit.afk = afk
            if not afk:
                visit.active_ms = now.steady_ms

    def chatted(self, name: str, now: Moment) -> Visit | None:
        """Somebody chatted, which also ends being AFK. None for users who are not here."""
        visit = self._visits.get(name.lower())
        if visit is None or visit.departed_ms is not None:
            return None
        visit.active_ms = now.steady_ms
        visit.afk = False
        return visit

    def tick(
        self,
        now: Moment,
        minutes: int,
        window_ms: int,
        afk_after_ms: int,
        arriving: Container[str] = (),
    ) -> tuple[list[MinuteShare], list[Visit]]:
        """Share out ``minutes`` and forget the visits whose window is over.

        Returns the shares of all to whom minutes are owed, and the forgotten. The minutes of the
        ``arriving`` are held, and everybody's while nobody sees who is here.
        """
        shares: list[MinuteShare] = []
        over: list[Visit] = []
        is_seen, steady_ms, minutes = self.unseen_since is None, now.steady_ms, max(1, minutes)
        whole_ms = (minutes - 1) * MINUTE_MS
        for visit in self._visits.values():
            is_here, is_arriving = visit.departed_ms is None, visit.name in arriving
            if not is_here and self._is_over(visit, now, window_ms):
                over.append(visit)
            else:
                here_ms = steady_ms - visit.begun_ms
                count = minutes if here_ms > whole_ms else max(1, -(-here_ms // MINUTE_MS))
                is_active = not visit.afk and steady_ms - visit.active_ms < afk_after_ms
                active = count if is_active else 0
                is_plain = visit.held is _NONE and visit.owed is _NONE
                if is_here and is_seen and is_plain and not is_arriving:
                    # Most of a crowd: nothing was held, so the minute is theirs as it is.
                    shares.append(MinuteShare(visit, count, active))
                    continue
                self._count(visit, Counted(count, active), is_arriving=is_arriving)
            if visit.owed.minutes:
                shares.append(MinuteShare(visit, *visit.take_owed()))
        for visit in over:
            del self._visits[visit.name]
        return shares, over

    def _count(self, visit: Visit, counted: Counted, *, is_arriving: bool) -> None:
        if visit.departed_ms is not None or is_arriving:
            visit.held += counted
        elif self.unseen_since is not None:
            visit.unseen += counted
        else:
            visit.count_held()
            visit.owed += counted

    def _is_unseen(self, visit: Visit) -> bool:
        """Whether nobody has seen this user since the sight was lost."""
        if self.unseen_since is None or visit.departed_ms is not None:
            return False
        return visit.entered_ms <= self.unseen_since.steady_ms

    def _vanish(self, visit: Visit) -> None:
        """This user has left while nobody saw it: as far as is known at once."""
        assert self.unseen_since is not None
        self._depart(visit, self.unseen_since.steady_ms)
        visit.held, visit.unseen = visit.held + visit.unseen, _NONE

    @staticmethod
    def _depart(visit: Visit, at_ms: int) -> None:
        visit.count_held()
        visit.departed_ms = at_ms
        # A rank belongs to the stay: whoever returns is told it again (`commands.md` 4).
        visit.rank = 0
        visit.rank_confirmed = False

    @staticmethod
    def _is_over(visit: Visit, now: Moment, window_ms: int) -> bool:
        departed_ms = visit.departed_ms
        return departed_ms is not None and now.steady_ms - departed_ms >= window_ms

    def _begin(self, name: str, rank: float, now: Moment, *, afk: bool, owed: Counted) -> None:
        key, begun_ms = name.lower(), now.steady_ms
        visit = Visit(key, name, now.at_ms, rank, False, afk, begun_ms, begun_ms, begun_ms)
        visit.owed = owed
        self._visits[key] = visit

    @staticmethod
    def _resume(visit: Visit, rank: float, now: Moment, *, afk: bool) -> None:
        visit.departed_ms = None
        visit.entered_ms = now.steady_ms
        visit.count_held()
        visit.rank = rank
        visit.afk = afk
        visit.active_ms = now.steady_ms


FULL_DAY_MINUTES = 1438
"""The 24-hour milestone: start-up and scheduling make 1,440 minutes unreachable."""


class _Settled(NamedTuple):
    day: str
    minutes: int


def _minutes_of(hours: int) -> int:
    return FULL_DAY_MINUTES if hours == 24 else 60 * hours


def milestones_met(milestones: Mapping[int, int], minutes_today: int) -> list[tuple[int, int]]:
    """The (hours, reward in Z) that so many minutes have reached, the shortest first."""
    return [
        (hours, reward_z)
        for hours, reward_z in sorted(milestones.items())
        if _minutes_of(hours) <= minutes_today
    ]


def qualifies(settings: Settings, minutes_today: int) -> bool:
    """Whether the day counts for the streak or the bridge, as far as either is on."""
    streaks = settings.streaks
    wanted = streaks.daily.enabled or streaks.weekend_weekday_bridge.enabled
    return wanted and minutes_today >= streaks.daily.min_presence_minutes


def marks(settings: Settings) -> tuple[int, ...]:
    """All minutes of a day at which something becomes due, in order."""
    found = {_minutes_of(hours) for hours in settings.presence.hourly_milestones}
    streaks = settings.streaks
    if streaks.daily.enabled or streaks.weekend_weekday_bridge.enabled:
        found.add(streaks.daily.min_presence_minutes)
    return tuple(sorted(found))


class Attendance:
    """For whom which marks of the day are settled; what is not known here is due."""

    __slots__ = ("_settled",)

    def __init__(self) -> None:
        self._settled: dict[str, _Settled] = {}

    def due(
        self, minutes: Iterable[tuple[str, int]], day: str, due_at: tuple[int, ...]
    ) -> list[str]:
        """The names for whom a mark was met on ``day`` that is not settled.

        ``minutes`` pairs lower-case names with the minutes of that day.
        """
        if not due_at:
            return []
        return [
            name
            for name, present in minutes
            if present >= due_at[0]
            and bisect_right(due_at, present) > self._reached(name, day, due_at)
        ]

    def settle(self, name: str, day: str, minutes: int) -> None:
        """Everything up to so many minutes of a day is done for this user."""
        known = self._settled.get(name)
        if known is None or (known.day, known.minutes) < (day, minutes):
            self._settled[name] = _Settled(day, minutes)

    def forget(self, name: str) -> None:
        """The user has gone."""
        self._settled.pop(name, None)

    def forget_all(self) -> None:
        """Other marks may be in force now."""
        self._settled.clear()

    def _reached(self, name: str, day: str, due_at: tuple[int, ...]) -> int:
        known = self._settled.get(name)
        if known is None or known.day != day:
            return 0
        return bisect_right(due_at, known.minutes)
