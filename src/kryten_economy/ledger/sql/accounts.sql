-- Channels, the accounts in them, and who has tipped whom.

CREATE TABLE channel (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL COLLATE NOCASE UNIQUE CHECK (name <> ''),
    read_only_reason TEXT,
    read_only_since_ms INTEGER,
    CHECK ((read_only_reason IS NULL) = (read_only_since_ms IS NULL))
) STRICT;

-- Mint, sink and house may be below zero: they mirror what the wallets hold. A wallet that was
-- closed is 'gone': it is empty and has no name, and its transfers stay.
CREATE TABLE account (
    id INTEGER PRIMARY KEY,
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    kind TEXT NOT NULL CHECK (kind IN ('wallet', 'mint', 'sink', 'house', 'escrow', 'gone')),
    name TEXT NOT NULL CHECK (name = lower(name)),
    balance_z INTEGER NOT NULL DEFAULT 0
        CHECK (balance_z BETWEEN -4611686018427387904 AND 4611686018427387904),
    display_name TEXT NOT NULL,
    lifetime_earned_z INTEGER NOT NULL DEFAULT 0 CHECK (lifetime_earned_z >= 0),
    lifetime_spent_z INTEGER NOT NULL DEFAULT 0 CHECK (lifetime_spent_z >= 0),
    lifetime_gambled_in_z INTEGER NOT NULL DEFAULT 0 CHECK (lifetime_gambled_in_z >= 0),
    lifetime_gambled_out_z INTEGER NOT NULL DEFAULT 0 CHECK (lifetime_gambled_out_z >= 0),
    biggest_win_z INTEGER NOT NULL DEFAULT 0 CHECK (biggest_win_z >= 0),
    rank_name TEXT NOT NULL DEFAULT '',
    -- A rank set by an admin holds from the lifetime earnings at which it was set; NULL: not set.
    rank_held_from_z INTEGER CHECK (rank_held_from_z >= 0),
    cytube_level INTEGER NOT NULL DEFAULT 1,
    quiet INTEGER NOT NULL DEFAULT 0 CHECK (quiet IN (0, 1)),
    -- Who has asked not to be named on leaderboards (`quiet top`).
    unlisted INTEGER NOT NULL DEFAULT 0 CHECK (unlisted IN (0, 1)),
    welcome_wallet_claimed INTEGER NOT NULL DEFAULT 0 CHECK (welcome_wallet_claimed IN (0, 1)),
    first_seen_ms INTEGER NOT NULL,
    last_seen_ms INTEGER NOT NULL,
    last_departure_ms INTEGER,
    last_active_ms INTEGER,
    lifetime_messages INTEGER NOT NULL DEFAULT 0 CHECK (lifetime_messages >= 0),
    lifetime_minutes INTEGER NOT NULL DEFAULT 0 CHECK (lifetime_minutes >= 0),
    emotes_used INTEGER NOT NULL DEFAULT 0 CHECK (emotes_used >= 0),
    tip_recipients INTEGER NOT NULL DEFAULT 0 CHECK (tip_recipients >= 0),
    tip_senders INTEGER NOT NULL DEFAULT 0 CHECK (tip_senders >= 0),
    last_transfer INTEGER,
    UNIQUE (channel_id, kind, name),
    CHECK (balance_z >= 0 OR kind IN ('mint', 'sink', 'house')),
    CHECK (lower(display_name) = name)
) STRICT;

-- A pair is counted once, in both accounts.
CREATE TABLE tip_pair (
    sender INTEGER NOT NULL REFERENCES account (id),
    recipient INTEGER NOT NULL REFERENCES account (id),
    PRIMARY KEY (sender, recipient),
    CHECK (sender <> recipient)
) STRICT, WITHOUT ROWID;
