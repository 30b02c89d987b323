"""What good settings still make the operator want to know."""

from kryten_economy.config.document import Document
from kryten_economy.config.returns import return_warnings
from kryten_economy.config.settings import Settings

# The rank of who founded a CyTube channel; only the site's own staff stand above it.
_CREATOR = 5

__all__ = ("enabled_multipliers_line", "setting_warnings")


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
    """The line for the log at start that lists the multipliers in force (`spec/config.md` 8)."""
    multipliers = settings.multipliers
    parts: list[str] = []
    if multipliers.off_peak.enabled:
        parts.append(f"off-peak x{multipliers.off_peak.multiplier:g}")
    if multipliers.high_population.enabled:
        high = multipliers.high_population
        parts.append(f"{high.min_users} or more users x{high.multiplier:g}")
    if multipliers.holidays.enabled:
        parts.extend(f"{day.name} x{day.multiplier:g}" for day in multipliers.holidays.dates)
    parts.extend(f"{event.name} x{event.multiplier:g}" for event in multipliers.scheduled_events)
    return f"enabled multipliers: {', '.join(parts) or 'none'}"
