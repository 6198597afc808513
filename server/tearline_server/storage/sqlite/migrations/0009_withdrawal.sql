-- Whether a node's reading of its mailbox went past an item that was not handed out.
ALTER TABLE mail ADD COLUMN passed INTEGER NOT NULL DEFAULT 0;
