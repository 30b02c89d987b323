"""Goes through a window of the past in its order, in both worlds at once.

Rows of one operation belong together: a job's, a round's. What has no row of its own comes at its
time: jobs that paid nobody, ends of days, and in the end what is left below one coin.
"""

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter

from kryten_economy.config import Settings
from kryten_economy.whatif.daily import Daily
from kryten_economy.whatif.earning import Earning
from kryten_economy.whatif.goals import Goals
from kryten_economy.whatif.outcome import DayEnd, Outcome, outcome_of
from kryten_economy.whatif.past import Hold, Move, Past
from kryten_economy.whatif.play import Play
from kryten_economy.whatif.spending import Holds, Spending
from kryten_economy.whatif.world import World

__all__ = ("replay",)

_PAYOUTS = frozenset({"gamble_win", "gamble_push"})
_UNASKED = ("admin", "migration", "decay")
"""How types begin that take whether it is there or not: then all there is."""


def replay(past: Past, before: Settings, after: Settings, seed: int) -> Outcome:
    """What ``after`` would have made of a past that was lived under ``before``."""
    return _Replay(World(past, before, after, seed)).run()


class _Replay:
    def __init__(self, world: World) -> None:
        self._world = world
        self._earning, self._daily = Earning(world), Daily(world)
        self._goals, self._spending = Goals(world), Spending(world)
        self._holds = Holds(world.past)
        self._play = Play(world, self._holds, self._spending)
        self._spent: dict[tuple[int, str, int], int] = {}
        self._ends: list[DayEnd] = []

    def run(self) -> Outcome:
        world = self._world
        calendar, days = world.before.calendar, list(world.past.days)
        for _, rows in groupby(world.past.moves(), key=attrgetter("operation")):
            moves = list(rows)
            at_ms = moves[0].at_ms
            today = calendar.day(at_ms)
            while days and days[0] < today:
                self._end(days.pop(0))
            self._daily.before(at_ms)
            self._pay_draws(self._play.free_until(at_ms), today)
            if self._daily.is_job(moves[0]):
                self._daily.rows(moves)
                if moves[0].credit_type == "competition":
                    # What interest has reached is noticed with the owner's next row.
                    self._look(moves, today)
            else:
                self._together(moves, today)
        self._finish(days)
        return outcome_of(world, tuple(self._ends), self._spending)

    def _finish(self, days: list[str]) -> None:
        world = self._world
        self._daily.before(world.past.until_ms + 1)
        for (account, trigger), held in sorted(world.past.fractions.items()):
            if account in world.purses and days:
                amount_z = self._earning.left_over(account, trigger, held)
                world.pay(world.purses[account], amount_z, "earn", trigger, days[-1])
        for day in days:
            self._end(day)

    def _end(self, day: str) -> None:
        self._daily.day_over(day)
        was_z, now_z = self._world.float_z
        self._ends.append(DayEnd(day, was_z, now_z))

    def _together(self, moves: Sequence[Move], day: str) -> None:
        for move in moves:
            self._one(move, day)
        self._look(moves, day)
        self._pay_draws(self._play.unpaid(), day)

    def _pay_draws(self, draws: Sequence[tuple[int, int, str, int]], day: str) -> None:
        """From the house, in the other world alone."""
        for account, amount_z, trigger, stake_z in draws:
            self._world.win(account, amount_z, trigger, day, max(0, amount_z - stake_z))

    def _look(self, moves: Sequence[Move], day: str) -> None:
        """See what everybody whom an operation has touched has reached, once it is done."""
        awarded = self._goals.is_award(moves[0])
        for account in dict.fromkeys(end for move in moves for end in (move.debit, move.credit)):
            purse = self._world.purses.get(account)
            if purse is not None:
                self._goals.look(purse, day, awarded=awarded)

    # One row

    def _one(self, move: Move, day: str) -> None:
        world = self._world
        if "admin_set_balance" in {move.debit_type, move.credit_type}:
            self._set(move, day)
        elif move.debit in world.purses:
            self._given(move, day)
        elif world.kinds[move.debit] == "escrow":
            self._taken(move, day)
        elif move.credit not in world.purses:
            world.move(move, move.amount_z, day)
        elif move.credit_type in _PAYOUTS:
            amount_z, nets = self._play.payout(move)
            world.move(move, amount_z, day, nets)
        elif move.credit_type == "refund":
            spent = (move.credit, move.credit_trigger or "", move.amount_z)
            world.move(move, self._spent.get(spent, move.amount_z), day)
        elif self._goals.is_award(move):
            self._goals.award(move, day)
        else:
            amount = self._earning.amount(move)
            world.move(move, move.amount_z if amount is None else amount, day)

    def _set(self, move: Move, day: str) -> None:
        """An operator sets what a wallet has: the same in both worlds."""
        world = self._world
        account = move.credit if move.credit in world.purses else move.debit
        purse = world.purses[account]
        target_z = move.credit_after_z if account == move.credit else move.debit_after_z
        assert target_z is not None, move
        delta_z = target_z - purse.balance_z
        wanted_z = delta_z if account == move.credit else -delta_z
        world.move(move, max(0, wanted_z), day)
        world.pay(purse, target_z - purse.balance_z, "admin_set_balance", "admin.set_balance", day)

    def _given(self, move: Move, day: str) -> None:
        """A wallet gives: to somebody, to the sink, to the house, or into a hold."""
        world = self._world
        is_held = world.kinds.get(move.credit) == "escrow"
        hold = self._holds.placed(move) if is_held else None
        amount_z = self._wanted(move, hold)
        amount_z = world.move(move, amount_z, day)
        if hold is not None:
            self._holds.fill(hold, amount_z)
        trigger = move.debit_trigger or ""
        if trigger.startswith("spend.queue."):
            # What another service has charged it gives back under the same id.
            back = trigger.replace("spend.", "refund.", 1)
            self._spent[move.debit, back, move.amount_z] = amount_z

    def _wanted(self, move: Move, hold: Hold | None) -> int:
        if move.debit_type == "prune":
            return self._world.purses[move.debit].balance_z
        if (move.debit_type or "").startswith(_UNASKED):
            return move.amount_z
        if move.debit_type == "gamble_stake":
            return self._play.stake(move, hold)
        amount_z = move.amount_z
        if move.debit_type == "spend":
            amount_z = self._spending.price(move, hold)
        return amount_z if self._spending.can_pay(move, amount_z) else 0

    def _taken(self, move: Move, day: str) -> None:
        """A hold is used or given back."""
        world = self._world
        owner = world.by_name.get(move.related_user or "", move.credit)
        hold, amount_z = self._holds.taken(move, owner)
        if hold is not None and move.credit_type is not None and move.related_user is None:
            day = world.before.calendar.day(hold.placed_at_ms)
        world.move(move, amount_z, day)
