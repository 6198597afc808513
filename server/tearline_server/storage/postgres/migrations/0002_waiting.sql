-- beside: 2
-- In whose room an item of a mailbox waits, and what it takes of it; of what an earlier version
-- put there nothing is known.
ALTER TABLE mail ADD COLUMN agency TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE mail ADD COLUMN bytes BIGINT NOT NULL DEFAULT 0;
-- What of each agency waits for each node: what the node has not acknowledged.
CREATE TABLE waiting (
  node TEXT COLLATE "C" NOT NULL, agency TEXT COLLATE "C" NOT NULL,
  statements BIGINT NOT NULL, bytes BIGINT NOT NULL,
  PRIMARY KEY (node, agency)
) WITH (fillfactor = 50);
