"""Achievements in the other world: their rewards, and those that hang on what was earned.

What was reached by talking, being there or tipping was reached in both worlds. What hangs on
earnings or ranks is looked for after each credit; where both worlds reach it with the same row it
waits for the row of the books, so that it is paid in its place.
"""

from kryten_economy.config import Settings
from kryten_economy.config.achievements import Achievement
from kryten_economy.features.gifts import percent_of
from kryten_economy.whatif.past import Move
from kryten_economy.whatif.world import Purse, World

__all__ = ("Goals",)

_BY_MONEY = ("lifetime_earned", "rank_reached")


class Goals:
    """Awards of one replay."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._before = _by_id(world.before.settings)
        self._after = _by_id(world.after.settings)
        self._places = {name: place for place, name in enumerate(self._after)}
        self._just_paid: dict[int, list[tuple[int, int]]] = {}
        self._watched = [each for each in self._after.values() if each.condition.type in _BY_MONEY]

    def is_award(self, move: Move) -> bool:
        """Whether a row is an achievement's reward."""
        return move.credit_type == "achievement"

    def award(self, move: Move, day: str) -> None:
        """The reward of the books: paid if it is reached in the other world too, and anew."""
        world, purse = self._world, self._world.purses[move.credit]
        name = (move.credit_trigger or "").removeprefix("achievement.")
        old, new = self._before.get(name), self._after.get(name)
        old_z = 0 if old is None else _reward(old, purse.was_earned_z)
        if (old is not None and new is None) or name in purse.won or not self._stays(new, purse):
            world.reprice(move.amount_z, old_z, old_z)
            world.move(move, 0, day)
            return
        purse.won.add(name)
        new_z = old_z if new is None else _reward(new, self._earned_before(new, purse))
        world.move(move, world.reprice(move.amount_z, old_z, new_z), day)

    def _earned_before(self, each: Achievement, purse: Purse) -> int:
        """What somebody had earned when it was awarded.

        What is reached with one row is awarded in the order of the file; what the other world
        alone has reached with it was paid just now, and may stand behind this one.
        """
        place = self._places[each.id]
        later = self._just_paid.get(purse.member.id, ())
        return purse.earned_z - sum(amount_z for other, amount_z in later if other > place)

    def _stays(self, new: Achievement | None, purse: Purse) -> bool:
        """Whether what the books have awarded is reached in the other world too.

        What they have awarded against their own rule stays: another one was in force.
        """
        if new is None or new.condition.type not in _BY_MONEY:
            return True
        tiers = self._world.tiers(purse)
        old = self._before.get(new.id)
        if old is not None and not _is_met(old, purse.was_earned_z, tiers[0]):
            return True
        return _is_met(new, purse.earned_z, tiers[1])

    def look(self, purse: Purse, day: str, *, awarded: bool = False) -> None:
        """Award what only the other world has reached, or has reached later.

        ``awarded``: the row that was looked at is an award itself.
        """
        if purse.member.banned:
            return
        if not awarded:
            self._just_paid.pop(purse.member.id, None)
        for each in self._watched:
            if each.id in purse.won:
                continue
            tiers = self._world.tiers(purse)
            if not _is_met(each, purse.earned_z, tiers[1]) or self._is_theirs(each, purse, tiers):
                continue
            purse.won.add(each.id)
            reward_z, trigger = _reward(each, purse.earned_z), f"achievement.{each.id}"
            self._world.pay(purse, reward_z, "achievement", trigger, day)
            paid = self._just_paid.setdefault(purse.member.id, [])
            paid.append((self._places[each.id], reward_z))

    def _is_theirs(self, each: Achievement, purse: Purse, tiers: tuple[int, int]) -> bool:
        """Whether the books have reached it too, so that their row decides."""
        old = self._before.get(each.id)
        if old is None or not _is_met(old, purse.was_earned_z, tiers[0]):
            return False
        world, trigger = self._world, f"achievement.{each.id}"
        is_awarded = each.id in world.past.awarded.get(purse.member.id, ())
        is_over = bool(world.was_paid[purse.member.name, trigger]) or not _pays(old)
        return not (is_awarded and is_over)


def _is_met(each: Achievement, earned_z: int, tier: int) -> bool:
    value = earned_z if each.condition.type == "lifetime_earned" else tier
    return value >= each.condition.threshold


def _by_id(settings: Settings) -> dict[str, Achievement]:
    return {each.id: each for each in settings.achievements}


def _pays(each: Achievement) -> bool:
    return bool(each.reward or each.reward_percent_of_earnings)


def _reward(each: Achievement, earned_z: int) -> int:
    if each.reward_percent_of_earnings > 0:
        return max(1, percent_of(earned_z, each.reward_percent_of_earnings))
    return each.reward
