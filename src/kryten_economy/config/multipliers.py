"""Times when earning counts more, and bounties.

A cron expression that is known to fire, so that no schedule can fail while running.
"""

import re
from datetime import UTC, date, datetime
from typing import Annotated, ClassVar, Self

from croniter import croniter
from croniter.croniter import CroniterBadDateError
from pydantic import AfterValidator, Field

from kryten_economy.config.section import (
    CLAMP,
    OFF,
    SKIP,
    Amount,
    Count,
    Hour,
    Label,
    PositiveCount,
    PositiveFactor,
    Remedy,
    Section,
    at_least,
    nearest,
    refuse,
    unique,
)

__all__ = (
    "Bounties",
    "Cron",
    "DurationHours",
    "HighPopulation",
    "Holiday",
    "Holidays",
    "Multipliers",
    "OffPeak",
    "ScheduledEvent",
)

_ALLOWED = "must be a cron expression of 5 fields, such as '0 20 * * 5'"
# croniter draws a time for R and H, which would be another one at each look.
_DRAWN = re.compile(r"(?<![A-Za-z])[RHrh](?![A-Za-z])")
# A leap year just ahead of this instant lets 29 February be found at once.
_START = datetime(2023, 12, 31, tzinfo=UTC)


def _fires(text: str) -> str:
    if (
        _DRAWN.search(text)
        or not (len(text.split()) == 5 or text.startswith("@"))
        or not croniter.is_valid(text)
    ):
        raise refuse(_ALLOWED)
    try:
        croniter(text, _START).get_next(datetime)
    except CroniterBadDateError as error:
        raise refuse("must be a cron expression for a date that exists") from error
    return text


Cron = Annotated[str, AfterValidator(_fires)]
DurationHours = Annotated[float, Field(gt=0, le=24 * 366)]


_SHORT_DATE = re.compile(r"([0-9]{1,2})-([0-9]{1,2})")


def _day_of_the_year(text: str) -> str:
    try:
        # 2000 was a leap year, so 02-29 is a date too.
        date.fromisoformat(f"2000-{text}")
    except ValueError as error:
        short = _SHORT_DATE.fullmatch(text)
        full = f"{int(short[1]):02}-{int(short[2]):02}" if short else text
        reading = nearest(full) if full != text else None
        raise refuse("must be a date MM-DD, such as '12-25'", reading=reading) from error
    return text


class OffPeak(Section):
    """``multipliers.off_peak``; days count from 0 = Sunday."""

    if_broken: ClassVar[Remedy | None] = OFF

    enabled: bool = True
    days: Annotated[tuple[Annotated[int, Field(ge=0, le=6)], ...], SKIP] = (1, 2, 3, 4)
    hours: Annotated[tuple[Hour, ...], SKIP] = (6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
    multiplier: PositiveFactor = 2.0
    announce: bool = True


class HighPopulation(Section):
    """``multipliers.high_population``."""

    if_broken: ClassVar[Remedy | None] = OFF

    enabled: bool = True
    min_users: Count = 10
    multiplier: PositiveFactor = 1.5
    hidden: bool = True


class Holiday(Section):
    """One day of the year, ``MM-DD``."""

    date: Annotated[str, AfterValidator(_day_of_the_year)]
    name: Label
    multiplier: PositiveFactor


class Holidays(Section):
    """``multipliers.holidays``."""

    if_broken: ClassVar[Remedy | None] = OFF

    enabled: bool = True
    dates: Annotated[tuple[Holiday, ...], SKIP] = (
        Holiday(date="12-25", name="Christmas", multiplier=3.0),
        Holiday(date="10-31", name="Halloween", multiplier=2.0),
    )
    announce: bool = True


class ScheduledEvent(Section):
    """One of ``multipliers.scheduled_events``.

    A ``presence_bonus`` that is not given is None, which is not 0.
    """

    name: Label
    cron: Cron
    duration_hours: DurationHours
    multiplier: PositiveFactor = 2.0
    presence_bonus: Amount | None = None
    announce: bool = True


class Multipliers(Section):
    """``multipliers``; a file that does not mention the section has them off (`quiet`)."""

    off_peak: OffPeak = OffPeak()
    high_population: HighPopulation = HighPopulation()
    holidays: Holidays = Holidays()
    scheduled_events: Annotated[
        tuple[ScheduledEvent, ...],
        unique("event name", lambda event: event.name, rename=True),
        SKIP,
    ] = ()

    @classmethod
    def quiet(cls) -> Self:
        """None in force, for files written when multipliers did not apply to earnings."""
        return cls(
            off_peak=OffPeak(enabled=False),
            high_population=HighPopulation(enabled=False),
            holidays=Holidays(enabled=False),
        )


class Bounties(Section):
    """``bounties``."""

    if_broken: ClassVar[Remedy | None] = OFF

    enabled: bool = True
    min_amount: Amount = 100
    max_amount: Annotated[Amount, at_least("min_amount")] = 50000
    max_open_per_user: Count = 3
    default_expiry_hours: PositiveCount = 168
    expiry_refund_percent: Annotated[int, Field(ge=0, le=100)] = 50
    description_max_length: Annotated[int, Field(ge=1, le=1000), CLAMP] = 200
