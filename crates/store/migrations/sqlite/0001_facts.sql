-- Money is integer micros, time is integer milliseconds since 1970-01-01T00:00:00Z.
-- STRICT keeps both true: a sum that left 64 bits would become a float and is refused instead.

CREATE TABLE workspace (
    id              TEXT    NOT NULL PRIMARY KEY,
    name            TEXT    NOT NULL,
    currency        TEXT    NOT NULL,
    minimum_balance INTEGER NOT NULL
) STRICT;

CREATE TABLE line (
    id        TEXT    NOT NULL PRIMARY KEY,
    workspace TEXT    NOT NULL REFERENCES workspace (id),
    name      TEXT    NOT NULL,
    inbound   INTEGER NOT NULL CHECK (inbound IN (0, 1)),
    recording TEXT    NOT NULL
) STRICT;

CREATE TABLE agent (
    workspace TEXT NOT NULL REFERENCES workspace (id),
    id        TEXT NOT NULL,
    name      TEXT NOT NULL,
    PRIMARY KEY (workspace, id)
) STRICT, WITHOUT ROWID;

-- Secrets that others present to us: only their SHA-256 is here.
CREATE TABLE api_key (
    name      TEXT NOT NULL PRIMARY KEY,
    hash      BLOB NOT NULL UNIQUE,
    workspace TEXT NOT NULL REFERENCES workspace (id)
) STRICT;

CREATE TABLE sign_in_code (
    hash       BLOB    NOT NULL PRIMARY KEY,
    workspace  TEXT    NOT NULL,
    agent      TEXT    NOT NULL,
    expires_at INTEGER NOT NULL,
    FOREIGN KEY (workspace, agent) REFERENCES agent (workspace, id)
) STRICT;

CREATE TABLE desk_session (
    hash       BLOB    NOT NULL PRIMARY KEY,
    workspace  TEXT    NOT NULL,
    agent      TEXT    NOT NULL,
    expires_at INTEGER NOT NULL,
    FOREIGN KEY (workspace, agent) REFERENCES agent (workspace, id)
) STRICT;

-- Secrets of our own, needed in the clear (keys that sign).
CREATE TABLE own_secret (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

CREATE TABLE call (
    id         TEXT    NOT NULL PRIMARY KEY,
    workspace  TEXT    NOT NULL REFERENCES workspace (id),
    line       TEXT    NOT NULL REFERENCES line (id),
    wacid      TEXT    NOT NULL UNIQUE,
    direction  TEXT    NOT NULL,
    party      TEXT    NOT NULL CHECK (json_valid(party)),
    arrived_at INTEGER NOT NULL,
    state      TEXT    NOT NULL
) STRICT;
CREATE INDEX call_by_age ON call (workspace, arrived_at DESC, id DESC);
CREATE INDEX call_unfinished ON call (arrived_at, id) WHERE state <> 'ended';

-- Hang-ups that came before their call. They outlive every redelivery of a webhook.
CREATE TABLE tombstone (
    wacid     TEXT    NOT NULL PRIMARY KEY,
    buried_at INTEGER NOT NULL
) STRICT;
CREATE INDEX tombstone_by_age ON tombstone (buried_at);

CREATE TABLE journal (
    call      TEXT    NOT NULL REFERENCES call (id),
    seq       INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    offset_ms INTEGER NOT NULL,
    event     TEXT    NOT NULL,
    detail    TEXT    NOT NULL CHECK (json_valid(detail)),
    PRIMARY KEY (call, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE cdr (
    call              TEXT    NOT NULL PRIMARY KEY REFERENCES call (id),
    ended_at          INTEGER NOT NULL,
    disposition       TEXT    NOT NULL,
    end_side          TEXT    NOT NULL,
    end_cause         TEXT    NOT NULL,
    end_class         TEXT    NOT NULL,
    missed            TEXT,
    claimed_by        TEXT,
    ring_ms           INTEGER NOT NULL,
    claim_to_audio_ms INTEGER,
    duration_ms       INTEGER NOT NULL,
    talked_s          INTEGER NOT NULL,
    pulses            INTEGER NOT NULL,
    billed            INTEGER NOT NULL,
    recording         TEXT,
    meta_duration_s   INTEGER
) STRICT;
CREATE INDEX cdr_by_end ON cdr (ended_at);

CREATE TABLE recording (
    id          TEXT    NOT NULL PRIMARY KEY,
    call        TEXT    NOT NULL REFERENCES call (id),
    format      TEXT    NOT NULL,
    started_at  INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    bytes       INTEGER NOT NULL,
    sha256      TEXT    NOT NULL,
    path        TEXT    NOT NULL,
    recovered   INTEGER NOT NULL CHECK (recovered IN (0, 1))
) STRICT;
CREATE INDEX recording_by_call ON recording (call, started_at);

CREATE TABLE ledger_transaction (
    id              TEXT    NOT NULL PRIMARY KEY,
    kind            TEXT    NOT NULL,
    at              INTEGER NOT NULL,
    currency        TEXT    NOT NULL,
    call            TEXT    REFERENCES call (id),
    memo            TEXT    NOT NULL,
    idempotency_key TEXT    NOT NULL UNIQUE
) STRICT;
CREATE INDEX ledger_transaction_by_call ON ledger_transaction (call, at) WHERE call IS NOT NULL;

CREATE TABLE ledger_entry (
    ledger_transaction TEXT    NOT NULL REFERENCES ledger_transaction (id),
    position           INTEGER NOT NULL,
    account            TEXT    NOT NULL,
    amount             INTEGER NOT NULL,
    PRIMARY KEY (ledger_transaction, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX ledger_entry_by_account ON ledger_entry (account);

-- Running totals, kept beside the entries for speed and checked against them.
CREATE TABLE ledger_account (
    account  TEXT    NOT NULL PRIMARY KEY,
    currency TEXT    NOT NULL,
    total    INTEGER NOT NULL
) STRICT;

-- What must still be told to others.
CREATE TABLE outbox (
    id      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    event   TEXT    NOT NULL,
    payload TEXT    NOT NULL CHECK (json_valid(payload))
) STRICT;

-- Money lines, CDRs and the journal are only ever added to; a correction is a new line.
CREATE TRIGGER ledger_transaction_is_never_changed BEFORE UPDATE ON ledger_transaction
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_transaction_is_never_removed BEFORE DELETE ON ledger_transaction
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_entry_is_never_changed BEFORE UPDATE ON ledger_entry
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_entry_is_never_removed BEFORE DELETE ON ledger_entry
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER cdr_is_never_changed BEFORE UPDATE ON cdr
BEGIN SELECT RAISE(ABORT, 'a CDR is written once'); END;
CREATE TRIGGER journal_is_never_changed BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
