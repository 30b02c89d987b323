-- Who has asked not to be named on leaderboards (`quiet top`).
ALTER TABLE account ADD COLUMN unlisted INTEGER NOT NULL DEFAULT 0 CHECK (unlisted IN (0, 1));
