-- What achievements ask of presence and emotes, counted as it happens.
ALTER TABLE account ADD COLUMN lifetime_minutes INTEGER NOT NULL DEFAULT 0 CHECK (lifetime_minutes >= 0);
ALTER TABLE account ADD COLUMN emotes_used INTEGER NOT NULL DEFAULT 0 CHECK (emotes_used >= 0);
-- The last batch of lines of each channel, so that a repetition of it is recognised.
CREATE TABLE line_batch (
    channel_id INTEGER PRIMARY KEY REFERENCES channel (id),
    batch_id TEXT NOT NULL
) STRICT;
