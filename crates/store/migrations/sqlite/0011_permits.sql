-- What contacts permit lines: the rules' own value, whole.
CREATE TABLE permit (
    line    TEXT    NOT NULL REFERENCES line (id),
    contact INTEGER NOT NULL REFERENCES contact (id),
    facts   TEXT    NOT NULL CHECK (json_valid(facts)),
    PRIMARY KEY (line, contact)
) STRICT, WITHOUT ROWID;
CREATE INDEX permit_by_contact ON permit (contact);
