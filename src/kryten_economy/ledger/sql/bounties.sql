-- What users have set out for a deed: the money waits in a hold until somebody has won it.

CREATE TABLE bounty (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    account_id INTEGER NOT NULL REFERENCES account (id),
    hold_id TEXT NOT NULL UNIQUE REFERENCES hold (id),
    description TEXT NOT NULL CHECK (description <> ''),
    state TEXT NOT NULL DEFAULT 'open'
        CHECK (state IN ('open', 'claimed', 'expired', 'cancelled')),
    winner_id INTEGER REFERENCES account (id),
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    resolved_by TEXT,
    resolved_at_ms INTEGER,
    CHECK ((state = 'open') = (resolved_at_ms IS NULL)),
    CHECK ((state = 'claimed') = (winner_id IS NOT NULL)),
    CHECK (winner_id <> account_id)
) STRICT;

CREATE INDEX bounty_open ON bounty (channel_id, expires_at_ms) WHERE state = 'open';
CREATE INDEX bounty_open_by_creator ON bounty (account_id) WHERE state = 'open';

CREATE TRIGGER bounty_ends_once BEFORE UPDATE ON bounty WHEN OLD.state <> 'open'
BEGIN SELECT RAISE(ABORT, 'a bounty ends once'); END;
