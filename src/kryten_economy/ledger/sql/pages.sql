-- Who is signed in on the pages. What the cookie holds stands here as its hash only.

CREATE TABLE page_session (
    token_hash BLOB PRIMARY KEY CHECK (length(token_hash) = 32),
    account_id INTEGER NOT NULL REFERENCES account (id),
    created_at_ms INTEGER NOT NULL,
    -- Which kind of browser it is, in words of ours.
    browser TEXT NOT NULL DEFAULT '',
    expires_at_ms INTEGER NOT NULL CHECK (expires_at_ms > created_at_ms)
) STRICT, WITHOUT ROWID;

CREATE INDEX page_session_by_account ON page_session (account_id, created_at_ms);
CREATE INDEX page_session_by_end ON page_session (expires_at_ms);
