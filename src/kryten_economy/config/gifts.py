"""What the channel gives or takes by itself: rain, interest or decay, welcome back."""

from typing import Annotated, ClassVar, Literal

from kryten_economy.config.section import (
    OFF,
    Amount,
    PositiveCount,
    Remedy,
    Section,
    Share,
    at_least,
    off_by,
    template,
)

__all__ = (
    "BalanceMaintenance",
    "Decay",
    "InactivityNudge",
    "Interest",
    "Rain",
    "Retention",
    "WelcomeBack",
)


class Rain(Section):
    """``rain``: a random drop for everybody present, on average every so many minutes."""

    if_broken: ClassVar[Remedy | None] = OFF

    enabled: bool = True
    interval_minutes: PositiveCount = 45
    min_amount: Amount = 5
    max_amount: Annotated[Amount, at_least("min_amount")] = 25
    pm_notification: bool = True
    message: Annotated[str, template("amount")] = (
        "☔ Rain drop! You received {amount} {currency} just for being here."
    )


class Interest(Section):
    """``balance_maintenance.interest``."""

    daily_rate: Share = 0.001
    max_daily_interest: Amount = 10
    min_balance_to_earn: Amount = 100


class Decay(Section):
    """``balance_maintenance.decay``; ``enabled`` is read and has no effect."""

    enabled: bool = False
    daily_rate: Share = 0.005
    exempt_below: Amount = 50000
    label: str = "Vault maintenance fee"


class BalanceMaintenance(Section):
    """``balance_maintenance``; ``mode`` is the only switch."""

    if_broken: ClassVar[Remedy | None] = off_by("mode", "none")

    mode: Literal["interest", "decay", "none"] = "interest"
    interest: Interest = Interest()
    decay: Decay = Decay()


class WelcomeBack(Section):
    """``retention.welcome_back``: a bonus after days of absence."""

    if_broken: ClassVar[Remedy | None] = OFF

    enabled: bool = True
    days_absent: PositiveCount = 7
    bonus: Amount = 100
    message: Annotated[str, template("amount")] = (
        "Welcome back! Here's {amount} {currency}. You've been missed. 💚"
    )


class InactivityNudge(Section):
    """``retention.inactivity_nudge``: read for old files; absent users can't receive a message."""

    if_broken: ClassVar[Remedy | None] = OFF

    enabled: bool = False
    days_absent: PositiveCount = 14
    message: Annotated[str, template("balance")] = (
        "We miss you! Your balance of {balance} {currency} is waiting."
    )


class Retention(Section):
    """``retention``."""

    welcome_back: WelcomeBack = WelcomeBack()
    inactivity_nudge: InactivityNudge = InactivityNudge()
