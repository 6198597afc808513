-- beside: 12
-- Budgets of agencies: when each part's buckets are empty, in log time, in microseconds.
CREATE TABLE budget (
  agency TEXT COLLATE "C" NOT NULL, part TEXT COLLATE "C" NOT NULL, entries_us BIGINT NOT NULL,
  bytes_us BIGINT NOT NULL, serial BIGINT NOT NULL, PRIMARY KEY (agency, part)
);
CREATE INDEX budget_serial ON budget (serial);
-- When the bucket of marks is empty, in log time.
ALTER TABLE channel ADD COLUMN empty_ms BIGINT NOT NULL DEFAULT 0;
