"""What purchases would have cost, and what waits in holds; who can't pay does without.

A price is that of the books, as much more as its base, inflation and discount are. What is given
back or used later is what was paid in the other world.
"""

from collections import defaultdict, deque
from fractions import Fraction

from kryten_economy.config import Settings
from kryten_economy.features.prices import inflation_multiplier, price
from kryten_economy.features.queue.rules import base_price_z
from kryten_economy.whatif.past import Hold, Move, Past, Purchase
from kryten_economy.whatif.world import World

__all__ = ("Holds", "Spending", "base_of")

_VANITY = {
    "spend.vanity.custom_greeting": "custom_greeting",
    "spend.vanity.custom_title": "custom_title",
    "spend.vanity.rename_currency": "rename_currency_personal",
    "spend.vanity.channel_gif": "channel_gif",
    "spend.vanity.shoutout": "shoutout",
    "spend.vanity.chat_color": "chat_color",
    "spend.vanity.fortune": "daily_fortune",
}
_REQUEST = "spend.queue."
_QUEUE = ("spend.queue", "spend.playnext", "spend.forcenow")


class Holds:
    """The holds of the books, and what lies in each in the other world."""

    def __init__(self, past: Past) -> None:
        self._coming: defaultdict[tuple[int, int, str, int], deque[Hold]] = defaultdict(deque)
        self._going: defaultdict[tuple[int, int], list[Hold]] = defaultdict(list)
        # What is not known of a hold lies in it as in the books.
        self._there = {each.id: each.amount_z for each in past.holds}
        self._left, self._was_left = dict(self._there), dict(self._there)
        for each in past.holds:
            if each.placed_at_ms >= past.from_ms:
                key = (each.account, each.placed_at_ms, each.trigger_id, each.amount_z)
                self._coming[key].append(each)
            if each.settled_at_ms is not None:
                self._going[each.account, each.settled_at_ms].append(each)

    def placed(self, move: Move) -> Hold | None:
        """The hold that this row has filled."""
        key = (move.debit, move.at_ms, move.debit_trigger or "", move.amount_z)
        waiting = self._coming.get(key)
        return waiting.popleft() if waiting else None

    def fill(self, hold: Hold, amount_z: int) -> None:
        """So much lies in it in the other world."""
        self._there[hold.id] = self._left[hold.id] = amount_z

    def taken(self, move: Move, owner: int) -> tuple[Hold | None, int]:
        """The hold that this row takes from, and how much it takes in the other world."""
        for each in self._going.get((owner, move.at_ms), ()):
            if not self._fits(each, move):
                continue
            was_left_z, left_z = self._was_left[each.id], self._left[each.id]
            part_z = self._there[each.id] * move.amount_z // each.amount_z
            amount_z = left_z if move.amount_z == was_left_z else min(left_z, part_z)
            self._was_left[each.id] = was_left_z - move.amount_z
            self._left[each.id] = left_z - amount_z
            return each, amount_z
        return None, move.amount_z

    def _fits(self, hold: Hold, move: Move) -> bool:
        """Whether a row of this amount can be of this hold: all of it, or a part of a settled one.

        What is used goes to the sink, the house or somebody else, what is left to its owner.
        """
        left_z = self._was_left[hold.id]
        if hold.state == "captured":
            parts = {hold.captured_z, hold.amount_z - hold.captured_z}
            return move.amount_z in parts and move.amount_z <= left_z
        return move.amount_z == left_z


class Spending:
    """Reprices what people have bought."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._inflates = any(
            each.settings.inflation.enabled for each in (world.before, world.after)
        )
        self.skipped = 0
        self.skipped_z = 0

    def price(self, move: Move, hold: Hold | None) -> int:
        """What the purchase of a row would have cost; 0 where it can't be bought any more."""
        trigger, film = move.debit_trigger or "", self._film(move, hold)
        old_z, new_z = (
            base_of(each.settings, trigger, film)
            for each in (self._world.before, self._world.after)
        )
        if new_z == 0 and old_z:
            return 0
        if not (old_z and new_z):
            return move.amount_z
        was_z, now_z = self._prices(move.debit, old_z, new_z)
        if was_z == now_z:
            return move.amount_z
        if was_z == move.amount_z:
            return now_z
        return max(1, move.amount_z * now_z // was_z)

    def _film(self, move: Move, hold: Hold | None) -> Purchase | None:
        """What was bought for the playlist, and how long it is.

        Other services tell no length: it is that of the tier whose price comes nearest.
        """
        past, trigger = self._world.past, move.debit_trigger or ""
        if trigger in _QUEUE:
            return None if hold is None else past.purchases.get(hold.id)
        action = past.tiers.get(trigger.removeprefix(_REQUEST))
        if not trigger.startswith(_REQUEST) or action is None:
            return None
        spending = self._world.before.settings.spending
        lengths = [each.max_minutes * 60 for each in spending.queue_tiers]
        costs = [base_price_z(spending, action, seconds) for seconds in lengths]
        told = [self._prices(move.debit, cost_z, cost_z)[0] for cost_z in costs]
        nearest = min(range(len(told)), key=lambda place: abs(told[place] - move.amount_z))
        return Purchase(action, lengths[nearest])

    def _prices(self, account: int, old_z: int, new_z: int) -> tuple[int, int]:
        world, purse = self._world, self._world.purses[account]
        tiers = world.tiers(purse)
        found = []
        for terms, base_z, tier, factor in zip(
            (world.before, world.after), (old_z, new_z), tiers, self.factors, strict=True
        ):
            found.append(price(base_z, factor, terms.perks(tier).discount).final_z)
        return found[0], found[1]

    def can_pay(self, move: Move, amount_z: int) -> bool:
        """Whether the other world's wallet has that much; who hasn't is counted."""
        if self._world.purses[move.debit].balance_z >= amount_z:
            return True
        self.skipped += 1
        self.skipped_z += amount_z
        return False

    @property
    def factors(self) -> tuple[Fraction, Fraction]:
        """What prices are multiplied with now, in each world."""
        before, after = self._world.before.settings, self._world.after.settings
        if not self._inflates:
            return Fraction(1), Fraction(1)
        was_z, now_z = self._world.float_z
        return (
            inflation_multiplier(before.inflation, was_z),
            inflation_multiplier(after.inflation, now_z),
        )


def base_of(settings: Settings, trigger: str, film: Purchase | None) -> int | None:
    """The price of the file for what a row has bought; 0: not sold; None: no matter of the file."""
    if film is not None:
        return base_price_z(settings.spending, film.action, film.seconds)
    return _item_price(settings, trigger)


def _item_price(settings: Settings, trigger: str) -> int | None:
    """The price of something that is no film."""
    if trigger.startswith("spend.shop."):
        items = {each.id: each.price for each in settings.shop.items}
        item_id = trigger.removeprefix("spend.shop.")
        return items.get(item_id, 0) if settings.shop.enabled else 0
    if trigger == "spend.cytube_promotion":
        promotion = settings.cytube_promotion
        return promotion.cost if promotion.enabled else 0
    if trigger in _VANITY:
        item = getattr(settings.vanity_shop, _VANITY[trigger])
        return int(item.cost) if item.enabled else 0
    return None
