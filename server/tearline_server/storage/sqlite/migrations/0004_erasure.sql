-- Entries whose contents were erased, and the entry of the order that says so.
CREATE TABLE erasure (idx INTEGER PRIMARY KEY, statement INTEGER NOT NULL) STRICT;
CREATE INDEX mail_entry ON mail (entry);
