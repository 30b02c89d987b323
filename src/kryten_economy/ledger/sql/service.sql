-- Bans, the audit log, and what the service itself must remember over a restart.

-- The only source of truth for bans; a name needs no account to be banned.
CREATE TABLE banned_users (
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    name TEXT NOT NULL CHECK (name = lower(name)),
    display_name TEXT NOT NULL,
    banned_by TEXT NOT NULL,
    banned_at_ms INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (channel_id, name)
) STRICT, WITHOUT ROWID;

-- What an admin has stopped for a while: a whole channel's earning, games, spending or money, or
-- one account (freeze, by its name, which needs no account). A row is in force while it stands:
-- whoever tells the time takes it out when until_ms has come; NULL until an admin does.
CREATE TABLE panic (
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    what TEXT NOT NULL CHECK (what IN ('earning', 'games', 'spending', 'read-only', 'freeze')),
    name TEXT NOT NULL DEFAULT '' CHECK (name = lower(name) AND (what = 'freeze') = (name <> '')),
    display_name TEXT NOT NULL DEFAULT '',
    set_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    since_ms INTEGER NOT NULL,
    until_ms INTEGER CHECK (until_ms > 0),
    PRIMARY KEY (channel_id, what, name)
) STRICT, WITHOUT ROWID;

-- What operators have done or tried, each in one row. What changes the books is written with the
-- change: such a row has a cause, which is the id of the act. What was only tried has none.
-- An undo is a row of its own. Its `undoes` is the row it takes back and its `root` the act at the
-- beginning; `undone_by` is the row that has taken back this one, and NULL while it stands.
CREATE TABLE audit_log (
    id INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    admin TEXT NOT NULL,
    channel TEXT NOT NULL,
    command TEXT NOT NULL,
    arguments TEXT NOT NULL,
    result TEXT NOT NULL,
    origin TEXT NOT NULL DEFAULT 'clock' CHECK (origin IN ('pm', 'page', 'api', 'key', 'cli', 'clock')),
    done INTEGER NOT NULL DEFAULT 0 CHECK (done IN (0, 1)),
    cause TEXT UNIQUE,
    about TEXT NOT NULL DEFAULT '' CHECK (about = lower(about)),
    reason TEXT NOT NULL DEFAULT '',
    day TEXT NOT NULL DEFAULT '',
    before TEXT CHECK (json_valid(before)),
    after TEXT CHECK (json_valid(after)),
    undoable INTEGER NOT NULL DEFAULT 0 CHECK (undoable IN (0, 1)),
    final TEXT NOT NULL DEFAULT '',
    root INTEGER REFERENCES audit_log (id),
    undoes INTEGER REFERENCES audit_log (id),
    undone_by INTEGER REFERENCES audit_log (id)
) STRICT;

-- What an act, or an undo, has moved: in a wallet, of it earned, and whence or whither.
CREATE TABLE audit_part (
    audit_id INTEGER NOT NULL REFERENCES audit_log (id),
    account_id INTEGER NOT NULL REFERENCES account (id),
    delta_z INTEGER NOT NULL,
    earned_z INTEGER NOT NULL,
    other TEXT NOT NULL CHECK (other IN ('mint', 'sink')),
    PRIMARY KEY (audit_id, account_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_part_by_account ON audit_part (account_id);

-- What an act has changed beside money: how it was and is; NULL is that there was nothing.
CREATE TABLE audit_state (
    audit_id INTEGER NOT NULL REFERENCES audit_log (id),
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    kind TEXT NOT NULL CHECK (kind <> ''),
    subject TEXT NOT NULL,
    before TEXT CHECK (json_valid(before)),
    after TEXT CHECK (json_valid(after)),
    -- Between the act before and this one something else had changed it.
    apart INTEGER NOT NULL CHECK (apart IN (0, 1)),
    PRIMARY KEY (channel_id, kind, subject, audit_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_state_by_act ON audit_state (audit_id);

CREATE INDEX audit_log_by_root ON audit_log (root) WHERE root IS NOT NULL;
CREATE INDEX audit_log_by_time ON audit_log (at_ms);
CREATE INDEX audit_log_about ON audit_log (about);
CREATE INDEX audit_log_of_channel ON audit_log (channel COLLATE NOCASE, at_ms);
CREATE INDEX audit_log_by_admin
    ON audit_log (channel COLLATE NOCASE, admin COLLATE NOCASE, at_ms);
CREATE INDEX audit_log_by_command ON audit_log (channel COLLATE NOCASE, command, at_ms);

-- Each configuration the service has read: the file without its secrets, every setting of it as it
-- may be told, and what that changed: [[key path, before, after], …].
CREATE TABLE config_version (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    how TEXT NOT NULL CHECK (how IN ('start', 'pm', 'page', 'api', 'signal', 'revert')),
    author TEXT NOT NULL,
    document TEXT NOT NULL,
    settings TEXT NOT NULL CHECK (json_valid(settings)),
    changes TEXT NOT NULL CHECK (json_valid(changes))
) STRICT;

CREATE TABLE service_metrics (
    key TEXT PRIMARY KEY NOT NULL,
    value INTEGER NOT NULL DEFAULT 0 CHECK (value >= 0),
    updated_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE job_runs (
    job TEXT NOT NULL,
    channel TEXT NOT NULL,
    period TEXT NOT NULL,
    started_at_ms INTEGER NOT NULL,
    finished_at_ms INTEGER,
    PRIMARY KEY (job, channel, period)
) STRICT, WITHOUT ROWID;

-- When lines of a kind that comes only so often were last told in a channel.
CREATE TABLE line_told (
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    kind TEXT NOT NULL CHECK (kind <> ''),
    told_at_ms INTEGER NOT NULL,
    data TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(data)),
    PRIMARY KEY (channel_id, kind)
) STRICT, WITHOUT ROWID;

-- What is told after a pause and must survive a kill: told at its time, or at the next start.
-- No number comes twice: whoever has told a notice knows it by its number.
CREATE TABLE notice_due (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    channel_id INTEGER NOT NULL REFERENCES channel (id),
    account_id INTEGER REFERENCES account (id),
    kind TEXT NOT NULL CHECK (kind <> ''),
    due_at_ms INTEGER NOT NULL,
    data TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(data))
) STRICT;

CREATE INDEX notice_due_by_time ON notice_due (due_at_ms);
CREATE INDEX notice_due_by_account ON notice_due (account_id);
