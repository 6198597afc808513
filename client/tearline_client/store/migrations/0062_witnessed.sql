-- How far a light node of each partner signed the log, which counts for no quorum.
ALTER TABLE partner ADD COLUMN witnessed INTEGER NOT NULL DEFAULT 0;
