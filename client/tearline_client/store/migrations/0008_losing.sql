-- What was accepted of ours in each channel, until its recipient signed that it has it: the
-- exchange may lose it with its machine.
CREATE TABLE sent (
  recipient TEXT NOT NULL, agreement BLOB NOT NULL, seq INTEGER NOT NULL, sealed BLOB NOT NULL,
  PRIMARY KEY (recipient, agreement, seq)
) STRICT, WITHOUT ROWID;
-- Receipts of an exchange that was restored since: it may have lost the entries they name.
CREATE TABLE excused (receipt BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
