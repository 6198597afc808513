"""The exchange: it accepts, logs and delivers packets that it cannot read."""
