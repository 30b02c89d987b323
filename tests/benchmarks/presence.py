"""The presence minute and memory: one big crowd, watched over whole minutes.

The service keeps its own minute; the harness only looks. CPU is sampled in short bins; a busy
stretch is a run of bins with at least a fifth of a core in use. A minute begins with its first
busy bin and ends when the database, read from outside, shows it counted for the last user. How
many minutes there were is read from the database as well, never guessed from the samples.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import anyio
from tests.benchmarks.books import Books, open_books
from tests.benchmarks.child import Usage
from tests.benchmarks.rig import BALANCE, Rig, RigError, wait_quiet

__all__ = ("PresenceResult", "presence")

_BIN_S = 0.05
_BUSY_CPU_S = 0.01
_GAP_S = 1.0
_MINUTE_S = 60.0
_MARGIN_S = 5.0
_ACTIVE_MAX = 1_000
_ANSWER_S = 30.0
_LINE = '"good evening everybody, what are we watching tonight"'


@dataclass(frozen=True, slots=True)
class PresenceResult:
    """What the crowd cost.

    Attributes:
        users: sessions present.
        active: users who also chatted and asked for their balance.
        usage: memory at the end, and its peak.
        minutes: minutes that came into the books, divided by the users; None if not watched.
        cpu_us_per_user: CPU of the busy stretches for one user and minute.
        wall_s: each minute from its first busy bin until the last user's minute was committed.
    """

    users: int
    active: int
    usage: Usage
    minutes: float | None
    cpu_us_per_user: float | None
    wall_s: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Bin:
    """CPU used between two moments, and the minutes that the books showed at the later one."""

    began_s: float
    ended_s: float
    cpu_s: float
    minutes: int


@dataclass(slots=True)
class _Stretch:
    """Busy bins with no long gap between them; ``counted_at_s`` is when the last minute came."""

    began_s: float
    ended_s: float
    cpu_s: float = 0.0
    counted: int = 0
    counted_at_s: float = 0.0


async def presence(rig: Rig, minutes: int) -> PresenceResult:
    """Let a part of the crowd be active, then watch ``minutes`` whole minutes (0: memory only)."""
    await wait_quiet(rig)
    active = await _activity(rig)
    await wait_quiet(rig)
    users = sum(len(members) for members in rig.users.values())
    if minutes == 0 or not rig.subject.has_api:
        return PresenceResult(users, active, rig.child.usage(), None, None, ())
    with open_books(rig.database) as books:
        # The first minute opens accounts and counts the day; those watched are like all others.
        while books.minutes() < users:  # noqa: ASYNC110 - another process writes them
            await anyio.sleep(1)
        await wait_quiet(rig)
        before = books.minutes()
        bins = await _watch(rig, books, minutes * _MINUTE_S + _MARGIN_S)
    counted = (bins[-1].minutes - before) / users
    stretches = _stretches(bins, before)
    cpu_s = sum(stretch.cpu_s for stretch in stretches)
    return PresenceResult(
        users=users,
        active=active,
        usage=rig.child.usage(),
        minutes=counted,
        cpu_us_per_user=cpu_s / (counted * users) * 1e6 if counted and stretches else None,
        wall_s=tuple(
            stretch.counted_at_s - stretch.began_s
            for stretch in stretches
            if stretch.counted >= users
        ),
    )


async def _activity(rig: Rig) -> int:
    """A twentieth of each channel, at most 1,000 users, says a line and asks for the balance."""
    asking = [
        (channel, user)
        for channel, members in rig.users.items()
        for user in members[: max(1, len(members) // 20)]
    ][:_ACTIVE_MAX]
    for channel, user in asking:
        await rig.robot.say(channel, user, _LINE)
        if not await rig.robot.ask(channel, user, BALANCE, timeout_s=_ANSWER_S):
            raise RigError(f"{rig.subject.name} does not answer {user}:\n{rig.child.tail()}")
    return len(asking)


async def _watch(rig: Rig, books: Books, seconds: float) -> list[_Bin]:
    """Tick for ``seconds``, and then until the service has been at rest for a second."""
    bins: list[_Bin] = []
    began = time.perf_counter()
    at_s, cpu_s, busy_at_s = 0.0, rig.child.cpu_s(), -_GAP_S
    while at_s < seconds or at_s - busy_at_s < _GAP_S:
        await anyio.sleep(_BIN_S)
        counted = books.minutes()
        bin_began_s, at_s = at_s, time.perf_counter() - began
        now_s = rig.child.cpu_s()
        bins.append(_Bin(bin_began_s, at_s, now_s - cpu_s, counted))
        cpu_s = now_s
        if bins[-1].cpu_s >= _BUSY_CPU_S:
            busy_at_s = at_s
    return bins


def _stretches(bins: Sequence[_Bin], minutes: int) -> list[_Stretch]:
    found: list[_Stretch] = []
    for each in bins:
        news, minutes = each.minutes - minutes, each.minutes
        if each.cpu_s < _BUSY_CPU_S and not news:
            continue
        if not found or each.began_s - found[-1].ended_s >= _GAP_S:
            found.append(_Stretch(each.began_s, each.ended_s))
        last = found[-1]
        last.ended_s = each.ended_s
        last.cpu_s += each.cpu_s
        if news:
            last.counted += news
            last.counted_at_s = each.ended_s
    return [stretch for stretch in found if stretch.counted]
