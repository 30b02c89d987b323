"""Small sections of the core: data file, currency, bot, newcomers, commands, chat lines."""

from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from kryten_economy.config.remedies import DEFAULT
from kryten_economy.config.section import (
    COUNT_MAX,
    Amount,
    Count,
    Label,
    PositiveCount,
    Section,
    refuse,
)
from kryten_economy.config.texts import template

__all__ = ("Admin", "Bot", "Commands", "Currency", "Database", "Messages", "Onboarding")


def _sqlite(backend: str) -> str:
    if backend != "sqlite":
        raise refuse(
            "must be sqlite: this service keeps its books in a file of its own, and starting"
            " it here would open empty books beside the accounts in that database; write sqlite"
            " only if you mean to begin anew (docs/migration.md)"
        )
    return backend


class Database(Section):
    """``database``: the file of the books, and the copies made of it while the service runs.

    ``backup_directory`` empty means ``backups`` beside the file; an interval of 0 means none.
    """

    ignored_keys: ClassVar[frozenset[str]] = frozenset({"postgres"})

    backend: Annotated[str, AfterValidator(_sqlite)] = "sqlite"
    path: Label = "economy.db"
    backup_directory: str = ""
    backup_interval_hours: Count = 24
    backup_keep: PositiveCount = 7


class Currency(Section):
    """``currency``: how a coin is called."""

    name: str = "Z-Coin"
    symbol: str = "Z"
    plural: str = "Z-Coins"


class Bot(Section):
    """``bot``: the account private messages arrive at."""

    username: Label = "ZCoinBot"


class Onboarding(Section):
    """``onboarding``: the welcome wallet and the gates before earning."""

    welcome_wallet: Amount = 100
    welcome_message: Annotated[str, template("amount")] = (
        "Welcome! You've got {amount} {currency}. Stick around and you'll earn more. "
        "Try 'help' to see what you can do."
    )
    welcome_delay_seconds: Count = 90
    min_account_age_minutes: Count = 0
    min_messages_to_earn: Count = 0


class Commands(Section):
    """``commands``: limits of private-message commands."""

    rate_limit_per_minute: PositiveCount = 10
    confirm_timeout_seconds: PositiveCount = 120


class Admin(Section):
    """``admin``: the CyTube rank that admin commands need."""

    owner_level: Annotated[int, Field(ge=0, le=COUNT_MAX), DEFAULT] = 4


class Messages(Section):
    """``messages``: length (UTF-16 units) and pace of what the bot says."""

    max_length: Annotated[int, Field(ge=80, le=1000)] = 240
    burst: Annotated[int, Field(ge=1, le=1000)] = 16
    per_second: Annotated[float, Field(gt=0, le=1000)] = 8.0
