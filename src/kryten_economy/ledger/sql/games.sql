-- Games: the seeds of the fair dice, rounds, who staked what in them, and what counts per player.

-- One seed per channel and day; its hash is told from the start of the day, itself after its end.
CREATE TABLE fair_seed (
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    day TEXT NOT NULL CHECK (day GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
    seed TEXT NOT NULL CHECK (length(seed) = 64),
    PRIMARY KEY (channel_id, day)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER a_fair_seed_never_changes BEFORE UPDATE ON fair_seed
BEGIN SELECT RAISE(ABORT, 'a fair seed never changes'); END;

-- What an outcome follows from is ``terms`` and the seed of ``day``; it is stored when drawn.
-- ``ends_at_ms`` is the moved end of a round that takes stakes until then; its terms hold the first.
CREATE TABLE game_round (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    game TEXT NOT NULL CHECK (game <> ''),
    day TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'drawn', 'settled', 'cancelled')),
    terms TEXT NOT NULL CHECK (json_valid(terms)),
    outcome TEXT CHECK (json_valid(outcome)),
    opened_at_ms INTEGER NOT NULL,
    settled_at_ms INTEGER,
    ends_at_ms INTEGER,
    CHECK ((state IN ('settled', 'cancelled')) = (settled_at_ms IS NOT NULL)),
    CHECK (state IN ('open', 'cancelled') OR outcome IS NOT NULL)
) STRICT;

CREATE INDEX game_round_open ON game_round (channel_id, game) WHERE state IN ('open', 'drawn');

CREATE TRIGGER a_round_is_settled_once BEFORE UPDATE ON game_round
WHEN OLD.state IN ('settled', 'cancelled')
BEGIN SELECT RAISE(ABORT, 'a round is settled once'); END;

CREATE TRIGGER an_outcome_never_changes BEFORE UPDATE ON game_round
WHEN OLD.outcome IS NOT NULL AND OLD.outcome IS NOT NEW.outcome
BEGIN SELECT RAISE(ABORT, 'an outcome never changes'); END;

-- A stake of a round that is not over lies in its hold.
CREATE TABLE game_stake (
    round_id INTEGER NOT NULL REFERENCES game_round (id),
    account_id INTEGER NOT NULL REFERENCES account (id),
    stake_z INTEGER NOT NULL CHECK (stake_z >= 0),
    payout_z INTEGER CHECK (payout_z >= 0),
    hold_id TEXT REFERENCES hold (id),
    data TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(data)),
    PRIMARY KEY (round_id, account_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX game_stake_by_account ON game_stake (account_id, round_id);

-- Settled rounds per player and game, ever.
CREATE TABLE game_stats (
    account_id INTEGER NOT NULL REFERENCES account (id),
    game TEXT NOT NULL,
    rounds INTEGER NOT NULL DEFAULT 0 CHECK (rounds >= 0),
    won INTEGER NOT NULL DEFAULT 0 CHECK (won >= 0),
    lost INTEGER NOT NULL DEFAULT 0 CHECK (lost >= 0),
    staked_z INTEGER NOT NULL DEFAULT 0 CHECK (staked_z >= 0),
    paid_z INTEGER NOT NULL DEFAULT 0 CHECK (paid_z >= 0),
    biggest_win_z INTEGER NOT NULL DEFAULT 0 CHECK (biggest_win_z >= 0),
    biggest_loss_z INTEGER NOT NULL DEFAULT 0 CHECK (biggest_loss_z >= 0),
    streak INTEGER NOT NULL DEFAULT 0 CHECK (streak >= 0),
    best_streak INTEGER NOT NULL DEFAULT 0 CHECK (best_streak >= 0),
    naturals INTEGER NOT NULL DEFAULT 0 CHECK (naturals >= 0),
    PRIMARY KEY (account_id, game)
) STRICT, WITHOUT ROWID;

-- What counts toward the limits of a day; ``last_at_ms`` is when the last round was begun.
CREATE TABLE game_day (
    account_id INTEGER NOT NULL REFERENCES account (id),
    game TEXT NOT NULL,
    day TEXT NOT NULL,
    rounds INTEGER NOT NULL DEFAULT 0 CHECK (rounds >= 0),
    staked_z INTEGER NOT NULL DEFAULT 0 CHECK (staked_z >= 0),
    returned_z INTEGER NOT NULL DEFAULT 0 CHECK (returned_z >= 0),
    last_at_ms INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id, game, day)
) STRICT, WITHOUT ROWID;

-- What a game of the house has paid against what it was expected to, per day.
CREATE TABLE game_return (
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    game TEXT NOT NULL,
    day TEXT NOT NULL,
    rounds INTEGER NOT NULL DEFAULT 0,
    staked_z INTEGER NOT NULL DEFAULT 0,
    paid_z INTEGER NOT NULL DEFAULT 0,
    expected_z REAL NOT NULL DEFAULT 0,
    variance_z2 REAL NOT NULL DEFAULT 0,
    PRIMARY KEY (channel_id, game, day)
) STRICT, WITHOUT ROWID;

-- What a player has set for themself (NULL: no limit). What allows more than before is in the
-- columns ``next_...`` and holds from the day beside it.
CREATE TABLE play_limit (
    account_id INTEGER PRIMARY KEY REFERENCES account (id),
    stakes_z INTEGER CHECK (stakes_z >= 0),
    next_stakes_z INTEGER CHECK (next_stakes_z >= 0),
    stakes_from TEXT,
    losses_z INTEGER CHECK (losses_z >= 0),
    next_losses_z INTEGER CHECK (next_losses_z >= 0),
    losses_from TEXT,
    paused_until_ms INTEGER
) STRICT;
