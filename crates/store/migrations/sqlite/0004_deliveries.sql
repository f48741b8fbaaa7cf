-- The outbox is kept for a while and read by cursor; what became of an event at each endpoint
-- stands beside it. Rows of before stay, under their numbers, as `call.ended`.

ALTER TABLE outbox RENAME COLUMN event TO type;
ALTER TABLE outbox ADD COLUMN workspace TEXT    NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN call      TEXT;
ALTER TABLE outbox ADD COLUMN at        INTEGER NOT NULL DEFAULT 0;
UPDATE outbox SET
    type      = 'call.ended',
    workspace = payload ->> '$.workspace',
    call      = payload ->> '$.call.id',
    at        = coalesce((SELECT ended_at FROM cdr WHERE cdr.call = payload ->> '$.call.id'), 0),
    payload   = payload -> '$.call'
WHERE type = 'call_ended';
CREATE INDEX outbox_by_workspace ON outbox (workspace, id);
CREATE INDEX outbox_by_age ON outbox (at);

-- Up to which event of a workspace some are gone.
CREATE TABLE outbox_horizon (
    workspace      TEXT    NOT NULL PRIMARY KEY REFERENCES workspace (id),
    pruned_through INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Secrets are here in the clear, because we sign with them. `cursor` is the last event that has
-- its delivery, or was not asked for; `types` is a list of names, an empty one asks for all.
CREATE TABLE delivery_endpoint (
    id              TEXT    NOT NULL PRIMARY KEY,
    workspace       TEXT    NOT NULL REFERENCES workspace (id),
    url             TEXT    NOT NULL,
    secret          TEXT    NOT NULL,
    previous_secret TEXT,
    previous_until  INTEGER,
    types           TEXT    NOT NULL CHECK (json_valid(types)),
    enabled         INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    disabled_why    TEXT,
    created_at      INTEGER NOT NULL,
    cursor          INTEGER NOT NULL
) STRICT;
CREATE INDEX delivery_endpoint_by_workspace ON delivery_endpoint (workspace, created_at);

-- The events of a lane (a call; or '', for those of no call) are delivered one after the other:
-- the first open one is `pending`, the others are `waiting`.
CREATE TABLE delivery (
    endpoint        TEXT    NOT NULL,
    event           INTEGER NOT NULL,
    lane            TEXT    NOT NULL,
    state           TEXT    NOT NULL,
    queued_at       INTEGER NOT NULL,
    attempts        INTEGER NOT NULL DEFAULT 0,
    last_attempt_at INTEGER,
    next_attempt_at INTEGER NOT NULL,
    status          INTEGER,
    error           TEXT,
    PRIMARY KEY (endpoint, event)
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_due ON delivery (endpoint, next_attempt_at) WHERE state = 'pending';
CREATE INDEX delivery_lane ON delivery (endpoint, lane, event) WHERE state IN ('waiting', 'pending');
