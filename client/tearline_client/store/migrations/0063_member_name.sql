-- Names of the members in clear, as the log has them, for completion in a shell.
CREATE TABLE member_name (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
