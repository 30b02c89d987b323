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

CREATE TABLE audit_log (
    id INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    admin TEXT NOT NULL,
    channel TEXT NOT NULL,
    command TEXT NOT NULL,
    arguments TEXT NOT NULL,
    result TEXT NOT NULL
) STRICT;

CREATE INDEX audit_log_by_time ON audit_log (at_ms);

-- Each configuration the service has read: the file without its secrets, every setting of it as it
-- may be told, and what that changed: [[key path, before, after], …].
CREATE TABLE config_version (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    how TEXT NOT NULL CHECK (how IN ('start', 'pm', 'api', 'signal', 'revert')),
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
