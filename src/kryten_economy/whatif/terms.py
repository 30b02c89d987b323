"""One configuration as the replay asks it: factors of the clock, ranks, prices, rewards.

And what of two configurations differs in what multiplies earning, as a ratio that is exactly 1
where nothing does. Pure.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from kryten_economy.calendar import Calendar
from kryten_economy.config import Settings
from kryten_economy.features.chat.triggers import TRIGGERS
from kryten_economy.features.events.rules import (
    POPULATION,
    AdHoc,
    holidays_now,
    is_off_peak,
    scheduled_now,
)
from kryten_economy.features.presence.minutes import MinuteRate, minute_rate
from kryten_economy.features.ranks.rules import Ladder, Perks, perks_of
from kryten_economy.text.templates import exact
from kryten_economy.whatif.past import Member

__all__ = ("MINUTE_MS", "Changes", "Terms", "trigger_reward")

MINUTE_MS = 60_000
ONE = Fraction(1)
_ALL = frozenset({"off_peak", "holidays", "scheduled"})


class Terms:
    """What a configuration says, worked out once for each minute and rank."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.calendar = Calendar(settings.timezone)
        self.ladder = Ladder(settings.ranks.tiers)
        self.ignored = settings.ignored_names
        self._perks = [perks_of(settings.ranks, place) for place in range(len(self.ladder.names))]
        self._rates = [minute_rate(settings, hour) for hour in range(24)]
        self._clock: dict[tuple[int, frozenset[str]], Fraction] = {}

    def tier(self, member: Member, stored: str, earned_z: int) -> int:
        """The rank that counts with so much earned, ``stored`` being that of the begin."""
        if member.rank_held_from_z is not None:
            return self.ladder.effective(member.rank_name, earned_z, member.rank_held_from_z)
        return self.ladder.effective(stored, earned_z)

    def perks(self, tier: int) -> Perks:
        """What a rank brings."""
        return self._perks[tier]

    def rate(self, at_ms: int) -> MinuteRate:
        """What a minute is worth at its hour."""
        return self._rates[self.calendar.hour(at_ms)]

    def clock(self, at_ms: int, kinds: frozenset[str]) -> Fraction:
        """The product of the factors of these kinds at an instant."""
        key = (at_ms // MINUTE_MS, kinds)
        known = self._clock.get(key)
        if known is None:
            known = self._clock[key] = self._product(at_ms, kinds)
        return known

    def _product(self, at_ms: int, kinds: frozenset[str]) -> Fraction:
        found = ONE
        if "off_peak" in kinds and is_off_peak(self.settings, self.calendar, at_ms):
            found *= exact(self.settings.multipliers.off_peak.multiplier)
        if "holidays" in kinds:
            for _, mult in holidays_now(self.settings, self.calendar, at_ms):
                found *= mult
        if "scheduled" in kinds:
            for event, _, _ in scheduled_now(self.settings, self.calendar, at_ms):
                found *= exact(event.multiplier)
        return found


def trigger_reward(settings: Settings, trigger_id: str) -> Fraction | None:
    """What a trigger pays before all multipliers, 0 where it is off; None if it is no trigger."""
    paying = TRIGGERS.find(trigger_id)
    if paying is None:
        return None
    return exact(paying.reward(settings)) if paying.enabled(settings) else Fraction(0)


class Changes:
    """What multiplies otherwise after than before."""

    def __init__(self, before: Terms, after: Terms, adhoc: Sequence[AdHoc] = ()) -> None:
        self._before, self._after, self._adhoc = before, after, adhoc
        old, new = before.settings.multipliers, after.settings.multipliers
        kinds = {
            "off_peak": old.off_peak != new.off_peak,
            "holidays": old.holidays != new.holidays,
            "scheduled": _plain(old.scheduled_events) != _plain(new.scheduled_events),
        }
        moved = before.settings.timezone != after.settings.timezone
        self.kinds = frozenset(kind for kind, changed in kinds.items() if changed or moved)
        self.crowd = old.high_population != new.high_population
        old_presence, new_presence = before.settings.presence, after.settings.presence
        self.night = moved or old_presence.night_watch != new_presence.night_watch
        self.rates = (
            old_presence.base_rate_per_minute,
            old_presence.active_bonus_per_minute,
        ) != (new_presence.base_rate_per_minute, new_presence.active_bonus_per_minute)
        self.steps = (
            exact(before.settings.ranks.earn_multiplier_per_rank),
            exact(after.settings.ranks.earn_multiplier_per_rank),
        )

    def clock(self, at_ms: int) -> Fraction:
        """How much more the factors of the clock make at an instant."""
        if not self.kinds:
            return ONE
        return self._after.clock(at_ms, self.kinds) / self._before.clock(at_ms, self.kinds)

    def population(self, told: Mapping[str, Any]) -> Fraction:
        """How much more a crowd makes, where the row tells that there was one."""
        if not self.crowd:
            return ONE
        for each in told.get("sources", ()):
            if each["source"] == POPULATION:
                return self._crowd_after() / exact(each["mult"])
        return ONE

    def sometimes_crowded(
        self, worth: Fraction, plain: int, minutes: int, times: Sequence[int], tier: int
    ) -> Fraction:
        """The same for folded minutes that had no common factors.

        What they were worth beyond clock and rank is taken for the part of them in a crowd.
        """
        was = self._before.settings.multipliers.high_population
        if not self.crowd or not was.enabled or was.multiplier == 1:
            return ONE
        mult = exact(was.multiplier)
        each = Fraction(plain, minutes)
        alone = sum(
            (
                self._worth(self._before, each, (at_ms,), _ALL) * self._started(at_ms)
                for at_ms in times
            ),
            Fraction(0),
        )
        alone *= 1 + self.steps[0] * tier
        if not alone:
            return ONE
        part = min(ONE, max(Fraction(0), (worth / alone - 1) / (mult - 1)))
        return (1 + part * (self._crowd_after() - 1)) / (1 + part * (mult - 1))

    def _started(self, at_ms: int) -> Fraction:
        """The factor of what an operator had started at an instant."""
        for each in self._adhoc:
            if each.started_at_ms <= at_ms < each.ends_at_ms:
                return each.mult
        return ONE

    def _crowd_after(self) -> Fraction:
        crowd = self._after.settings.multipliers.high_population
        return exact(crowd.multiplier) if crowd.enabled else ONE

    def rank(self, tier_before: int, tier_after: int) -> Fraction:
        """How much more the rank makes."""
        old, new = self.steps
        if not (old or new) or (old == new and tier_before == tier_after):
            return ONE
        return (1 + new * tier_after) / (1 + old * tier_before)

    def minutes(
        self, plain: int, plain_after: Fraction, minutes: int, times: Sequence[int]
    ) -> Fraction:
        """How much more minutes at these times are worth, whose plain worth is so much."""
        if not (self.rates or self.night or self.kinds):
            return ONE
        old = self._worth(self._before, Fraction(plain, minutes), times, self.kinds)
        new = self._worth(self._after, plain_after / minutes, times, self.kinds)
        return new / old if old else ONE

    @staticmethod
    def _worth(
        terms: Terms, each: Fraction, times: Sequence[int], kinds: frozenset[str]
    ) -> Fraction:
        total = Fraction(0)
        for at_ms in times:
            rate = terms.rate(at_ms)
            after_night = each * exact(rate.night_factor) + rate.night_bonus
            total += after_night * (terms.clock(at_ms, kinds) if kinds else 1)
        return total


def _plain(events: Sequence[Any]) -> list[tuple[Any, ...]]:
    """What of scheduled events multiplies; their bonus is another matter."""
    return [(each.name, each.cron, each.duration_hours, each.multiplier) for each in events]
