-- The keys that were made here, by id, also when their private half is gone.
CREATE TABLE made (id BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
