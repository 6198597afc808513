-- The present state of a request, sealed, so that a list replays no steps. It is deleted with each
-- change of what it follows from, and computed anew when it is asked for.
CREATE TABLE request_state (
  packet BLOB NOT NULL, peer TEXT NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (packet, peer)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER request_state_stored AFTER UPDATE OF granted_ms, stored_ms, side ON request BEGIN
  DELETE FROM request_state WHERE packet = new.packet AND peer = new.peer;
END;
CREATE TRIGGER request_state_stepped AFTER INSERT ON request_step BEGIN
  DELETE FROM request_state WHERE packet = new.packet AND peer = new.peer;
END;
CREATE TRIGGER request_state_changed AFTER UPDATE ON request_step BEGIN
  DELETE FROM request_state WHERE packet = new.packet AND peer = new.peer;
END;
CREATE TRIGGER request_state_forgotten AFTER DELETE ON request_step BEGIN
  DELETE FROM request_state WHERE packet = old.packet AND peer = old.peer;
END;
CREATE TRIGGER request_state_opened AFTER INSERT ON packet_key BEGIN
  DELETE FROM request_state WHERE packet = new.packet;
END;
CREATE TRIGGER request_state_erased AFTER DELETE ON packet_key BEGIN
  DELETE FROM request_state WHERE packet = old.packet;
END;
-- Rare: terms and suspensions, which may concern each request.
CREATE TRIGGER request_state_agreed AFTER INSERT ON agreement BEGIN
  DELETE FROM request_state;
END;
CREATE TRIGGER request_state_entered AFTER UPDATE ON agreement BEGIN
  DELETE FROM request_state;
END;
CREATE TRIGGER request_state_stopped AFTER INSERT ON stoppage BEGIN
  DELETE FROM request_state;
END;
CREATE TRIGGER request_state_resumed AFTER UPDATE ON stoppage BEGIN
  DELETE FROM request_state;
END;
CREATE TRIGGER request_state_replaced AFTER DELETE ON stoppage BEGIN
  DELETE FROM request_state;
END;
CREATE TRIGGER request_state_frozen AFTER INSERT ON freeze BEGIN
  DELETE FROM request_state;
END;
CREATE TRIGGER request_state_refrozen AFTER UPDATE ON freeze BEGIN
  DELETE FROM request_state;
END;
CREATE TRIGGER request_state_thawed AFTER DELETE ON freeze BEGIN
  DELETE FROM request_state;
END;
CREATE TRIGGER request_state_packet_frozen AFTER INSERT ON frozen BEGIN
  DELETE FROM request_state WHERE packet = new.packet;
END;
CREATE TRIGGER request_state_packet_thawed AFTER DELETE ON frozen BEGIN
  DELETE FROM request_state WHERE packet = old.packet;
END;
