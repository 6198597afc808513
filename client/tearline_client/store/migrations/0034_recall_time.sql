-- When a partner's recall was taken in; 0 of ours, and of those that came before this was kept.
ALTER TABLE recall ADD COLUMN arrived_ms INTEGER NOT NULL DEFAULT 0;
