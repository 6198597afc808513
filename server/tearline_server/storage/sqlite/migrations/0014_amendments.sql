-- What is stopped follows from versions of the agreement, too: one that makes an article joint has
-- others' suspensions stop it, and the clocks of its requests.
INSERT INTO standing_change SELECT e.agreement, s.idx, e.time_ms
  FROM statement s JOIN event e ON e.idx = s.idx WHERE s.type = 4 AND s.envelope IS NOT NULL;
