"""The rows that reports answer with. Amounts are in Z, times UTC epoch milliseconds."""

from typing import NamedTuple

from kryten_economy.features.history.rules import Movement
from kryten_economy.users import UserKey

__all__ = (
    "AccountRow",
    "AuditRow",
    "AwardRow",
    "ChannelGauges",
    "ChannelRow",
    "DayTotals",
    "EarnerRow",
    "Float",
    "HoldRow",
    "Participation",
    "Place",
    "RankFacts",
    "RankInput",
    "TransactionRow",
    "TriggerRow",
)


class TransactionRow(NamedTuple):
    """A signed row of one user; ``created_at`` is ``YYYY-MM-DD HH:MM:SS`` in UTC."""

    id: int
    username: str
    channel: str
    amount_z: int
    type: str
    trigger_id: str
    reason: str
    related_user: str | None
    metadata: str | None
    created_at_ms: int
    created_at: str
    balance_after_z: int

    @property
    def movement(self) -> Movement:
        """The row as far as it explains itself."""
        return Movement(
            self.amount_z,
            self.balance_after_z,
            self.type,
            self.trigger_id,
            self.reason,
            self.related_user,
            self.metadata,
        )


class AccountRow(NamedTuple):
    """A line of a search or a leaderboard."""

    username: str
    balance_z: int
    lifetime_earned_z: int
    rank_name: str
    rank_held_from_z: int | None = None


class Place(NamedTuple):
    """A user's value on a leaderboard; no place where they are not on it.

    ``listed`` is False for who has asked that nobody else is shown their line.
    """

    value: int
    place: int | None
    listed: bool = True


class AwardRow(NamedTuple):
    """An achievement a user has won."""

    achievement_id: str
    awarded_at_ms: int


class EarnerRow(NamedTuple):
    """A line of the day's leaderboard."""

    username: str
    earned_z: int


class Float(NamedTuple):
    """Circulation: wallets and escrow together, and how many accounts there are."""

    float_z: int
    escrow_z: int
    accounts: int


class DayTotals(NamedTuple):
    """Sums over a channel's users and days; ``active`` earned or spent."""

    earned_z: int
    spent_z: int
    gambled_in_z: int
    gambled_out_z: int
    active: int


class Participation(NamedTuple):
    """How many of those present used the economy; the rate is 0 to 100, two decimals."""

    economy_users: int
    present: int
    rate: float


class HoldRow(NamedTuple):
    """An open hold."""

    hold_id: str
    user: UserKey
    amount_z: int
    purpose: str
    type: str
    trigger_id: str
    reason: str
    data: str | None
    day: str
    placed_at_ms: int
    expires_at_ms: int


class TriggerRow(NamedTuple):
    """A trigger over a range of days; ``unique_users`` is distinct over the range."""

    trigger_id: str
    hit_count: int
    unique_users: int
    total_z_awarded: int


class RankFacts(NamedTuple):
    """What one user's rank is worked out from; ``name`` is lower case."""

    name: str
    rank_name: str
    lifetime_earned_z: int
    rank_held_from_z: int | None


class RankInput(NamedTuple):
    """How many accounts have this stored rank and these lifetime earnings."""

    rank_name: str
    lifetime_earned_z: int
    accounts: int
    rank_held_from_z: int | None = None


class ChannelRow(NamedTuple):
    """A channel; ``read_only`` is the reason it takes no money, or None."""

    name: str
    read_only: str | None


class AuditRow(NamedTuple):
    """A line of the audit log."""

    id: int
    at_ms: int
    admin: str
    channel: str
    command: str
    arguments: str
    result: str


class ChannelGauges(NamedTuple):
    """The gauges of `metrics.md` 3 and 4 that the books know."""

    accounts: int
    circulation_z: int
    escrow_z: int
    median_balance_z: int
    participation_rate: float
    earned_today_z: int
    spent_today_z: int
    gambled_in_today_z: int
    gambled_out_today_z: int
    active_today: int
    gambled_in_lifetime_z: int
    gambled_out_lifetime_z: int
