-- Which triggers paid whom, how often in a running window, and what is left below one coin.

CREATE TABLE trigger_analytics (
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    day TEXT NOT NULL,
    trigger_id TEXT NOT NULL,
    hit_count INTEGER NOT NULL DEFAULT 0 CHECK (hit_count >= 0),
    unique_users INTEGER NOT NULL DEFAULT 0 CHECK (unique_users BETWEEN 0 AND hit_count),
    total_z_awarded INTEGER NOT NULL DEFAULT 0 CHECK (total_z_awarded >= 0),
    PRIMARY KEY (channel_id, day, trigger_id)
) STRICT, WITHOUT ROWID;

-- What has come into the wallets of a channel and gone from them, by the source of the money; what
-- users give each other doesn't. Money that is set aside has gone until it is given back.
CREATE TABLE daily_flow (
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    day TEXT NOT NULL,
    source TEXT NOT NULL,
    come_z INTEGER NOT NULL DEFAULT 0 CHECK (come_z >= 0),
    gone_z INTEGER NOT NULL DEFAULT 0 CHECK (gone_z >= 0),
    PRIMARY KEY (channel_id, day, source)
) STRICT, WITHOUT ROWID;

-- Who was paid by which trigger, for exact distinct counts; pruned after 35 days.
CREATE TABLE trigger_user (
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    day TEXT NOT NULL,
    trigger_id TEXT NOT NULL,
    account_id INTEGER NOT NULL REFERENCES account (id),
    PRIMARY KEY (channel_id, day, trigger_id, account_id)
) STRICT, WITHOUT ROWID;

-- Whether an account was paid by a trigger within some days, and for closing it.
CREATE INDEX trigger_user_by_account ON trigger_user (account_id, trigger_id, day);

CREATE TABLE trigger_windows (
    account_id INTEGER NOT NULL REFERENCES account (id),
    trigger_key TEXT NOT NULL CHECK (trigger_key <> ''),
    count INTEGER NOT NULL CHECK (count >= 1),
    ends_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account_id, trigger_key)
) STRICT, WITHOUT ROWID;

CREATE INDEX trigger_windows_by_end ON trigger_windows (ends_at_ms);

CREATE TABLE trigger_fractions (
    account_id INTEGER NOT NULL REFERENCES account (id),
    trigger_id TEXT NOT NULL,
    held REAL NOT NULL CHECK (held >= 0 AND held < 1),
    PRIMARY KEY (account_id, trigger_id)
) STRICT, WITHOUT ROWID;

-- The last batch of lines of each channel, so that a repetition of it is recognised.
CREATE TABLE line_batch (
    channel_id INTEGER PRIMARY KEY REFERENCES channel (id),
    batch_id TEXT NOT NULL
) STRICT;
