"""All reports over one reading connection.

Reports about standing: leaderboard places, ranks, achievements, time present.
"""

import json
from collections.abc import Collection, Sequence
from typing import Literal

from kryten_economy.features.reports.accounts import AccountReports, bounded
from kryten_economy.features.reports.channels import (
    ChannelReports,
    DailyReports,
    PresenceReports,
)
from kryten_economy.features.reports.rows import AwardRow, Place, RankFacts, RankInput
from kryten_economy.ledger.channels import Reader
from kryten_economy.users import UserKey

__all__ = (
    "Board",
    "ProgressReports",
    "Reports",
)

Board = Literal["earners", "rich", "lifetime"]


_CHANNEL = "(SELECT id FROM channel WHERE name = ?1)"


_TAKES_PART = """
    AND NOT EXISTS (
        SELECT 1 FROM banned_users AS b WHERE b.channel_id = a.channel_id AND b.name = a.name
    )
    AND a.name NOT IN (SELECT value FROM json_each(?2))
"""


_WALLETS = f"""
    FROM account AS a WHERE a.kind = 'wallet' AND a.channel_id = {_CHANNEL} {_TAKES_PART}
"""


_EARNED = f"""
    FROM daily_activity AS d JOIN account AS a ON a.id = d.account_id
    WHERE d.channel_id = {_CHANNEL} AND d.day = ?4 {_TAKES_PART}
"""


_BOARDS: dict[Board, tuple[str, str]] = {
    "earners": ("d.z_earned", _EARNED),
    "rich": ("a.balance_z", _WALLETS),
    "lifetime": ("a.lifetime_earned_z", _WALLETS),
}


_STANDINGS = f"""
    SELECT a.rank_name, a.lifetime_earned_z, count(*), a.rank_held_from_z {_WALLETS}
    GROUP BY a.rank_name, a.lifetime_earned_z, a.rank_held_from_z LIMIT ?3
"""


_AWARDS = f"""
    SELECT w.achievement_id, w.awarded_at_ms
    FROM achievement AS w JOIN account AS a ON a.id = w.account_id
    WHERE a.kind = 'wallet' AND a.channel_id = {_CHANNEL} AND a.name = ?2
    ORDER BY w.awarded_at_ms, w.achievement_id
"""  # noqa: S608 - put together from constants


_RANKS = f"""
    SELECT a.name, a.rank_name, a.lifetime_earned_z, a.rank_held_from_z
    FROM json_each(?2) AS j CROSS JOIN account AS a
    ON a.kind = 'wallet' AND a.channel_id = {_CHANNEL} AND a.name = j.value
"""  # noqa: S608 - put together from constants


class ProgressReports(Reader):
    """Questions about who stands where."""

    def place(self, board: Board, user: UserKey, day: str, ignored: Sequence[str] = ()) -> Place:
        """A user's value on a leaderboard and their place; equal values share a place.

        The place is None for whoever is left out (banned, ``ignored``), and for a value of 0
        but of lifetime earnings. Who wants to be on no board takes no place from others, and
        still has one to see.
        """
        value, source = _BOARDS[board]
        left_out = json.dumps(ignored)
        own = self.sql.row(
            f"SELECT {value}, a.unlisted {source} AND a.name = ?3 AND ?4 IS NOT NULL",
            user.channel,
            left_out,
            user.name,
            day,
        )
        if own is None or not (own[0] or board == "lifetime"):
            return Place(0, None)
        (before,) = self.sql.only(
            f"SELECT count(*) {source} AND {value} > ?3 AND ?4 IS NOT NULL AND a.unlisted = 0",
            user.channel,
            left_out,
            own[0],
            day,
        )
        return Place(own[0], before + 1, listed=not own[1])

    def standings(self, channel: str, ignored: Sequence[str] = ()) -> tuple[RankInput, ...]:
        """What the distribution of ranks among those who take part is worked out from."""
        rows = self.sql.rows(_STANDINGS, channel, json.dumps(ignored), bounded(2**31))
        return tuple(map(RankInput._make, rows))

    def awards(self, user: UserKey) -> tuple[AwardRow, ...]:
        """The achievements a user has won, the oldest first."""
        return tuple(map(AwardRow._make, self.sql.rows(_AWARDS, *user)))

    def rank_facts(self, channel: str, names: Collection[str]) -> tuple[RankFacts, ...]:
        """What the ranks of those are worked out from who have an account."""
        rows = self.sql.rows(_RANKS, channel, json.dumps(sorted(names)))
        return tuple(map(RankFacts._make, rows))


class Reports(AccountReports, ChannelReports, PresenceReports, DailyReports, ProgressReports):
    """Synchronous and read-only; use it in the thread of its connection only."""
