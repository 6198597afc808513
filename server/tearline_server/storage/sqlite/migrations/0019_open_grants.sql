-- Of a grant that waits to be handed out, its agreement, and nothing of anything else: so those that
-- a suspension stops are found without reading what else waits.
ALTER TABLE mail ADD COLUMN agreement BLOB NOT NULL DEFAULT x'';
UPDATE mail SET agreement = e.agreement FROM statement s, event e
  WHERE s.idx = mail.statement AND s.type = 7 AND s.signer <> mail.node AND e.idx = mail.entry
    AND mail.delivered IS NULL AND mail.held IS NULL AND NOT mail.passed;
CREATE INDEX mail_open ON mail (agreement, node, seq)
  WHERE agreement <> x'' AND delivered IS NULL AND held IS NULL AND NOT passed;
