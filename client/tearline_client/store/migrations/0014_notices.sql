-- What happened, for hooks; and how far each hook was told.
CREATE TABLE notice (
  id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, time_ms INTEGER NOT NULL,
  once BLOB UNIQUE, sealed BLOB NOT NULL
) STRICT;
CREATE TABLE notice_hook (hook BLOB PRIMARY KEY, told INTEGER NOT NULL) STRICT, WITHOUT ROWID;
