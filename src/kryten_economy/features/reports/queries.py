"""All reports over one reading connection."""

from kryten_economy.features.reports.accounts import AccountReports
from kryten_economy.features.reports.channels import (
    ChannelReports,
    DailyReports,
    PresenceReports,
)
from kryten_economy.features.reports.standing import ProgressReports

__all__ = ("Reports",)


class Reports(AccountReports, ChannelReports, PresenceReports, DailyReports, ProgressReports):
    """Synchronous and read-only; use it in the thread of its connection only."""
