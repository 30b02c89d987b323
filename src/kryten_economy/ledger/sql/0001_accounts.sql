-- Channels, accounts, operations and the transfers between accounts.

CREATE TABLE schema_version (
    number INTEGER PRIMARY KEY
) STRICT;

CREATE TABLE channel (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL COLLATE NOCASE UNIQUE CHECK (name <> ''),
    read_only_reason TEXT,
    read_only_since_ms INTEGER,
    CHECK ((read_only_reason IS NULL) = (read_only_since_ms IS NULL))
) STRICT;

-- Mint, sink and house may be below zero: they mirror what the wallets hold.
CREATE TABLE account (
    id INTEGER PRIMARY KEY,
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    kind TEXT NOT NULL CHECK (kind IN ('wallet', 'mint', 'sink', 'house', 'escrow')),
    name TEXT NOT NULL CHECK (name = lower(name)),
    balance_z INTEGER NOT NULL DEFAULT 0
        CHECK (balance_z BETWEEN -4611686018427387904 AND 4611686018427387904),
    display_name TEXT NOT NULL,
    lifetime_earned_z INTEGER NOT NULL DEFAULT 0 CHECK (lifetime_earned_z >= 0),
    lifetime_spent_z INTEGER NOT NULL DEFAULT 0 CHECK (lifetime_spent_z >= 0),
    lifetime_gambled_in_z INTEGER NOT NULL DEFAULT 0 CHECK (lifetime_gambled_in_z >= 0),
    lifetime_gambled_out_z INTEGER NOT NULL DEFAULT 0 CHECK (lifetime_gambled_out_z >= 0),
    rank_name TEXT NOT NULL DEFAULT '',
    cytube_level INTEGER NOT NULL DEFAULT 1,
    quiet INTEGER NOT NULL DEFAULT 0 CHECK (quiet IN (0, 1)),
    welcome_wallet_claimed INTEGER NOT NULL DEFAULT 0 CHECK (welcome_wallet_claimed IN (0, 1)),
    first_seen_ms INTEGER NOT NULL,
    last_seen_ms INTEGER NOT NULL,
    last_departure_ms INTEGER,
    last_active_ms INTEGER,
    lifetime_messages INTEGER NOT NULL DEFAULT 0 CHECK (lifetime_messages >= 0),
    last_transfer INTEGER,
    UNIQUE (channel_id, kind, name),
    CHECK (balance_z >= 0 OR kind IN ('mint', 'sink', 'house')),
    CHECK (lower(display_name) = name)
) STRICT;

-- What was done under an id. `answer` is what a repetition needs to answer the same.
CREATE TABLE operation (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE CHECK (id <> ''),
    kind TEXT NOT NULL,
    digest BLOB NOT NULL,
    answer TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL
) STRICT;

-- Type, trigger and balance after stand only on the side of a wallet.
-- Each wallet's rows are a chain: from `account.last_transfer` backwards over `debit_previous`
-- and `credit_previous`. An index by account would touch one page of its own per user and
-- presence minute; the chain touches none.
CREATE TABLE transfer (
    id INTEGER PRIMARY KEY,
    operation INTEGER NOT NULL REFERENCES operation (seq),
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    debit_account INTEGER NOT NULL REFERENCES account (id),
    credit_account INTEGER NOT NULL REFERENCES account (id),
    amount_z INTEGER NOT NULL CHECK (amount_z > 0),
    debit_type TEXT,
    debit_trigger TEXT,
    credit_type TEXT,
    credit_trigger TEXT,
    reason TEXT NOT NULL,
    related_user TEXT,
    metadata TEXT,
    created_at_ms INTEGER NOT NULL,
    debit_after_z INTEGER CHECK (debit_after_z >= 0),
    credit_after_z INTEGER CHECK (credit_after_z >= 0),
    debit_previous INTEGER CHECK (debit_previous < id),
    credit_previous INTEGER CHECK (credit_previous < id),
    CHECK (debit_account <> credit_account),
    CHECK ((debit_type IS NULL) = (debit_after_z IS NULL)),
    CHECK ((debit_type IS NULL) = (debit_trigger IS NULL)),
    CHECK ((credit_type IS NULL) = (credit_after_z IS NULL)),
    CHECK ((credit_type IS NULL) = (credit_trigger IS NULL))
) STRICT;

CREATE INDEX transfer_by_channel ON transfer (channel_id);

CREATE TRIGGER transfer_is_never_changed BEFORE UPDATE ON transfer
BEGIN SELECT RAISE(ABORT, 'transfers are append-only'); END;

CREATE TRIGGER transfer_is_never_deleted BEFORE DELETE ON transfer
BEGIN SELECT RAISE(ABORT, 'transfers are append-only'); END;

CREATE TRIGGER operation_is_never_changed BEFORE UPDATE ON operation
BEGIN SELECT RAISE(ABORT, 'operations are append-only'); END;

CREATE TRIGGER operation_is_never_deleted BEFORE DELETE ON operation
BEGIN SELECT RAISE(ABORT, 'operations are append-only'); END;

-- The signed rows per user of spec/storage.md 2. A transfer between two users is two rows,
-- so the debit side has the odd and the credit side the even id.
CREATE VIEW transactions AS
SELECT
    t.id * 2 - 1 AS id,
    t.id AS transfer_id,
    t.channel_id,
    t.debit_account AS account_id,
    w.display_name AS username,
    c.name AS channel,
    -t.amount_z AS amount,
    t.debit_type AS type,
    t.debit_trigger AS trigger_id,
    t.reason,
    coalesce(t.related_user, CASE o.kind WHEN 'wallet' THEN o.display_name END) AS related_user,
    t.metadata,
    t.created_at_ms,
    strftime('%Y-%m-%d %H:%M:%S', t.created_at_ms / 1000, 'unixepoch') AS created_at,
    t.debit_after_z AS balance_after
FROM transfer AS t
JOIN account AS w ON w.id = t.debit_account
JOIN account AS o ON o.id = t.credit_account
JOIN channel AS c ON c.id = t.channel_id
WHERE t.debit_after_z IS NOT NULL
UNION ALL
SELECT
    t.id * 2,
    t.id,
    t.channel_id,
    t.credit_account,
    w.display_name,
    c.name,
    t.amount_z,
    t.credit_type,
    t.credit_trigger,
    t.reason,
    coalesce(t.related_user, CASE o.kind WHEN 'wallet' THEN o.display_name END),
    t.metadata,
    t.created_at_ms,
    strftime('%Y-%m-%d %H:%M:%S', t.created_at_ms / 1000, 'unixepoch'),
    t.credit_after_z
FROM transfer AS t
JOIN account AS w ON w.id = t.credit_account
JOIN account AS o ON o.id = t.debit_account
JOIN channel AS c ON c.id = t.channel_id
WHERE t.credit_after_z IS NOT NULL;
