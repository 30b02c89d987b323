-- What operators sell in their channel: items they defined while the service runs, what is left of
-- each item, and who bought what. The items of the configuration stand there and not here.

CREATE TABLE shop_item (
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    item TEXT NOT NULL CHECK (item <> ''),
    definition TEXT NOT NULL CHECK (json_valid(definition)),
    defined_by TEXT NOT NULL,
    defined_at_ms INTEGER NOT NULL,
    PRIMARY KEY (channel_id, item)
) STRICT, WITHOUT ROWID;

-- left_over is NULL while there is always one left. It counts as long as the item is declared with
-- the same stock (NULL: without one); another one is a delivery.
CREATE TABLE shop_stock (
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    item TEXT NOT NULL CHECK (item <> ''),
    declared INTEGER,
    left_over INTEGER CHECK (left_over >= 0),
    PRIMARY KEY (channel_id, item)
) STRICT, WITHOUT ROWID;

-- A purchase that was given back counts toward no limit and no cooldown.
CREATE TABLE shop_purchase (
    op_id TEXT PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES account (id),
    item TEXT NOT NULL CHECK (item <> ''),
    paid_z INTEGER NOT NULL CHECK (paid_z > 0),
    day TEXT NOT NULL,
    bought_at_ms INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('done', 'pending', 'returned'))
) STRICT, WITHOUT ROWID;

CREATE INDEX shop_purchase_by_account ON shop_purchase (account_id, item, day);
