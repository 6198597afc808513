-- Partners' packets that an officer keeps, also before anybody recalls them.
CREATE TABLE hold (packet BLOB PRIMARY KEY, sealed BLOB NOT NULL) STRICT, WITHOUT ROWID;
