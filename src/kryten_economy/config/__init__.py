"""Settings: models by topic, loading, ``${NAME}`` substitution, warnings and reload reports."""

from kryten_economy.config.connection import Pace
from kryten_economy.config.loading import Loaded, find_config, load
from kryten_economy.config.notices import (
    GameReturn,
    enabled_multipliers_line,
    presence_hour_line,
    return_to_player,
)
from kryten_economy.config.problems import ConfigError, Problem
from kryten_economy.config.settings import (
    Change,
    ReloadReport,
    Settings,
    reload_report,
    with_restart_values,
)

__all__ = (
    "Change",
    "ConfigError",
    "GameReturn",
    "Loaded",
    "Pace",
    "Problem",
    "ReloadReport",
    "Settings",
    "enabled_multipliers_line",
    "find_config",
    "load",
    "presence_hour_line",
    "reload_report",
    "return_to_player",
    "with_restart_values",
)
