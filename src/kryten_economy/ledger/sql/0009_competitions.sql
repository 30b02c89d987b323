-- Who won which daily competition; nobody is paid twice for the same day.

CREATE TABLE competition_runs (
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    day TEXT NOT NULL CHECK (day GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
    competition_id TEXT NOT NULL,
    account_id INTEGER NOT NULL REFERENCES account (id),
    reward_z INTEGER NOT NULL CHECK (reward_z > 0),
    paid_at_ms INTEGER NOT NULL,
    PRIMARY KEY (channel_id, day, competition_id, account_id)
) STRICT, WITHOUT ROWID;
