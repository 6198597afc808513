-- Whoever oversees an agreement searches in what was done under it.
CREATE INDEX event_agreement ON event (agreement) WHERE agreement <> x'';
