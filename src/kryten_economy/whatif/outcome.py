"""What a replay has found: both worlds in figures, and the facts that reports are made of."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import median
from typing import NamedTuple

from kryten_economy.features.prices import price
from kryten_economy.features.queue.rules import base_price_z
from kryten_economy.transaction_types import source_of
from kryten_economy.whatif.spending import Spending
from kryten_economy.whatif.terms import Terms
from kryten_economy.whatif.world import World

__all__ = ("DayEnd", "Outcome", "outcome_of")


class DayEnd(NamedTuple):
    """What circulated at the end of a day."""

    day: str
    before_z: int
    after_z: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """All figures in Z. ``paid`` is by user and trigger, what was given counting below 0.

    ``inflow`` and ``outflow`` are what came from and went to anything but wallets, by source.
    ``explained`` is the part of what was earned that the configuration of before accounts for.
    """

    channel: str
    first_day: str
    last_day: str
    seed: int
    wallets: Mapping[str, tuple[int, int]]
    lifetimes: Mapping[str, tuple[int, int]]
    system: Mapping[str, tuple[int, int]]
    paid: tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]
    inflow: Mapping[str, tuple[int, int]]
    outflow: Mapping[str, tuple[int, int]]
    prices: Mapping[str, tuple[int, int]]
    days: Sequence[DayEnd]
    explained: float
    skipped: int
    skipped_z: int

    @property
    def supply(self) -> tuple[int, int]:
        """What circulates in the end: wallets, and what is set aside."""
        was, now = self.system["escrow"]
        return (
            was + sum(each for each, _ in self.wallets.values()),
            now + sum(each for _, each in self.wallets.values()),
        )

    @property
    def median(self) -> tuple[float, float]:
        """The wallet in the middle."""
        was, now = zip(*self.wallets.values(), strict=True) if self.wallets else ((0,), (0,))
        return median(was), median(now)

    def top_share(self, part: float) -> tuple[float, float]:
        """Which part of all that is in wallets the richest so many have; at least one of them."""
        was, now = zip(*self.wallets.values(), strict=True) if self.wallets else ((0,), (0,))
        return _share(was, part), _share(now, part)


def _share(balances: Sequence[int], part: float) -> float:
    total = sum(balances)
    count = max(1, round(len(balances) * part))
    return sum(sorted(balances, reverse=True)[:count]) / total if total else 0.0


def outcome_of(world: World, days: tuple[DayEnd, ...], spending: Spending) -> Outcome:
    """The figures of both worlds at the end."""
    past = world.past
    was, now = world.flows
    names = {kind: account for kind, (account, _) in past.system.items()}
    return Outcome(
        channel=past.channel,
        first_day=past.days[0],
        last_day=past.days[-1],
        seed=world.seed,
        wallets={
            each.member.name: (each.was_balance_z, each.balance_z) for each in world.purses.values()
        },
        lifetimes={
            each.member.name: (each.was_earned_z, each.earned_z) for each in world.purses.values()
        },
        system={
            kind: (world.was_system[account], world.system[account])
            for kind, account in names.items()
        },
        paid=(_nonzero(world.was_paid), _nonzero(world.paid)),
        inflow=_both(_by_source(was.come), _by_source(now.come)),
        outflow=_both(_by_source(was.gone), _by_source(now.gone)),
        prices=_prices(world, spending.factors),
        days=days,
        explained=world.explained_z / world.credited_z if world.credited_z else 1.0,
        skipped=spending.skipped,
        skipped_z=spending.skipped_z,
    )


def _nonzero(paid: Counter[tuple[str, str]]) -> Counter[tuple[str, str]]:
    return Counter({key: amount_z for key, amount_z in paid.items() if amount_z})


def _by_source(flow: Mapping[str, int]) -> Counter[str]:
    found: Counter[str] = Counter()
    for trigger, amount_z in flow.items():
        found[source_of(trigger)] += amount_z
    return found


def _both(was: Mapping[str, int], now: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """Every source of either world, the largest first."""
    found = {name: (was.get(name, 0), now.get(name, 0)) for name in {*was, *now}}
    shown = {name: pair for name, pair in found.items() if any(pair)}
    return dict(sorted(shown.items(), key=lambda item: (-max(item[1]), item[0])))


def _prices(world: World, factors: tuple[Fraction, Fraction]) -> dict[str, tuple[int, int]]:
    """What things cost in the end, for the lowest rank."""
    was, now = (
        _listed(terms, factor)
        for terms, factor in zip((world.before, world.after), factors, strict=True)
    )
    return {name: (was.get(name, 0), now.get(name, 0)) for name in {**was, **now}}


def _listed(terms: Terms, factor: Fraction) -> dict[str, int]:
    settings, shop = terms.settings, terms.settings.vanity_shop
    bases = {
        f"queue: {tier.label}": base_price_z(settings.spending, "queue", tier.max_minutes * 60)
        for tier in settings.spending.queue_tiers
    }
    vanity = {
        "greeting": shop.custom_greeting,
        "title": shop.custom_title,
        "colour": shop.chat_color,
        "GIF": shop.channel_gif,
        "shoutout": shop.shoutout,
        "fortune": shop.daily_fortune,
        "own currency": shop.rename_currency_personal,
    }
    bases |= {f"vanity: {name}": item.cost for name, item in vanity.items() if item.enabled}
    bases |= {f"shop: {item.name}": item.price for item in settings.shop.items}
    return {name: price(base_z, factor, Fraction(0)).final_z for name, base_z in bases.items()}
