"""A database as the old service made it, to be filled by hand."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

from kryten_economy.cli.main import main

__all__ = ("CHANNEL", "SCHEMA", "Old", "config_at", "run_import")

CHANNEL = "Lounge"

SCHEMA = """
CREATE TABLE accounts (
    username TEXT NOT NULL, channel TEXT NOT NULL, balance INTEGER DEFAULT 0,
    lifetime_earned INTEGER DEFAULT 0, lifetime_spent INTEGER DEFAULT 0,
    lifetime_gambled_in INTEGER DEFAULT 0, lifetime_gambled_out INTEGER DEFAULT 0,
    rank_name TEXT DEFAULT 'Extra', cytube_level INTEGER DEFAULT 1,
    chat_color TEXT, custom_greeting TEXT, custom_title TEXT, channel_gif_url TEXT,
    channel_gif_approved BOOLEAN DEFAULT 0, personal_currency_name TEXT,
    welcome_wallet_claimed BOOLEAN DEFAULT 0, economy_banned BOOLEAN DEFAULT 0,
    quiet_mode BOOLEAN DEFAULT 0, first_seen TIMESTAMP DEFAULT '2026-01-01 10:00:00',
    last_seen TIMESTAMP DEFAULT '2026-11-18 10:00:00', last_active TIMESTAMP,
    UNIQUE (username, channel)
);
CREATE TABLE transactions (
    id INTEGER PRIMARY KEY, username TEXT NOT NULL, channel TEXT NOT NULL,
    amount INTEGER NOT NULL, type TEXT NOT NULL, reason TEXT, trigger_id TEXT, related_user TEXT,
    metadata TEXT, created_at TIMESTAMP DEFAULT '2026-06-01 12:00:00'
);
CREATE TABLE daily_activity (
    username TEXT NOT NULL, channel TEXT NOT NULL, date TEXT NOT NULL,
    minutes_present INTEGER DEFAULT 0, minutes_active INTEGER DEFAULT 0,
    messages_sent INTEGER DEFAULT 0, long_messages INTEGER DEFAULT 0,
    gifs_posted INTEGER DEFAULT 0, unique_emotes_used INTEGER DEFAULT 0,
    kudos_given INTEGER DEFAULT 0, kudos_received INTEGER DEFAULT 0,
    laughs_received INTEGER DEFAULT 0, bot_interactions INTEGER DEFAULT 0,
    z_earned INTEGER DEFAULT 0, z_spent INTEGER DEFAULT 0, z_gambled_in INTEGER DEFAULT 0,
    z_gambled_out INTEGER DEFAULT 0, first_message_claimed BOOLEAN DEFAULT 0,
    free_spin_used BOOLEAN DEFAULT 0, queues_used INTEGER DEFAULT 0,
    UNIQUE (username, channel, date)
);
CREATE TABLE streaks (
    username TEXT NOT NULL, channel TEXT NOT NULL, current_daily_streak INTEGER DEFAULT 0,
    longest_daily_streak INTEGER DEFAULT 0, last_streak_date TEXT,
    weekend_seen_this_week BOOLEAN DEFAULT 0, weekday_seen_this_week BOOLEAN DEFAULT 0,
    bridge_claimed_this_week BOOLEAN DEFAULT 0, week_number TEXT, UNIQUE (username, channel)
);
CREATE TABLE hourly_milestones (
    username TEXT NOT NULL, channel TEXT NOT NULL, date TEXT NOT NULL,
    hours_1 BOOLEAN DEFAULT 0, hours_3 BOOLEAN DEFAULT 0, hours_6 BOOLEAN DEFAULT 0,
    hours_12 BOOLEAN DEFAULT 0, hours_24 BOOLEAN DEFAULT 0, UNIQUE (username, channel, date)
);
CREATE TABLE trigger_cooldowns (
    username TEXT NOT NULL, channel TEXT NOT NULL, trigger_id TEXT NOT NULL,
    count INTEGER DEFAULT 0, window_start TIMESTAMP, UNIQUE (username, channel, trigger_id)
);
CREATE TABLE trigger_analytics (
    id INTEGER PRIMARY KEY, channel TEXT NOT NULL, trigger_id TEXT NOT NULL, date TEXT NOT NULL,
    hit_count INTEGER DEFAULT 0, unique_users INTEGER DEFAULT 0,
    total_z_awarded INTEGER DEFAULT 0, UNIQUE (channel, trigger_id, date)
);
CREATE TABLE gambling_stats (
    username TEXT NOT NULL, channel TEXT NOT NULL, total_spins INTEGER DEFAULT 0,
    total_flips INTEGER DEFAULT 0, total_challenges INTEGER DEFAULT 0,
    total_heists INTEGER DEFAULT 0, total_races INTEGER DEFAULT 0,
    total_trivias INTEGER DEFAULT 0, total_blackjacks INTEGER DEFAULT 0,
    biggest_win INTEGER DEFAULT 0, biggest_loss INTEGER DEFAULT 0,
    net_gambling INTEGER DEFAULT 0, UNIQUE (username, channel)
);
CREATE TABLE pending_challenges (
    id INTEGER PRIMARY KEY, challenger TEXT NOT NULL, target TEXT NOT NULL,
    channel TEXT NOT NULL, wager INTEGER NOT NULL,
    created_at TIMESTAMP DEFAULT '2026-11-20 09:00:00', expires_at TIMESTAMP NOT NULL,
    status TEXT DEFAULT 'pending'
);
CREATE TABLE race_results (
    race_id TEXT PRIMARY KEY, channel TEXT NOT NULL, winner_color TEXT NOT NULL,
    total_pool INTEGER DEFAULT 0, participants INTEGER DEFAULT 0, created_at TIMESTAMP
);
CREATE TABLE race_bets (
    id INTEGER PRIMARY KEY, race_id TEXT NOT NULL, username TEXT NOT NULL, channel TEXT NOT NULL,
    color TEXT NOT NULL, amount INTEGER NOT NULL, payout INTEGER DEFAULT 0,
    phase TEXT DEFAULT 'pre', placed_at TIMESTAMP
);
CREATE TABLE trivia_stats (
    username TEXT NOT NULL, channel TEXT NOT NULL, correct INTEGER DEFAULT 0,
    incorrect INTEGER DEFAULT 0, streak INTEGER DEFAULT 0, best_streak INTEGER DEFAULT 0,
    total_wagered INTEGER DEFAULT 0, total_won INTEGER DEFAULT 0, UNIQUE (username, channel)
);
CREATE TABLE blackjack_stats (
    username TEXT NOT NULL, channel TEXT NOT NULL, games_played INTEGER DEFAULT 0,
    wins INTEGER DEFAULT 0, losses INTEGER DEFAULT 0, pushes INTEGER DEFAULT 0,
    blackjacks INTEGER DEFAULT 0, total_wagered INTEGER DEFAULT 0, total_won INTEGER DEFAULT 0,
    UNIQUE (username, channel)
);
CREATE TABLE tip_history (
    id INTEGER PRIMARY KEY, sender TEXT NOT NULL, receiver TEXT NOT NULL, channel TEXT NOT NULL,
    amount INTEGER NOT NULL, created_at TIMESTAMP DEFAULT '2026-06-01 12:00:00'
);
CREATE TABLE pending_approvals (
    id INTEGER PRIMARY KEY, username TEXT NOT NULL, channel TEXT NOT NULL, type TEXT NOT NULL,
    data TEXT NOT NULL, cost INTEGER NOT NULL, status TEXT DEFAULT 'pending',
    created_at TIMESTAMP DEFAULT '2026-11-19 09:00:00', resolved_by TEXT, resolved_at TIMESTAMP
);
CREATE TABLE vanity_items (
    id INTEGER PRIMARY KEY, username TEXT NOT NULL, channel TEXT NOT NULL,
    item_type TEXT NOT NULL, value TEXT NOT NULL, active BOOLEAN DEFAULT 1,
    purchased_at TIMESTAMP DEFAULT '2026-05-01 12:00:00', UNIQUE (username, channel, item_type)
);
CREATE TABLE achievements (
    id INTEGER PRIMARY KEY, username TEXT NOT NULL, channel TEXT NOT NULL,
    achievement_id TEXT NOT NULL, awarded_at TIMESTAMP DEFAULT '2026-05-01 12:00:00',
    UNIQUE (username, channel, achievement_id)
);
CREATE TABLE bounties (
    id INTEGER PRIMARY KEY, creator TEXT NOT NULL, channel TEXT NOT NULL,
    description TEXT NOT NULL, amount INTEGER NOT NULL, status TEXT DEFAULT 'open', winner TEXT,
    created_at TIMESTAMP DEFAULT '2026-11-19 09:00:00', expires_at TIMESTAMP, resolved_by TEXT,
    resolved_at TIMESTAMP
);
CREATE TABLE economy_snapshots (
    id INTEGER PRIMARY KEY, channel TEXT NOT NULL, snapshot_time TIMESTAMP, total_accounts INTEGER,
    total_z_circulation INTEGER, active_economy_users_today INTEGER, z_earned_today INTEGER,
    z_spent_today INTEGER, z_gambled_net_today INTEGER, median_balance INTEGER,
    participation_rate REAL
);
CREATE TABLE banned_users (
    username TEXT NOT NULL, channel TEXT NOT NULL, banned_by TEXT NOT NULL,
    banned_at TIMESTAMP DEFAULT '2026-05-01 12:00:00', reason TEXT, UNIQUE (username, channel)
);
CREATE TABLE queue_spend_requests (
    request_id TEXT PRIMARY KEY, username TEXT NOT NULL, channel TEXT NOT NULL,
    cost_z INTEGER NOT NULL, tier TEXT NOT NULL, transaction_id INTEGER,
    created_at TIMESTAMP DEFAULT '2026-11-19 09:00:00', refunded INTEGER DEFAULT 0,
    refunded_at TEXT
);
CREATE TABLE service_metrics (
    key TEXT PRIMARY KEY, value INTEGER NOT NULL DEFAULT 0, updated_at TIMESTAMP
);
"""
"""The 22 tables of 0.13 to 0.16 (docs/reference/storage.md 6)."""


class Old:
    """The old database at ``path``; rows are given as what differs from the defaults."""

    def __init__(self, path: Path, schema: str = SCHEMA, channel: str = CHANNEL) -> None:
        self.path = path
        self._channel = channel
        self._connection = sqlite3.connect(path)
        self._connection.executescript(schema)

    def add(self, table: str, **values: object) -> None:
        """One row; without a channel it is in the usual one."""
        row = (
            values
            if "channel" in values or table == "service_metrics"
            else {
                "channel": self._channel,
                **values,
            }
        )
        columns, marks = ", ".join(row), ", ".join("?" * len(row))
        statement = f"INSERT INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608
        self._connection.execute(statement, tuple(row.values()))
        self._connection.commit()

    def account(self, username: str, balance: object = 0, **values: object) -> None:
        """An account."""
        self.add("accounts", username=username, balance=balance, **values)

    def moves(self, username: str, *amounts: int, type_: str = "earn", **values: object) -> None:
        """Rows of the ledger."""
        for amount in amounts:
            self.add("transactions", username=username, amount=amount, type=type_, **values)

    def run(self, statement: str) -> None:
        """Change the database itself."""
        self._connection.executescript(statement)


def config_at(folder: Path, **sections: Mapping[str, object] | Sequence[object]) -> Path:
    """A configuration whose books are to be in ``folder``."""
    settings = {
        "nats": {"servers": ["nats://127.0.0.1:4222"]},
        "channels": [{"domain": "cytube.test", "channel": CHANNEL}],
        "database": {"path": str(folder / "books.db")},
        **sections,
    }
    path = folder / "config.yaml"
    path.write_text(json.dumps(settings), encoding="utf-8")
    return path


def run_import(config: Path, source: Path | str, *options: str) -> int:
    """``kryten-economy import``; the exit code."""
    return main(["--config", str(config), "import", str(source), *options])
