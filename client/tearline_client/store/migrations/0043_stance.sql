-- What each step says of whether its terms are closed, so that none has to be opened for it:
-- agreement, version: what would replace what; ends_ms: until when signatures are waited for;
-- stance: 0 drafted, 1 signed, 2 declined; others: how many have to sign beside the drafter.
-- What an earlier version kept counts as open.
ALTER TABLE proposal ADD COLUMN agreement BLOB NOT NULL DEFAULT x'';
ALTER TABLE proposal ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE proposal ADD COLUMN ends_ms INTEGER NOT NULL DEFAULT 9223372036854775807;
ALTER TABLE proposal ADD COLUMN stance INTEGER NOT NULL DEFAULT 0;
ALTER TABLE proposal ADD COLUMN others INTEGER NOT NULL DEFAULT 9223372036854775807;
CREATE INDEX proposal_stance
  ON proposal (terms, speaker, agreement, version, ends_ms, stance, others);
DROP INDEX proposal_speaker;
CREATE INDEX proposal_speaker ON proposal (speaker, terms);
