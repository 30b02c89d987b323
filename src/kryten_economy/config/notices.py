"""What good settings still make the operator want to know."""

from collections.abc import Iterator

from kryten_economy.config.document import Document
from kryten_economy.config.multipliers import Multipliers
from kryten_economy.config.returns import return_warnings
from kryten_economy.config.settings import Settings

# The rank of who founded a CyTube channel; only the site's own staff stand above it.
_CREATOR = 5

__all__ = ("enabled_multipliers_line", "presence_hour_line", "setting_warnings")


def setting_warnings(settings: Settings, document: Document) -> list[str]:
    """Settings that load and are still not what anybody wants."""
    warnings = return_warnings(settings)
    if settings.retention.inactivity_nudge.enabled:
        place = document.place(("retention", "inactivity_nudge", "enabled"))
        warnings.append(
            f"{place}: the nudge is enabled and does nothing, since absent users can't receive a"
            " private message"
        )
    level = settings.admin.owner_level
    reach = _reach(level)
    if reach is not None:
        place = document.place(("admin", "owner_level"))
        warnings.append(f"{place}: found {level}, {reach}")
    return warnings


def _reach(owner_level: int) -> str | None:
    """Whom an unusual level makes an owner; None if it is a usual one."""
    if owner_level == 0:
        return "everybody may use the admin commands, guests too"
    if owner_level == 1:
        return "every registered user may use the admin commands"
    if owner_level > _CREATOR:
        return "nobody in the channel may use the admin commands, since no rank is so high"
    return None


def enabled_multipliers_line(settings: Settings) -> str:
    """The line for the log at start that lists the multipliers in force."""
    factors = [f"{when} x{factor:g}" for when, factor in _factors(settings.multipliers)]
    return f"enabled multipliers: {', '.join(factors) or 'none'}"


def presence_hour_line(settings: Settings) -> str | None:
    """What an hour of presence pays with each multiplier; None if nothing multiplies.

    Older versions multiplied rain only, so an unchanged file pays more than it did there.
    """
    plain = 60 * settings.presence.base_rate_per_minute
    symbol = settings.currency.symbol
    factors = list(_factors(settings.multipliers))
    if not factors or not plain:
        return None
    paid = ", ".join(f"{plain * factor:g} {symbol} ({when})" for when, factor in factors)
    return (
        f"an hour of presence pays {plain} {symbol} without multipliers, which is what versions"
        f" before 1.0 always paid, since theirs applied to rain only; now {paid}"
    )


def _factors(multipliers: Multipliers) -> Iterator[tuple[str, float]]:
    """Each multiplier in force at some time: when it is, and its factor."""
    if multipliers.off_peak.enabled:
        yield "off-peak", multipliers.off_peak.multiplier
    if multipliers.high_population.enabled:
        high = multipliers.high_population
        yield f"{high.min_users} or more users", high.multiplier
    if multipliers.holidays.enabled:
        yield from ((day.name, day.multiplier) for day in multipliers.holidays.dates)
    yield from ((event.name, event.multiplier) for event in multipliers.scheduled_events)
