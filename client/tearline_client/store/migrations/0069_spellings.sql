-- Values are indexed by each spelling of a number: every packet is read anew.
INSERT INTO value_due (packet) SELECT DISTINCT packet FROM packet_key WHERE true
  ON CONFLICT (packet) DO UPDATE SET done = 0, state = 0 WHERE state = 0;
