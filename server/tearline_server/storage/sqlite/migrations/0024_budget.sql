-- Budgets of agencies: when each part's buckets are empty, in log time, in microseconds.
CREATE TABLE budget (
  agency TEXT NOT NULL, part TEXT NOT NULL, entries_us INTEGER NOT NULL, bytes_us INTEGER NOT NULL,
  PRIMARY KEY (agency, part)
) STRICT, WITHOUT ROWID;
-- When the bucket of marks is empty, in log time.
ALTER TABLE channel ADD COLUMN empty_ms INTEGER NOT NULL DEFAULT 0;
