-- What users have bought and own, what waits for an operator, and what may come only so often.

-- One value per user and type; buying again replaces it.
CREATE TABLE vanity_item (
    account_id INTEGER NOT NULL REFERENCES account (id),
    type TEXT NOT NULL CHECK (type <> ''),
    value TEXT NOT NULL,
    bought_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account_id, type)
) STRICT, WITHOUT ROWID;

CREATE INDEX vanity_item_by_type ON vanity_item (type);

-- What an operator decides on: the payment waits in a hold until then.
CREATE TABLE approval (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    account_id INTEGER NOT NULL REFERENCES account (id),
    type TEXT NOT NULL CHECK (type <> ''),
    data TEXT NOT NULL CHECK (json_valid(data)),
    hold_id TEXT NOT NULL REFERENCES hold (id),
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'approved', 'rejected')),
    created_at_ms INTEGER NOT NULL,
    resolved_by TEXT,
    resolved_at_ms INTEGER,
    CHECK ((state = 'pending') = (resolved_at_ms IS NULL))
) STRICT;

CREATE INDEX approval_pending ON approval (channel_id, created_at_ms) WHERE state = 'pending';
CREATE INDEX approval_by_account ON approval (account_id);

CREATE TRIGGER approval_is_resolved_once BEFORE UPDATE ON approval WHEN OLD.state <> 'pending'
BEGIN SELECT RAISE(ABORT, 'an approval is resolved once'); END;

-- When somebody last did what has a cooldown that outlives a restart.
CREATE TABLE cooldown (
    account_id INTEGER NOT NULL REFERENCES account (id),
    name TEXT NOT NULL CHECK (name <> ''),
    last_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account_id, name)
) STRICT, WITHOUT ROWID;
