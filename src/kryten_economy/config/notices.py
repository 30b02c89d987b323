"""What good settings still make the operator want to know."""

from kryten_economy.config.returns import return_warnings
from kryten_economy.config.settings import Settings

__all__ = ("enabled_multipliers_line", "setting_warnings")


def setting_warnings(settings: Settings) -> list[str]:
    """Settings that load and are still not what anybody wants."""
    warnings = return_warnings(settings)
    if settings.retention.inactivity_nudge.enabled:
        warnings.append(
            "retention.inactivity_nudge is enabled and does nothing: absent users can't"
            " receive a private message"
        )
    return warnings


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
