-- Which emotes somebody has used: those of the last days, for exact distinct counts, and ever.
CREATE TABLE daily_emotes (
    account_id INTEGER NOT NULL REFERENCES account (id),
    day TEXT NOT NULL CHECK (day GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
    emote TEXT NOT NULL,
    PRIMARY KEY (account_id, day, emote)
) STRICT, WITHOUT ROWID;

CREATE TABLE lifetime_emotes (
    account_id INTEGER NOT NULL REFERENCES account (id),
    emote TEXT NOT NULL,
    PRIMARY KEY (account_id, emote)
) STRICT, WITHOUT ROWID;
