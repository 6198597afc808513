-- Accounts of programs that read over TAXII, and the objects that they are offered and add.

-- Accounts of programs that read over TAXII, and the objects that they are offered. No packet is
-- due before the first account, so a node without accounts stores nothing here.
CREATE TABLE service_account (name TEXT PRIMARY KEY, sealed BLOB NOT NULL) STRICT, WITHOUT ROWID;

-- ``added_us`` is the time of an object's addition: unique and ascending, so a reader continues
-- behind it. ``object`` and ``type`` are keyed hashes, ``content`` a keyed hash of the object.
-- ``version_us`` is 0 for an object without versions. ``packet`` is empty for an object that is in
-- no packet.
CREATE TABLE feed_object (
  added_us INTEGER PRIMARY KEY, collection BLOB NOT NULL, object BLOB NOT NULL, type BLOB NOT NULL,
  version_us INTEGER NOT NULL, packet BLOB NOT NULL, content BLOB NOT NULL, sealed BLOB NOT NULL
) STRICT;
CREATE INDEX feed_object_place ON feed_object (collection, added_us);
CREATE INDEX feed_object_type ON feed_object (collection, type, added_us);
CREATE INDEX feed_object_version ON feed_object (collection, object, version_us, added_us);
CREATE INDEX feed_object_packet ON feed_object (packet) WHERE packet <> x'';

-- In the order in which packets came. ``state``: 0 for packets that are due, 1 while frozen, 2 for
-- those that could not be opened.
CREATE TABLE feed_due (
  place INTEGER PRIMARY KEY, packet BLOB NOT NULL UNIQUE, state INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX feed_due_now ON feed_due (place) WHERE state = 0;
CREATE INDEX feed_due_frozen ON feed_due (state) WHERE state = 1;

-- Objects that service accounts added, until a person has imported or discarded them: ``told``
-- holds what a list shows, ``sealed`` the objects. Forms that persons fill in are drafts, too: of a
-- person, and of no account.
CREATE TABLE feed_draft (
  place INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, account TEXT NOT NULL,
  time_ms INTEGER NOT NULL, told BLOB NOT NULL, sealed BLOB NOT NULL,
  person TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX feed_draft_account ON feed_draft (account);
CREATE INDEX feed_draft_time ON feed_draft (time_ms);
CREATE INDEX feed_draft_person ON feed_draft (person, time_ms);

-- The answer to each addition. ``digest`` is a keyed hash of account, collection and content, so
-- that an addition that is repeated has the same answer. An account's answers end with it.
CREATE TABLE feed_status (
  place INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, account TEXT NOT NULL,
  digest BLOB NOT NULL UNIQUE, time_ms INTEGER NOT NULL, sealed BLOB NOT NULL
) STRICT;
CREATE INDEX feed_status_account ON feed_status (account, place);
CREATE INDEX feed_status_time ON feed_status (time_ms);

CREATE TRIGGER feed_begun AFTER INSERT ON service_account
  WHEN NOT EXISTS (SELECT 1 FROM service_account WHERE name <> new.name) BEGIN
  INSERT INTO feed_due (packet) SELECT id FROM packet ORDER BY received_ms
    ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER feed_opened AFTER INSERT ON packet_key
  WHEN EXISTS (SELECT 1 FROM service_account) BEGIN
  INSERT INTO feed_due (packet) VALUES (new.packet) ON CONFLICT (packet) DO UPDATE SET state = 0;
END;

CREATE TRIGGER feed_closed AFTER DELETE ON packet_key
  WHEN EXISTS (SELECT 1 FROM service_account)
    OR EXISTS (SELECT 1 FROM feed_object WHERE packet = old.packet AND packet <> x'') BEGIN
  INSERT INTO feed_due (packet) VALUES (old.packet) ON CONFLICT (packet) DO UPDATE SET state = 0;
END;

CREATE TRIGGER feed_corrected AFTER INSERT ON correction
  WHEN EXISTS (SELECT 1 FROM service_account) BEGIN
  INSERT INTO feed_due (packet) VALUES (new.corrects) ON CONFLICT (packet) DO UPDATE SET state = 0;
END;

CREATE TRIGGER feed_recalled AFTER INSERT ON recall
  WHEN EXISTS (SELECT 1 FROM service_account) BEGIN
  INSERT INTO feed_due (packet) VALUES (new.packet) ON CONFLICT (packet) DO UPDATE SET state = 0;
END;

CREATE TRIGGER feed_recall_dropped AFTER DELETE ON recall
  WHEN EXISTS (SELECT 1 FROM service_account) BEGIN
  INSERT INTO feed_due (packet) VALUES (old.packet) ON CONFLICT (packet) DO UPDATE SET state = 0;
END;

CREATE TRIGGER feed_refused AFTER UPDATE OF status ON packet_grant
  WHEN new.status = 6 AND EXISTS (SELECT 1 FROM service_account) BEGIN
  INSERT INTO feed_due (packet) SELECT corrects FROM correction WHERE packet = new.packet
    ON CONFLICT (packet) DO UPDATE SET state = 0;
END;

CREATE TRIGGER feed_packet_frozen AFTER INSERT ON frozen
  WHEN EXISTS (SELECT 1 FROM service_account) BEGIN
  INSERT INTO feed_due (packet) VALUES (new.packet) ON CONFLICT (packet) DO UPDATE SET state = 0;
END;

CREATE TRIGGER feed_packet_thawed AFTER DELETE ON frozen BEGIN
  UPDATE feed_due SET state = 0 WHERE packet = old.packet AND state = 1;
END;

CREATE TRIGGER feed_thawed AFTER DELETE ON freeze BEGIN
  UPDATE feed_due SET state = 0 WHERE state = 1;
END;

CREATE TRIGGER feed_refrozen AFTER UPDATE ON freeze BEGIN
  UPDATE feed_due SET state = 0 WHERE state = 1;
END;

CREATE TRIGGER feed_account_ended AFTER DELETE ON service_account BEGIN
  DELETE FROM feed_status WHERE account = old.name;
END;
