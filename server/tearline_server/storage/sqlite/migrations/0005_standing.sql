-- Where each agency stands under each agreement, newest; and grants that a suspension keeps from
-- being handed out, by the entry that says so.
CREATE TABLE standing (
  agency TEXT NOT NULL, agreement BLOB NOT NULL, statement INTEGER NOT NULL,
  PRIMARY KEY (agency, agreement)
) STRICT, WITHOUT ROWID;
ALTER TABLE mail ADD COLUMN held INTEGER;
