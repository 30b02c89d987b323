"""Every figure of a channel, worked out from single movements by somebody who knows no counter.

What counts toward what is written down here a second time, from the page (`storage.md` 2.1 and
`progression.md` 7). Read are the signed rows of users, the transfers, open holds and single stakes;
no counter, no statistics, no sum that the service keeps.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from kryten_economy.features.reports.queries import Reports

__all__ = ("Row", "Sums", "read")

EARNS = {
    *("earn", "milestone", "streak_bonus", "welcome_wallet", "welcome_back", "rain"),
    *("admin_rain", "interest", "event_bonus", "achievement", "competition", "admin_grant"),
}
SPENDS_TODAY = {"spend", "decay"}
SPENDS_EVER = {"spend", "tip_send", "bounty_create"}
GIVEN_BACK = {"refund", "bounty_expired_refund"}
PAID = {"gamble_win", "gamble_push"}
AGAINST_THE_HOUSE = {"spin", "flip", "blackjack", "heist", "trivia"}
NO_PLAY = "auction"


class Row(NamedTuple):
    """One user's side of a movement."""

    user: str
    amount_z: int
    type: str
    trigger: str
    other: str | None
    at_ms: int

    @property
    def day(self) -> str:
        return day_of(self.at_ms)


class Stake(NamedTuple):
    """What somebody has staked in a round that is over, and what it has brought."""

    user: str
    game: str
    stake_z: int
    payout_z: int
    at_ms: int


def day_of(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).date().isoformat()


_ROWS = "SELECT username, amount, type, trigger_id, related_user, created_at_ms FROM transactions"
_STAKES = """
    SELECT a.display_name, r.game, s.stake_z, s.payout_z, r.settled_at_ms
    FROM game_stake AS s JOIN game_round AS r ON r.id = s.round_id
    JOIN account AS a ON a.id = s.account_id WHERE r.state = 'settled'
"""
_MOVES = """
    SELECT a.kind, a.display_name, t.created_at_ms, t.amount_z FROM transfer AS t
    JOIN account AS a ON a.id = t.credit_account
    UNION ALL
    SELECT a.kind, a.display_name, t.created_at_ms, -t.amount_z FROM transfer AS t
    JOIN account AS a ON a.id = t.debit_account
"""
_HELD = """
    SELECT a.display_name, h.amount_z, h.type FROM hold AS h JOIN account AS a
    ON a.id = h.account_id WHERE h.state = 'open'
"""
_OPENED = "SELECT display_name, first_seen_ms FROM account WHERE kind = 'wallet'"


@dataclass(slots=True)
class Sums:
    """All of a channel up to an instant; `at` is what it was at an earlier one."""

    rows: list[Row]
    stakes: list[Stake]
    moves: list[tuple[str, str, int, int]]
    held: list[tuple[str, int, str]]
    opened: list[tuple[str, int]]

    def at(self, until_ms: int) -> "Sums":
        """Without what came later; open holds are then unknown."""
        return Sums(
            [each for each in self.rows if each.at_ms <= until_ms],
            [each for each in self.stakes if each.at_ms <= until_ms],
            [each for each in self.moves if each[2] <= until_ms],
            [],
            [each for each in self.opened if each[1] <= until_ms],
        )

    # Balances

    @property
    def balances(self) -> dict[str, int]:
        found = {name: 0 for name, _ in self.opened}
        for kind, name, _, delta_z in self.moves:
            if kind == "wallet":
                found[name] += delta_z
        return found

    @property
    def circulation_z(self) -> int:
        return sum(delta_z for kind, *_, delta_z in self.moves if kind in {"wallet", "escrow"})

    @property
    def held_z(self) -> int:
        return sum(amount_z for _, amount_z, _ in self.held)

    @property
    def median_z(self) -> int:
        ordered = sorted(self.balances.values())
        middle = len(ordered) // 2
        if len(ordered) % 2:
            return ordered[middle]
        return (ordered[middle - 1] + ordered[middle]) // 2

    # Sums of days; `of` are the days meant, "" for all

    def _sum(self, days: Iterable[str], user: str, pick: Callable[[Row], int]) -> int:
        wanted = set(days)
        return sum(
            pick(each)
            for each in self.rows
            if (not wanted or each.day in wanted) and (not user or each.user == user)
        )

    def earned_z(self, *days: str, user: str = "") -> int:
        return self._sum(days, user, _earned)

    def earned_ever_z(self, user: str) -> int:
        """Also what games of the house have paid beyond the stake."""
        won = sum(
            max(0, each.payout_z - each.stake_z)
            for each in self.stakes
            if each.game in AGAINST_THE_HOUSE and each.user == user
        )
        return won + self._sum((), user, _earned)

    def spent_z(self, *days: str, user: str = "") -> int:
        return self._sum(days, user, _spent_today)

    def spent_gross_z(self) -> int:
        return sum(-each.amount_z for each in self.rows if each.type in SPENDS_TODAY)

    def spent_ever_z(self, user: str) -> int:
        return self._sum((), user, _spent_ever)

    def staked_z(self, *days: str, user: str = "") -> int:
        """A stake counts when its round is over, and never if that is called off."""
        open_z = sum(
            amount_z
            for name, amount_z, kind in self.held
            if kind == "gamble_stake" and (not user or name == user)
        )
        today = self._today in days or not days
        return self._sum(days, user, _staked) - (open_z if today else 0)

    @property
    def _today(self) -> str:
        return max(each.day for each in self.rows)

    def paid_z(self, *days: str, user: str = "") -> int:
        return self._sum(days, user, _paid)

    def active(self, day: str) -> int:
        return sum(
            self.earned_z(day, user=name) > 0 or self.spent_z(day, user=name) > 0
            for name in self.balances
        )

    def here(self, day: str) -> set[str]:
        """Who was paid for being here."""
        return {each.user for each in self.rows if each.day == day and _is_presence(each)}

    def top(self, days: list[str], pick: Callable[..., int]) -> list[tuple[str, int]]:
        found = [(name, pick(*days, user=name)) for name in self.balances]
        return sorted(
            (each for each in found if each[1] > 0), key=lambda each: (-each[1], each[0].lower())
        )[:5]

    # Triggers, tips, games

    def triggers(self, *days: str) -> dict[str, tuple[int, int, int]]:
        """Rows, users and Z by trigger; folded minutes are one row."""
        users: dict[str, set[str]] = defaultdict(set)
        counts: dict[str, int] = defaultdict(int)
        total: dict[str, int] = defaultdict(int)
        for each in self.rows:
            if each.day in days and _earned(each) > 0:
                users[each.trigger].add(each.user)
                counts[each.trigger] += 1
                total[each.trigger] += each.amount_z
        return {name: (counts[name], len(users[name]), total[name]) for name in total}

    def bought(self, *days: str) -> dict[str, int]:
        """Z of spends by trigger."""
        found: dict[str, int] = defaultdict(int)
        for each in self.rows:
            if each.type == "spend" and each.day in days:
                found[each.trigger] -= each.amount_z
        return dict(found)

    def tips(self, user: str) -> tuple[list[int], list[int]]:
        """Amounts sent and received."""
        own = [each for each in self.rows if each.user == user]
        return (
            [-each.amount_z for each in own if each.type == "tip_send"],
            [each.amount_z for each in own if each.type == "tip_receive"],
        )

    def rounds(self, *days: str, user: str = "") -> int:
        return sum(
            1
            for each in self.stakes
            if (not days or day_of(each.at_ms) in days)
            and (not user or each.user == user)
            and each.game != NO_PLAY
        )

    @property
    def gamblers(self) -> int:
        return len({each.user for each in self.stakes if each.game != NO_PLAY})


def _earned(row: Row) -> int:
    if row.type in EARNS or (row.type == "admin_adjust" and row.amount_z > 0):
        return row.amount_z
    return 0


def _spent_today(row: Row) -> int:
    return -row.amount_z if row.type in SPENDS_TODAY | {"refund"} else 0


def _spent_ever(row: Row) -> int:
    return -row.amount_z if row.type in SPENDS_EVER | GIVEN_BACK else 0


def _staked(row: Row) -> int:
    return -row.amount_z if row.type in {"gamble_stake", "gamble_refund"} else 0


def _paid(row: Row) -> int:
    return row.amount_z if row.type in PAID else 0


def _is_presence(row: Row) -> bool:
    return row.trigger == "presence.base"


def week_before(day: str) -> list[str]:
    """The seven days before a day, the oldest first."""
    end = datetime.fromisoformat(day)
    return [(end - timedelta(days=back)).date().isoformat() for back in range(7, 0, -1)]


def read(reports: Reports) -> Sums:
    """Everything there is, of one moment."""

    def rows(sql: str) -> list[Any]:
        return reports.sql.rows(sql)

    return Sums(
        [Row._make(each) for each in rows(_ROWS)],
        [Stake._make(each) for each in rows(_STAKES)],
        rows(_MOVES),
        rows(_HELD),
        rows(_OPENED),
    )
