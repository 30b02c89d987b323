"""Achievements and daily competitions."""

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator

from kryten_economy.config.section import Amount, Label, Percent, Section, read_as, refuse

__all__ = (
    "Achievement",
    "AchievementCondition",
    "AchievementType",
    "Competition",
    "CompetitionCondition",
    "CompetitionField",
)

AchievementType = Literal[
    "lifetime_messages",
    "lifetime_presence_hours",
    "daily_streak",
    "unique_tip_recipients",
    "unique_tip_senders",
    "lifetime_earned",
    "lifetime_spent",
    "lifetime_gambled",
    "gambling_biggest_win",
    "rank_reached",
    "unique_emotes_used_lifetime",
]
CompetitionField = Literal[
    "messages_sent",
    "long_messages",
    "gifs_posted",
    "unique_emotes_used",
    "kudos_given",
    "kudos_received",
    "laughs_received",
    "bot_interactions",
    "z_earned",
    "z_spent",
    "z_gambled_in",
    "z_gambled_out",
    "minutes_present",
    "minutes_active",
]


class AchievementCondition(Section):
    """Met when the value of this type reaches the threshold; ``field`` has no effect."""

    type: AchievementType
    threshold: Amount
    field: str | None = None


class Achievement(Section):
    """One of ``achievements``: paid once per user and channel."""

    null_keys: ClassVar[frozenset[str]] = frozenset({"reward_percent_of_earnings"})

    id: Label
    description: Annotated[str, read_as(lambda entry: entry.get("id"))]
    condition: AchievementCondition
    reward: Amount = 0
    reward_percent_of_earnings: Percent = 0
    hidden: bool = True
    announce_public: bool | None = None


class CompetitionCondition(Section):
    """Everybody who reaches the threshold, or whoever has most of ``field``."""

    type: Literal["daily_threshold", "daily_top"]
    field: CompetitionField
    threshold: Amount | None = None


def _threshold_where_needed(condition: CompetitionCondition) -> CompetitionCondition:
    if condition.type == "daily_threshold" and condition.threshold is None:
        raise refuse("is required for daily_threshold", "threshold")
    return condition


class Competition(Section):
    """One of ``daily_competitions``: judged for every finished day."""

    null_keys: ClassVar[frozenset[str]] = frozenset({"reward_percent_of_earnings"})

    id: Label
    description: Annotated[str, read_as(lambda entry: entry.get("id"))]
    condition: Annotated[CompetitionCondition, AfterValidator(_threshold_where_needed)]
    reward: Amount = 0
    reward_percent_of_earnings: Percent = 0
    hidden: bool = True
