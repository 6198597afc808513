-- Holds that an officer ended: sealed names the hold, the officer and the time.
CREATE TABLE hold_end (id INTEGER PRIMARY KEY, packet BLOB NOT NULL, sealed BLOB NOT NULL) STRICT;
CREATE INDEX hold_end_packet ON hold_end (packet);
