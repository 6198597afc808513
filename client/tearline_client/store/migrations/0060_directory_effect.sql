-- Of a year's half a million directory entries, a start reads those beside clear entries, the newest,
-- and those whose time changed a member.
DROP INDEX log_entry_clear;
CREATE INDEX log_entry_clear ON log_entry (idx) WHERE length(entry) <> 33 AND length(entry) <> 41;
CREATE INDEX log_entry_directory ON log_entry (idx) WHERE length(entry) = 41;
CREATE TABLE directory_effect (idx INTEGER PRIMARY KEY) STRICT;
