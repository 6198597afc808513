-- How many packets of an import are sealed, so that one that was cut off goes on where it was.
CREATE TABLE import (id BLOB PRIMARY KEY, sealed INTEGER NOT NULL) STRICT, WITHOUT ROWID;
