"""What comes once a day: interest or decay, prizes of competitions, milestones that are new.

Each is worked out for everybody in both worlds, since who was below a limit in the books may be
above it in the other world, and another one may have earned most.
"""

from collections.abc import Iterable, Sequence

from kryten_economy.config import Settings
from kryten_economy.features.competitions import DayOf, judge
from kryten_economy.features.jobs import COMPETITIONS, MAINTENANCE, daily_part, terms_of
from kryten_economy.features.presence.rules import FULL_DAY_MINUTES
from kryten_economy.whatif.past import Job, Move
from kryten_economy.whatif.terms import Terms
from kryten_economy.whatif.world import World

__all__ = ("Daily",)

_MAINTENANCE_MS = 3 * 3_600_000


class Daily:
    """Does the daily jobs of one replay."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._days_done: set[tuple[str, str]] = set()
        finished = world.past.jobs
        self._days = {(each.job, each.at_ms): each.day for each in finished}
        self._waiting = [each for each in finished if not each.has_rows]
        self._waiting += self._never_done()
        self._waiting.sort(key=lambda each: each.at_ms)
        self._new_milestones = self._milestones()

    def _never_done(self) -> Iterable[Job]:
        """Where balances were left as they are, they would have been looked at each night."""
        world = self._world
        if terms_of(world.before.settings) is not None or terms_of(world.after.settings) is None:
            return
        for day in world.past.days:
            at_ms = world.before.calendar.day_start_ms(day) + _MAINTENANCE_MS
            if world.past.from_ms <= at_ms <= world.past.until_ms:
                yield Job(MAINTENANCE, day, at_ms)

    def _milestones(self) -> tuple[tuple[int, int, int], ...]:
        """Hours that pay only after: (minutes needed, hours, Z)."""
        old = self._world.before.settings.presence.hourly_milestones
        new = self._world.after.settings.presence.hourly_milestones
        return tuple(
            (FULL_DAY_MINUTES if hours == 24 else 60 * hours, hours, amount_z)
            for hours, amount_z in sorted(new.items())
            if amount_z and not old.get(hours)
        )

    # Jobs

    def before(self, at_ms: int) -> None:
        """Do what was finished before this instant and left no row."""
        while self._waiting and self._waiting[0].at_ms < at_ms:
            due = self._waiting.pop(0)
            self._do(due.job, due.day, ())

    def is_job(self, move: Move) -> bool:
        """Whether a row is of a daily job."""
        return _job_of(move) is not None

    def rows(self, moves: Sequence[Move]) -> None:
        """Do the job that has made these rows."""
        job = _job_of(moves[0])
        assert job is not None, moves[0]
        at_ms = moves[0].at_ms
        day = self._days.get((job, at_ms)) or self._world.before.calendar.day(at_ms)
        self._do(job, day, moves)

    def _do(self, job: str, day: str, moves: Sequence[Move]) -> None:
        if (job, day) in self._days_done:
            for move in moves:
                self._world.move(move, move.amount_z, day)
            return
        self._days_done.add((job, day))
        if job == MAINTENANCE:
            self._maintain(day, moves)
        else:
            self._judge(day, moves)

    def _maintain(self, day: str, moves: Sequence[Move]) -> None:
        world = self._world
        rows = {(move.credit if move.credit_type else move.debit): move for move in moves}
        old, new = _Part(world.before.settings), _Part(world.after.settings)
        for account, purse in world.purses.items():
            banned = purse.member.banned
            was_z = old.of(purse.was_balance_z, banned=banned)
            now_z = new.of(purse.balance_z, banned=banned)
            move = rows.get(account)
            recorded_z = _signed(move)
            if move is not None:
                world.reprice(abs(recorded_z), abs(was_z), abs(was_z))
            amount_z = now_z if was_z == recorded_z else recorded_z + now_z - was_z
            if move is not None and amount_z * recorded_z > 0:
                world.move(move, abs(amount_z), day)
                continue
            if move is not None:
                world.move(move, 0, day)
            type_ = "interest" if amount_z > 0 else "decay"
            world.pay(purse, amount_z, type_, f"maintenance.{type_}", day)

    def _judge(self, judged: str, moves: Sequence[Move]) -> None:
        """The prizes of a day, as each configuration gives them for what was done on it."""
        world = self._world
        paid_on = judged
        if moves:
            paid_on = world.before.calendar.day(moves[0].at_ms)
        was = self._prizes(world.before, judged, virtual=False)
        now = self._prizes(world.after, judged, virtual=True)
        for move in moves:
            key = (move.credit, move.credit_trigger or "")
            old_z, new_z = was.pop(key, 0), now.pop(key, 0)
            world.move(move, world.reprice(move.amount_z, old_z, new_z), paid_on)
        for key, new_z in now.items():
            account, trigger = key
            more_z = new_z - was.get(key, 0)
            world.pay(world.purses[account], max(0, more_z), "competition", trigger, paid_on)

    def _prizes(self, terms: Terms, day: str, *, virtual: bool) -> dict[tuple[int, str], int]:
        world = self._world
        more = world.more[day] if virtual else {}
        days = []
        for account, values in world.past.activity.get(day, ()):
            member = world.past.members[account]
            counted = {
                field: max(0, value + more.get((account, field), 0))
                for field, value in values.items()
            }
            days.append(DayOf(member.name, member.display_name, member.banned, counted))
        awards = judge(terms.settings.daily_competitions, days, terms.ignored)
        return {
            (world.by_name[each.name], f"competition.{each.competition.id}"): each.amount_z
            for each in awards
        }

    # The end of a day

    def day_over(self, day: str) -> None:
        """Pay milestones that the books know nothing of, by the minutes of the day."""
        for needed, hours, amount_z in self._new_milestones:
            for account, values in self._world.past.activity.get(day, ()):
                if values["minutes_present"] >= needed:
                    purse = self._world.purses[account]
                    if not purse.member.banned:
                        self._world.pay(purse, amount_z, "milestone", f"dwell.{hours}h", day)


class _Part:
    """What a day gives or takes of a balance; signed."""

    def __init__(self, settings: Settings) -> None:
        self._terms = terms_of(settings)

    def of(self, balance_z: int, *, banned: bool) -> int:
        """Interest passes over the banned; nothing below the limit changes."""
        terms = self._terms
        if terms is None or balance_z < max(1, terms.from_z):
            return 0
        part_z = daily_part(balance_z, terms.rate, terms.most_z)
        if terms.mode == "interest":
            return 0 if banned else part_z
        return -min(part_z, balance_z)


def _job_of(move: Move) -> str | None:
    if move.credit_type == "interest" or move.debit_type == "decay":
        return MAINTENANCE
    return COMPETITIONS if move.credit_type == "competition" else None


def _signed(move: Move | None) -> int:
    if move is None:
        return 0
    return move.amount_z if move.credit_type else -move.amount_z
