-- What people did per day, their streaks, and what they have won by it.

-- Clustered by channel and day: the rows of today lie together, and daily totals are one range.
CREATE TABLE daily_activity (
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    day TEXT NOT NULL CHECK (day GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
    account_id INTEGER NOT NULL REFERENCES account (id),
    minutes_present INTEGER NOT NULL DEFAULT 0 CHECK (minutes_present >= 0),
    minutes_active INTEGER NOT NULL DEFAULT 0 CHECK (minutes_active >= 0),
    messages_sent INTEGER NOT NULL DEFAULT 0 CHECK (messages_sent >= 0),
    long_messages INTEGER NOT NULL DEFAULT 0 CHECK (long_messages >= 0),
    gifs_posted INTEGER NOT NULL DEFAULT 0 CHECK (gifs_posted >= 0),
    unique_emotes_used INTEGER NOT NULL DEFAULT 0 CHECK (unique_emotes_used >= 0),
    kudos_given INTEGER NOT NULL DEFAULT 0 CHECK (kudos_given >= 0),
    kudos_received INTEGER NOT NULL DEFAULT 0 CHECK (kudos_received >= 0),
    laughs_received INTEGER NOT NULL DEFAULT 0 CHECK (laughs_received >= 0),
    bot_interactions INTEGER NOT NULL DEFAULT 0 CHECK (bot_interactions >= 0),
    z_earned INTEGER NOT NULL DEFAULT 0 CHECK (z_earned >= 0),
    z_spent INTEGER NOT NULL DEFAULT 0 CHECK (z_spent >= 0),
    z_gambled_in INTEGER NOT NULL DEFAULT 0 CHECK (z_gambled_in >= 0),
    z_gambled_out INTEGER NOT NULL DEFAULT 0 CHECK (z_gambled_out >= 0),
    tips_sent_z INTEGER NOT NULL DEFAULT 0 CHECK (tips_sent_z >= 0),
    commands_used INTEGER NOT NULL DEFAULT 0 CHECK (commands_used >= 0),
    first_message_claimed INTEGER NOT NULL DEFAULT 0 CHECK (first_message_claimed IN (0, 1)),
    free_spin_used INTEGER NOT NULL DEFAULT 0 CHECK (free_spin_used IN (0, 1)),
    fortunes_used INTEGER NOT NULL DEFAULT 0 CHECK (fortunes_used >= 0),
    queues_used INTEGER NOT NULL DEFAULT 0 CHECK (queues_used >= 0),
    PRIMARY KEY (channel_id, day, account_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX daily_activity_by_account ON daily_activity (account_id, day);

CREATE TABLE streaks (
    account_id INTEGER PRIMARY KEY REFERENCES account (id),
    current_daily_streak INTEGER NOT NULL DEFAULT 0 CHECK (current_daily_streak >= 0),
    longest_daily_streak INTEGER NOT NULL DEFAULT 0 CHECK (longest_daily_streak >= 0),
    last_streak_date TEXT,
    weekend_seen_this_week INTEGER NOT NULL DEFAULT 0 CHECK (weekend_seen_this_week IN (0, 1)),
    weekday_seen_this_week INTEGER NOT NULL DEFAULT 0 CHECK (weekday_seen_this_week IN (0, 1)),
    weekend_seen_last_week INTEGER NOT NULL DEFAULT 0 CHECK (weekend_seen_last_week IN (0, 1)),
    bridge_claimed_this_week INTEGER NOT NULL DEFAULT 0 CHECK (bridge_claimed_this_week IN (0, 1)),
    week_number TEXT,
    reminder_week TEXT
) STRICT;

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

-- What was won, once per user and channel. Ids outlive their place in the config file.
CREATE TABLE achievement (
    account_id INTEGER NOT NULL REFERENCES account (id),
    achievement_id TEXT NOT NULL CHECK (achievement_id <> ''),
    awarded_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account_id, achievement_id)
) STRICT, WITHOUT ROWID;

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

-- Which hourly milestones of a day were claimed; 0 Z where the reward was withheld.
CREATE TABLE milestone_claims (
    account_id INTEGER NOT NULL REFERENCES account (id),
    day TEXT NOT NULL CHECK (day GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
    hours INTEGER NOT NULL CHECK (hours BETWEEN 1 AND 24),
    reward_z INTEGER NOT NULL CHECK (reward_z >= 0),
    claimed_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account_id, day, hours)
) STRICT, WITHOUT ROWID;
