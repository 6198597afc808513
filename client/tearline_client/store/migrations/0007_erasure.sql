-- Orders to erase what entries of the log hide, by their own entry; and what each of them erased.
CREATE TABLE erasure_order (entry INTEGER PRIMARY KEY, sealed BLOB NOT NULL) STRICT;
CREATE TABLE erasure (idx INTEGER PRIMARY KEY, entry INTEGER NOT NULL) STRICT;
