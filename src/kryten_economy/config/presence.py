"""Earning by being there: presence and night watch."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from kryten_economy.config.section import (
    AS_DICT,
    OFF,
    READ_ONLY,
    SKIP,
    Amount,
    Count,
    Hour,
    PositiveCount,
    PositiveFactor,
    Remedy,
    Section,
)

__all__ = ("NightWatch", "Presence")


class NightWatch(Section):
    """``presence.night_watch``: a factor in certain hours.

    ``bonus_per_minute`` belongs to the older shape of the section: Z added per minute
    instead of a factor. It is 0 unless the file uses that shape.
    """

    if_broken: ClassVar[Remedy | None] = OFF

    enabled: bool = False
    hours: Annotated[tuple[Hour, ...], SKIP] = (2, 3, 4, 5, 6, 7)
    multiplier: PositiveFactor = 1.5
    bonus_per_minute: Amount = 0


class Presence(Section):
    """``presence``: Z per connected minute, absences, hourly milestones (hours -> reward)."""

    base_rate_per_minute: Amount = 1
    active_bonus_per_minute: Amount = 0
    afk_threshold_minutes: PositiveCount = 5
    join_debounce_minutes: Count = 5
    greeting_absence_minutes: Count = 30
    min_cytube_rank: Annotated[int, Field(ge=0, le=255)] = 1
    hourly_milestones: Annotated[
        Mapping[Annotated[int, Field(ge=1, le=24)], Amount], READ_ONLY, AS_DICT, SKIP
    ] = Field(default_factory=lambda: {1: 10, 3: 30, 6: 75, 12: 200, 24: 1000})
    night_watch: NightWatch = NightWatch()
