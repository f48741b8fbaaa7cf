-- Contacts: the people on the WhatsApp side, each within one workspace. A contact may go by several
-- numbers and business-scoped ids; a call that names two contacts makes them one.

CREATE TABLE contact (
    id             INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    workspace      TEXT    NOT NULL REFERENCES workspace (id),
    last_agent     TEXT,
    last_talked_at INTEGER
) STRICT;

CREATE TABLE contact_key (
    workspace TEXT    NOT NULL,
    kind      TEXT    NOT NULL CHECK (kind IN ('phone', 'user')),
    value     TEXT    NOT NULL,
    contact   INTEGER NOT NULL REFERENCES contact (id),
    PRIMARY KEY (workspace, kind, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX contact_key_by_contact ON contact_key (contact, kind, value);

-- Absent for a caller who hid both number and id.
ALTER TABLE call ADD COLUMN contact INTEGER REFERENCES contact (id);
-- An inbound call nobody took, once it has a CDR.
ALTER TABLE call ADD COLUMN was_missed INTEGER NOT NULL DEFAULT 0 CHECK (was_missed IN (0, 1));

-- What the journal tells of everybody who talked and everybody who was rung, as lists in JSON.
-- Absent in CDRs that are older than these columns.
ALTER TABLE cdr ADD COLUMN talkers TEXT CHECK (talkers IS NULL OR json_valid(talkers));
ALTER TABLE cdr ADD COLUMN rung    TEXT CHECK (rung IS NULL OR json_valid(rung));

-- The calls there are get their contacts: one for each number, and one for each id that never came
-- with a number. An id that came with several numbers finds the oldest of their contacts; its next
-- call makes them one.
CREATE TEMP TABLE named (
    contact   INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    workspace TEXT    NOT NULL,
    kind      TEXT    NOT NULL,
    value     TEXT    NOT NULL
);
INSERT INTO named (workspace, kind, value)
SELECT workspace, 'phone', json_extract(party, '$.phone') AS phone FROM call
WHERE phone IS NOT NULL GROUP BY workspace, phone ORDER BY min(arrived_at);
INSERT INTO named (workspace, kind, value)
SELECT workspace, 'user', json_extract(party, '$.bsuid') AS bsuid FROM call
WHERE bsuid IS NOT NULL GROUP BY workspace, bsuid
HAVING max(json_extract(party, '$.phone')) IS NULL ORDER BY min(arrived_at);

INSERT INTO contact (id, workspace) SELECT contact, workspace FROM named;
INSERT INTO contact_key (workspace, kind, value, contact)
SELECT workspace, kind, value, contact FROM named;
INSERT INTO contact_key (workspace, kind, value, contact)
SELECT call.workspace, 'user', json_extract(party, '$.bsuid') AS bsuid, min(contact_key.contact)
FROM call JOIN contact_key ON contact_key.workspace = call.workspace
    AND contact_key.kind = 'phone' AND contact_key.value = json_extract(party, '$.phone')
WHERE bsuid IS NOT NULL GROUP BY call.workspace, bsuid;
DROP TABLE named;

UPDATE call SET
    contact = coalesce(
        (SELECT contact_key.contact FROM contact_key WHERE contact_key.workspace = call.workspace
            AND kind = 'phone' AND value = json_extract(party, '$.phone')),
        (SELECT contact_key.contact FROM contact_key WHERE contact_key.workspace = call.workspace
            AND kind = 'user' AND value = json_extract(party, '$.bsuid'))),
    was_missed = direction = 'user_initiated' AND EXISTS
        (SELECT 1 FROM cdr WHERE cdr.call = call.id AND cdr.missed IS NOT NULL);

CREATE INDEX call_by_contact ON call (contact, arrived_at DESC, id DESC);
CREATE INDEX call_missed ON call (workspace, arrived_at DESC, id DESC) WHERE was_missed = 1;

UPDATE contact SET (last_agent, last_talked_at) =
    (SELECT claimed_by, ended_at FROM call JOIN cdr ON cdr.call = call.id
     WHERE call.contact = contact.id AND disposition = 'answered' AND claimed_by IS NOT NULL
     ORDER BY arrived_at DESC, call.id DESC LIMIT 1);

-- What is to be followed up: at most one open at a time for each contact. The id is that of the
-- first missed call.
CREATE TABLE follow_up (
    id          TEXT    NOT NULL PRIMARY KEY,
    workspace   TEXT    NOT NULL REFERENCES workspace (id),
    contact     INTEGER NOT NULL REFERENCES contact (id),
    missed      INTEGER NOT NULL,
    since       INTEGER NOT NULL,
    last_call   TEXT    NOT NULL REFERENCES call (id),
    last_at     INTEGER NOT NULL,
    last_reason TEXT    NOT NULL,
    last_rang   INTEGER NOT NULL,
    done_at     INTEGER,
    done_how    TEXT,
    done_call   TEXT    REFERENCES call (id),
    done_by     TEXT,
    done_note   TEXT
) STRICT;
CREATE UNIQUE INDEX follow_up_open ON follow_up (contact) WHERE done_at IS NULL;
CREATE INDEX follow_up_by_contact ON follow_up (contact);
CREATE INDEX follow_up_open_by_age ON follow_up (workspace, since DESC, id DESC)
WHERE done_at IS NULL;
CREATE INDEX follow_up_done_by_age ON follow_up (workspace, done_at DESC, id DESC)
WHERE done_at IS NOT NULL;

-- A call's note and outcome, whole, as they were from some moment on: the last row counts.
CREATE TABLE call_note (
    id        INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    call      TEXT    NOT NULL REFERENCES call (id),
    workspace TEXT    NOT NULL REFERENCES workspace (id),
    agent     TEXT,
    at        INTEGER NOT NULL,
    note      TEXT,
    outcome   TEXT
) STRICT;
CREATE INDEX call_note_by_call ON call_note (call, id);
CREATE TRIGGER call_note_is_never_changed BEFORE UPDATE ON call_note
BEGIN SELECT RAISE(ABORT, 'notes are append-only'); END;

-- The words a workspace uses for outcomes.
CREATE TABLE outcome (
    workspace TEXT    NOT NULL REFERENCES workspace (id),
    position  INTEGER NOT NULL,
    word      TEXT    NOT NULL,
    PRIMARY KEY (workspace, position)
) STRICT, WITHOUT ROWID;
