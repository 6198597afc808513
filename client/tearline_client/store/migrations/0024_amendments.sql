-- Since when a version of an agreement counts. Of what was stored before this, since ever.
ALTER TABLE agreement ADD COLUMN entry INTEGER NOT NULL DEFAULT 0;
ALTER TABLE agreement ADD COLUMN time_ms INTEGER NOT NULL DEFAULT 0;
