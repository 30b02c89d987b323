"""Coming back day after day: streaks and the weekend bridge."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from kryten_economy.config.section import (
    AS_DICT,
    COUNT_MAX,
    OFF,
    READ_ONLY,
    SKIP,
    Amount,
    PositiveCount,
    Remedy,
    Section,
    template,
)

__all__ = ("DailyStreak", "Streaks", "WeekendBridge")


class DailyStreak(Section):
    """``streaks.daily``: rewards by streak day (day -> Z) and two milestones."""

    if_broken: ClassVar[Remedy | None] = OFF

    enabled: bool = True
    min_presence_minutes: PositiveCount = 15
    rewards: Annotated[
        Mapping[Annotated[int, Field(ge=2, le=COUNT_MAX)], Amount], READ_ONLY, AS_DICT, SKIP
    ] = Field(default_factory=lambda: {2: 10, 3: 20, 4: 30, 5: 50, 6: 75, 7: 100})
    milestone_7_bonus: Amount = 200
    milestone_30_bonus: Amount = 2000


class WeekendBridge(Section):
    """``streaks.weekend_weekday_bridge``: a bonus for being there at both ends of a week."""

    if_broken: ClassVar[Remedy | None] = OFF

    enabled: bool = True
    bonus: Amount = 500
    announce_on_weekend: bool = True
    message: Annotated[str, template("amount")] = (
        "Connect any weekday this week for a {amount} {currency} bridge bonus!"
    )


class Streaks(Section):
    """``streaks``."""

    daily: DailyStreak = DailyStreak()
    weekend_weekday_bridge: WeekendBridge = WeekendBridge()
