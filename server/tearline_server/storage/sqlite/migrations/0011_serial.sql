-- How many transactions wrote behind each other: some bring no entry of the log.
ALTER TABLE head ADD COLUMN serial INTEGER NOT NULL DEFAULT 0;
