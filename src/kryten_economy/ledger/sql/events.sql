-- Events that run or ran, so that no start, bonus or end is told or paid twice.

CREATE TABLE active_events (
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    kind TEXT NOT NULL CHECK (kind IN ('scheduled', 'adhoc')),
    name TEXT NOT NULL CHECK (name <> ''),
    fired_at_ms INTEGER NOT NULL,
    ends_at_ms INTEGER NOT NULL CHECK (ends_at_ms > fired_at_ms),
    -- The decimal fraction as written: money is never multiplied by a rounded factor.
    multiplier TEXT NOT NULL,
    announced INTEGER NOT NULL CHECK (announced IN (0, 1)),
    bonus_paid INTEGER NOT NULL DEFAULT 0 CHECK (bonus_paid IN (0, 1)),
    ended_at_ms INTEGER,
    PRIMARY KEY (channel_id, kind, name, fired_at_ms)
) STRICT, WITHOUT ROWID;

CREATE INDEX active_events_running ON active_events (channel_id) WHERE ended_at_ms IS NULL;
CREATE UNIQUE INDEX active_events_one_adhoc ON active_events (channel_id)
    WHERE kind = 'adhoc' AND ended_at_ms IS NULL;
