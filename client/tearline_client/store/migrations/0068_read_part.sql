-- How far a light node has read each part of an agency's entries: a part may also hold entries that
-- came with another one. A node from before reads them anew, from the founding on.
CREATE TABLE read_part (
  agency TEXT NOT NULL, part INTEGER NOT NULL, size INTEGER NOT NULL,
  PRIMARY KEY (agency, part)
) STRICT, WITHOUT ROWID;
DELETE FROM setting WHERE name = 'light.turn';
