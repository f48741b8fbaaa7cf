-- Meta's id of a call holds the caller's number. When a contact is erased the call gets another id; for
-- as long as Meta may send the call again, its tombstone remembers which call that was.
ALTER TABLE tombstone ADD COLUMN call TEXT REFERENCES call (id);
