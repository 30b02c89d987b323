-- Keys for scripts of a channel. Of the secret only an HMAC stands here, by a pepper that the
-- books don't hold. A revoked key has no row: the audit log tells of it.

CREATE TABLE api_key (
    prefix TEXT PRIMARY KEY CHECK (prefix = lower(prefix) AND length(prefix) = 8),
    account_id INTEGER NOT NULL REFERENCES account (id),
    is_test INTEGER NOT NULL CHECK (is_test IN (0, 1)),
    scopes TEXT NOT NULL CHECK (scopes <> ''),
    salt BLOB NOT NULL CHECK (length(salt) = 16),
    secret_hash BLOB NOT NULL CHECK (length(secret_hash) = 32),
    created_by TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    last_used_at_ms INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX api_key_by_account ON api_key (account_id, created_at_ms);
