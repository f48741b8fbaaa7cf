-- What an agent may do, a JSON list. Who was there before keeps what everybody could do then.
ALTER TABLE agent ADD COLUMN rights TEXT NOT NULL DEFAULT '["answer","dial","record"]'
    CHECK (json_valid(rights));
-- Since when there has been an agent under this id: older tokens were somebody else's.
ALTER TABLE agent ADD COLUMN since INTEGER NOT NULL DEFAULT 0;

-- What a key may do. Keys from before could do everything.
ALTER TABLE api_key ADD COLUMN rights TEXT NOT NULL
    DEFAULT '["answer","dial","record","supervise","admin"]' CHECK (json_valid(rights));

CREATE TABLE ring_group (
    workspace TEXT NOT NULL REFERENCES workspace (id),
    id        TEXT NOT NULL,
    name      TEXT NOT NULL,
    policy    TEXT NOT NULL CHECK (json_valid(policy)),
    PRIMARY KEY (workspace, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE ring_group_member (
    workspace  TEXT    NOT NULL,
    ring_group TEXT    NOT NULL,
    agent      TEXT    NOT NULL,
    tier       INTEGER NOT NULL,
    PRIMARY KEY (workspace, ring_group, agent),
    FOREIGN KEY (workspace, ring_group) REFERENCES ring_group (workspace, id),
    FOREIGN KEY (workspace, agent) REFERENCES agent (workspace, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX ring_group_member_by_agent ON ring_group_member (workspace, agent);

-- The group that rings for a line: the one chosen over the API, else the configuration's.
ALTER TABLE line ADD COLUMN chosen_group  TEXT;
ALTER TABLE line ADD COLUMN default_group TEXT;
