"""Which keys of two configurations differ, and how far a replay answers for each.

The books hold what was done and paid, not what was said or watched. So what a key pays is
repriced exactly; what a key lets happen at all can only be taken away, or is not known.
"""

from collections.abc import Sequence
from enum import Enum
from fnmatch import fnmatchcase
from typing import NamedTuple

from kryten_economy.config import Settings
from kryten_economy.config.settings import reload_report
from kryten_economy.features.chat.triggers import TRIGGERS

__all__ = ("Difference", "Treatment", "differences", "untraced")


class Treatment(Enum):
    """How a replay answers for a key, in words for the report."""

    EXACT = "exact"
    ABOUT = "approximate"
    UNKNOWN = "not replayed: the books don't tell"
    NO_MONEY = "moves no money by itself"


class Difference(NamedTuple):
    """One key with another value, as it is shown, and how it is answered for."""

    text: str
    treatment: Treatment


_RULES: Sequence[tuple[str, Treatment]] = (
    ("*.hidden", Treatment.NO_MONEY),
    ("*.announce", Treatment.NO_MONEY),
    ("*.message", Treatment.NO_MONEY),
    ("*.description", Treatment.NO_MONEY),
    ("*.comment_during_media.reward_per_message", Treatment.ABOUT),
    ("*_triggers.*.reward*", Treatment.EXACT),
    ("*_triggers.*.default_reward", Treatment.EXACT),
    ("*_triggers.*.enabled", Treatment.EXACT),
    ("*.long_message.max_per_hour", Treatment.ABOUT),
    ("*.mentioned_by_other.max_per_hour_same_user", Treatment.ABOUT),
    ("*.bot_interaction.max_per_day", Treatment.ABOUT),
    ("onboarding.welcome_wallet", Treatment.EXACT),
    ("onboarding.min_account_age_minutes", Treatment.ABOUT),
    ("retention.welcome_back.bonus", Treatment.EXACT),
    ("retention.welcome_back.enabled", Treatment.EXACT),
    ("presence.base_rate_per_minute", Treatment.ABOUT),
    ("presence.active_bonus_per_minute", Treatment.ABOUT),
    ("presence.night_watch*", Treatment.ABOUT),
    ("presence.hourly_milestones", Treatment.EXACT),
    ("streaks.daily.rewards", Treatment.EXACT),
    ("streaks.daily.milestone_*", Treatment.EXACT),
    ("streaks.daily.enabled", Treatment.EXACT),
    ("streaks.weekend_weekday_bridge.*", Treatment.EXACT),
    ("rain.interval_minutes", Treatment.ABOUT),
    ("rain.m??_amount", Treatment.ABOUT),
    ("rain.enabled", Treatment.EXACT),
    ("balance_maintenance*", Treatment.EXACT),
    ("daily_competitions*", Treatment.EXACT),
    ("achievements*.condition.*", Treatment.UNKNOWN),
    ("achievements*", Treatment.EXACT),
    ("multipliers.scheduled_events*.presence_bonus", Treatment.EXACT),
    ("multipliers.high_population.min_users", Treatment.UNKNOWN),
    ("multipliers*", Treatment.ABOUT),
    ("ranks*", Treatment.ABOUT),
    ("inflation*", Treatment.ABOUT),
    ("spending.queue_tiers*", Treatment.EXACT),
    ("spending.interrupt_play_next", Treatment.EXACT),
    ("spending.force_play_now", Treatment.EXACT),
    ("spending.playnext_premium", Treatment.EXACT),
    ("vanity_shop.*.cost", Treatment.EXACT),
    ("vanity_shop.*.enabled", Treatment.EXACT),
    ("cytube_promotion.cost", Treatment.EXACT),
    ("cytube_promotion.enabled", Treatment.EXACT),
    ("shop.enabled", Treatment.EXACT),
    ("shop.items*", Treatment.EXACT),
    ("gambling.spin.payouts*", Treatment.ABOUT),
    ("gambling.flip.win_chance", Treatment.ABOUT),
    ("gambling.spin.m??_wager", Treatment.ABOUT),
    ("gambling.flip.m??_wager", Treatment.ABOUT),
    ("gambling.*enabled", Treatment.EXACT),
    ("timezone", Treatment.ABOUT),
)
_WITH_MONEY = frozenset(
    {
        *("achievements", "balance_maintenance", "bot", "bounties", "chat_triggers"),
        *("content_triggers", "cytube_promotion", "daily_competitions", "gambling"),
        *("ignored_users", "onboarding", "presence", "rain", "retention", "shop"),
        *("social_triggers", "spending", "streaks", "tipping", "vanity_shop", "wallets"),
    }
)


def differences(before: Settings, after: Settings) -> tuple[Difference, ...]:
    """All keys that differ, in the order of the file."""
    return tuple(
        Difference(str(each), _treatment(each.key_path))
        for each in reload_report(before, after).changed
    )


def _treatment(key_path: str) -> Treatment:
    for pattern, treatment in _RULES:
        if fnmatchcase(key_path, pattern):
            return treatment
    section = key_path.partition(".")[0].partition("[")[0]
    return Treatment.UNKNOWN if section in _WITH_MONEY else Treatment.NO_MONEY


def untraced(before: Settings, after: Settings) -> tuple[str, ...]:
    """What pays only under the other configuration, and so has left no trace in the books."""
    found = [
        each.id
        for each in TRIGGERS
        if each.enabled(after)
        and each.reward(after) > 0
        and not (each.enabled(before) and each.reward(before) > 0)
    ]
    if after.rain.enabled and not before.rain.enabled:
        found.append("rain")
    if after.streaks.daily.enabled and not before.streaks.daily.enabled:
        found.append("streaks")
    new = {each.id for each in after.achievements} - {each.id for each in before.achievements}
    found.extend(f"achievement {name}" for name in sorted(new))
    return tuple(found)
