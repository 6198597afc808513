-- When an item was put here, Unix milliseconds; 0 for what an earlier version put.
ALTER TABLE outbox ADD COLUMN put_ms INTEGER NOT NULL DEFAULT 0;
