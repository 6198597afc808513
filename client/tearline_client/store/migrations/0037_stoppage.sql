-- From which entry to which a party had something suspended, scope by scope, as the log has it.
-- scope: of standing_scope; ended, ended_ms: NULL while it is suspended.
CREATE TABLE standing_scope (
  id INTEGER PRIMARY KEY, agreement BLOB NOT NULL, agency TEXT NOT NULL, sealed BLOB NOT NULL
) STRICT;
CREATE INDEX standing_scope_agreement ON standing_scope (agreement);
CREATE TABLE stoppage (
  scope INTEGER NOT NULL, began INTEGER NOT NULL, began_ms INTEGER NOT NULL,
  ended INTEGER, ended_ms INTEGER, PRIMARY KEY (scope, began)
) STRICT, WITHOUT ROWID;
CREATE INDEX stoppage_end ON stoppage (scope, ended);
CREATE INDEX stoppage_time ON stoppage (scope, ended_ms);
CREATE INDEX standing_entry ON standing (agreement, entry);
