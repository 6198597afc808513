-- beside: 12
-- The root of a document's parts, once all of them were verified; empty until then.
ALTER TABLE blob ADD COLUMN root BYTEA NOT NULL DEFAULT '';
-- Bytes of parts that are here, beside the bytes that were announced. The table itself counts them,
-- also for processes of earlier versions. A whole part has 1,049,600 bytes.
ALTER TABLE blob_space ADD COLUMN stored BIGINT NOT NULL DEFAULT 0;
UPDATE blob_space s SET stored = coalesce(
  (SELECT sum(least(b.held * 1049600, b.size)) FROM blob b WHERE b.owner = s.owner), 0);
CREATE FUNCTION count_blob() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  before BIGINT := 0;
  after BIGINT := 0;
BEGIN
  IF TG_OP = 'UPDATE' THEN after := least(NEW.held * 1049600, NEW.size); END IF;
  before := least(OLD.held * 1049600, OLD.size);
  IF after <> before THEN
    UPDATE blob_space SET stored = stored + after - before WHERE owner = OLD.owner;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER blob_counted AFTER UPDATE OF held OR DELETE ON blob
  FOR EACH ROW EXECUTE FUNCTION count_blob();
