-- Media that people pay for: by private message, where we add them, and by other services.

-- The payment waits in a hold until the item stands on the playlist; `number` is the order in
-- which was paid. An item that an operator has to allow is 'asked' until they do.
CREATE TABLE purchase (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE CHECK (id <> ''),
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    account_id INTEGER NOT NULL REFERENCES account (id),
    action TEXT NOT NULL CHECK (action IN ('queue', 'playnext', 'forcenow')),
    media_type TEXT NOT NULL,
    media_id TEXT NOT NULL,
    title TEXT NOT NULL,
    seconds INTEGER NOT NULL CHECK (seconds > 0),
    price_z INTEGER NOT NULL CHECK (price_z > 0),
    hold_id TEXT NOT NULL REFERENCES hold (id),
    approval_id INTEGER REFERENCES approval (id),
    state TEXT NOT NULL
        CHECK (state IN ('asked', 'paid', 'queued', 'played', 'gone', 'failed')),
    uid INTEGER,
    day TEXT NOT NULL,
    bought_at_ms INTEGER NOT NULL,
    CHECK (state <> 'asked' OR approval_id IS NOT NULL)
) STRICT;

CREATE INDEX purchase_by_channel ON purchase (channel_id, state)
    WHERE state IN ('asked', 'paid', 'queued');
CREATE INDEX purchase_by_account ON purchase (account_id);
CREATE UNIQUE INDEX purchase_by_approval ON purchase (approval_id) WHERE approval_id IS NOT NULL;

CREATE TRIGGER purchase_ends_once BEFORE UPDATE ON purchase
WHEN OLD.state IN ('played', 'gone', 'failed')
BEGIN SELECT RAISE(ABORT, 'a purchase ends once'); END;

-- What another service has charged for media that it adds itself, by the id it chose. `attempt`
-- names the request that did, of those which came with this id.
CREATE TABLE queue_spend_requests (
    request_id TEXT PRIMARY KEY NOT NULL CHECK (request_id <> ''),
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    account_id INTEGER NOT NULL REFERENCES account (id),
    cost_z INTEGER NOT NULL CHECK (cost_z > 0),
    tier TEXT NOT NULL,
    attempt TEXT NOT NULL,
    transaction_id INTEGER NOT NULL,
    spend_date TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    refunded_at_ms INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX queue_spend_requests_by_account ON queue_spend_requests (account_id);

CREATE TRIGGER queue_spend_is_refunded_once BEFORE UPDATE ON queue_spend_requests
WHEN OLD.refunded_at_ms IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a spend is refunded once'); END;
