-- Of a grant that waits for cosignatures, the agency that granted it and its entry, so that those
-- are found which both have cosigned. due_ms: when it is judged in any case, at its end, or at once
-- if a recall reduced it; so are grants that waited in an earlier version.
ALTER TABLE waiting ADD COLUMN agency TEXT NOT NULL DEFAULT '';
ALTER TABLE waiting ADD COLUMN entry INTEGER NOT NULL DEFAULT 0;
ALTER TABLE waiting ADD COLUMN due_ms INTEGER NOT NULL DEFAULT 0;
CREATE INDEX waiting_entry ON waiting (agency, entry);
CREATE INDEX waiting_due ON waiting (due_ms);
