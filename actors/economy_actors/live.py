"""The settings in force. A reload swaps one immutable object; readers see all of it or none."""

from pathlib import Path

from kryten_economy.calendar import Calendar
from kryten_economy.config import Settings
from kryten_economy.rules.ranks import Ladder

__all__ = ("LiveSettings",)


class LiveSettings:
    """Read ``settings`` and what is made of them at each use; never keep them over an await."""

    __slots__ = ("_ignored", "calendar", "ladder", "path", "settings")

    def __init__(self, settings: Settings, path: Path | None = None) -> None:
        self.path = path
        self.swap(settings)

    def swap(self, settings: Settings) -> None:
        """Put new settings in force, in one step."""
        self.settings = settings
        self.calendar = Calendar(settings.timezone)
        self.ladder = Ladder(settings.ranks.tiers)
        names = (*settings.ignored_users, settings.bot.username)
        self._ignored = frozenset(name.lower() for name in names)

    def ignores(self, name: str) -> bool:
        """Whether this name (in any casing) is the bot's or an ignored user's."""
        return name.lower() in self._ignored
