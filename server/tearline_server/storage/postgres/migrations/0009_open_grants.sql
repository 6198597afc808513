-- beside: 9
-- Of a grant that waits to be handed out, its agreement, and nothing of anything else: so those that
-- a suspension stops are found without reading what else waits.
ALTER TABLE mail ADD COLUMN agreement BYTEA NOT NULL DEFAULT '';
UPDATE mail m SET agreement = e.agreement FROM statement s, event e
  WHERE s.idx = m.statement AND s.type = 7 AND s.signer <> m.node AND e.idx = m.entry
    AND m.delivered IS NULL AND m.held IS NULL AND NOT m.passed;
CREATE INDEX mail_open ON mail (agreement, node, seq)
  WHERE agreement <> '' AND delivered IS NULL AND held IS NULL AND NOT passed;

-- What other processes wrote is found by the number of the transaction, not by reading all of it.
CREATE INDEX agreement_serial ON agreement (serial);
CREATE INDEX standing_serial ON standing (serial);
CREATE INDEX case_step_serial ON case_step (serial);
CREATE INDEX channel_serial ON channel (serial);
CREATE INDEX mailbox_serial ON mailbox (serial);
