-- What other services of the family charge users. Reservations are holds of the purpose 'wallet',
-- whose trigger names the service.

CREATE INDEX hold_of_wallet ON hold (account_id, trigger_id)
WHERE state = 'open' AND purpose = 'wallet';
CREATE INDEX hold_of_service ON hold (channel_id, trigger_id)
WHERE state = 'open' AND purpose = 'wallet';

-- How much a service has charged a user on a day; the caps of the day are looked up here.
CREATE TABLE wallet_spending (
    account_id INTEGER NOT NULL REFERENCES account (id),
    day TEXT NOT NULL,
    service TEXT NOT NULL CHECK (service <> ''),
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    spent_z INTEGER NOT NULL CHECK (spent_z >= 0),
    charges INTEGER NOT NULL CHECK (charges > 0),
    PRIMARY KEY (account_id, day, service)
) STRICT, WITHOUT ROWID;

CREATE INDEX wallet_spending_by_service ON wallet_spending (channel_id, day, service, spent_z);

-- One line for each reservation that was finalized. `cost_z` is what the service asked for,
-- `adds_up` whether hold and movement of the money came out equal.
CREATE TABLE wallet_usage (
    id INTEGER PRIMARY KEY,
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    account_id INTEGER NOT NULL REFERENCES account (id),
    service TEXT NOT NULL CHECK (service <> ''),
    reservation_id TEXT NOT NULL UNIQUE REFERENCES hold (id),
    units_in INTEGER CHECK (units_in >= 0),
    units_out INTEGER CHECK (units_out >= 0),
    reserved_z INTEGER NOT NULL CHECK (reserved_z > 0),
    cost_z INTEGER NOT NULL CHECK (cost_z >= 0),
    amount_z INTEGER NOT NULL CHECK (amount_z BETWEEN 0 AND reserved_z),
    adds_up INTEGER NOT NULL CHECK (adds_up IN (0, 1)),
    day TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX wallet_usage_by_account ON wallet_usage (account_id, id);

CREATE TRIGGER wallet_usage_is_never_changed BEFORE UPDATE ON wallet_usage
BEGIN SELECT RAISE(ABORT, 'what was used is never changed'); END;

CREATE TRIGGER wallet_usage_is_never_deleted BEFORE DELETE ON wallet_usage
BEGIN SELECT RAISE(ABORT, 'what was used is never deleted'); END;
