-- Of a year's half a million directory entries, a start reads those beside clear entries, the newest,
-- and those whose time changed a member.
DROP INDEX entry_clear;
CREATE INDEX entry_clear ON entry (idx) WHERE length(entry) <> 33 AND length(entry) <> 41;
CREATE INDEX entry_directory ON entry (idx) WHERE length(entry) = 41;
CREATE TABLE directory_effect (idx INTEGER PRIMARY KEY) STRICT;
