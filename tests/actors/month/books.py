"""What the books hold, read by plain SQL beside the running service, as the oracle tells it."""

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import apsw

__all__ = ("COUNTERS", "Held", "Ledger", "Totals")

_PEOPLE = """
    SELECT a.name, a.balance_z, a.lifetime_earned_z, a.lifetime_messages, a.rank_name,
        coalesce(s.current_daily_streak, 0), coalesce(s.longest_daily_streak, 0),
        s.last_streak_date,
        (SELECT count(*) FROM milestone_claims AS m WHERE m.account_id = a.id),
        (SELECT group_concat(w.achievement_id) FROM achievement AS w WHERE w.account_id = a.id)
    FROM account AS a LEFT JOIN streaks AS s ON s.account_id = a.id WHERE a.kind = 'wallet'
"""
_PAID = """
    SELECT a.name, coalesce(t.credit_trigger, t.debit_trigger),
        sum(CASE a.id WHEN t.credit_account THEN t.amount_z ELSE -t.amount_z END), max(t.id)
    FROM transfer AS t
    JOIN account AS a ON a.kind = 'wallet' AND a.id IN (t.credit_account, t.debit_account)
    WHERE t.id > ? GROUP BY 1, 2
"""
_DAY = """
    SELECT a.name, d.minutes_present, d.minutes_active, d.messages_sent, d.long_messages,
        d.gifs_posted, d.unique_emotes_used, d.kudos_given, d.kudos_received,
        d.laughs_received, d.bot_interactions, d.z_earned, d.z_spent
    FROM daily_activity AS d JOIN account AS a ON a.id = d.account_id WHERE d.day = ?
"""
COUNTERS = (
    "minutes_present",
    "minutes_active",
    "messages_sent",
    "long_messages",
    "gifs_posted",
    "unique_emotes_used",
    "kudos_given",
    "kudos_received",
    "laughs_received",
    "bot_interactions",
    "z_earned",
    "z_spent",
)
_TOTALS = "SELECT kind, sum(balance_z) FROM account GROUP BY kind"


class Held(NamedTuple):
    """What a user has, has reached and has claimed."""

    balance: int
    lifetime: int
    messages: int
    tier: int
    streak: int
    longest: int
    streak_day: str | None
    claims: int
    won: frozenset[str]


class Totals(NamedTuple):
    """All coins there are, by where they are; made and destroyed as positive numbers."""

    wallets: int
    escrow: int
    house: int
    minted: int
    sunk: int


def _held(tiers: list[str], *facts: Any) -> Held:
    balance, lifetime, messages, rank, streak, longest, streak_day, claims, won = facts
    tier = tiers.index(rank or tiers[0])
    achievements = frozenset(won.split(",")) if won else frozenset()
    return Held(
        balance, lifetime, messages, tier, streak, longest, streak_day, claims, achievements
    )


class Ledger:
    """Reads one file; remembers which transfers it has seen."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_up_to = 0

    def people(self, tiers: list[str]) -> dict[str, Held]:
        """Everybody; no stored rank is the lowest one."""
        return {name: _held(tiers, *facts) for name, *facts in self._rows(_PEOPLE)}

    def paid(self) -> Counter[tuple[str, str]]:
        """What each trigger has paid each user since the last time; debits count below 0."""
        rows = self._rows(_PAID, self._read_up_to)
        self._read_up_to = max([self._read_up_to, *(row[3] for row in rows)])
        return Counter({(name, trigger): amount for name, trigger, amount, _ in rows})

    def day(self, day: str) -> dict[str, Counter[str]]:
        """What was counted of a day; what is 0 is left out."""
        return {
            name: +Counter(dict(zip(COUNTERS, values, strict=True)))
            for name, *values in self._rows(_DAY, day)
        }

    def totals(self) -> Totals:
        found = dict(self._rows(_TOTALS))
        assert sum(found.values()) == 0, found
        return Totals(
            found["wallet"], found["escrow"], found["house"], -found["mint"], found["sink"]
        )

    def _rows(self, statement: str, *values: str | int) -> list[tuple[Any, ...]]:
        connection = apsw.Connection(str(self._path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            return connection.execute(statement, values).fetchall()
        finally:
            connection.close()
