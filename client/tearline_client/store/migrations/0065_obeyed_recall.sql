-- Whether a former member erased what a recall names, although the recall stays open: its answer is
-- sent once the agency is admitted again.
ALTER TABLE recall ADD COLUMN obeyed INTEGER NOT NULL DEFAULT 0;
