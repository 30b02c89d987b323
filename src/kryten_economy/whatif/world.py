"""The channel twice: as the books have it, and as it would be under the other configuration.

Every transfer moves both. What a wallet has is never below 0 in either; all accounts of each
add up to 0, as in the books.
"""

import json
import random
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

from kryten_economy.config import Settings
from kryten_economy.transaction_types import Counters, counters_of
from kryten_economy.whatif.past import Member, Move, Past
from kryten_economy.whatif.terms import Changes, Terms

__all__ = ("Flows", "Purse", "World", "told_by")


class Flows(NamedTuple):
    """What wallets got and gave, by trigger; what they gave each other is no part of it."""

    come: Counter[str]
    gone: Counter[str]

    def add(self, trigger: str, amount_z: int) -> None:
        """Count a signed amount."""
        if amount_z > 0:
            self.come[trigger] += amount_z
        elif amount_z < 0:
            self.gone[trigger] -= amount_z


@dataclass(slots=True)
class Purse:
    """A wallet in both worlds; what is ``was_...`` is the books'.

    ``told`` and ``held`` are what is below one coin, by trigger: as the books' rows told it last,
    and as it is in the other world.
    """

    member: Member
    was_balance_z: int
    balance_z: int
    was_earned_z: int
    earned_z: int
    stored_before: str
    stored_after: str
    won: set[str]
    told: dict[str, Fraction] = field(default_factory=dict)
    held: dict[str, Fraction] = field(default_factory=dict)


class World:
    """Both worlds of one channel, and what is counted of them.

    ``explained_z`` of the ``credited_z`` are what the configuration of before gives for what
    happened; the rest was paid by another one or is no matter of configuration.
    """

    def __init__(self, past: Past, before: Settings, after: Settings, seed: int) -> None:
        self.past = past
        self.before, self.after = Terms(before), Terms(after)
        self.changes = Changes(self.before, self.after, past.adhoc)
        self.random = random.Random(seed)
        self.seed = seed
        self.purses = {each.id: self._purse(each) for each in past.members.values()}
        self.by_name = {each.name: each.id for each in past.members.values()}
        self.system: dict[int, int] = dict(past.system.values())
        self.was_system = dict(self.system)
        self.kinds = {account: kind for kind, (account, _) in past.system.items()}
        self.paid: Counter[tuple[str, str]] = Counter()
        self.was_paid: Counter[tuple[str, str]] = Counter()
        self.more: defaultdict[str, Counter[tuple[int, str]]] = defaultdict(Counter)
        self.flows = Flows(Counter(), Counter()), Flows(Counter(), Counter())
        self.credited_z = self.explained_z = 0

    def _purse(self, member: Member) -> Purse:
        stored = ""
        if member.rank_held_from_z is None:
            ladder = self.before.ladder
            stored = ladder.names[ladder.computed(member.earned_z)]
        return Purse(
            member,
            member.balance_z,
            member.balance_z,
            member.earned_z,
            member.earned_z,
            stored,
            stored,
            set(member.won),
        )

    # Ranks

    def tiers(self, purse: Purse) -> tuple[int, int]:
        """The rank that counts in each world."""
        return (
            self.before.tier(purse.member, purse.stored_before, purse.was_earned_z),
            self.after.tier(purse.member, purse.stored_after, purse.earned_z),
        )

    @property
    def float_z(self) -> tuple[int, int]:
        """What circulates in each world: wallets, and what is set aside."""
        escrow, _ = self.past.system["escrow"]
        was = sum(each.was_balance_z for each in self.purses.values())
        now = sum(each.balance_z for each in self.purses.values())
        return was + self.was_system[escrow], now + self.system[escrow]

    # Moving

    def move(self, move: Move, amount_z: int, day: str, nets: tuple[int, int] = (0, 0)) -> int:
        """Move what the books have moved, and ``amount_z`` in the other world; answers that.

        A wallet that has less gives what it has. ``nets`` is what of a win is earned.
        """
        giver = self.purses.get(move.debit)
        amount_z = max(0, amount_z)
        if giver is not None:
            amount_z = min(amount_z, giver.balance_z)
        self._put(move.debit, -move.amount_z, -amount_z)
        self._put(move.credit, move.amount_z, amount_z)
        self._count(move.debit, move.debit_type, move.debit_trigger, move, -amount_z, day, nets)
        self._count(move.credit, move.credit_type, move.credit_trigger, move, amount_z, day, nets)
        return amount_z

    def pay(self, purse: Purse, amount_z: int, type_: str, trigger: str, day: str) -> None:
        """From the mint, in the other world alone; below 0 it is taken for the sink."""
        if amount_z < 0:
            amount_z = -min(-amount_z, purse.balance_z)
        if not amount_z:
            return
        other, _ = self.past.system["mint" if amount_z > 0 else "sink"]
        self._put(other, 0, -amount_z)
        self._put(purse.member.id, 0, amount_z)
        self.paid[purse.member.name, trigger] += amount_z
        self.flows[1].add(trigger, amount_z)
        counters = counters_of(type_, amount_z)
        purse.earned_z += counters.lifetime_earned_z
        self._differ(purse.member.id, day, counters, 1)

    def win(self, account: int, amount_z: int, trigger: str, day: str, net_z: int) -> None:
        """From the house, in the other world alone, for what was drawn anew."""
        purse = self.purses[account]
        self._put(self.past.system["house"][0], 0, -amount_z)
        self._put(account, 0, amount_z)
        self.paid[purse.member.name, trigger] += amount_z
        self.flows[1].add(trigger, amount_z)
        counters = counters_of("gamble_win", amount_z, net_z)
        purse.earned_z += counters.lifetime_earned_z
        self._differ(account, day, counters, 1)

    def _put(self, account: int, was_z: int, amount_z: int) -> None:
        purse = self.purses.get(account)
        if purse is None:
            self.was_system[account] += was_z
            self.system[account] += amount_z
        else:
            purse.was_balance_z += was_z
            purse.balance_z += amount_z

    def _count(
        self,
        account: int,
        type_: str | None,
        trigger: str | None,
        move: Move,
        amount_z: int,
        day: str,
        nets: tuple[int, int],
    ) -> None:
        """Count what a wallet got or gave, in both worlds; ``amount_z`` is signed."""
        if type_ is None or trigger is None:
            return
        purse = self.purses[account]
        was_z = move.amount_z if account == move.credit else -move.amount_z
        name = purse.member.name
        self.was_paid[name, trigger] += was_z
        self.paid[name, trigger] += amount_z
        if move.debit_type is None or move.credit_type is None:
            self.flows[0].add(trigger, was_z)
            self.flows[1].add(trigger, amount_z)
        was = counters_of(type_, was_z, nets[0])
        purse.was_earned_z += was.lifetime_earned_z
        if not amount_z:
            self._differ(account, day, was, -1)
            return
        now = counters_of(type_, amount_z, nets[1])
        purse.earned_z += now.lifetime_earned_z
        if now != was:
            self._differ(account, day, now, 1)
            self._differ(account, day, was, -1)

    def _differ(self, account: int, day: str, counters: Counters, sign: int) -> None:
        """The counters of a day are not those of the books by so much."""
        more = self.more[day]
        for counter in ("z_earned", "z_spent", "z_gambled_in", "z_gambled_out"):
            value = getattr(counters, counter)
            if value:
                more[account, counter] += sign * value

    # Explaining

    def reprice(self, recorded_z: int, old_z: int, new_z: int) -> int:
        """What a credit of the books would have been, whose rules give so much old and new.

        What the rules of before don't explain keeps its difference to them.
        """
        self.credited_z += recorded_z
        if old_z == recorded_z:
            self.explained_z += recorded_z
        if old_z == new_z:
            return recorded_z
        return new_z if old_z == recorded_z or not new_z else max(0, recorded_z + new_z - old_z)


def told_by(move: Move) -> Mapping[str, Any]:
    """What a row says of itself; a row without words tells nothing."""
    if move.metadata is None:
        return {}
    try:
        found = json.loads(move.metadata)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
