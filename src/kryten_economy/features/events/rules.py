"""When earning counts more, and by how much (`earning.md` 9).

All active factors multiply. Days and hours are those of the channel's zone. A hidden factor
counts like any other, but nothing that users see may tell of it: show `Combined.visible` only
(P-EARN-15). Factors are exact: 1.1 of a config file is 11/10.
"""

import json
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, reduce
from operator import mul
from typing import NamedTuple

from kryten_economy.calendar import Calendar, day_after
from kryten_economy.config import Settings
from kryten_economy.config.multipliers import Holiday, ScheduledEvent
from kryten_economy.text.templates import exact

__all__ = (
    "ADHOC_MINUTES_MAX",
    "ADHOC_MULTIPLIER_MAX",
    "ADHOC_NAME_MAX",
    "NIGHT_WATCH",
    "OFF_PEAK",
    "PLAIN",
    "POPULATION",
    "RAIN_PERK",
    "RANK",
    "AdHoc",
    "Combined",
    "Coming",
    "Factor",
    "Occurrence",
    "active_multipliers",
    "coming",
    "holidays_now",
    "is_off_peak",
    "metadata",
    "scheduled_now",
    "with_carry",
)


ADHOC_MULTIPLIER_MAX = 10


ADHOC_MINUTES_MAX = 1440


ADHOC_NAME_MAX = 60


OFF_PEAK = "off_peak"


POPULATION = "population"


NIGHT_WATCH = "night_watch"


RANK = "rank"


RAIN_PERK = "rain_perk"


_ROUNDING = 1e-9

_DAY_MS = 86_400_000


class Factor(NamedTuple):
    """One source of more (or less); ``ends_at_ms`` only where the end is known."""

    source: str
    mult: Fraction
    label: str
    hidden: bool = False
    ends_at_ms: int | None = None


class AdHoc(NamedTuple):
    """The event an operator started in a channel; it runs before ``ends_at_ms``."""

    name: str
    mult: Fraction
    started_at_ms: int
    ends_at_ms: int


class Occurrence(NamedTuple):
    """A scheduled event that runs: from its fire time up to, not including, its end."""

    event: ScheduledEvent
    fired_at_ms: int
    ends_at_ms: int


class Coming(NamedTuple):
    """What will multiply earning, and from when on until when."""

    name: str
    mult: Fraction
    starts_at_ms: int
    ends_at_ms: int


@dataclass(frozen=True, slots=True)
class Combined:
    """The factors in force at one moment."""

    factors: tuple[Factor, ...] = ()

    @property
    def product(self) -> Fraction:
        """What earning is multiplied by, hidden factors included."""
        return _product(self.factors)

    @property
    def visible(self) -> tuple[Factor, ...]:
        """What users may see."""
        return tuple(factor for factor in self.factors if not factor.hidden)

    @property
    def visible_product(self) -> Fraction:
        """The product users may see."""
        return _product(self.visible)

    @property
    def scheduled(self) -> "Combined":
        """The part of scheduled events, which ambient rain follows as well."""
        return Combined(tuple(f for f in self.factors if f.source.startswith("scheduled:")))

    def also(self, *factors: Factor) -> "Combined":
        """These and some more; a factor of 1 changes nothing and is left out."""
        return Combined((*(each for each in factors if each.mult != 1), *self.factors))


PLAIN = Combined()


def active_multipliers(
    settings: Settings, calendar: Calendar, at_ms: int, population: int, adhoc: AdHoc | None
) -> Combined:
    """What is in force in a channel with ``population`` connected users."""
    multipliers = settings.multipliers
    found: list[Factor] = []
    if is_off_peak(settings, calendar, at_ms):
        found.append(Factor(OFF_PEAK, exact(multipliers.off_peak.multiplier), "off-peak bonus"))
    crowd = multipliers.high_population
    if crowd.enabled and population >= crowd.min_users:
        mult = exact(crowd.multiplier)
        found.append(Factor(POPULATION, mult, "crowd bonus", hidden=crowd.hidden))
    found.extend(
        Factor(f"holiday:{name}", mult, name)
        for name, mult in holidays_now(settings, calendar, at_ms)
    )
    for event, _, ends_at_ms in scheduled_now(settings, calendar, at_ms):
        mult = exact(event.multiplier)
        found.append(Factor(f"scheduled:{event.name}", mult, event.name, ends_at_ms=ends_at_ms))
    if adhoc is not None and adhoc.started_at_ms <= at_ms < adhoc.ends_at_ms:
        source = f"adhoc:{adhoc.name}"
        found.append(Factor(source, adhoc.mult, adhoc.name, ends_at_ms=adhoc.ends_at_ms))
    return PLAIN.also(*found)


def is_off_peak(settings: Settings, calendar: Calendar, at_ms: int) -> bool:
    """Whether an instant lies in the off-peak hours."""
    off_peak = settings.multipliers.off_peak
    return (
        off_peak.enabled
        and calendar.weekday(at_ms) in off_peak.days
        and calendar.in_hours(at_ms, off_peak.hours)
    )


def holidays_now(
    settings: Settings, calendar: Calendar, at_ms: int
) -> tuple[tuple[str, Fraction], ...]:
    """Names and factors of the holidays of a day."""
    holidays = settings.multipliers.holidays
    if not holidays.enabled:
        return ()
    today = calendar.day(at_ms)[5:]
    return tuple(
        (each.name, exact(each.multiplier)) for each in holidays.dates if each.date == today
    )


def scheduled_now(settings: Settings, calendar: Calendar, at_ms: int) -> tuple[Occurrence, ...]:
    """The scheduled events that run, also those that began before the service did."""
    running: list[Occurrence] = []
    for event in settings.multipliers.scheduled_events:
        fired_at_ms = calendar.last_fire(event.cron, at_ms)
        if fired_at_ms is None:
            continue
        ends_at_ms = fired_at_ms + round(exact(event.duration_hours) * 3_600_000)
        if at_ms < ends_at_ms:
            running.append(Occurrence(event, fired_at_ms, ends_at_ms))
    return tuple(running)


def coming(
    settings: Settings,
    calendar: Calendar,
    now_ms: int,
    days: int,
    most: int,
    *,
    surprises: bool = False,
) -> tuple[Coming, ...]:
    """What is announced and begins within so many days, the next first.

    Of what recurs the next time is told. What begins unannounced is meant as a surprise: it is
    told with ``surprises`` only.
    """
    multipliers, until_ms = settings.multipliers, now_ms + days * _DAY_MS
    found = []
    for event in multipliers.scheduled_events:
        calendar.last_fire(event.cron, now_ms)  # remembers the next one as well
        starts_ms = calendar.next_fire(event.cron, now_ms) if event.announce or surprises else None
        if starts_ms is not None and starts_ms <= until_ms:
            ends_ms = starts_ms + round(exact(event.duration_hours) * 3_600_000)
            found.append(Coming(event.name, exact(event.multiplier), starts_ms, ends_ms))
    holidays = multipliers.holidays
    if holidays.enabled and (holidays.announce or surprises):
        by_date: dict[str, list[Holiday]] = {}
        for each in holidays.dates:
            by_date.setdefault(each.date, []).append(each)
        day = calendar.day(now_ms)
        for _ in range(days):
            day = day_after(day)
            for each in by_date.get(day[5:], ()):
                starts_ms = calendar.day_start_ms(day)
                ends_ms = calendar.day_start_ms(day_after(day))
                found.append(Coming(each.name, exact(each.multiplier), starts_ms, ends_ms))
    return tuple(sorted(found, key=lambda each: (each.starts_at_ms, each.name))[:most])


def metadata(base: float, combined: Combined, **parts: float) -> str | None:
    """The JSON of `storage.md` 2.1 for a multiplied credit; None where all of it is base.

    A factor that undoes another one is still told, and that it was hidden. ``parts`` are what
    else the amount was made of; those of 0 are left out.
    """
    told = {key: value for key, value in parts.items() if value}
    if not (combined.factors or told):
        return None
    sources = [
        {"source": each.source, "mult": float(each.mult)}
        | ({"hidden": True} if each.hidden else {})
        for each in combined.factors
    ]
    found = {"base": base, "multiplier": float(combined.product), "sources": sources}
    return json.dumps(found | told)


@lru_cache(maxsize=4096)
def with_carry(text: str | None, base: float, before: float, after: float) -> str | None:
    """The metadata of a credit with the parts of a coin that were held before and after it.

    Where they are the same the credit is what it says, and nothing is added. ``base`` stands
    where nothing multiplied.
    """
    if abs(after - before) <= _ROUNDING:
        return text
    told = json.loads(text) if text else {"base": base, "multiplier": 1.0, "sources": []}
    return json.dumps(told | {"carried_in": round(before, 9), "carried": round(after, 9)})


def _product(factors: tuple[Factor, ...]) -> Fraction:
    return reduce(mul, (factor.mult for factor in factors), Fraction(1))
