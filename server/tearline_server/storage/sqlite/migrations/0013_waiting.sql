-- In whose room an item of a mailbox waits, and what it takes of it; of what an earlier version
-- put there nothing is known.
ALTER TABLE mail ADD COLUMN agency TEXT NOT NULL DEFAULT '';
ALTER TABLE mail ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
-- What of each agency waits for each node: what the node has not acknowledged.
CREATE TABLE waiting (
  node TEXT NOT NULL, agency TEXT NOT NULL, statements INTEGER NOT NULL, bytes INTEGER NOT NULL,
  PRIMARY KEY (node, agency)
) STRICT, WITHOUT ROWID;
