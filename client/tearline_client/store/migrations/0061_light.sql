-- A light node's agencies, all of whose entries it reads, and entries that wait for a turn.
CREATE TABLE followed_agency (uri TEXT PRIMARY KEY) STRICT;
CREATE TABLE awaited_entry (idx INTEGER PRIMARY KEY) STRICT;
