-- How often a trigger has paid a user in a running window, and what is left below one coin.
CREATE TABLE trigger_windows (
    account_id INTEGER NOT NULL REFERENCES account (id),
    trigger_key TEXT NOT NULL CHECK (trigger_key <> ''),
    count INTEGER NOT NULL CHECK (count >= 1),
    ends_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account_id, trigger_key)
) STRICT, WITHOUT ROWID;

CREATE INDEX trigger_windows_by_end ON trigger_windows (ends_at_ms);

CREATE TABLE trigger_fractions (
    account_id INTEGER NOT NULL REFERENCES account (id),
    trigger_id TEXT NOT NULL,
    held REAL NOT NULL CHECK (held >= 0 AND held < 1),
    PRIMARY KEY (account_id, trigger_id)
) STRICT, WITHOUT ROWID;
