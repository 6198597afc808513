-- Whose word a step is, as its agency's URI: of each agency so many are kept. Empty for what an
-- earlier version kept.
ALTER TABLE proposal ADD COLUMN speaker TEXT NOT NULL DEFAULT '';
CREATE INDEX proposal_speaker ON proposal (speaker);
