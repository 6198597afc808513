"""The exchange's own log: entries, cosignatures, witnesses and its full check."""
