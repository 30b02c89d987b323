"""The figures of a channel, each defined once for all who show them (`progression.md` 7).

Private messages, requests, snapshots, digests and metrics read them from here, all of one moment.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from kryten_economy.features.approvals import Approval, pending_approvals
from kryten_economy.features.bans import BanState
from kryten_economy.features.games.returns import (
    GameReturn,
    House,
    Played,
    all_games,
    games_of,
    house_of,
    returns,
)
from kryten_economy.features.reports.queries import Reports
from kryten_economy.features.reports.rows import AwardRow, DayTotals, Float, Participation
from kryten_economy.features.reports.rules import days_back
from kryten_economy.features.reports.snapshots import Snapshot, last_snapshot
from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.users import UserKey

__all__ = (
    "TIP_DAYS",
    "Figures",
    "Games",
    "TippedWith",
    "UserFigures",
    "figures_of",
    "gamble_net_z",
    "of_one_moment",
    "tips_since",
    "user_figures",
    "with_games",
)

TIP_DAYS = 7
_DAY_MS = 86_400_000


@contextmanager
def of_one_moment(reader: Reader) -> Iterator[None]:
    """What is read inside stands as it was at one commit."""
    reader.sql.run("BEGIN")
    try:
        yield
    finally:
        reader.sql.run("COMMIT")


def gamble_net_z(totals: DayTotals) -> int:
    """What games have paid beyond what was staked in them."""
    return totals.gambled_out_z - totals.gambled_in_z


class Figures(NamedTuple):
    """A channel on ``day``; ``week`` are the seven days up to and with it. Amounts in Z."""

    day: str
    circulation: Float
    median_balance_z: int
    participation: Participation
    today: DayTotals
    week: DayTotals
    snapshot: Snapshot | None

    @property
    def net_flow_z(self) -> int:
        """What the day has added to the coins of all, by the definition of the page."""
        return self.today.earned_z - self.today.spent_z + gamble_net_z(self.today)

    @property
    def change_z(self) -> int | None:
        """How the circulation has changed since the latest snapshot; None without one."""
        if self.snapshot is None:
            return None
        return self.circulation.float_z - self.snapshot.total_z_circulation

    def as_snapshot(self, at_ms: int, inflation: float) -> Snapshot:
        """The figures as they are kept."""
        return Snapshot(
            taken_at_ms=at_ms,
            total_accounts=self.circulation.accounts,
            total_z_circulation=self.circulation.float_z,
            active_economy_users_today=self.today.active,
            z_earned_today=self.today.earned_z,
            z_spent_today=self.today.spent_z,
            z_gambled_net_today=gamble_net_z(self.today),
            median_balance=self.median_balance_z,
            participation_rate=self.participation.rate,
            inflation_multiplier=inflation,
        )


def figures_of(reports: Reports, channel: str, day: str) -> Figures:
    """Everything operators ask of a channel."""
    with of_one_moment(reports):
        return _figures(reports, channel, day)


def _figures(reports: Reports, channel: str, day: str) -> Figures:
    return Figures(
        day=day,
        circulation=reports.float_of(channel),
        median_balance_z=reports.median_balance(channel),
        participation=reports.participation(channel, day),
        today=reports.daily_totals(channel, day),
        week=reports.daily_totals(channel, days_back(day, 6), day),
        snapshot=last_snapshot(reports, channel),
    )


class Games(NamedTuple):
    """The games of a channel, ever: all of them, each, and what each was expected to pay."""

    house: House
    played: list[Played]
    returns: list[GameReturn]


def with_games(reports: Reports, channel: str, day: str) -> tuple[Figures, Games]:
    """The same, and the games of the same moment."""
    with of_one_moment(reports):
        games = Games(
            house_of(reports, channel), all_games(reports, channel), returns(reports, channel)
        )
        return _figures(reports, channel, day), games


# One user


class TippedWith(NamedTuple):
    """What went to or came from one other user."""

    name: str
    sent: bool
    tips: int
    amount_z: int


class UserFigures(NamedTuple):
    """What operators are told of a user; ``wallet`` is None for a name without an account."""

    wallet: Wallet | None
    ban: BanState | None
    awards: tuple[AwardRow, ...]
    games: int
    waiting: tuple[Approval, ...]
    tips: tuple[TippedWith, ...]

    @property
    def gambled_net_z(self) -> int:
        """What games have brought them."""
        wallet = self.wallet
        if wallet is None:
            return 0
        return wallet.lifetime_gambled_out_z - wallet.lifetime_gambled_in_z


def user_figures(reports: Reports, user: UserKey, day: str, now_ms: int) -> UserFigures:
    """Everything about one user; asking creates no account."""
    with of_one_moment(reports):
        waiting = pending_approvals(reports, user.channel, limit=10_000)
        return UserFigures(
            wallet=reports.wallet(user, day),
            ban=reports.ban_of(user),
            awards=reports.awards(user),
            games=sum(each.rounds for each in games_of(reports, user).values()),
            waiting=tuple(each for each in waiting if each.user == user),
            tips=tips_since(reports, user, now_ms - TIP_DAYS * _DAY_MS),
        )


_TIPS = """
    WITH RECURSIVE me (id, row) AS (
        SELECT id, last_transfer FROM account
        WHERE kind = 'wallet' AND name = ?2
        AND channel_id = (SELECT id FROM channel WHERE name = ?1)
    ), chain (id) AS (
        SELECT row FROM me
        UNION ALL
        SELECT CASE t.debit_account WHEN me.id THEN t.debit_previous ELSE t.credit_previous END
        FROM chain AS c JOIN transfer AS t ON t.id = c.id CROSS JOIN me
        WHERE t.created_at_ms >= ?3
    )
    SELECT o.display_name, t.debit_account = me.id AS sent, count(*), sum(t.amount_z) AS total
    FROM chain AS c JOIN transfer AS t ON t.id = c.id CROSS JOIN me
    JOIN account AS o ON o.id = t.debit_account + t.credit_account - me.id
    WHERE t.created_at_ms >= ?3 AND t.debit_type = 'tip_send'
    GROUP BY o.id, sent ORDER BY total DESC, o.name
"""


def tips_since(reader: Reader, user: UserKey, from_ms: int) -> tuple[TippedWith, ...]:
    """With whom a user has exchanged tips since an instant, the largest amounts first.

    Money that only ever flows one way, to or from the same name, is how second accounts show.
    """
    rows = reader.sql.rows(_TIPS, *user, from_ms)
    return tuple(TippedWith(name, bool(sent), tips, z) for name, sent, tips, z in rows)
