-- A rank set by an admin holds from the lifetime earnings at which it was set; NULL: not set.
ALTER TABLE account ADD COLUMN rank_held_from_z INTEGER CHECK (rank_held_from_z >= 0);

-- What was won, once per user and channel. Ids outlive their place in the config file.
CREATE TABLE achievement (
    account_id INTEGER NOT NULL REFERENCES account (id),
    achievement_id TEXT NOT NULL CHECK (achievement_id <> ''),
    awarded_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account_id, achievement_id)
) STRICT, WITHOUT ROWID;
