-- Operations and the transfers between accounts.

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
-- presence minute; the chain touches none. `operation` has no foreign key: with one, each operation
-- that is folded away would be looked for in all transfers. `verify` looks for what it would find.
CREATE TABLE transfer (
    id INTEGER PRIMARY KEY,
    operation INTEGER NOT NULL,
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

-- Presence is paid by the minute; of closed days these rows are folded. A row here, which says
-- what is folded, is the only way past the triggers below. It can't be committed: its foreign key
-- is looked at when the transaction ends, and `never` has no rows.
CREATE TABLE never (id INTEGER PRIMARY KEY, CHECK (0)) STRICT;

CREATE TABLE folding (
    id INTEGER PRIMARY KEY CHECK (id = 1) REFERENCES never (id) DEFERRABLE INITIALLY DEFERRED,
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    first_transfer INTEGER NOT NULL,
    last_transfer INTEGER NOT NULL,
    from_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    presence_z INTEGER NOT NULL
) STRICT;

-- How far the transfers of a channel have been read for folding, and of the day that is being
-- folded: the first and last transfer touched, and how many rows became how many.
CREATE TABLE presence_fold (
    channel_id INTEGER PRIMARY KEY REFERENCES channel (id),
    read_up_to INTEGER NOT NULL,
    day TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    folded INTEGER NOT NULL,
    kept INTEGER NOT NULL
) STRICT;

CREATE VIEW folding_presence AS
SELECT t.id, t.amount_z
FROM folding AS f JOIN transfer AS t
    ON t.channel_id = f.channel_id
    AND t.id BETWEEN f.first_transfer AND f.last_transfer
    AND t.created_at_ms >= f.from_ms AND t.created_at_ms < f.until_ms
    AND t.credit_trigger = 'presence.base';

CREATE TRIGGER folding_begins_with_the_sum AFTER INSERT ON folding
WHEN NEW.presence_z <> (SELECT coalesce(sum(amount_z), 0) FROM folding_presence)
BEGIN SELECT RAISE(ABORT, 'a folding starts from the sum of what it folds'); END;

CREATE TRIGGER folding_ends_with_the_sum BEFORE DELETE ON folding
WHEN OLD.presence_z <> (SELECT coalesce(sum(amount_z), 0) FROM folding_presence)
BEGIN SELECT RAISE(ABORT, 'a folding keeps the sum of what it folds'); END;

CREATE TRIGGER folding_is_never_changed BEFORE UPDATE ON folding
BEGIN SELECT RAISE(ABORT, 'a folding is never changed'); END;

-- A folded row takes in what came right before it in the wallet's chain; nothing else changes.
CREATE TRIGGER transfer_is_never_changed BEFORE UPDATE ON transfer
WHEN NOT EXISTS (
    SELECT 1 FROM folding AS f
    WHERE OLD.channel_id = f.channel_id
    AND OLD.id BETWEEN f.first_transfer AND f.last_transfer
    AND OLD.created_at_ms >= f.from_ms AND OLD.created_at_ms < f.until_ms
    AND OLD.credit_trigger = 'presence.base'
    AND NEW.amount_z > OLD.amount_z
    AND (NEW.credit_previous IS NULL OR NEW.credit_previous < OLD.credit_previous)
    AND NEW.id = OLD.id
    AND NEW.operation = OLD.operation
    AND NEW.channel_id = OLD.channel_id
    AND NEW.debit_account = OLD.debit_account
    AND NEW.credit_account = OLD.credit_account
    AND NEW.debit_type IS NULL AND OLD.debit_type IS NULL
    AND NEW.debit_trigger IS NULL
    AND NEW.debit_after_z IS NULL
    AND NEW.debit_previous IS OLD.debit_previous
    AND NEW.credit_type = OLD.credit_type
    AND NEW.credit_trigger = OLD.credit_trigger
    AND NEW.credit_after_z = OLD.credit_after_z
    AND NEW.reason = OLD.reason
    AND NEW.related_user IS OLD.related_user
    AND NEW.created_at_ms = OLD.created_at_ms
)
BEGIN SELECT RAISE(ABORT, 'transfers are append-only'); END;

CREATE TRIGGER transfer_is_never_deleted BEFORE DELETE ON transfer
WHEN NOT EXISTS (
    SELECT 1 FROM folding AS f
    WHERE OLD.channel_id = f.channel_id
    AND OLD.id BETWEEN f.first_transfer AND f.last_transfer
    AND OLD.created_at_ms >= f.from_ms AND OLD.created_at_ms < f.until_ms
    AND OLD.credit_trigger = 'presence.base'
    AND OLD.debit_type IS NULL
)
BEGIN SELECT RAISE(ABORT, 'transfers are append-only'); END;

CREATE TRIGGER operation_is_never_changed BEFORE UPDATE ON operation
BEGIN SELECT RAISE(ABORT, 'operations are append-only'); END;

-- With the rows of a minute its id may go, if no row of it was kept.
CREATE TRIGGER operation_is_never_deleted BEFORE DELETE ON operation
WHEN NOT EXISTS (
    SELECT 1 FROM folding AS f
    WHERE OLD.kind = 'PresenceMinute'
    AND OLD.created_at_ms >= f.from_ms AND OLD.created_at_ms < f.until_ms
    AND NOT EXISTS (
        SELECT 1 FROM transfer AS t
        WHERE t.channel_id = f.channel_id
        AND t.id BETWEEN f.first_transfer AND f.last_transfer
        AND t.operation = OLD.seq
    )
)
BEGIN SELECT RAISE(ABORT, 'operations are append-only'); END;

-- The signed rows per user. A transfer between two users is two rows,
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
