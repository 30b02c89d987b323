"""What an import makes of the rows of an old database (docs/guides/migration.md)."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.migration.old import CHANNEL, Old, config_at, run_import

from kryten_economy.ledger.invariants import verify

Rows = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def old(tmp_path: Path) -> Old:
    return Old(tmp_path / "economy.db")


@pytest.fixture
def imported(tmp_path: Path, old: Old) -> Callable[[], Rows]:
    """Import what ``old`` holds by now; the answer asks the new books, which add up."""

    def go() -> Rows:
        before = old.path.read_bytes()
        assert run_import(config_at(tmp_path), old.path, "--yes") == 0
        assert old.path.read_bytes() == before
        report = verify(tmp_path / "books.db")
        assert report.ok, report

        def rows(statement: str, *values: object) -> list[tuple[Any, ...]]:
            connection = sqlite3.connect(tmp_path / "books.db")
            try:
                return connection.execute(statement, values).fetchall()
            finally:
                connection.close()

        return rows

    return go


_MONEY = """
    SELECT name, balance_z, lifetime_earned_z, lifetime_spent_z, lifetime_gambled_in_z,
        lifetime_gambled_out_z
    FROM account WHERE kind = 'wallet' ORDER BY name
"""
_LEDGER = """
    SELECT username, amount, type, trigger_id, balance_after FROM transactions ORDER BY id
"""


# Accounts


def test_balances_and_lifetimes_are_kept(old: Old, imported: Callable[[], Rows]) -> None:
    """Nobody has more or less, or has earned or spent more or less, than before."""
    old.account("Alice", 120, lifetime_earned=900, lifetime_spent=30)
    old.account("bob", 5, lifetime_gambled_in=70, lifetime_gambled_out=60)
    assert imported()(_MONEY) == [("alice", 120, 900, 30, 0, 0), ("bob", 5, 0, 0, 70, 60)]


def test_what_a_person_was_is_kept(old: Old, imported: Callable[[], Rows]) -> None:
    """Rank, level, quiet mode, the welcome and the times are those of before, in UTC."""
    old.account(
        "Alice",
        cytube_level=2,
        rank_name="Grip",
        quiet_mode=1,
        welcome_wallet_claimed=1,
        first_seen="2026-01-01 00:00:01",
        last_seen="2026-02-01T02:00:00+02:00",
        last_active="2026-02-01 00:00:00",
    )
    rows = imported()(
        "SELECT display_name, rank_name, cytube_level, quiet, welcome_wallet_claimed,"
        " first_seen_ms, last_seen_ms, last_active_ms FROM account WHERE kind = 'wallet'"
    )
    first_ms, last_ms = 1_767_225_601_000, 1_769_904_000_000
    assert rows == [("Alice", "Grip", 2, 1, 1, first_ms, last_ms, last_ms)]


def test_accounts_of_one_person_become_one(
    old: Old, imported: Callable[[], Rows], capsys: pytest.CaptureFixture[str]
) -> None:
    """Names that differ by case only are summed, shown as last seen, and told."""
    old.account("bob", 10, lifetime_earned=100, first_seen="2026-01-02 00:00:00", quiet_mode=1)
    old.account(
        "Bob",
        32,
        lifetime_earned=7,
        last_seen="2026-11-19 00:00:00",
        first_seen="2026-03-01 00:00:00",
    )
    old.account("BOB", 1, channel="LOUNGE")
    rows = imported()(
        "SELECT name, display_name, balance_z, lifetime_earned_z, quiet, first_seen_ms"
        " FROM account WHERE kind = 'wallet'"
    )
    assert rows == [("bob", "Bob", 43, 107, 1, 1_767_225_600_000 + 10 * 3_600_000)]
    assert "Lounge: bob, Bob, BOB" in capsys.readouterr().out


def test_days_and_streaks_of_one_person_become_one(old: Old, imported: Callable[[], Rows]) -> None:
    """Days are summed, flags set where either was; the streak is the one that went on latest."""
    for name, minutes, flag, streak, longest, last in (
        ("bob", 30, 1, 9, 9, "2026-10-01"),
        ("Bob", 12, 0, 3, 4, "2026-11-18"),
    ):
        old.account(name)
        old.add(
            "daily_activity",
            username=name,
            date="2026-11-18",
            minutes_present=minutes,
            messages_sent=minutes * 2,
            first_message_claimed=flag,
        )
        old.add(
            "streaks",
            username=name,
            current_daily_streak=streak,
            longest_daily_streak=longest,
            last_streak_date=last,
            week_number="2026-W47",
        )
    rows = imported()
    assert rows(
        "SELECT day, minutes_present, messages_sent, first_message_claimed FROM daily_activity"
    ) == [("2026-11-18", 42, 84, 1)]
    assert rows(
        "SELECT current_daily_streak, longest_daily_streak, last_streak_date FROM streaks"
    ) == [(3, 9, "2026-11-18")]
    assert rows(
        "SELECT lifetime_messages, lifetime_minutes FROM account WHERE kind = 'wallet'"
    ) == [(84, 42)]


def test_a_balance_below_zero_becomes_zero(
    old: Old, imported: Callable[[], Rows], capsys: pytest.CaptureFixture[str]
) -> None:
    """What should not exist is told, and is nothing."""
    old.account("Alice", -40)
    assert imported()(_MONEY)[0][:2] == ("alice", 0)
    assert "Lounge/Alice: -40" in capsys.readouterr().out


def test_a_rank_without_tier_keeps_its_text(
    old: Old, imported: Callable[[], Rows], capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told, and the service works out what the earnings make of it."""
    old.account("Alice", rank_name="Grandmaster of Old")
    assert imported()("SELECT rank_name FROM account WHERE name = 'alice'") == [
        ("Grandmaster of Old",)
    ]
    assert "'Grandmaster of Old'" in capsys.readouterr().out


def test_bans_of_both_places_count(old: Old, imported: Callable[[], Rows]) -> None:
    """Whoever is banned by the table or by the account is banned, with what is known of it."""
    old.account("Alice", economy_banned=1)
    old.account("Bob", economy_banned=1)
    old.account("Carl")
    old.add("banned_users", username="bob", banned_by="Op", reason="rude")
    old.add("banned_users", username="Nobody", banned_by="Op")
    assert imported()("SELECT name, banned_by, reason FROM banned_users ORDER BY name") == [
        ("alice", "system", ""),
        ("bob", "Op", "rude"),
        ("nobody", "Op", ""),
    ]


# The ledger


def test_the_ledger_comes_over_row_by_row(old: Old, imported: Callable[[], Rows]) -> None:
    """Every row is there with the balance after it, and the history follows it."""
    old.account("Alice", 130)
    old.moves("Alice", 100, 50)
    old.moves("Alice", -20, type_="spend", trigger_id="spend.queue", reason="A film")
    assert imported()(_LEDGER) == [
        ("Alice", 100, "earn", "migration.earn", 100),
        ("Alice", 50, "earn", "migration.earn", 150),
        ("Alice", -20, "spend", "spend.queue", 130),
    ]


def test_missing_stakes_become_one_opening(
    old: Old, imported: Callable[[], Rows], capsys: pytest.CaptureFixture[str]
) -> None:
    """By how much the old ledger overstates is one row of the account, told by name."""
    old.account("Alice", 25)
    old.moves("Alice", 100, type_="gamble_win", trigger_id="gambling.spin")
    rows = imported()
    assert rows(_LEDGER) == [
        ("Alice", 100, "gamble_win", "gambling.spin", 100),
        ("Alice", -75, "migration", "migration.opening", 25),
    ]
    told = capsys.readouterr().out
    assert "Lounge/Alice: balance 25, old ledger 100, booked -75" in told


def test_money_without_a_row_opens_the_ledger(old: Old, imported: Callable[[], Rows]) -> None:
    """What the old ledger never knew of stands at the beginning, so that nothing dips."""
    old.account("Alice", 70)
    old.moves("Alice", -30, type_="spend", trigger_id="spend.queue")
    assert imported()(_LEDGER) == [
        ("Alice", 100, "migration", "migration.opening", 100),
        ("Alice", -30, "spend", "spend.queue", 70),
    ]


def test_a_ledger_that_dips_is_opened_at_both_ends(old: Old, imported: Callable[[], Rows]) -> None:
    """No wallet is ever below zero, and what is booked in all is the difference."""
    old.account("Alice", 10)
    old.moves("Alice", 20)
    old.moves("Alice", -70, type_="spend")
    old.moves("Alice", 120)
    rows = imported()(_LEDGER)
    assert min(balance for *_, balance in rows) == 0
    booked = [amount for _, amount, _, trigger, _ in rows if trigger == "migration.opening"]
    assert booked == [50, -110]
    assert rows[-1][-1] == 10


def test_wagers_are_stakes(old: Old, imported: Callable[[], Rows]) -> None:
    """Rows of 0.16.1's own types are stakes of their game."""
    old.account("Alice", 40)
    old.moves("Alice", 100)
    old.moves("Alice", -10, type_="wager_spin")
    old.moves("Alice", -20, type_="wager_blackjack_double")
    old.moves("Alice", -30, type_="wager", trigger_id="gambling.flip")
    assert [row[1:4] for row in imported()(_LEDGER)[1:]] == [
        (-10, "gamble_stake", "gambling.spin"),
        (-20, "gamble_stake", "gambling.blackjack"),
        (-30, "gamble_stake", "gambling.flip"),
    ]


def test_a_tip_moves_money_between_two(old: Old, imported: Callable[[], Rows]) -> None:
    """Both rows come over, with who the other one was; the channel has no more than before."""
    old.account("Alice", 60)
    old.account("Bob", 40)
    old.moves("Alice", 100)
    old.moves("Alice", -40, type_="tip_send", trigger_id="spend.tip", related_user="Bob")
    old.moves("Bob", 40, type_="tip_receive", trigger_id="earn.tip", related_user="Alice")
    old.add("tip_history", sender="alice", receiver="Bob", amount=40)
    rows = imported()
    assert rows("SELECT username, amount, related_user FROM transactions ORDER BY id")[1:] == [
        ("Alice", -40, "Bob"),
        ("Bob", 40, "Alice"),
    ]
    assert rows("SELECT balance_z FROM account WHERE kind = 'sink'") == [(0,)]


def test_unknown_types_stay_as_migration(
    old: Old, imported: Callable[[], Rows], capsys: pytest.CaptureFixture[str]
) -> None:
    """A type nobody knows, or of the wrong sign, moves the same money and is told."""
    old.account("Alice", 8)
    old.moves("Alice", 10, type_="lottery", trigger_id="lottery.1")
    old.moves("Alice", -2, type_="earn")
    assert [row[1:4] for row in imported()(_LEDGER)] == [
        (10, "migration", "lottery.1"),
        (-2, "migration", "migration.earn"),
    ]
    told = capsys.readouterr().out
    assert "type lottery of +" in told
    assert "type earn of -" in told


def test_rows_of_nothing_and_of_nobody_are_counted(
    old: Old, imported: Callable[[], Rows], capsys: pytest.CaptureFixture[str]
) -> None:
    """What moves nothing, and what the old pruner left behind, is left out and told."""
    old.account("Alice", 5)
    old.moves("Alice", 0, 5)
    old.moves("Ghost", 50, 60)
    old.add("achievements", username="Ghost", achievement_id="x")
    assert len(imported()(_LEDGER)) == 1
    told = capsys.readouterr().out
    assert "transactions of nothing, left out: 1" in told
    assert "rows of transactions whose account is gone: 2" in told
    assert "rows of achievements whose account is gone: 1" in told


def test_words_that_are_no_json_are_kept(old: Old, imported: Callable[[], Rows]) -> None:
    """Metadata stays what it was, or becomes a note."""
    old.account("Alice", 2)
    old.moves("Alice", 1, metadata='{"multiplier": 2}')
    old.moves("Alice", 1, metadata="by hand")
    rows = imported()("SELECT metadata FROM transactions ORDER BY id")
    assert [json.loads(text) for (text,) in rows] == [{"multiplier": 2}, {"note": "by hand"}]


# What was bought


def test_the_newest_item_is_owned(old: Old, imported: Callable[[], Rows]) -> None:
    """Of rows that differ by case the newest counts, of equally old ones the last (P-USR-2)."""
    old.account("Alice")
    for name, type_, value, at in (
        ("alice", "chat_color", "#111111", "2026-01-01 00:00:00"),
        ("Alice", "chat_color", "#222222", "2026-02-01 00:00:00"),
        ("alice", "custom_title", "first", "2026-01-01 00:00:00"),
        ("ALICE", "custom_title", "second", "2026-01-01 00:00:00"),
    ):
        old.add("vanity_items", username=name, item_type=type_, value=value, purchased_at=at)
    assert imported()("SELECT type, value FROM vanity_item ORDER BY type") == [
        ("chat_color", "#222222"),
        ("custom_title", "second"),
    ]


def test_columns_of_the_account_stand_in_for_rows(old: Old, imported: Callable[[], Rows]) -> None:
    """Where no row says anything the account does; a GIF only if it was approved, and what was
    given up stays given up."""
    old.account(
        "Alice",
        chat_color="#333333",
        custom_greeting="Hi",
        custom_title="Dr",
        channel_gif_url="https://x/a.gif",
        personal_currency_name="Peanuts",
    )
    old.account("Bob", channel_gif_url="https://x/b.gif", channel_gif_approved=1)
    old.add("vanity_items", username="alice", item_type="chat_color", value="#444444")
    old.add("vanity_items", username="alice", item_type="custom_title", value="Dr", active=0)
    rows = imported()(
        "SELECT a.name, v.type, v.value FROM vanity_item AS v JOIN account AS a"
        " ON a.id = v.account_id ORDER BY a.name, v.type"
    )
    assert rows == [
        ("alice", "chat_color", "#444444"),
        ("alice", "custom_greeting", "Hi"),
        ("alice", "personal_currency_name", "Peanuts"),
        ("bob", "channel_gif", "https://x/b.gif"),
    ]


def test_charges_of_other_services_can_be_given_back(
    old: Old, imported: Callable[[], Rows]
) -> None:
    """A request keeps its id, its row, its day and whether it was refunded."""
    old.account("Alice", 0)
    old.moves("Alice", 300)
    old.moves("Alice", -100, type_="spend", trigger_id="spend.queue.r1", id=77)
    old.moves("Alice", -200, type_="spend", trigger_id="spend.queue.r2", id=78)
    old.add(
        "queue_spend_requests",
        request_id="r1",
        username="alice",
        cost_z=100,
        tier="Movie",
    )
    old.add(
        "queue_spend_requests",
        request_id="r2",
        username="alice",
        cost_z=200,
        tier="Movie",
        transaction_id=78,
        refunded=1,
        refunded_at="2026-11-19T10:00:00+00:00",
    )
    rows = imported()
    assert rows(
        "SELECT r.request_id, r.cost_z, r.spend_date, r.refunded_at_ms IS NOT NULL, t.amount"
        " FROM queue_spend_requests AS r JOIN transactions AS t ON t.id = r.transaction_id"
        " ORDER BY 1"
    ) == [("r1", 100, "2026-11-19", 0, -100), ("r2", 200, "2026-11-19", 1, -200)]
    assert rows("SELECT name FROM cooldown") == [("queue",)]


# What was done


def test_milestones_windows_and_daily_rounds(old: Old, imported: Callable[[], Rows]) -> None:
    """Hours become claims with what they paid, cooldowns windows, rounds of a day its count."""
    old.account("Alice", 15)
    old.moves(
        "Alice", 15, type_="milestone", trigger_id="dwell.3h", created_at="2026-11-18 04:00:00"
    )
    old.add("hourly_milestones", username="alice", date="2026-11-18", hours_1=1, hours_3=1)
    old.add(
        "daily_activity",
        username="alice",
        date="2026-11-18",
        z_gambled_in=90,
        z_gambled_out=20,
    )
    at = "2026-11-18T05:00:00+00:00"
    for key, count in (
        ("chat.long_message", 4),
        ("social.mentioned_by_other.bob.alice", 2),
        ("gambling.spin.daily", 3),
        ("gambling.flip.daily", 5),
    ):
        old.add("trigger_cooldowns", username="alice", trigger_id=key, count=count, window_start=at)
    rows = imported()
    assert rows("SELECT day, hours, reward_z FROM milestone_claims ORDER BY hours") == [
        ("2026-11-18", 1, 0),
        ("2026-11-18", 3, 15),
    ]
    ends_ms = 1_794_981_600_000
    assert rows("SELECT trigger_key, count, ends_at_ms FROM trigger_windows ORDER BY 1") == [
        ("chat.long_message", 4, ends_ms),
        ("social.mentioned_by_other:bob", 2, ends_ms),
    ]
    assert rows("SELECT game, day, rounds, staked_z, returned_z FROM game_day ORDER BY 1") == [
        ("*", "2026-11-18", 8, 90, 20),
        ("flip", "2026-11-18", 5, 0, 0),
        ("spin", "2026-11-18", 3, 0, 0),
    ]


def test_achievements_tips_counters_and_analytics(old: Old, imported: Callable[[], Rows]) -> None:
    """Achievements keep their first day, tips who and how much, and counters their numbers."""
    old.account("alice")
    old.account("Alice")
    old.account("Bob")
    old.add("achievements", username="alice", achievement_id="a", awarded_at="2026-03-01 00:00:00")
    old.add("achievements", username="Alice", achievement_id="a", awarded_at="2026-02-01 00:00:00")
    old.add("tip_history", sender="alice", receiver="Bob", amount=5)
    old.add("tip_history", sender="Alice", receiver="bob", amount=6)
    old.add("tip_history", sender="alice", receiver="ALICE", amount=1)
    old.add("service_metrics", key="z_earned_total", value=1234)
    old.add(
        "trigger_analytics",
        trigger_id="chat.long_message",
        date="2026-11-01",
        hit_count=3,
        unique_users=9,
        total_z_awarded=30,
    )
    rows = imported()
    assert rows("SELECT achievement_id, awarded_at_ms FROM achievement") == [
        ("a", 1_769_904_000_000)
    ]
    assert rows(
        "SELECT name, tip_recipients, tip_senders FROM account WHERE kind = 'wallet' ORDER BY name"
    ) == [("alice", 1, 0), ("bob", 0, 1)]
    assert rows("SELECT day, tips_sent_z FROM daily_activity") == [("2026-06-01", 12)]
    assert rows("SELECT key, value FROM service_metrics") == [("z_earned_total", 1234)]
    assert rows("SELECT hit_count, unique_users, total_z_awarded FROM trigger_analytics") == [
        (3, 3, 30)
    ]


def test_snapshots_come_over(
    old: Old, imported: Callable[[], Rows], capsys: pytest.CaptureFixture[str]
) -> None:
    """The curve of the circulation goes on where it was; what can't be placed is told."""
    old.account("Alice", 10)
    old.add(
        "economy_snapshots",
        channel="LOUNGE",
        snapshot_time="2026-11-18 06:00:00",
        total_accounts=12,
        total_z_circulation=3_400,
        active_economy_users_today=5,
        z_earned_today=60,
        z_spent_today=70,
        z_gambled_net_today=-8,
        median_balance=9,
        participation_rate=240.0,
    )
    old.add("economy_snapshots", snapshot_time="2026-11-18 12:00:00", total_accounts=13)
    old.add("economy_snapshots", snapshot_time="whenever", total_accounts=14)
    rows = imported()
    at_six_ms = 1_794_981_600_000
    assert rows(
        "SELECT taken_at_ms, total_accounts, total_z_circulation, active_economy_users_today,"
        " z_earned_today, z_spent_today, z_gambled_net_today, median_balance, participation_rate,"
        " inflation_multiplier FROM economy_snapshots ORDER BY id"
    ) == [
        (at_six_ms, 12, 3_400, 5, 60, 70, -8, 9, 100.0, 1.0),
        (at_six_ms + 6 * 3_600_000, 13, 0, 0, 0, 0, 0, 0, 0.0, 1.0),
    ]
    told = capsys.readouterr().out
    assert "rows of economy_snapshots without channel or time: 1" in told


def test_who_was_paid_by_a_trigger_is_counted_anew(
    old: Old, imported: Callable[[], Rows], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the ledger, each user once a day: the old service wrote one user, whoever was paid."""
    monkeypatch.setattr("time.time", lambda: 1_795_000_000)  # 2026-11-18
    for name in ("Alice", "alice", "Bob"):
        old.account(name, 10)
    for name, date in (("Alice", 16), ("alice", 16), ("Bob", 16), ("Bob", 17)):
        at = f"2026-11-{date} 23:59:00"
        old.moves(name, 5, trigger_id="chat.long_message", created_at=at)
    old.moves("Alice", 5, trigger_id="chat.long_message", created_at="2026-01-01 12:00:00")
    for day, hits in (("2026-11-16", 3), ("2026-11-17", 1), ("2026-01-01", 1)):
        old.add(
            "trigger_analytics",
            trigger_id="chat.long_message",
            date=day,
            hit_count=hits,
            unique_users=1,
        )
    rows = imported()
    assert rows("SELECT day, unique_users FROM trigger_analytics ORDER BY day") == [
        ("2026-01-01", 1),
        ("2026-11-16", 2),
        ("2026-11-17", 1),
    ]
    assert rows(
        "SELECT u.day, a.name FROM trigger_user AS u JOIN account AS a ON a.id = u.account_id"
        " ORDER BY 1, 2"
    ) == [("2026-11-16", "alice"), ("2026-11-16", "bob"), ("2026-11-17", "bob")]


def test_statistics_of_games_add_up_to_what_they_were(
    old: Old, imported: Callable[[], Rows]
) -> None:
    """Rounds, wins, streaks, the biggest win and loss and the sum of all games are kept."""
    old.account("Alice", lifetime_gambled_in=1_000, lifetime_gambled_out=900)
    old.add(
        "gambling_stats",
        username="alice",
        total_spins=7,
        total_flips=2,
        total_trivias=3,
        total_blackjacks=4,
        total_races=1,
        biggest_win=300,
        biggest_loss=150,
        net_gambling=-100,
    )
    old.add(
        "trivia_stats",
        username="Alice",
        correct=2,
        incorrect=1,
        streak=1,
        best_streak=2,
        total_wagered=60,
        total_won=90,
    )
    old.add(
        "blackjack_stats",
        username="alice",
        games_played=4,
        wins=2,
        losses=1,
        pushes=1,
        blackjacks=1,
        total_wagered=100,
        total_won=120,
    )
    old.add("race_bets", race_id="f00", username="alice", color="red", amount=10, payout=25)
    rows = imported()
    assert rows(
        "SELECT game, rounds, won, lost, staked_z, paid_z, streak, best_streak, naturals"
        " FROM game_stats ORDER BY game"
    ) == [
        ("blackjack", 4, 2, 1, 100, 120, 0, 0, 1),
        ("flip", 2, 0, 0, 0, 0, 0, 0, 0),
        ("race", 1, 0, 0, 10, 25, 0, 0, 0),
        ("spin", 7, 0, 0, 830, 665, 0, 0, 0),
        ("trivia", 3, 2, 1, 60, 90, 1, 2, 0),
    ]
    assert rows(
        "SELECT sum(paid_z - staked_z), sum(staked_z), max(biggest_win_z), max(biggest_loss_z)"
        " FROM game_stats"
    ) == [(-100, 1_000, 300, 150)]
    assert rows("SELECT biggest_win_z FROM account WHERE name = 'alice'") == [(300,)]


def test_what_cannot_wait_on_is_told_with_its_money(
    old: Old, imported: Callable[[], Rows], capsys: pytest.CaptureFixture[str]
) -> None:
    """Requests of no known kind, amounts that are none, and what belongs to nobody."""
    old.account("Alice", 10)
    for data in ("[]", "{}", "no json"):
        old.add("pending_approvals", username="Alice", type="channel_gif", data=data, cost=50)
    old.add("pending_approvals", username="Alice", type="banner", data="{}", cost=60)
    old.add("bounties", creator="Alice", description="x", amount=0)
    old.add("bounties", creator="Ghost", description="y", amount=700)
    old.add("bounties", creator="Alice", description="", amount=5, status="claimed")
    rows = imported()
    assert rows("SELECT count(*) FROM hold") == [(0,)]
    told = capsys.readouterr().out
    assert "pending_approvals of no known kind, left out: 4" in told
    assert "4: banner of Lounge/Alice, 60 Z paid" in told
    assert "Lounge/Ghost: 700 Z" in told
    assert "bounties that are over: only their money is in the ledger: 1" in told


def test_an_import_is_in_the_audit_log(old: Old, imported: Callable[[], Rows]) -> None:
    """Whoever looks later sees where the books came from."""
    old.account("Alice", 10)
    rows = imported()("SELECT admin, channel, command, arguments FROM audit_log")
    assert rows == [("system", CHANNEL, "import", str(old.path))]


# Older files


def test_missing_tables_and_columns_are_defaults(
    tmp_path: Path, imported: Callable[[], Rows], old: Old
) -> None:
    """A file with the bare accounts of an early version is imported (P-GAM-19)."""
    old.run(
        """
        DROP TABLE gambling_stats; DROP TABLE vanity_items; DROP TABLE bounties;
        DROP TABLE tip_history; DROP TABLE achievements; DROP TABLE queue_spend_requests;
        DROP TABLE service_metrics; DROP TABLE trivia_stats; DROP TABLE blackjack_stats;
        DROP TABLE race_bets; DROP TABLE race_results; DROP TABLE economy_snapshots;
        DROP TABLE banned_users; DROP TABLE pending_challenges; DROP TABLE pending_approvals;
        DROP TABLE transactions; DROP TABLE streaks; DROP TABLE hourly_milestones;
        DROP TABLE trigger_cooldowns; DROP TABLE trigger_analytics; DROP TABLE daily_activity;
        DROP TABLE accounts;
        CREATE TABLE accounts (username TEXT, channel TEXT, balance INTEGER);
        CREATE TABLE gambling_stats (username TEXT, channel TEXT, total_spins INTEGER,
            net_gambling INTEGER);
        INSERT INTO accounts VALUES ('Alice', 'Lounge', 12);
        INSERT INTO gambling_stats VALUES ('Alice', 'Lounge', 2, -9);
        """
    )
    rows = imported()
    assert rows(_MONEY) == [("alice", 12, 0, 0, 0, 0)]
    assert rows(_LEDGER) == [("Alice", 12, "migration", "migration.opening", 12)]
    assert rows("SELECT game, rounds, paid_z - staked_z FROM game_stats") == [("spin", 2, -9)]


def test_a_channel_is_spelled_as_configured(
    old: Old, imported: Callable[[], Rows], capsys: pytest.CaptureFixture[str]
) -> None:
    """Channels are one whatever their case; one that is not configured comes over and is told."""
    old.account("Alice", 1, channel="lounge")
    old.account("Bob", 2, channel="Elsewhere")
    assert imported()("SELECT name FROM channel ORDER BY name") == [("Elsewhere",), (CHANNEL,)]
    told = capsys.readouterr().out
    assert "Channel Elsewhere: 1 account with 2, which the configuration does not name" in told
