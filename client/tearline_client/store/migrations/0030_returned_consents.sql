-- Steps of consents of ours that came back, because the key they were sealed to had ended.
ALTER TABLE consent_step ADD COLUMN returned INTEGER NOT NULL DEFAULT 0;
CREATE INDEX consent_step_returned ON consent_step (statement_id) WHERE returned;
