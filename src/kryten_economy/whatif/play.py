"""Bets in the other world: the recorded outcome, unless the game's table is another one.

Slots and the coin are drawn anew, from the seed of the replay, where their table or chance has
changed; a stake beyond new bounds is brought to them. Of every other game the recorded outcome
stands. Between players, the winner gets what the others have really put in.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

from kryten_economy.config import Settings
from kryten_economy.features import games as package
from kryten_economy.features.games import slots
from kryten_economy.features.games.fairness import FairDice
from kryten_economy.features.games.rules import GAMES, Game, trigger_of
from kryten_economy.whatif.past import Hold, Move, Stake
from kryten_economy.whatif.spending import Holds, Spending
from kryten_economy.whatif.world import World

__all__ = ("Play", "games", "is_among_players")

_HELD = "game"
FREE = "gambling.free_spin"


@cache
def games() -> Mapping[str, Game]:
    """All games by name; each registers itself where it is written."""
    for module in walk_packages(package.__path__, f"{package.__name__}."):
        if not module.ispkg:
            import_module(module.name)
    return GAMES


def is_among_players(name: str) -> bool:
    """Whether what somebody wins in a game was staked by others."""
    game = games().get(name)
    return game is not None and game.among_players


class Play:
    """Reprices stakes and payouts of one replay."""

    def __init__(self, world: World, holds: Holds, spending: Spending) -> None:
        self._world, self._holds, self._spending = world, holds, spending
        self._by_payout: defaultdict[tuple[int, int, int], list[Stake]] = defaultdict(list)
        self._by_stake: defaultdict[tuple[int, int, int, str], list[Stake]] = defaultdict(list)
        self._raised: defaultdict[tuple[int, int, str], list[Stake]] = defaultdict(list)
        self._of_round: defaultdict[int, list[Stake]] = defaultdict(list)
        for each in world.past.stakes:
            self._by_payout[each.account, each.settled_at_ms, each.payout_z].append(each)
            key = (each.account, each.settled_at_ms, each.stake_z, each.game)
            self._by_stake[key].append(each)
            self._raised[each.account, each.settled_at_ms, each.game].append(each)
            self._of_round[each.round].append(each)
        self._free_spins = [
            each
            for each in world.past.stakes
            if each.game == "spin" and not each.stake_z and not each.payout_z
        ]
        # By how much less was staked than in the books: what is not known here was staked so.
        self._short: Counter[tuple[int, int]] = Counter()
        self._outcomes: dict[tuple[int, int], int] = {}
        before, after = world.before.settings, world.after.settings
        self._new = {
            "spin": _spin(before) != _spin(after),
            "flip": _flip(before) != _flip(after),
        }

    def stake(self, move: Move, hold: Hold | None) -> int:
        """What is staked in the other world; 0 where it isn't."""
        game = (move.debit_trigger or "").removeprefix("gambling.")
        amount_z = self._wanted(move, game)
        if amount_z and not self._spending.can_pay(move, amount_z):
            amount_z = 0
        if hold is not None:
            number = _round_in(hold)
            if number is not None:
                self._short[number, move.debit] += move.amount_z - amount_z
            return amount_z
        each = self._round_of(move, game)
        if each is not None:
            self._short[each.round, move.debit] += move.amount_z - amount_z
            if self._new.get(game) and amount_z:
                self._outcomes[each.round, move.debit] = self._drawn(each, amount_z)
        return amount_z

    def _wanted(self, move: Move, game: str) -> int:
        """What they would stake: nothing on a game that is off, and no more than is allowed."""
        before, after = self._world.before.settings, self._world.after.settings
        playing = games().get(game)
        if before.gambling.enabled and not after.gambling.enabled:
            return 0
        if playing is not None and playing.enabled(before) and not playing.enabled(after):
            return 0
        if not self._new.get(game):
            return move.amount_z
        section = getattr(after.gambling, game)
        return int(min(max(move.amount_z, section.min_wager), section.max_wager))

    def _round_of(self, move: Move, game: str) -> Stake | None:
        """The round of a stake that went to the house at once: of one move, or a raised one."""
        found = self._by_stake.get((move.debit, move.at_ms, move.amount_z, game))
        if found:
            return found.pop(0)
        raised = self._raised.get((move.debit, move.at_ms, game))
        return raised[0] if raised else None

    def payout(self, move: Move) -> tuple[int, tuple[int, int]]:
        """What a payout is in the other world, and what of it is earned in each."""
        found = self._by_payout.get((move.credit, move.at_ms, move.amount_z))
        if not found:
            return move.amount_z, (0, 0)
        each = found.pop(0)
        net_z = 0 if is_among_players(each.game) else max(0, each.payout_z - each.stake_z)
        if move.credit_trigger == FREE or not each.stake_z:
            amount_z = self._free(each) if self._new["spin"] else move.amount_z
            return amount_z, (net_z, amount_z)
        staked_z = self._staked(each)
        drawn = self._outcomes.pop((each.round, each.account), None)
        if drawn is not None:
            amount_z = drawn
        elif is_among_players(each.game):
            amount_z = self._pot(each) if staked_z else 0
        else:
            amount_z = move.amount_z * staked_z // each.stake_z
        net_now_z = 0 if is_among_players(each.game) else max(0, amount_z - staked_z)
        return amount_z, (net_z, net_now_z)

    def unpaid(self) -> list[tuple[int, int, str, int]]:
        """What new draws pay where the books have paid nothing: account, Z, trigger, stake."""
        left = []
        for (number, account), amount_z in self._outcomes.items():
            if amount_z:
                each = next(each for each in self._of_round[number] if each.account == account)
                left.append((account, amount_z, trigger_of(each.game), self._staked(each)))
        self._outcomes.clear()
        return left

    def free_until(self, at_ms: int) -> list[tuple[int, int, str, int]]:
        """The same of free spins before an instant that have brought nothing in the books."""
        found = []
        while self._free_spins and self._free_spins[0].settled_at_ms < at_ms:
            each = self._free_spins.pop(0)
            if amount_z := self._free(each):
                found.append((each.account, amount_z, FREE, 0))
        return found

    def _staked(self, stake: Stake) -> int:
        """What was really put in for it."""
        return stake.stake_z - self._short[stake.round, stake.account]

    def _pot(self, stake: Stake) -> int:
        """The part of a payout that all stakes of the round are of those of the books."""
        stakes = self._of_round[stake.round]
        was_z = sum(each.stake_z for each in stakes)
        now_z = sum(map(self._staked, stakes))
        return stake.payout_z * now_z // was_z if was_z else stake.payout_z

    # Drawing anew

    def _dice(self, stake: Stake) -> FairDice:
        seed = hashlib.sha256(f"what-if:{self._world.seed}".encode()).hexdigest()
        return FairDice(seed, f"{stake.game}/{stake.round}/{stake.account}")

    def _drawn(self, stake: Stake, amount_z: int) -> int:
        """What a round of one move pays by the new table, or with another stake."""
        before, after = self._world.before.settings, self._world.after.settings
        if stake.game == "spin":
            if _table(before) == _table(after):
                return _again(stake, amount_z)
            terms: Mapping[str, Any] = {"table": _table(after), "worth_z": amount_z}
        else:
            if before.gambling.flip.win_chance == after.gambling.flip.win_chance:
                return _again(stake, amount_z)
            chance = str(after.gambling.flip.win_chance)
            terms = {"chance": chance, "stake_z": amount_z}
        outcome = games()[stake.game].draw(self._dice(stake), terms, (), "")
        return int(outcome["payout_z"])

    def _free(self, stake: Stake) -> int:
        """A free spin of the books, by the new table."""
        if _table(self._world.before.settings) == _table(self._world.after.settings):
            return stake.payout_z
        terms = {
            "table": _table(self._world.after.settings),
            "worth_z": stake.terms.get("worth_z", 0),
        }
        return int(games()["spin"].draw(self._dice(stake), terms, (), "")["payout_z"])


def _round_in(hold: Hold) -> int | None:
    """The round that a hold is a stake of."""
    parts = hold.id.split(":")
    return int(parts[1]) if parts[0] == _HELD and parts[1:] and parts[1].isdigit() else None


def _table(settings: Settings) -> slots.Table:
    return slots.table_of(settings.gambling.spin.payouts)


def _spin(settings: Settings) -> tuple[object, ...]:
    spin = settings.gambling.spin
    return (_table(settings), spin.min_wager, spin.max_wager)


def _flip(settings: Settings) -> tuple[object, ...]:
    coin = settings.gambling.flip
    return (coin.win_chance, coin.min_wager, coin.max_wager)


def _again(stake: Stake, amount_z: int) -> int:
    """The recorded outcome with another stake."""
    if stake.game == "spin" and "factor" in stake.outcome:
        return int(amount_z * Fraction(str(stake.outcome["factor"])))
    return stake.payout_z * amount_z // stake.stake_z if stake.stake_z else 0
