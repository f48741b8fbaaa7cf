-- The money, when it is kept in Postgres: the tables of migrations/sqlite that begin with ledger_,
-- rate_card and reconciliation. Money is integer micros, time integer milliseconds.

CREATE TABLE ledger_transaction (
    id              TEXT   NOT NULL PRIMARY KEY,
    kind            TEXT   NOT NULL,
    at              BIGINT NOT NULL,
    currency        TEXT   NOT NULL,
    call            TEXT,
    memo            TEXT   NOT NULL,
    idempotency_key TEXT   NOT NULL UNIQUE
);
CREATE INDEX ledger_transaction_by_call ON ledger_transaction (call, at) WHERE call IS NOT NULL;
CREATE INDEX ledger_transaction_by_age ON ledger_transaction (at, id);

CREATE TABLE ledger_entry (
    ledger_transaction TEXT   NOT NULL REFERENCES ledger_transaction (id),
    position           BIGINT NOT NULL,
    account            TEXT   NOT NULL,
    amount             BIGINT NOT NULL,
    PRIMARY KEY (ledger_transaction, position)
);
CREATE INDEX ledger_entry_by_account ON ledger_entry (account, ledger_transaction DESC);

CREATE TABLE ledger_account (
    account  TEXT   NOT NULL PRIMARY KEY,
    currency TEXT   NOT NULL,
    total    BIGINT NOT NULL
) WITH (fillfactor = 50); -- hot rows are updated in place

CREATE TABLE ledger_grant (
    call       TEXT   NOT NULL,
    slice      BIGINT NOT NULL,
    pulses     BIGINT NOT NULL,
    per_pulse  BIGINT NOT NULL,
    amount     BIGINT NOT NULL,
    is_last    BIGINT NOT NULL CHECK (is_last IN (0, 1)),
    snapshot   TEXT   NOT NULL,
    granted_at BIGINT NOT NULL,
    PRIMARY KEY (call, slice)
);

CREATE TABLE ledger_hold (
    call        TEXT   NOT NULL PRIMARY KEY,
    workspace   TEXT   NOT NULL,
    currency    TEXT   NOT NULL,
    month       TEXT   NOT NULL,
    proven_ms   BIGINT NOT NULL,
    valid_until BIGINT NOT NULL,
    closed_at   BIGINT,
    pulses      BIGINT,
    amount      BIGINT,
    tier        BIGINT
);
CREATE INDEX ledger_hold_open ON ledger_hold (valid_until) WHERE closed_at IS NULL;

CREATE TABLE ledger_volume (
    workspace TEXT   NOT NULL,
    market    TEXT   NOT NULL,
    month     TEXT   NOT NULL,
    pulses    BIGINT NOT NULL,
    PRIMARY KEY (workspace, market, month)
);

CREATE TABLE rate_card (
    number      BIGINT NOT NULL PRIMARY KEY,
    effective   TEXT   NOT NULL,
    imported_at BIGINT NOT NULL,
    source      TEXT   NOT NULL,
    body        TEXT   NOT NULL
);

CREATE TABLE reconciliation (
    id          TEXT   NOT NULL PRIMARY KEY,
    workspace   TEXT   NOT NULL,
    kind        TEXT   NOT NULL,
    subject     TEXT   NOT NULL,
    found_at    BIGINT NOT NULL,
    ours        BIGINT NOT NULL,
    theirs      BIGINT NOT NULL,
    unit        TEXT   NOT NULL,
    resolved_at BIGINT,
    UNIQUE (workspace, kind, subject)
);

CREATE FUNCTION refuse_to_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$;
CREATE TRIGGER ledger_transaction_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
    ON ledger_transaction FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change();
CREATE TRIGGER ledger_entry_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
    ON ledger_entry FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change();
CREATE TRIGGER ledger_grant_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
    ON ledger_grant FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change();
CREATE TRIGGER rate_card_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
    ON rate_card FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change();
