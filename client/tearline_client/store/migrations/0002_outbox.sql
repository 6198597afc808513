-- How often the grantor of an incoming grant refused what it was told.
ALTER TABLE packet_grant ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0;

-- What keeps an item waiting. All are sent in one order: a refused place is filled at its turn.
ALTER TABLE outbox ADD COLUMN fault TEXT NOT NULL DEFAULT '';
DROP INDEX outbox_waiting;
ALTER TABLE outbox DROP COLUMN urgent;
CREATE INDEX outbox_waiting ON outbox (id) WHERE state IN ('sealed', 'unknown');
