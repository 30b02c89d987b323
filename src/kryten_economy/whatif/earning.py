"""What credits of the mint would have been: minutes, triggers, visits, streaks, rain.

A multiplied credit is as much more as its reward, its factors and its rank are; what is below
one coin is carried on in the other world as it was in the books. A hit that left less than a coin
behind has no row: the row after it, or what is left in the end, tells of it.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from kryten_economy.config import Settings
from kryten_economy.features.events.rules import scheduled_now
from kryten_economy.features.gifts import rain_amount
from kryten_economy.features.presence.operations import BASE
from kryten_economy.features.presence.rules import earning_gate
from kryten_economy.features.ranks.rules import Perks
from kryten_economy.features.streaks.rules import streak_awards, terms
from kryten_economy.text.templates import exact
from kryten_economy.transaction_types import is_multiplied
from kryten_economy.whatif.past import Move
from kryten_economy.whatif.terms import MINUTE_MS, trigger_reward
from kryten_economy.whatif.world import Purse, World, told_by

__all__ = ("FIXED", "Earning", "whole_coins")

ONE = Fraction(1)
_DIGITS = Fraction(1, 10**7)
"""The books tell parts of a coin with nine digits."""
_HOUR_MS = 3_600_000

Fixed = Callable[[Settings, str], int]


def _milestone(settings: Settings, trigger: str) -> int:
    hours = trigger.removeprefix("dwell.").removesuffix("h")
    milestones = settings.presence.hourly_milestones
    return milestones.get(int(hours), 0) if hours.isdigit() else 0


def _streak(settings: Settings, trigger: str) -> int:
    daily = settings.streaks.daily
    days = trigger.removeprefix("streak.").removeprefix("milestone.").removeprefix("day")
    if not daily.enabled or not days.isdigit():
        return 0
    awards = streak_awards(int(days), terms(daily))
    return next((each.amount_z for each in awards if each.trigger_id == trigger), 0)


def _bridge(settings: Settings, _trigger: str) -> int:
    bridge = settings.streaks.weekend_weekday_bridge
    return bridge.bonus if bridge.enabled else 0


def _welcome_back(settings: Settings, _trigger: str) -> int:
    back = settings.retention.welcome_back
    return back.bonus if back.enabled else 0


FIXED: Mapping[str, Fixed] = {
    "milestone": _milestone,
    "streak_bonus": _streak,
    "welcome_wallet": lambda settings, _: settings.onboarding.welcome_wallet,
    "welcome_back": _welcome_back,
}
"""Credits that are what the configuration says, by type."""


def whole_coins(amount: Fraction) -> tuple[int, Fraction]:
    """The whole coins, and what is left; a sum this close to whole is whole."""
    whole = int(amount + _DIGITS)
    return whole, max(Fraction(0), amount - whole)


class Earning:
    """Reprices the credits of one replay, in their order."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._before, self._after = world.before.settings, world.after.settings
        self._ratios: dict[str, tuple[Fraction, Fraction] | None] = {}
        self._windows: dict[tuple[int, str, str], tuple[int, int]] = {}
        self._thinned: dict[int, int] = {}
        self._parts: defaultdict[int, float] = defaultdict(world.random.random)
        self._gate_ms = earning_gate(self._after.onboarding).min_age_ms
        self._gated = self._gate_ms > earning_gate(self._before.onboarding).min_age_ms

    def amount(self, move: Move) -> int | None:
        """What a credit would have been; None where no configuration says so."""
        type_, trigger = move.credit_type, move.credit_trigger
        assert type_ is not None, move
        assert trigger is not None, move
        purse = self._world.purses[move.credit]
        if trigger == "bridge.weekly":
            old, new = _bridge(self._before, trigger), _bridge(self._after, trigger)
            return self._world.reprice(move.amount_z, old, new)
        if is_multiplied(type_, trigger):
            amount_z = self._multiplied(purse, move, trigger)
        elif type_ == "rain":
            amount_z = self._rain(purse, move)
        elif type_ == "event_bonus":
            amount_z = self._bonus(move, trigger)
        elif type_ in FIXED:
            rule = FIXED[type_]
            old, new = rule(self._before, trigger), rule(self._after, trigger)
            amount_z = self._world.reprice(move.amount_z, old, new)
        else:
            return None
        return 0 if self._is_kept_out(purse, move, type_) else amount_z

    def _is_kept_out(self, purse: Purse, move: Move, type_: str) -> bool:
        """Whether an account is too young to earn where accounts must be older than before."""
        if not self._gated or type_ not in {"earn", "rain", "milestone", "streak_bonus"}:
            return False
        return move.at_ms - purse.member.first_seen_ms < self._gate_ms

    # Multiplied

    def _multiplied(self, purse: Purse, move: Move, trigger: str) -> int:
        told = told_by(move)
        if trigger == BASE:
            ratio = self._minutes_ratio(move, told)
        else:
            ratio = self._trigger_ratio(purse, move, trigger, told)
        changes = self._world.changes
        tiers = self._world.tiers(purse)
        if changes.crowd and "folded" in told and "sources" not in told:
            minutes = max(1, int(told.get("minutes", 1)))
            times, plain = _times(move, minutes, told), int(told.get("base", 0))
            worth = Fraction(move.amount_z)
            ratio *= changes.sometimes_crowded(worth, plain, minutes, times, tiers[0])
        else:
            ratio *= changes.population(told)
        return self._carried(purse, move, trigger, told, ratio * changes.rank(*tiers))

    def _carried(
        self,
        purse: Purse,
        move: Move,
        trigger: str,
        told: Mapping[str, Any],
        ratio: Fraction,
    ) -> int:
        """Add what this row and the silent hits before it are worth, and take the whole coins."""
        was = purse.told.get(trigger)
        if was is None:
            # Of before the window nothing is known but what the first row tells; it is the same
            # in both worlds. Who has come since has begun with nothing.
            is_new = purse.member.first_seen_ms >= self._world.past.from_ms
            was = Fraction(0) if is_new else exact(told.get("carried_in", 0))
            purse.held[trigger] = was
        now = exact(told["carried"]) if "carried" in told else was
        purse.told[trigger] = now
        worth = move.amount_z + now - was
        amount_z, purse.held[trigger] = whole_coins(purse.held[trigger] + worth * ratio)
        return amount_z

    def left_over(self, account: int, trigger: str, held: float) -> int:
        """The coins in what is left in the end of hits that were worth less than one."""
        purse = self._world.purses[account]
        if trigger not in purse.told or not is_multiplied("earn", trigger):
            return 0
        silent = exact(round(held, 9)) - purse.told[trigger]
        ratio = self._reward_ratio(trigger)
        ratio = ONE if ratio is None else ratio
        ratio *= self._world.changes.rank(*self._world.tiers(purse))
        amount_z, purse.held[trigger] = whole_coins(
            purse.held[trigger] + max(Fraction(0), silent) * ratio
        )
        return amount_z

    def _minutes_ratio(self, move: Move, told: Mapping[str, Any]) -> Fraction:
        minutes = max(1, int(told.get("minutes", 1)))
        plain, active_z = int(told.get("base", move.amount_z)), int(told.get("active_bonus", 0))
        old, new = self._before.presence, self._after.presence
        active = Fraction(0)
        if old.active_bonus_per_minute:
            active = Fraction(active_z, old.active_bonus_per_minute)
        elif new.active_bonus_per_minute:
            active = self._active_share(move) * minutes
        explained = old.base_rate_per_minute * minutes + active_z
        self._world.credited_z += move.amount_z
        if explained == plain:
            self._world.explained_z += move.amount_z
        changes = self._world.changes
        if not (changes.rates or changes.night or changes.kinds):
            return ONE
        plain_after = new.base_rate_per_minute * minutes + new.active_bonus_per_minute * active
        if plain != explained and plain and explained:
            plain_after = plain_after * plain / explained
        return changes.minutes(plain, plain_after, minutes, _times(move, minutes, told))

    def _active_share(self, move: Move) -> Fraction:
        """Which part of the day's minutes was active, where the row does not tell."""
        day = self._world.before.calendar.day(move.at_ms)
        for each in self._world.past.activity.get(day, ()):
            if each.account == move.credit and each.values["minutes_present"]:
                return Fraction(each.values["minutes_active"], each.values["minutes_present"])
        return Fraction(0)

    def _trigger_ratio(
        self, purse: Purse, move: Move, trigger: str, told: Mapping[str, Any]
    ) -> Fraction:
        ratio = self._reward_ratio(trigger)
        self._world.credited_z += move.amount_z
        old = trigger_reward(self._before, trigger)
        if old is not None and old == exact(told.get("base", move.amount_z)):
            self._world.explained_z += move.amount_z
        if ratio is None:
            return ONE
        if ratio and not self._fits(purse, move, trigger):
            return Fraction(0)
        return ratio * self._world.changes.clock(move.at_ms)

    def _reward_ratio(self, trigger: str) -> Fraction | None:
        """By how much a trigger pays more; None where no configuration names it."""
        if trigger not in self._ratios:
            old = trigger_reward(self._before, trigger)
            new = trigger_reward(self._after, trigger)
            self._ratios[trigger] = None if old is None or new is None else (old, new)
        found = self._ratios[trigger]
        if found is None or found[0] == found[1]:
            return None if found is None else ONE
        return found[1] / found[0] if found[0] else ONE

    # Limits

    def _fits(self, purse: Purse, move: Move, trigger: str) -> bool:
        """Whether a hit is within a limit that is lower than it was."""
        limits = _limit(self._before, trigger), _limit(self._after, trigger)
        if limits[1] is None or limits[0] is None or limits[1] >= limits[0]:
            return True
        key = (purse.member.id, trigger, move.related_user or "")
        count, ends_ms = self._windows.get(key, (0, 0))
        if move.at_ms >= ends_ms:
            by_day = trigger == "social.bot_interaction"
            calendar = self._world.before.calendar
            count = 0
            ends_ms = calendar.next_midnight_ms(move.at_ms) if by_day else move.at_ms + _HOUR_MS
        if count >= limits[1]:
            return False
        self._windows[key] = (count + 1, ends_ms)
        return True

    # Rain and bonuses

    def _rain(self, purse: Purse, move: Move) -> int:
        old, new = self._before.rain, self._after.rain
        told = told_by(move)
        base_z = int(told.get("base", move.amount_z))
        tier_before, tier_after = self._world.tiers(purse)
        before = self._drop(base_z, told, self._world.before.perks(tier_before), move, old=True)
        if (old.min_amount, old.max_amount) != (new.min_amount, new.max_amount):
            spans = old.max_amount - old.min_amount + 1, new.max_amount - new.min_amount + 1
            # Which part of a coin was drawn is not known; it is drawn anew, once for a drop.
            place = base_z - old.min_amount + self._parts[move.operation]
            base_z = new.min_amount + int(place * spans[1] / spans[0])
            base_z = min(new.max_amount, max(new.min_amount, base_z))
        after = self._drop(base_z, told, self._world.after.perks(tier_after), move, old=False)
        return self._world.reprice(move.amount_z, before, after) * self._drops(move)

    def _drop(
        self, base_z: int, told: Mapping[str, Any], perks: Perks, move: Move, *, old: bool
    ) -> int:
        rain = (self._before if old else self._after).rain
        if not (base_z and rain.enabled):
            return 0
        if old or "scheduled" not in self._world.changes.kinds:
            events = ONE
            for each in told.get("sources", ()):
                if each["source"].startswith("scheduled:"):
                    events *= exact(each["mult"])
        else:
            events = ONE
            after = self._world.after
            for event, _, _ in scheduled_now(after.settings, after.calendar, move.at_ms):
                events *= exact(event.multiplier)
        return rain_amount(base_z, events, perks.rain_bonus_percent)

    def _drops(self, move: Move) -> int:
        """How many drops stand for one of the books, where it rains at other intervals."""
        old, new = self._before.rain.interval_minutes, self._after.rain.interval_minutes
        if old == new:
            return 1
        if move.operation not in self._thinned:
            whole, rest = divmod(old, new)
            more = self._world.random.random() < rest / new
            self._thinned[move.operation] = whole + more
        return self._thinned[move.operation]

    def _bonus(self, move: Move, trigger: str) -> int:
        users = int(told_by(move).get("users", 0))
        name = trigger.removeprefix("event.").removesuffix(".presence")
        old, new = (_part(each, name, users) for each in (self._before, self._after))
        return self._world.reprice(move.amount_z, old, new)


def _times(move: Move, minutes: int, told: Mapping[str, Any]) -> Sequence[int]:
    """When the minutes were: a folded row's are taken for the last before it, without a gap."""
    if "folded" not in told or minutes == 1:
        return (move.at_ms,)
    return range(move.at_ms - (minutes - 1) * MINUTE_MS, move.at_ms + 1, MINUTE_MS)


def _limit(settings: Settings, trigger: str) -> int | None:
    match trigger:
        case "chat.long_message":
            return settings.chat_triggers.long_message.max_per_hour
        case "social.mentioned_by_other":
            return settings.social_triggers.mentioned_by_other.max_per_hour_same_user
        case "social.bot_interaction":
            return settings.social_triggers.bot_interaction.max_per_day
        case _:
            return None


def _part(settings: Settings, name: str, users: int) -> int:
    """Each one's part of the bonus of a scheduled event."""
    default = settings.content_triggers.present_at_event_start
    events = {each.name: each for each in settings.multipliers.scheduled_events}
    if name not in events or not users:
        return 0
    pool_z = events[name].presence_bonus
    if pool_z is None:
        pool_z = default.default_reward if default.enabled else 0
    return max(1, pool_z // users) if pool_z else 0
