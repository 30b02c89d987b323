"""What the published 0.13.0 has written under load, imported: everything is what it was.

Only where it can be installed from PyPI; it stays in the system's folder for temporary files.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.integration.migration.asked import CHANNEL, PEOPLE
from tests.integration.migration.published import published
from tests.unit.migration.old import config_at, run_import

from kryten_economy.ledger.invariants import verify

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

Ask = Callable[[str], list[tuple[Any, ...]]]

_SUMS = "balance, lifetime_earned, lifetime_spent, lifetime_gambled_in, lifetime_gambled_out"
_DAY = (
    "minutes_present, minutes_active, messages_sent, long_messages, gifs_posted,"
    " unique_emotes_used, kudos_given, kudos_received, laughs_received, bot_interactions,"
    " z_earned, z_spent, z_gambled_in, z_gambled_out, first_message_claimed, free_spin_used,"
    " queues_used"
)
_HANDS = "games_played, wins, losses, blackjacks, total_wagered, total_won"
_WALLET = "FROM account AS a WHERE a.kind = 'wallet'"
_OF = "JOIN account AS a ON a.id = x.account_id"
_GAMES = ("spin", "flip", "challenge", "heist", "race", "trivia", "blackjack")


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ask, Ask]:
    """Questions to the old database and to the new books."""
    home = tmp_path_factory.mktemp("published")
    database = published(tmp_path_factory).database
    config = config_at(home, channels=[{"domain": "bench.test", "channel": CHANNEL}])
    assert run_import(config, database, "--yes") == 0
    assert verify(home / "books.db").ok
    return _asking(database), _asking(home / "books.db")


def _asking(path: Path) -> Ask:
    def ask(statement: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(path)
        try:
            return connection.execute(statement).fetchall()
        finally:
            connection.close()

    return ask


def test_something_has_happened(moved: tuple[Ask, Ask]) -> None:
    """The evening was one: everybody has played, talked, been paid and paid."""
    old, _ = moved
    types = {row[0] for row in old("SELECT DISTINCT type FROM transactions")}
    assert {"earn", "gamble_win", "tip_send", "spend", "bounty_create", "admin_adjust"} <= types
    assert old("SELECT count(*) FROM gambling_stats") == [(len(PEOPLE),)]
    assert old("SELECT count(*) FROM transactions WHERE trigger_id = 'presence.base'")[0][0]


def test_balances_and_lifetimes(moved: tuple[Ask, Ask]) -> None:
    """Of everybody; two of them had two accounts."""
    old, new = moved
    sums = ", ".join(f"sum({each.strip()})" for each in _SUMS.split(","))
    before = old(f"SELECT lower(username), {sums} FROM accounts GROUP BY 1 ORDER BY 1")
    ours = ", ".join(f"a.{each.strip()}_z" for each in _SUMS.split(","))
    assert new(f"SELECT a.name, {ours} {_WALLET} ORDER BY 1") == before
    assert len(before) == old("SELECT count(*) FROM accounts")[0][0] - 2


def test_ranks_levels_and_flags(moved: tuple[Ask, Ask]) -> None:
    """Who they were."""
    old, new = moved
    before = old(
        "SELECT lower(username), max(cytube_level), max(quiet_mode), max(welcome_wallet_claimed)"
        " FROM accounts GROUP BY 1 ORDER BY 1"
    )
    assert before == new(
        f"SELECT a.name, a.cytube_level, a.quiet, a.welcome_wallet_claimed {_WALLET} ORDER BY 1"
    )
    assert (
        new("SELECT name FROM banned_users")
        == old("SELECT lower(username) FROM banned_users")
        == [("hugo",)]
    )


def test_the_ledger(moved: tuple[Ask, Ask]) -> None:
    """Each old row is there, in its order, and what did not add up is one row more."""
    old, new = moved
    columns = "lower(username), amount, type, trigger_id"
    before = old(f"SELECT {columns} FROM transactions ORDER BY id")
    after = new(
        f"SELECT {columns} FROM transactions WHERE trigger_id <> 'migration.opening' ORDER BY id"
    )
    assert after == before
    booked = new(
        "SELECT lower(username), sum(amount) FROM transactions"
        " WHERE trigger_id = 'migration.opening' GROUP BY 1 ORDER BY 1"
    )
    missing = old(
        "SELECT name, sum(b) - coalesce((SELECT sum(amount) FROM transactions AS t"
        " WHERE lower(t.username) = name), 0) AS due"
        " FROM (SELECT lower(username) AS name, balance AS b FROM accounts)"
        " GROUP BY name HAVING due <> 0 ORDER BY name"
    )
    assert booked == missing
    assert len(booked) >= len(PEOPLE) - 1


def test_days(moved: tuple[Ask, Ask]) -> None:
    """Every counter of every day; who only was asked about had rows of their own there."""
    old, new = moved
    sums = ", ".join(f"sum({each.strip()})" for each in _DAY.split(","))
    before = old(
        f"SELECT lower(username), date, {sums} FROM daily_activity"
        " WHERE username IN (SELECT username FROM accounts) GROUP BY 1, 2 ORDER BY 1, 2"
    )
    after = new(f"SELECT a.name, day, {_DAY} FROM daily_activity AS x {_OF} ORDER BY 1, 2")
    assert after == before


def test_streaks(moved: tuple[Ask, Ask]) -> None:
    """Days in a row, and the state of the week."""
    old, new = moved
    columns = (
        "current_daily_streak, longest_daily_streak, last_streak_date, weekend_seen_this_week,"
        " weekday_seen_this_week, bridge_claimed_this_week, week_number"
    )
    before = old(f"SELECT lower(username), {columns} FROM streaks ORDER BY 1")
    assert new(f"SELECT a.name, {columns} FROM streaks AS x {_OF} ORDER BY 1") == before
    assert before


def test_statistics_of_games(moved: tuple[Ask, Ask]) -> None:
    """Rounds of each game; of all games the biggest win, the biggest loss and the sum."""
    old, new = moved
    rounds = ", ".join(f"sum(CASE game WHEN '{game}' THEN rounds ELSE 0 END)" for game in _GAMES)
    after = new(
        f"SELECT a.name, {rounds}, max(x.biggest_win_z), max(x.biggest_loss_z),"
        f" sum(x.paid_z - x.staked_z) FROM game_stats AS x {_OF} GROUP BY 1 ORDER BY 1"
    )
    totals = ", ".join(f"total_{game}s" for game in _GAMES)
    assert after == old(
        f"SELECT lower(username), {totals}, biggest_win, biggest_loss, net_gambling"
        " FROM gambling_stats ORDER BY 1"
    )
    assert new(
        f"SELECT a.name, rounds, won, lost, naturals, staked_z, paid_z"
        f" FROM game_stats AS x {_OF} WHERE game = 'blackjack' ORDER BY 1"
    ) == old(f"SELECT lower(username), {_HANDS} FROM blackjack_stats ORDER BY 1")


def test_items_tips_and_requests(moved: tuple[Ask, Ask]) -> None:
    """What they own, whom they have tipped, what other services have charged."""
    old, new = moved
    items = new(f"SELECT a.name, type, value FROM vanity_item AS x {_OF} ORDER BY 1, 2")
    assert items == old("SELECT lower(username), item_type, value FROM vanity_items ORDER BY 1, 2")
    assert items
    tipped = new(f"SELECT a.name, a.tip_recipients {_WALLET} AND a.tip_recipients ORDER BY 1")
    assert tipped == old(
        "SELECT lower(sender), count(DISTINCT lower(receiver)) FROM tip_history"
        " GROUP BY 1 ORDER BY 1"
    )
    assert new(
        "SELECT request_id, a.name, cost_z, tier, t.amount, refunded_at_ms IS NOT NULL"
        f" FROM queue_spend_requests AS x {_OF} JOIN transactions AS t ON t.id = x.transaction_id"
        " ORDER BY 1"
    ) == old(
        "SELECT request_id, lower(username), cost_z, tier, -cost_z, refunded"
        " FROM queue_spend_requests ORDER BY 1"
    )


def test_what_was_open(moved: tuple[Ask, Ask]) -> None:
    """The bounty, the request for a GIF and the challenge wait on, with their money."""
    old, new = moved
    for ours, theirs in (
        (
            (
                f"SELECT x.id, a.name, description, amount_z FROM bounty AS x {_OF}"
                " JOIN hold AS h ON h.id = x.hold_id"
            ),
            "SELECT id, lower(creator), description, amount FROM bounties WHERE status = 'open'",
        ),
        (
            (
                f"SELECT x.id, a.name, x.type, amount_z FROM approval AS x {_OF}"
                " JOIN hold AS h ON h.id = x.hold_id"
            ),
            (
                "SELECT id, lower(username), type, cost FROM pending_approvals"
                " WHERE status = 'pending'"
            ),
        ),
        (
            f"SELECT x.round_id, a.name, stake_z FROM game_stake AS x {_OF}",
            "SELECT id, lower(challenger), wager FROM pending_challenges WHERE status = 'pending'",
        ),
    ):
        assert new(ours) == old(theirs)
        assert len(old(theirs)) == 1


def test_counters_analytics_and_limits(moved: tuple[Ask, Ask]) -> None:
    """Lifetime counters, what triggers have paid, and how often who has played today."""
    old, new = moved
    counters = "SELECT key, value FROM service_metrics ORDER BY key"
    assert new(counters) == old(counters)
    paid = "trigger_id, hit_count, total_z_awarded FROM trigger_analytics ORDER BY 1, 2"
    assert new(f"SELECT day, {paid}") == old(f"SELECT date, {paid}")
    played = old(
        "SELECT lower(username), replace(replace(trigger_id, 'gambling.', ''), '.daily', ''),"
        " count FROM trigger_cooldowns WHERE trigger_id LIKE 'gambling.%.daily' ORDER BY 1, 2"
    )
    assert played == new(
        f"SELECT a.name, game, rounds FROM game_day AS x {_OF} WHERE game <> '*' ORDER BY 1, 2"
    )
    assert played
