-- no-transaction
-- Calls that the business places are stored before Meta has named them, and Meta's ids are unique
-- for each provider and direction only. SQLite changes constraints by making the table anew, which
-- must not look at the rows that refer to it meanwhile. Running this twice does no harm.
PRAGMA foreign_keys = OFF;
BEGIN IMMEDIATE;
CREATE TABLE call_anew (
    id         TEXT    NOT NULL PRIMARY KEY,
    workspace  TEXT    NOT NULL REFERENCES workspace (id),
    line       TEXT    NOT NULL REFERENCES line (id),
    provider   TEXT    NOT NULL DEFAULT 'whatsapp',
    -- Absent until Meta has named a call that we place.
    wacid      TEXT,
    direction  TEXT    NOT NULL,
    party      TEXT    NOT NULL CHECK (json_valid(party)),
    arrived_at INTEGER NOT NULL,
    state      TEXT    NOT NULL,
    contact    INTEGER REFERENCES contact (id),
    was_missed INTEGER NOT NULL DEFAULT 0 CHECK (was_missed IN (0, 1)),
    UNIQUE (wacid, direction, provider),
    CHECK (wacid IS NOT NULL OR direction = 'business_initiated')
) STRICT;
INSERT INTO call_anew
    (id, workspace, line, wacid, direction, party, arrived_at, state, contact, was_missed)
SELECT id, workspace, line, wacid, direction, party, arrived_at, state, contact, was_missed
FROM call;
DROP TABLE call;
ALTER TABLE call_anew RENAME TO call;
CREATE INDEX call_by_age ON call (workspace, arrived_at DESC, id DESC);
CREATE INDEX call_unfinished ON call (arrived_at, id) WHERE state <> 'ended';
CREATE INDEX call_by_contact ON call (contact, arrived_at DESC, id DESC);
CREATE INDEX call_placed ON call (line, arrived_at) WHERE direction = 'business_initiated';
CREATE INDEX call_missed ON call (workspace, arrived_at DESC, id DESC) WHERE was_missed = 1;

-- A hang-up may come without saying who called; then it counts for either.
CREATE TABLE tombstone_anew (
    wacid     TEXT    NOT NULL,
    direction TEXT    NOT NULL,
    buried_at INTEGER NOT NULL,
    call      TEXT    REFERENCES call (id),
    PRIMARY KEY (wacid, direction)
) STRICT;
INSERT INTO tombstone_anew (wacid, direction, buried_at, call)
SELECT wacid, 'either', buried_at, call FROM tombstone;
DROP TABLE tombstone;
ALTER TABLE tombstone_anew RENAME TO tombstone;
CREATE INDEX tombstone_by_age ON tombstone (buried_at);
COMMIT;
PRAGMA foreign_keys = ON;
