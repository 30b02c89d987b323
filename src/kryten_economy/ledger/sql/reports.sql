-- What reports look back on: how a channel stood every six hours, and how often somebody rose.

-- Of the day's figures a snapshot holds what they had come to at that moment.
CREATE TABLE economy_snapshots (
    id INTEGER PRIMARY KEY,
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    taken_at_ms INTEGER NOT NULL,
    total_accounts INTEGER NOT NULL CHECK (total_accounts >= 0),
    total_z_circulation INTEGER NOT NULL CHECK (total_z_circulation >= 0),
    active_economy_users_today INTEGER NOT NULL CHECK (active_economy_users_today >= 0),
    z_earned_today INTEGER NOT NULL CHECK (z_earned_today >= 0),
    z_spent_today INTEGER NOT NULL CHECK (z_spent_today >= 0),
    z_gambled_net_today INTEGER NOT NULL,
    median_balance INTEGER NOT NULL CHECK (median_balance >= 0),
    participation_rate REAL NOT NULL CHECK (participation_rate BETWEEN 0 AND 100),
    inflation_multiplier REAL NOT NULL DEFAULT 1.0
) STRICT;

CREATE INDEX economy_snapshots_by_time ON economy_snapshots (channel_id, taken_at_ms);

CREATE TABLE rank_promotions (
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    day TEXT NOT NULL CHECK (day GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
    promotions INTEGER NOT NULL CHECK (promotions > 0),
    PRIMARY KEY (channel_id, day)
) STRICT, WITHOUT ROWID;
