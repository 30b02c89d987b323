-- Money set aside in a channel's escrow until it is captured, released or expired.

CREATE TABLE hold (
    id TEXT PRIMARY KEY NOT NULL CHECK (id <> ''),
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    account_id INTEGER NOT NULL REFERENCES account (id),
    amount_z INTEGER NOT NULL CHECK (amount_z > 0),
    purpose TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'captured', 'released', 'expired')),
    type TEXT NOT NULL,
    trigger_id TEXT NOT NULL,
    refund_type TEXT NOT NULL,
    refund_trigger TEXT NOT NULL,
    reason TEXT NOT NULL,
    data TEXT,
    day TEXT NOT NULL,
    placed_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    settled_at_ms INTEGER,
    captured_z INTEGER NOT NULL DEFAULT 0 CHECK (captured_z BETWEEN 0 AND amount_z),
    CHECK ((state = 'open') = (settled_at_ms IS NULL)),
    CHECK (state = 'captured' OR captured_z = 0)
) STRICT;

-- The open ones are few: whoever wants those of a channel reads them all.
CREATE INDEX hold_by_expiry ON hold (expires_at_ms) WHERE state = 'open';

CREATE TRIGGER hold_is_settled_once BEFORE UPDATE ON hold WHEN OLD.state <> 'open'
BEGIN SELECT RAISE(ABORT, 'a hold is settled once'); END;
