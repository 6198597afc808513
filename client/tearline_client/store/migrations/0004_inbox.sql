-- Log entries that receipts of the exchange promise, until the log was seen to hold them.
-- due_s: by this time of the log a checkpoint covers the entry; NULL before the first was read.
CREATE TABLE promise (receipt BLOB PRIMARY KEY, due_s INTEGER) STRICT, WITHOUT ROWID;
INSERT INTO promise SELECT statement_id, NULL FROM receipt r WHERE status IN (1, 6)
  AND NOT EXISTS (SELECT 1 FROM log_opening WHERE statement_id = r.about);

-- What the sender's last mark said.
ALTER TABLE channel_in ADD COLUMN counter INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channel_in ADD COLUMN confirmed INTEGER NOT NULL DEFAULT 0;

-- What the same thing is wrong with is kept once.
ALTER TABLE quarantine ADD COLUMN about BLOB NOT NULL DEFAULT x'';
CREATE UNIQUE INDEX quarantine_about ON quarantine (about, code) WHERE about <> x'';
CREATE INDEX quarantine_code ON quarantine (code);
