-- Which hourly milestones of a day were claimed; 0 Z where the reward was withheld.
CREATE TABLE milestone_claims (
    account_id INTEGER NOT NULL REFERENCES account (id),
    day TEXT NOT NULL CHECK (day GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
    hours INTEGER NOT NULL CHECK (hours BETWEEN 1 AND 24),
    reward_z INTEGER NOT NULL CHECK (reward_z >= 0),
    claimed_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account_id, day, hours)
) STRICT, WITHOUT ROWID;
