-- Calls whose end Meta has not been told of yet, although their books are closed: it did not answer.
-- A row goes when Meta has answered, or when Meta ended the call by itself long ago.

CREATE TABLE hang_up (
    call  TEXT    NOT NULL PRIMARY KEY REFERENCES call (id),
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
