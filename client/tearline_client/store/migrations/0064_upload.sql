-- Large documents of drafts, with the file that each is read from and the hashes of its parts.
CREATE TABLE upload (blob BLOB PRIMARY KEY, time_ms INTEGER NOT NULL, sealed BLOB NOT NULL) STRICT;
CREATE INDEX upload_time ON upload (time_ms);
