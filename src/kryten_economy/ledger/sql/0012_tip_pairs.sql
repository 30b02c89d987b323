-- Who has tipped whom, and what achievements ask of tips and games, counted as the money moves.
ALTER TABLE account ADD COLUMN biggest_win_z INTEGER NOT NULL DEFAULT 0 CHECK (biggest_win_z >= 0);
ALTER TABLE account ADD COLUMN tip_recipients INTEGER NOT NULL DEFAULT 0
    CHECK (tip_recipients >= 0);
ALTER TABLE account ADD COLUMN tip_senders INTEGER NOT NULL DEFAULT 0 CHECK (tip_senders >= 0);

CREATE TABLE tip_pair (
    sender INTEGER NOT NULL REFERENCES account (id),
    recipient INTEGER NOT NULL REFERENCES account (id),
    PRIMARY KEY (sender, recipient),
    CHECK (sender <> recipient)
) STRICT, WITHOUT ROWID;

INSERT INTO tip_pair (sender, recipient)
SELECT DISTINCT debit_account, credit_account FROM transfer
WHERE debit_type = 'tip_send' AND credit_type IS NOT NULL;

UPDATE account SET tip_recipients = t.pairs
FROM (SELECT sender, count(*) AS pairs FROM tip_pair GROUP BY sender) AS t
WHERE account.id = t.sender;

UPDATE account SET tip_senders = t.pairs
FROM (SELECT recipient, count(*) AS pairs FROM tip_pair GROUP BY recipient) AS t
WHERE account.id = t.recipient;

-- A win's row names its stake only in its metadata.
UPDATE account SET biggest_win_z = t.best_z
FROM (
    SELECT credit_account, max(amount_z - stake_z) AS best_z FROM (
        SELECT credit_account, amount_z,
            CASE WHEN json_valid(metadata) THEN metadata ->> '$.stake' END AS stake_z
        FROM transfer WHERE credit_type = 'gamble_win'
    )
    WHERE typeof(stake_z) = 'integer'
    GROUP BY credit_account
) AS t
WHERE account.id = t.credit_account AND t.best_z > 0;

-- A stake counts as gambled when its game is settled.
UPDATE account SET lifetime_gambled_in_z = max(0, lifetime_gambled_in_z - t.open_z)
FROM (
    SELECT account_id, sum(amount_z) AS open_z FROM hold
    WHERE state = 'open' AND type = 'gamble_stake' GROUP BY account_id
) AS t
WHERE account.id = t.account_id;

UPDATE daily_activity SET z_gambled_in = max(0, z_gambled_in - t.open_z)
FROM (
    SELECT account_id, day, sum(amount_z) AS open_z FROM hold
    WHERE state = 'open' AND type = 'gamble_stake' GROUP BY account_id, day
) AS t
WHERE daily_activity.account_id = t.account_id AND daily_activity.day = t.day;
