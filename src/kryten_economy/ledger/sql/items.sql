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

-- How many there were when the purchases up to counted_from were made; NULL: always one more. It
-- counts as long as the item is declared with the same stock (NULL: none); another is a delivery.
CREATE TABLE shop_stock (
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    item TEXT NOT NULL CHECK (item <> ''),
    declared INTEGER,
    there INTEGER CHECK (there >= 0),
    counted_from INTEGER NOT NULL,
    PRIMARY KEY (channel_id, item)
) STRICT, WITHOUT ROWID;

-- A purchase whose hold was given back did not happen: it counts toward no stock, limit or
-- cooldown. Without a hold it was paid at once.
CREATE TABLE shop_purchase (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    account_id INTEGER NOT NULL REFERENCES account (id),
    item TEXT NOT NULL CHECK (item <> ''),
    paid_z INTEGER NOT NULL CHECK (paid_z > 0),
    hold_id TEXT REFERENCES hold (id),
    day TEXT NOT NULL,
    bought_at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX shop_purchase_by_item ON shop_purchase (channel_id, item);
CREATE INDEX shop_purchase_by_account ON shop_purchase (account_id, item);
