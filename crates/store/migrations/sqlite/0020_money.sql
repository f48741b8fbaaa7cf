-- Money that is reserved for running calls, what a month's volume is, and the price lists.
-- The same tables are in migrations/postgres, and the same statements work on both.

-- One slice of paid time. It never changes, and a slice exists once per call.
CREATE TABLE ledger_grant (
    call       TEXT    NOT NULL,
    slice      INTEGER NOT NULL,
    pulses     INTEGER NOT NULL,
    per_pulse  INTEGER NOT NULL,
    amount     INTEGER NOT NULL,
    is_last    INTEGER NOT NULL CHECK (is_last IN (0, 1)),
    snapshot   TEXT    NOT NULL,
    granted_at INTEGER NOT NULL,
    PRIMARY KEY (call, slice)
) STRICT, WITHOUT ROWID;

-- The hold of a call: open until it is settled, whoever does it.
CREATE TABLE ledger_hold (
    call        TEXT    NOT NULL PRIMARY KEY,
    workspace   TEXT    NOT NULL,
    currency    TEXT    NOT NULL,
    month       TEXT    NOT NULL,
    proven_ms   INTEGER NOT NULL,
    valid_until INTEGER NOT NULL,
    closed_at   INTEGER,
    pulses      INTEGER,
    amount      INTEGER,
    tier        INTEGER
) STRICT;
CREATE INDEX ledger_hold_open ON ledger_hold (valid_until) WHERE closed_at IS NULL;

-- Pulses settled per calendar month and market: what the volume tier follows from.
CREATE TABLE ledger_volume (
    workspace TEXT    NOT NULL,
    market    TEXT    NOT NULL,
    month     TEXT    NOT NULL,
    pulses    INTEGER NOT NULL,
    PRIMARY KEY (workspace, market, month)
) STRICT, WITHOUT ROWID;

-- Rate cards as they were imported, word for word.
CREATE TABLE rate_card (
    number      INTEGER NOT NULL PRIMARY KEY,
    effective   TEXT    NOT NULL,
    imported_at INTEGER NOT NULL,
    source      TEXT    NOT NULL,
    body        TEXT    NOT NULL
) STRICT;

-- What does not agree with what Meta says, until a person has looked at it.
CREATE TABLE reconciliation (
    id          TEXT    NOT NULL PRIMARY KEY,
    workspace   TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    subject     TEXT    NOT NULL,
    found_at    INTEGER NOT NULL,
    ours        INTEGER NOT NULL,
    theirs      INTEGER NOT NULL,
    unit        TEXT    NOT NULL,
    resolved_at INTEGER,
    UNIQUE (workspace, kind, subject)
) STRICT;

CREATE INDEX ledger_transaction_by_age ON ledger_transaction (at, id);
DROP INDEX ledger_entry_by_account;
CREATE INDEX ledger_entry_by_account ON ledger_entry (account, ledger_transaction DESC);

CREATE TRIGGER ledger_grant_is_never_changed BEFORE UPDATE ON ledger_grant
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_grant_is_never_removed BEFORE DELETE ON ledger_grant
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER rate_card_is_never_changed BEFORE UPDATE ON rate_card
BEGIN SELECT RAISE(ABORT, 'a rate card is never changed; import a newer one'); END;
CREATE TRIGGER rate_card_is_never_removed BEFORE DELETE ON rate_card
BEGIN SELECT RAISE(ABORT, 'a rate card is never changed; import a newer one'); END;
