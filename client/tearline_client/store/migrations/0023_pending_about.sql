-- The request or consent that a release answers, so that its list can say what waits.
ALTER TABLE pending ADD COLUMN about BLOB NOT NULL DEFAULT x'';
