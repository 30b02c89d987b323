"""The section of the toy trigger, where a real one has its class and its line in a group."""

from kryten_economy.config import Settings
from kryten_economy.config.triggers import ChatTriggers, TriggerSection

__all__ = ("Shout", "ToySettings")


class Shout(TriggerSection):
    """``chat_triggers.shout``."""

    reward: int = 4
    max_per_day: int = 2


class ToyChatTriggers(ChatTriggers):
    """The group with one more section."""

    shout: Shout = Shout()


class ToySettings(Settings):
    """The settings with that group."""

    chat_triggers: ToyChatTriggers = ToyChatTriggers()
