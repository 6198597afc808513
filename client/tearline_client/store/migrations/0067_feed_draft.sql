-- Objects that service accounts added, until a person has imported or discarded them: ``told`` holds
-- what a list shows, ``sealed`` the objects.
CREATE TABLE feed_draft (
  place INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, account TEXT NOT NULL,
  time_ms INTEGER NOT NULL, told BLOB NOT NULL, sealed BLOB NOT NULL
) STRICT;
CREATE INDEX feed_draft_account ON feed_draft (account);
CREATE INDEX feed_draft_time ON feed_draft (time_ms);

-- The answer to each addition. ``digest`` is a keyed hash of account, collection and content, so that
-- an addition that is repeated has the same answer. An account's answers end with it.
CREATE TABLE feed_status (
  place INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, account TEXT NOT NULL,
  digest BLOB NOT NULL UNIQUE, time_ms INTEGER NOT NULL, sealed BLOB NOT NULL
) STRICT;
CREATE INDEX feed_status_account ON feed_status (account, place);
CREATE INDEX feed_status_time ON feed_status (time_ms);
CREATE TRIGGER feed_account_ended AFTER DELETE ON service_account BEGIN
  DELETE FROM feed_status WHERE account = old.name;
END;
