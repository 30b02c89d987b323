"""Settings: models by topic, loading, ``${NAME}`` substitution, warnings and reload reports."""

from kryten_economy.config.loading import Loaded, find_config, load
from kryten_economy.config.notices import enabled_multipliers_line, presence_hour_line
from kryten_economy.config.pace import Pace
from kryten_economy.config.problems import ConfigError, Problem
from kryten_economy.config.reload import Change, ReloadReport, reload_report, with_restart_values
from kryten_economy.config.returns import GameReturn, return_to_player
from kryten_economy.config.settings import Settings

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
