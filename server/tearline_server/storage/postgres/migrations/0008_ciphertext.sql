-- beside: 8
-- Openings and ciphertexts of a packet apart: who judges a grant reads no ciphertext. Each is
-- encoded as the parts were, whose fields are 1 the manifest, 2 the openings, 3 the ciphertexts.
CREATE TABLE ciphertext (packet BYTEA PRIMARY KEY, parts BYTEA NOT NULL);
ALTER TABLE ciphertext ALTER COLUMN parts SET STORAGE EXTERNAL;
ALTER TABLE packet ADD COLUMN openings BYTEA;

-- How many bytes of a packet's parts come before the first ciphertext.
CREATE FUNCTION pg_temp.before_ciphertexts(parts BYTEA) RETURNS INTEGER LANGUAGE plpgsql AS $$
DECLARE
  place INTEGER := 0;
  length INTEGER;
  shift INTEGER;
BEGIN
  WHILE place < octet_length(parts) AND get_byte(parts, place) IN (10, 18) LOOP
    length := 0;
    shift := 0;
    LOOP
      place := place + 1;
      length := length + ((get_byte(parts, place) & 127) << shift);
      EXIT WHEN get_byte(parts, place) < 128;
      shift := shift + 7;
    END LOOP;
    place := place + 1 + length;
  END LOOP;
  RETURN place;
END $$;
INSERT INTO ciphertext
  SELECT id, substr(parts, 1, 34) || substr(parts, split + 1)
  FROM (SELECT id, parts, pg_temp.before_ciphertexts(parts) AS split FROM packet) AS p
  WHERE octet_length(parts) > split;
UPDATE packet SET openings = substr(parts, 1, pg_temp.before_ciphertexts(parts));
DROP FUNCTION pg_temp.before_ciphertexts(BYTEA);
ALTER TABLE packet ALTER COLUMN openings SET NOT NULL;
ALTER TABLE packet DROP COLUMN parts;

-- What was released of a packet, and to whom: found by both together.
CREATE INDEX event_release ON event (packet, party)
  WHERE packet <> '' AND code = 'grant-accepted' AND outcome = 'ok';
